//! Help, usage, exit codes, manual pages, closed outputs.

use std::fs;
use std::process::Stdio;

use super::harness::{Run, Scratch, command, names, run_with_input, walrus, words};

const VERBS: [&str; 15] = [
    "encode",
    "blob-id",
    "decode",
    "verify",
    "repair",
    "inspect",
    "symbol",
    "recover",
    "prove",
    "check-proof",
    "quilt",
    "clean",
    "devices",
    "completions",
    "man",
];

#[test]
fn help_and_version() {
    let help = walrus!["--help"].exits(0).says_nothing();
    for verb in VERBS {
        assert!(help.text().contains(verb), "{verb}");
        let help = walrus![verb, "--help"].exits(0).says_nothing();
        assert!(help.text().contains(&format!("Usage: walrus-accel {verb}")));
        if !["completions", "man"].contains(&verb) {
            assert!(help.text().contains("Examples:\n"), "{verb}");
        }
        let widest = help.lines().iter().map(|line| line.len()).max();
        assert!(widest <= Some(100), "{verb}");
    }
    let version = walrus!["--version"].exits(0);
    let expected = concat!("walrus-accel ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(version.text(), expected);
}

#[test]
fn wrong_usage_exits_with_2() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(1, 10, 4);
    let out = scratch.path("other");
    for wrong in [
        words![],
        words!["frobnicate"],
        words!["encode"],
        words!["encode", file],
        words!["encode", "--out", out],
        words!["encode", file, "--out", out, "--shards", "3"],
        words!["encode", file, "--out", out, "--shards", "65535"],
        words!["encode", file, "--out", out, "--shards", "65536"],
        words!["encode", file, "--out", out, "--shards", "many"],
        words!["encode", file, "--out", out, "--pairs", "1000"],
        words!["encode", file, "--out", out, "--pairs", "5-3"],
        words!["encode", file, "--out", out, "--pairs", ""],
        words!["encode", file, "--out", out, "--engine", "steam"],
        words!["encode", file, "--out", out, "--commitment", "md5"],
        words!["encode", file, "--out", out, "--memory", "lots"],
        words!["encode", file, "--out", out, "--memory", "0"],
        words!["encode", file, "--out", out, "--threads", "-1"],
        words!["encode", "-", "-", "--out", out],
        words!["blob-id"],
        words!["blob-id", "-", file, "-"],
        words!["blob-id", file, "--force"],
        words!["decode", dir],
        words!["decode", "-o", out],
        words!["decode", dir, "-o", out, "--check", "maybe"],
        words!["decode", dir, "-o", out, "--axis", "diagonal"],
        words!["decode", dir, "-o", "-", "--json"],
        words!["decode", "-o", out, "--metadata", file],
        words!["decode", "-o", out, "--slivers", file],
        words![
            "decode",
            dir,
            "-o",
            out,
            "--metadata",
            file,
            "--slivers",
            file
        ],
        words!["verify"],
        words!["verify", dir, dir],
        words!["repair", dir, "--pairs", "4"],
        words!["repair", dir, "--pairs", "one"],
        words!["inspect"],
        words!["inspect", file, "--as", "letter"],
        words!["inspect", file, "--blob-id", "short"],
        words!["symbol", "--metadata", file, "--sliver", file, "-o", out],
        words![
            "symbol",
            "--metadata",
            file,
            "--sliver",
            file,
            "--targets",
            "1"
        ],
        words![
            "recover",
            "--metadata",
            file,
            "--axis",
            "auto",
            "--target",
            "1",
            "-o",
            out,
            file
        ],
        words![
            "recover",
            "--metadata",
            file,
            "--axis",
            "primary",
            "-o",
            out,
            file
        ],
        words![
            "prove",
            "--metadata",
            file,
            "--axis",
            "primary",
            "--target",
            "1",
            "-o",
            out
        ],
        words!["check-proof", "--metadata", file, "--axis", "primary"],
        words!["check-proof", "--metadata", file, file],
        words!["completions", "klingon"],
    ] {
        let shown = format!("{wrong:?}");
        let run = run_with_input(wrong, b"");
        assert_eq!(run.code, Some(2), "{shown}: {}", run.stderr);
        assert!(run.stdout.is_empty(), "{shown}");
        assert!(!run.stderr.is_empty(), "{shown}");
    }
    assert!(!out.exists());
}

/// A blob ID begins with a dash in one case of 64.
#[test]
fn a_name_that_begins_with_a_dash() {
    let scratch = Scratch::new();
    let encoder = walrus_accel::Encoder::new(4).unwrap();
    let blob = (0..10_000u32).map(|n| n.to_string()).find(|blob| {
        let metadata = encoder.metadata(blob.as_bytes()).unwrap();
        metadata.blob_id.to_string().starts_with('-')
    });
    let file = scratch.file("blob", blob.unwrap().as_bytes());
    let dir = super::harness::encode(&file, &scratch.path("out"), 4);
    let id = dir.file_name().unwrap().to_str().unwrap().to_owned();
    let inside = |words: Vec<std::ffi::OsString>| {
        let output = command(words).current_dir(scratch.path("out")).output();
        Run::of(output.unwrap())
    };
    let tip = format!("write ./{id}, or put -- before it");
    for words in [
        words!["verify", id],
        words!["repair", id],
        words!["decode", id, "-o", "../back"],
    ] {
        inside(words).exits(2).says(&["error: ", &tip]);
    }
    inside(words!["verify", format!("./{id}")]).exits(0);
    inside(words!["verify", "--", id]).exits(0);
    inside(words!["decode", "-o", "../back", "--", id]).exits(0);
    // An unknown blob ID that the parser takes for help, a version or an output.
    for letter in ["h", "V", "o", "-"] {
        let id = format!("-{letter}{}", "A".repeat(41));
        let run = inside(words!["decode", id, "-o", "../back"]).exits(2);
        assert!(run.stdout.is_empty());
        run.says(&[&format!("write ./{id}, or put -- before it")]);
    }
    // A file with any other name.
    scratch.file("out/-x.bin", b"x");
    let run = inside(words!["blob-id", "-x.bin", "--shards", "4"]);
    run.exits(2).says(&["write ./-x.bin, or put -- before it"]);
    inside(words!["blob-id", "./-x.bin", "--shards", "4"]).exits(0);
    for verb in ["decode", "verify", "repair"] {
        let help = walrus![verb, "--help"].exits(0);
        assert!(help.text().contains("write ./-ID"));
    }
}

#[test]
fn a_verbose_version_shows_the_build() {
    for words in [
        words!["--version", "-v"],
        words!["--verbose", "--version"],
        words!["-vV"],
        words!["-Vv"],
    ] {
        let run = super::harness::run(words).exits(0).says_nothing();
        let lines = run.lines();
        assert_eq!(
            lines[0],
            concat!("walrus-accel ", env!("CARGO_PKG_VERSION"))
        );
        for name in ["commit: ", "features: ", "instruction set: ", "target: "] {
            let is_told = |line: &&&str| line.starts_with(name) && line.len() > name.len();
            assert_eq!(lines.iter().filter(is_told).count(), 1, "{name}");
        }
        assert_eq!(run.text().contains("gpu"), cfg!(feature = "gpu"));
    }
}

#[test]
fn errors_about_values_name_the_expected_values() {
    let encode = |option: &str, value: &str| {
        let run = walrus!["encode", "f", "--out", "d", option, value].exits(2);
        run.stderr
    };
    let limit = "49155";
    for shards in ["65535", "65536", "-1", "many"] {
        let message = encode("--shards", shards);
        assert!(
            message.contains(shards) && message.contains(limit),
            "{message}"
        );
    }
    for engine in ["cuda", "Vulkan"] {
        let message = encode("--engine", engine);
        assert!(
            message.contains("a similar value exists: 'gpu'"),
            "{message}"
        );
    }
    let message = encode("--engine", "steam");
    assert!(
        message.contains("[possible values: auto, cpu, gpu, reference]"),
        "{message}"
    );
    assert!(!message.contains("similar"), "{message}");
    for (option, value) in [
        ("--threads", "-1"),
        ("--memory", "-5M"),
        ("--device-memory", "-1"),
    ] {
        let message = encode(option, value);
        let expected = format!("invalid value '{value}' for '{option} <");
        assert!(message.contains(&expected), "{message}");
    }
}

/// Limits the address space, so that threads cannot start for lack of stacks.
#[cfg(target_os = "linux")]
#[test]
fn an_unavailable_engine_exits_with_3() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(1, 10, 4);
    // The path holds no driver on any machine.
    let deviceless = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_walrus-accel"))
            .args(arguments)
            .args(["--engine", "gpu"])
            .envs([
                ("VK_DRIVER_FILES", "/nowhere"),
                ("VK_ICD_FILENAMES", "/nowhere"),
            ])
            .output()
            .unwrap();
        Run::of(output)
    };
    let (file, dir) = (file.to_str().unwrap(), dir.to_str().unwrap());
    let out = scratch.path("other");
    let out = out.to_str().unwrap();
    for arguments in [
        vec!["blob-id", file],
        vec!["encode", file, "--out", out],
        vec!["decode", dir, "-o", out],
        vec!["verify", dir],
        vec!["repair", dir],
    ] {
        let run = deviceless(&arguments)
            .exits(3)
            .says(&["engine gpu is not available"]);
        assert!(run.stdout.is_empty());
        let run = deviceless(&[arguments, vec!["--json"]].concat()).exits(3);
        let error = run.object()["error"].as_str().unwrap().to_owned();
        assert!(error.contains("not available"), "{error}");
    }
}

#[test]
fn completions_name_every_verb_and_value() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = walrus!["completions", shell].exits(0).says_nothing();
        for word in VERBS.iter().chain(&["commitment", "blake3"]) {
            assert!(script.text().contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn manual_pages_for_all_verbs() {
    let page = walrus!["man"].exits(0).says_nothing();
    assert!(page.text().contains(".TH walrus-accel 1"));
    let scratch = Scratch::new();
    let out = scratch.path("share/man1");
    let run = walrus!["man", "--out", out].exits(0).says_nothing();
    assert_eq!(run.text(), "");
    for verb in VERBS {
        let page = fs::read_to_string(out.join(format!("walrus-accel-{verb}.1"))).unwrap();
        assert!(page.contains(".SH NAME"));
    }
    assert!(out.join("walrus-accel.1").exists());
    // Every page that a page refers to exists.
    let mut referred = 0;
    let pages = names(&out)
        .into_iter()
        .map(|name| fs::read_to_string(out.join(name)).unwrap());
    for page in pages.chain([page.text().to_owned()]) {
        let page = page.replace("\\-", "-");
        for (before, _) in page
            .match_indices("(1)")
            .map(|(place, _)| page.split_at(place))
        {
            let name = before
                .rsplit(|c: char| c.is_whitespace() || c == '\\')
                .next()
                .unwrap();
            assert!(out.join(format!("{name}.1")).exists(), "{name}");
            referred += 1;
        }
    }
    assert!(referred > 20, "{referred}");
    let file = scratch.file("file", b"");
    walrus!["man", "--out", file.join("man")].exits(1);
}

#[test]
fn a_closed_standard_output_is_no_panic() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(1, 100_000, 10);
    let again = scratch.path("again");
    for words in [
        words!["blob-id", file, file],
        words!["blob-id", file, "--json"],
        words!["encode", file, "--out", again, "--shards", "10"],
        words!["decode", dir, "-o", "-"],
        words!["verify", dir],
        words!["repair", dir],
        words!["inspect", dir.join("metadata.bcs")],
        words![
            "symbol",
            "--metadata",
            dir.join("metadata.bcs"),
            "--sliver",
            dir.join("pairs/0003.primary.bcs"),
            "--targets",
            "5",
            "-o",
            "-"
        ],
        words!["completions", "bash"],
        words!["man"],
    ] {
        let shown = format!("{words:?}");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command(words).stdout(writer).output().unwrap();
        let run = Run::of(output).says_nothing();
        assert_eq!(run.code, Some(1), "{shown}");
    }
    // The work itself is done, though its lines are lost.
    assert!(sub_directories(&again) == 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_a_failure() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(1, 100_000, 10);
    for words in [
        words!["blob-id", file],
        words!["verify", dir],
        words!["decode", dir, "-o", "-"],
        words!["inspect", dir.join("metadata.bcs")],
        words!["man"],
    ] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = command(words).stdout(Stdio::from(full)).output().unwrap();
        Run::of(output)
            .exits(1)
            .says(&["cannot write to standard output"]);
    }
}

fn sub_directories(path: &std::path::Path) -> usize {
    super::harness::names(path).len()
}
