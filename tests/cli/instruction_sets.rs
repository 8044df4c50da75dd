//! Choice of the instruction set.

use std::ffi::OsString;
use std::fs;

use serde_json::Value;
use walrus_accel::runtime::InstructionSet;

use super::harness::{Run, Scratch, command, sliver, words};

const VARIABLE: &str = "WALRUS_ACCEL_ISA";

/// Runs the program with or without the environment variable.
fn run_with(set: Option<&str>, words: Vec<OsString>) -> Run {
    let mut command = command(words);
    match set {
        Some(set) => command.env(VARIABLE, set),
        None => command.env_remove(VARIABLE),
    };
    Run::of(command.output().unwrap())
}

fn fastest() -> &'static str {
    InstructionSet::available().last().unwrap().name()
}

/// Returns the engine and the instruction set of a line.
fn engine_of(line: &Value) -> (&str, &str) {
    let text = |name| line[name].as_str().unwrap();
    (text("engine"), text("instructionSet"))
}

#[test]
fn every_verb_uses_the_set_asked_for_and_names_it() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(1, 20_000, 10);
    let (out, back) = (scratch.path("again"), scratch.path("back"));
    let id = dir.file_name().unwrap().to_str().unwrap();
    let blob = fs::read(&file).unwrap();
    for set in InstructionSet::available() {
        let set = set.name();
        let line = |words| run_with(Some(set), words).exits(0).object();
        for verb in [
            words!["blob-id", file, "--shards", "10", "--json"],
            words![
                "encode", file, "--out", out, "--shards", "10", "--json", "--force"
            ],
        ] {
            let line = line(verb);
            assert_eq!(line["blobId"], id);
            assert_eq!(engine_of(&line), ("cpu", set));
        }
        let missing = sliver(&dir, 3, "primary");
        let bytes = fs::read(&missing).unwrap();
        fs::remove_file(&missing).unwrap();
        let decode = words!["decode", dir, "-o", back, "--json", "--force"];
        assert_eq!(engine_of(&line(decode)), ("cpu", set));
        assert_eq!(fs::read(&back).unwrap(), blob);
        assert_eq!(
            engine_of(&line(words!["repair", dir, "--json"])),
            ("cpu", set)
        );
        assert_eq!(fs::read(&missing).unwrap(), bytes);
        assert_eq!(
            engine_of(&line(words!["verify", dir, "--json"])),
            ("cpu", set)
        );
    }
}

#[test]
fn the_fastest_set_is_used_unless_another_is_named() {
    let scratch = Scratch::new();
    let file = scratch.blob("blob", 2, 1000);
    for set in [None, Some("")] {
        let run = run_with(set, words!["blob-id", file, "--shards", "10", "--json"]);
        let line = run.exits(0).says_nothing().object();
        assert_eq!(engine_of(&line), ("cpu", fastest()));
    }
}

#[test]
fn an_unavailable_set_exits_with_3() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(3, 1000, 10);
    let out = scratch.path("other");
    let has: Vec<_> = InstructionSet::available();
    let has: Vec<_> = has.iter().map(|set| set.name()).collect();
    let mut absent = vec!["avx1024", "AVX2", "portable "];
    // An instruction set of another architecture.
    absent.push(if cfg!(target_arch = "aarch64") {
        "avx2"
    } else {
        "neon"
    });
    for set in absent {
        for words in [
            words!["blob-id", file],
            words!["encode", file, "--out", out],
            words!["decode", dir, "-o", out],
            words!["verify", dir],
            words!["repair", dir],
        ] {
            let json = [words.clone(), words!["--json"]].concat();
            let run = run_with(Some(set), words).exits(3).says(&[
                "engine cpu is not available",
                &format!("WALRUS_ACCEL_ISA asks for the instruction set `{set}`"),
                &format!("this processor has {};", has.join(", ")),
                "ask for one of these",
            ]);
            assert!(run.stdout.is_empty());
            let run = run_with(Some(set), json).exits(3);
            let error = run.object()["error"].as_str().unwrap().to_owned();
            assert!(error.contains(VARIABLE), "{error}");
        }
        assert!(!out.exists());
    }
}

#[test]
fn runs_without_kernels_ignore_the_variable() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(4, 1000, 10);
    let slow = words![
        "blob-id",
        file,
        "--shards",
        "10",
        "--engine",
        "reference",
        "--json"
    ];
    let line = run_with(Some("avx1024"), slow).exits(0).object();
    assert_eq!(engine_of(&line), ("reference", "portable"));
    let quick = words!["verify", dir, "--quick", "--json"];
    let line = run_with(Some("avx1024"), quick).exits(0).object();
    assert_eq!(line.get("engine"), None);
    assert_eq!(line.get("instructionSet"), None);
}
