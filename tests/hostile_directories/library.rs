//! Calls of the library in a process of their own. The process ends like the command line: with 0,
//! or with 1 and a message.

use std::env;
use std::path::PathBuf;

use walrus_accel::decode::DecodeRequest;
use walrus_accel::directory::{BlobDirectory, DirectorySink};
use walrus_accel::io::{FileOutput, FileSource};
use walrus_accel::{Check, Control, EngineKind, PairSet, Result, Runtime};

use super::setup::SHARDS;

/// Name of the test that runs as the process.
pub const NAME: &str = "hostile_directories::library::a_verb_of_the_environment";

/// Maximum number of printed problems.
const PROBLEMS_MAX: usize = 10;

/// Maximum bytes of a printed message.
const LINE_MAX: usize = 4096;

fn variable(name: &str) -> PathBuf {
    env::var_os(name).expect(name).into()
}

#[test]
fn a_verb_of_the_environment() {
    let Ok(verb) = env::var("WALRUS_ACCEL_TEST_VERB") else {
        return;
    };
    let code = match run(&verb) {
        Ok(problems) => {
            for problem in problems.iter().take(PROBLEMS_MAX) {
                eprintln!("{problem}");
            }
            assert!(
                problems.iter().all(|problem| problem.len() < LINE_MAX),
                "too long"
            );
            i32::from(!problems.is_empty())
        }
        Err(error) => {
            eprintln!("error: {error}");
            1
        }
    };
    std::process::exit(code);
}

/// Runs the verb and returns the problems that it found.
fn run(verb: &str) -> Result<Vec<String>> {
    let (directory, control) = (variable("WALRUS_ACCEL_TEST_DIRECTORY"), Control::new());
    let n_shards = SHARDS.parse().unwrap();
    let decoder = || {
        let builder = Runtime::builder().engine(EngineKind::Cpu).threads(2);
        builder
            .memory(64 << 20)
            .build()
            .map(|runtime| runtime.decoder())
    };
    let told = |problems: Vec<walrus_accel::directory::FileProblem>| {
        problems.iter().map(ToString::to_string).collect()
    };
    match verb {
        "Verify" => {
            let found = BlobDirectory::open(directory)?.verify(&decoder()?, &control)?;
            Ok(told(found.problems))
        }
        "Quick" => Ok(told(
            BlobDirectory::verify_quick(directory, 2, &control)?.problems,
        )),
        "Repair" => {
            BlobDirectory::open(directory)?.repair(&decoder()?, None, &control)?;
            Ok(Vec::new())
        }
        "Decode" => {
            let slivers = BlobDirectory::open(directory)?;
            let mut output = FileOutput::new(variable("WALRUS_ACCEL_TEST_TO"));
            let (metadata, check) = (slivers.metadata(), Check::Strict);
            decoder()?.decode(
                &DecodeRequest {
                    check,
                    ..DecodeRequest::new(metadata, &slivers)
                },
                &mut output,
                &control,
            )?;
            Ok(Vec::new())
        }
        "Encode" | "Force" | "Resume" => {
            let source = FileSource::open(variable("WALRUS_ACCEL_TEST_BLOB"))?;
            let sink = DirectorySink::new(variable("WALRUS_ACCEL_TEST_OUT")).source(&source);
            let mut sink = sink
                .force(verb == "Force")
                .resume(verb == "Resume")
                .threads(2);
            let builder = Runtime::builder().engine(EngineKind::Cpu).threads(2);
            let encoder = builder.memory(64 << 20).build()?.encoder(n_shards)?;
            encoder.encode(source, &PairSet::all(n_shards), &mut sink, &control)?;
            Ok(Vec::new())
        }
        verb => panic!("no verb: {verb}"),
    }
}
