//! `recover`, `prove` and `check-proof`.

use std::fs;
use std::path::{Path, PathBuf};

use walrus_accel::Axis;
use walrus_accel::wire::{Bcs, GeneralRecoverySymbol};

use super::harness::{Run, damage, names, run, tree, truncate, walrus, words};
use super::vectors::Files;

/// Runs `recover` or `prove` with symbols and further arguments.
fn on_symbols(verb: &str, files: &Files, axis: Axis, target: &str, more: &[&Path]) -> Run {
    let metadata = files.path("metadata.bcs");
    let mut words = words![
        verb,
        "--metadata",
        metadata,
        "--axis",
        axis.name(),
        "--target",
        target,
        "-o",
        files.path("out")
    ];
    words.extend(more.iter().map(Into::into));
    run(words)
}

/// Makes the symbols for both slivers of pairs 2 and 4, from the slivers of all other pairs.
fn served(files: &Files) -> PathBuf {
    let metadata = files.metadata();
    let directory = files.path("symbols");
    fs::create_dir(&directory).unwrap();
    for pair in [0, 1, 3, 5, 6] {
        for axis in Axis::BOTH {
            for proof in ["--json", "--no-proof"] {
                let sliver = files.sliver(pair, axis);
                walrus![
                    "symbol",
                    "--metadata",
                    metadata,
                    "--sliver",
                    sliver,
                    "--targets",
                    "2,4",
                    "-o",
                    directory,
                    proof
                ]
                .exits(0);
            }
        }
    }
    assert_eq!(names(&directory).len(), 5 * 2 * 2 * 2);
    directory
}

#[test]
fn slivers_of_both_axes_come_back() {
    let files = Files::of(7, 100);
    let symbols = served(&files);
    let out = files.path("out");
    for axis in Axis::BOTH {
        for engine in ["cpu", "reference"] {
            for proof in ["--no-progress", "--no-proof"] {
                let words = [symbols.as_path(), "--force".as_ref(), "--engine".as_ref()];
                let more = [engine.as_ref(), proof.as_ref(), "--json".as_ref()];
                let all = [&words[..], &more].concat();
                let line = on_symbols("recover", &files, axis, "2", &all).exits(0);
                let line = line.says_nothing().object();
                assert_eq!(fs::read(&out).unwrap(), files.sliver_data(2, axis));
                assert_eq!(line["file"], out.to_str().unwrap());
                assert_eq!(line["blobId"], files.case["blob_id"]);
                assert_eq!(
                    (&line["axis"], &line["pair"]),
                    (&axis.name().into(), &2.into())
                );
                assert_eq!(line["index"], if axis == Axis::Primary { 2 } else { 4 });
                let needed = if axis == Axis::Primary { 5 } else { 3 };
                assert_eq!(
                    (&line["used"], &line["needed"]),
                    (&needed.into(), &needed.into())
                );
                assert_eq!(line["refused"].as_array().unwrap().len(), 0);
                assert_eq!(line["passedOver"], 35);
                assert_eq!(line["engine"], engine);
            }
        }
    }
    // Standard output as destination. An existing file is kept.
    let run = walrus![
        "recover",
        "--metadata",
        files.path("metadata.bcs"),
        "--axis",
        "primary",
        "--target",
        "4",
        "-o",
        "-",
        symbols
    ];
    assert_eq!(run.exits(0).stdout, files.sliver_data(4, Axis::Primary));
    on_symbols("recover", &files, Axis::Primary, "4", &[&symbols])
        .exits(1)
        .says(&["out exists already; replace it with --force"]);
    assert_eq!(
        fs::read(&out).unwrap(),
        files.sliver_data(2, Axis::Secondary)
    );
}

#[test]
fn the_network_s_symbols_recover() {
    let files = Files::of(4, 1000);
    files.metadata();
    for (axis, sources) in [(Axis::Primary, &[0, 2, 3][..]), (Axis::Secondary, &[0, 3])] {
        let symbol = |&source: &usize| {
            let data = files.symbol_data(source, axis.other(), 2);
            files.scratch.file(&format!("{source}"), &data)
        };
        let symbols: Vec<_> = sources.iter().map(symbol).collect();
        let mut more: Vec<_> = symbols.iter().map(PathBuf::as_path).collect();
        more.push("--force".as_ref());
        on_symbols("recover", &files, axis, "2", &more)
            .exits(0)
            .says_nothing();
        let out = fs::read(files.path("out")).unwrap();
        assert_eq!(out, files.sliver_data(2, axis));
    }
}

#[test]
fn wrong_symbols_are_named_and_too_few_are_counted() {
    let files = Files::of(7, 100);
    let symbols = served(&files);
    let axis = Axis::Secondary;
    let at = |source| symbols.join(format!("0002.secondary.from-000{source}.symbol.bcs"));
    damage(&at(0));
    truncate(&at(1), 1);
    fs::write(symbols.join("notes.txt"), b"mine").unwrap();
    fs::write(symbols.join(".hidden"), b"mine").unwrap();
    fs::create_dir(symbols.join("below")).unwrap();
    let missing = files.path("missing");
    let run = on_symbols(
        "recover",
        &files,
        axis,
        "2",
        &[&symbols, &missing, "--json".as_ref()],
    );
    let run = run.exits(0).says(&[
        "refused",
        "from-0000.symbol.bcs: its proof does not lead to the root",
        "from-0001.symbol.bcs: not a valid general recovery symbol: the bytes end early",
        "notes.txt: not a valid general recovery symbol",
        "missing: No such file",
    ]);
    assert!(!run.stderr.contains("hidden") && !run.stderr.contains("below"));
    let line = run.object();
    assert_eq!(line["refused"].as_array().unwrap().len(), 4);
    assert_eq!(line["inconsistent"], false);
    let out = files.path("out");
    assert_eq!(fs::read(&out).unwrap(), files.sliver_data(2, axis));
    fs::remove_file(&out).unwrap();

    // One symbol less than needed, and one symbol for another sliver, given by its path.
    let other = symbols.join("0004.secondary.from-0003.symbol.bcs");
    fs::rename(at(3), files.path("elsewhere")).unwrap();
    for verb in ["recover", "prove"] {
        let run = on_symbols(
            verb,
            &files,
            axis,
            "2",
            &[&symbols, &other, "--json".as_ref()],
        );
        let run = run.exits(1).says(&[
            "not enough recovery symbols: 2 usable ones from different slivers, and 3 recover",
            "from-0003.symbol.bcs: it recovers sliver 2, and sliver 4 is wanted",
        ]);
        let line = run.object();
        assert!(line["error"].as_str().unwrap().contains("not enough"));
        assert_eq!(line["refused"].as_array().unwrap().len(), 4);
        assert_eq!((&line["used"], &line["needed"]), (&2.into(), &3.into()));
    }
    // A symbol given twice counts once. The removed symbol completes the set.
    on_symbols("recover", &files, axis, "2", &[&symbols, &at(5)]).exits(1);
    assert!(!out.exists());
    let elsewhere = files.path("elsewhere");
    on_symbols("recover", &files, axis, "2", &[&symbols, &elsewhere]).exits(0);
}

#[test]
fn many_wrong_symbols_are_summed_up() {
    let files = Files::of(7, 100);
    let symbols = served(&files);
    for number in 0..60 {
        fs::write(symbols.join(format!("{number:02}.bin")), b"mine").unwrap();
    }
    let on = |option: &str| {
        let more = [symbols.as_path(), "--force".as_ref(), option.as_ref()];
        on_symbols("recover", &files, Axis::Primary, "2", &more).exits(0)
    };
    let run = on("--json").says(&[
        "warning: refused 60 files (not a valid general recovery symbol: ",
        "00.bin, ",
        ", ...\n",
    ]);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    assert_eq!(run.object()["refused"].as_array().unwrap().len(), 60);
    let run = on("--verbose").says(&["59.bin: "]);
    assert_eq!(run.stderr.lines().count(), 60, "{}", run.stderr);
}

#[test]
fn without_proofs_one_wrong_symbol_spoils_it() {
    let files = Files::of(7, 100);
    let symbols = served(&files);
    let no_proof = Path::new("--no-proof");
    let bad = symbols.join("0002.primary.from-0000.unproven.bcs");
    let sound = fs::read(&bad).unwrap();
    damage(&bad);
    let with = |more: &[&Path]| {
        let all = [&[symbols.as_path(), no_proof, "--json".as_ref()][..], more].concat();
        on_symbols("recover", &files, Axis::Primary, "2", &all)
    };
    let run = with(&[]).exits(1);
    let run = run.says(&["primary sliver 2 is not good", "symbols with proofs tell"]);
    let line = run.object();
    assert!(line["error"].as_str().unwrap().contains("is not good"));
    assert_eq!(line["blobId"], files.case["blob_id"]);
    assert_eq!((&line["used"], &line["needed"]), (&5.into(), &5.into()));
    assert_eq!(line["refused"].as_array().unwrap().len(), 0);
    fs::write(&bad, [9, 0, 2, 1, 1]).unwrap();
    let run = with(&[]).exits(1);
    let run = run.says(&["it is of sliver 9, and 7 shards", "4 usable ones"]);
    let line = run.object();
    assert!(line["error"].as_str().unwrap().contains("4 usable ones"));
    assert_eq!((&line["used"], &line["needed"]), (&4.into(), &5.into()));
    assert_eq!(line["refused"][0]["path"], bad.to_str().unwrap());
    assert_eq!(line["refused"].as_array().unwrap().len(), 1);
    assert!(!files.path("out").exists());
    fs::write(&bad, sound).unwrap();
    on_symbols("recover", &files, Axis::Primary, "2", &[&symbols, no_proof]).exits(0);
}

#[test]
fn of_the_wrong_blob_or_in_the_wrong_way() {
    let files = Files::of(7, 100);
    let symbols = served(&files);
    let other = Files::of(7, 1);
    let metadata = other.metadata();
    let id = other.case["blob_id"].as_str().unwrap();
    for verb in ["recover", "prove"] {
        let on = |more: &[&str]| {
            let mut all = vec![symbols.as_path()];
            all.extend(more.iter().map(|word| Path::new(*word)));
            on_symbols(verb, &files, Axis::Primary, "2", &all)
        };
        on(&["--blob-id", id]).exits(1).says(&["metadata.bcs", id]);
        on(&["--shards", "8"]).exits(1).says(&["8 shards"]);
        on(&["--memory", "300"])
            .exits(1)
            .says(&["more than 300 bytes", "raise --memory"]);
        // A small symbol takes more memory than its file.
        on(&["--memory", "600"])
            .exits(1)
            .says(&["more than 600 bytes of memory"]);
        on_symbols(verb, &files, Axis::Primary, "7", &[&symbols])
            .exits(2)
            .says(&["--target: sliver pair 7 does not exist: 7 shards have pairs 0 to 6"]);
        on_symbols(verb, &files, Axis::Primary, "x", &[&symbols]).exits(2);
        on_symbols(verb, &files, Axis::Primary, "2", &[]).exits(2);
        let out = files.path("out");
        let foreign = walrus![
            verb,
            "--metadata",
            metadata,
            "--axis",
            "primary",
            "--target",
            "2",
            "-o",
            out,
            symbols
        ];
        foreign
            .exits(1)
            .says(&["it has 8 bytes, and the blob's symbols have 2"]);
        walrus![
            verb, "--axis", "primary", "--target", "2", "-o", out, symbols
        ]
        .exits(2);
        walrus![
            verb,
            "--metadata",
            metadata,
            "--target",
            "2",
            "-o",
            out,
            symbols
        ]
        .exits(2);
    }
    assert!(!files.path("out").exists());
}

#[test]
fn an_inconsistent_blob_is_proven_to_be_so() {
    for axis in Axis::BOTH {
        let files = Files::inconsistency(0);
        let metadata = files.metadata();
        let symbols = files.proof_symbols(axis);
        let (target, out) = (files.target(), files.path("out"));
        let run = on_symbols(
            "recover",
            &files,
            axis,
            &target,
            &[&symbols, "--json".as_ref()],
        );
        let run = run.exits(1).says(&[
            "was encoded inconsistently",
            "`walrus-accel prove` with the same arguments writes the proof",
        ]);
        let line = run.object();
        assert_eq!(line["inconsistent"], true);
        assert!(line["error"].is_string());
        assert!(!out.exists());

        let run = on_symbols(
            "prove",
            &files,
            axis,
            &target,
            &[&symbols, "--json".as_ref()],
        );
        let line = run.exits(0).says_nothing().object();
        assert_eq!(line["inconsistent"], true);
        let check = |more: &str, axis: Axis, proof: &Path| {
            let axis = axis.name();
            walrus![
                "check-proof",
                "--metadata",
                metadata,
                "--axis",
                axis,
                proof,
                more
            ]
        };
        for proof in [out.clone(), files.proof(axis)] {
            let run = check("--no-progress", axis, &proof).exits(0).says_nothing();
            assert!(run.text().contains("proven: blob"), "{}", run.text());
            let line = check("--json", axis, &proof).exits(0).object();
            assert_eq!(line["proven"], true);
            assert_eq!(
                (&line["axis"], &line["targetPair"]),
                (&axis.name().into(), &2.into())
            );
        }
        // A proof for the other axis, or a cut, damaged or too long one, is rejected.
        let run = check("--json", axis.other(), &out).exits(1);
        let run = run.says(&["not proven: it has", &format!("try --axis {axis}")]);
        assert_eq!(run.object()["proven"], false);
        on_symbols("prove", &files, axis, &target, &[&symbols])
            .exits(1)
            .says(&["out exists already"]);
        damage(&out);
        check("--no-progress", axis, &out).exits(1).says(&["out: "]);
        truncate(&out, 1);
        check("--no-progress", axis, &out)
            .exits(1)
            .says(&["out: not a valid inconsistency proof"]);
        fs::write(&out, vec![0; 10_000]).unwrap();
        check("--no-progress", axis, &out)
            .exits(1)
            .says(&["it has 10000 bytes, and at most"]);
        check("--no-progress", axis, &files.path("nowhere"))
            .exits(1)
            .says(&["nowhere: No such file"]);
    }
}

#[test]
fn a_consistent_blob_cannot_be_accused() {
    for axis in Axis::BOTH {
        let files = Files::inconsistency(1);
        let metadata = files.metadata();
        let symbols = files.proof_symbols(axis);
        let target = files.target();
        let run = on_symbols(
            "prove",
            &files,
            axis,
            &target,
            &[&symbols, "--json".as_ref()],
        );
        let run = run
            .exits(1)
            .says(&["is consistent as far as these symbols tell"]);
        let line = run.object();
        assert_eq!(line["inconsistent"], false);
        assert!(line["error"].as_str().unwrap().contains("nothing to prove"));
        assert!(!files.path("out").exists());
        let proof = files.proof(axis);
        let run = walrus![
            "check-proof",
            "--metadata",
            metadata,
            "--axis",
            axis.name(),
            proof
        ];
        let run = run.exits(1);
        assert_eq!(run.text(), "");
        run.says(&["not proven: the sliver that it recovers belongs to the metadata"]);
        on_symbols("recover", &files, axis, &target, &[&symbols]).exits(0);

        // A changed symbol does not count, so nothing is proven.
        let first = symbols.join("0.bcs");
        let mut bytes = fs::read(&first).unwrap();
        bytes[4] ^= 1;
        assert!(GeneralRecoverySymbol::from_bcs(&bytes).is_ok());
        fs::write(&first, bytes).unwrap();
        on_symbols(
            "prove",
            &files,
            axis,
            &target,
            &[&symbols, "--force".as_ref()],
        )
        .exits(1)
        .says(&["0.bcs: its proof does not lead to the root"]);
    }
}

/// No subcommand replaces a symbol or the metadata by any name, nor a symbol of another sliver in a
/// directory of symbols.
#[test]
fn inputs_are_not_replaced() {
    let files = Files::of(7, 100);
    let symbols = served(&files);
    let metadata = files.metadata();
    let symbol = symbols.join("0002.primary.from-0000.symbol.bcs");
    let other = symbols.join("0004.secondary.from-0001.symbol.bcs");
    let hard = files.path("hard");
    fs::hard_link(&symbol, &hard).unwrap();
    let mut outputs = vec![metadata.clone(), symbol.clone(), other, hard];
    #[cfg(unix)]
    {
        let link = files.path("link");
        std::os::unix::fs::symlink(&symbol, &link).unwrap();
        outputs.push(link);
    }
    let before = tree(&files.path(""));
    for verb in ["recover", "prove"] {
        for output in &outputs {
            let words = words![
                verb,
                "--metadata",
                metadata,
                "--axis",
                "primary",
                "--target",
                "2",
                "-o",
                output,
                "--force",
                symbols
            ];
            run(words).exits(1).says(&["is part of the input"]);
        }
        // The rule holds for files given one by one.
        let words = words![
            verb,
            "--metadata",
            metadata,
            "--axis",
            "primary",
            "--target",
            "2",
            "-o",
            symbol,
            "--force",
            symbol
        ];
        run(words).exits(1).says(&["is part of the input"]);
    }
    assert_eq!(tree(&files.path("")), before);
    // A new file beside the symbols is no input.
    let words = words![
        "recover",
        "--metadata",
        metadata,
        "--axis",
        "primary",
        "--target",
        "2",
        "-o",
        symbols.join("sliver"),
        symbols
    ];
    run(words).exits(0);
}
