//! Completion scripts in their shells.
//!
//! A missing shell fails the tests if all shells are required, as in `scripts/test.sh`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::harness::{Scratch, walrus};

/// Returns the script for a shell, or `None` if the shell is missing and not required.
fn script(scratch: &Scratch, shell: &str) -> Option<PathBuf> {
    let found = Command::new(shell)
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if found.is_err() {
        let required = std::env::var_os("WALRUS_ACCEL_REQUIRE_SHELLS").is_some();
        assert!(!required, "{shell} is required");
        eprintln!("skipped: no {shell}");
        return None;
    }
    let script = walrus!["completions", shell].exits(0);
    Some(scratch.file(shell, &script.stdout))
}

/// Runs a shell and returns its output.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    text
}

/// Typed words, and the completions offered for the last word.
const COMPLETED: [(&[&str], &[&str]); 10] = [
    (&["enc"], &["encode"]),
    (&["encode", "--e"], &["--engine"]),
    (&["blob-id", "--com"], &["--commitment"]),
    (&["encode", "--files"], &["--files-from"]),
    (&["blob-id", "--check", "--ig"], &["--ignore-missing"]),
    (&["check-proof", "--ax"], &["--axis"]),
    (&["quilt", "ex"], &["extract"]),
    (&["quilt", "extract", "--pat"], &["--patch-id"]),
    (&["decode", "d", "-o", "f", "--ch"], &["--check"]),
    (
        &["encode", "f", "--commitment", "bla"],
        &["blake2b", "blake3"],
    ),
];

#[test]
fn bash_completes_verbs_options_and_values() {
    let scratch = Scratch::new();
    let Some(script) = script(&scratch, "bash") else {
        return;
    };
    let complete = r#"
        source "$1"; shift
        COMP_WORDS=(walrus-accel "$@")
        COMP_CWORD=$#
        function=$(complete -p walrus-accel | sed 's/.* -F \([^ ]*\) .*/\1/')
        "$function" walrus-accel "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    for (typed, offered) in COMPLETED {
        let mut bash = Command::new("bash");
        bash.args(["--norc", "-c", complete, "bash"]);
        let found = run(bash.arg(&script).args(typed));
        assert_eq!(found.lines().collect::<Vec<_>>(), offered, "{typed:?}");
    }
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", complete, "bash"]);
    let all = run(bash.arg(&script).args(["encode", "-"]));
    for option in ["--out", "--pairs", "--resume", "--threads", "--json"] {
        assert!(all.lines().any(|line| line == option), "{option}: {all}");
    }
}

#[test]
fn fish_completes_verbs_options_and_values() {
    let scratch = Scratch::new();
    let Some(script) = script(&scratch, "fish") else {
        return;
    };
    for (typed, offered) in COMPLETED {
        let complete = r#"source $argv[1]; complete -C "walrus-accel $argv[2..-1]""#;
        let mut fish = Command::new("fish");
        fish.args(["--no-config", "-c", complete])
            .env("HOME", scratch.path(""));
        let found = run(fish.arg(&script).args(typed));
        let names = found.lines().map(|line| line.split('\t').next().unwrap());
        assert_eq!(names.collect::<Vec<_>>(), offered, "{typed:?}");
    }
}

/// Runs zsh on a terminal, as it completes nowhere else. A function with the program's name prints
/// its arguments.
#[test]
fn zsh_completes_verbs_and_options() {
    let scratch = Scratch::new();
    let Some(script) = script(&scratch, "zsh") else {
        return;
    };
    let complete = r#"
        zmodload zsh/zpty
        zpty shell zsh -f -i
        zpty -w shell "PS1=; autoload -Uz compinit; compinit -u -D; source ${(q)1}"
        zpty -w shell 'walrus-accel() { print -r -- "go""t:$*:" }'
        zpty -w shell "walrus-accel $2"
        zpty -r -m shell output '*got:*:*'
        print -r -- "${${output##*got:}%%:*}"
        zpty -d shell
    "#;
    for (typed, got) in [
        ("enco\t--resu\t", "encode --resume"),
        ("blob-id --commi\tblake3", "blob-id --commitment=blake3"),
        ("check-pr\t--ax\tprim\t", "check-proof --axis=primary"),
    ] {
        let mut zsh = Command::new("zsh");
        zsh.args(["-f", "-c", complete, "zsh"])
            .arg(&script)
            .arg(typed);
        let found = run(zsh.env("HOME", scratch.path("")));
        assert_eq!(found.trim(), got);
    }
}
