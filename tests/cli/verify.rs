//! `verify`: full and quick.

use std::fs;
use std::path::Path;

use super::harness::{Run, Scratch, damage, memory_is_told, sliver, swap, truncate, walrus, words};

fn verify(dir: &Path, quick: bool, json: bool) -> Run {
    match (quick, json) {
        (false, false) => walrus!["verify", dir],
        (false, true) => walrus!["verify", dir, "--json"],
        (true, false) => walrus!["verify", dir, "--quick"],
        (true, true) => walrus!["verify", dir, "--quick", "--json"],
    }
}

#[test]
fn a_fresh_directory_is_good() {
    for shards in [4, 31, 1000] {
        let scratch = Scratch::new();
        let (_, dir) = scratch.encoded(1, 10_000, shards);
        let files = usize::from(shards) * 2 + 1;
        for quick in [false, true] {
            let run = verify(&dir, quick, false).exits(0).says_nothing();
            let expected = format!("{}: {files} files checked, all good\n", dir.display());
            assert_eq!(run.text(), expected);
            let line = verify(&dir, quick, true).exits(0).object();
            assert_eq!(line["blobId"], dir.file_name().unwrap().to_str().unwrap());
            assert_eq!(line["dir"], dir.to_str().unwrap());
            assert_eq!(line["quick"], quick);
            assert_eq!(line["checked"], files);
            assert_eq!(line["bad"], 0);
            assert_eq!(line["problems"].as_array().unwrap().len(), 0);
            match quick {
                true => assert_eq!(line.get("memoryLimit"), None),
                false => memory_is_told(&line, None),
            }
        }
    }
}

#[test]
fn every_bad_file_is_named_and_counted() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(2, 10_000, 31);
    let at = |pair, axis| sliver(&dir, pair, axis);
    damage(&at(0, "primary"));
    damage(&at(1, "secondary"));
    truncate(&at(2, "primary"), 7);
    swap(&at(3, "secondary"), &at(30, "secondary"));
    fs::remove_file(at(4, "primary")).unwrap();
    fs::remove_file(at(4, "secondary")).unwrap();
    fs::write(dir.join("pairs/0007.primary.bcs.orig"), b"").unwrap();
    let bad = [
        ("0000.primary.bcs", "damaged"),
        ("0001.secondary.bcs", "damaged"),
        ("0002.primary.bcs", "damaged"),
        ("0003.secondary.bcs", "damaged"),
        ("0004.primary.bcs", "missing"),
        ("0004.secondary.bcs", "missing"),
        ("0007.primary.bcs.orig", "foreign"),
        ("0030.secondary.bcs", "damaged"),
    ];
    for quick in [false, true] {
        let run = verify(&dir, quick, false).exits(1);
        assert_eq!(run.stderr.lines().count(), bad.len(), "{}", run.stderr);
        for (name, _) in bad {
            assert!(run.stderr.contains(name), "{name}");
        }
        assert_eq!(run.lines().len(), 1);
        let counts = "8 bad: 2 missing, 5 damaged, 1 foreign";
        assert!(run.text().contains(counts), "{}", run.text());
        let line = verify(&dir, quick, true).exits(1).object();
        assert_eq!(line["bad"], bad.len());
        let mut named: Vec<_> = line["problems"]
            .as_array()
            .unwrap()
            .iter()
            .map(|problem| {
                let path = Path::new(problem["path"].as_str().unwrap());
                let name = path.file_name().unwrap().to_str().unwrap();
                (name, problem["kind"].as_str().unwrap())
            })
            .collect();
        named.sort_unstable();
        assert_eq!(named, bad);
    }
}

#[test]
fn many_missing_files_are_summed_up() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(3, 10_000, 100);
    let remove = |pairs: std::ops::Range<usize>, axis| {
        for pair in pairs {
            fs::remove_file(sliver(&dir, pair, axis)).unwrap();
        }
    };
    // 34 primary or 67 secondary slivers recover the blob.
    remove(0..60, "primary");
    remove(0..60, "secondary");
    damage(&sliver(&dir, 99, "primary"));
    for quick in [false, true] {
        let run = verify(&dir, quick, false).exits(1);
        let run = run.says(&[
            "error: 120 missing files: 60 pairs (0-59)\n",
            "0099.primary.bcs",
        ]);
        assert_eq!(run.stderr.lines().count(), 2, "{}", run.stderr);
        let verdict = "121 bad: 120 missing, 1 damaged; the blob can be recovered \
                       (39 primary slivers good, 34 needed; 40 secondary, 67 needed)";
        assert!(run.text().contains(verdict), "{}", run.text());
        let line = verify(&dir, quick, true).exits(1).object();
        assert_eq!(line["problems"].as_array().unwrap().len(), 121);
        assert_eq!(line["recoverable"], true);

        let mut words = words!["verify", dir, "--verbose"];
        words.extend(quick.then(|| "--quick".into()));
        let run = super::harness::run(words)
            .exits(1)
            .says(&["0000.primary.bcs"]);
        assert_eq!(run.stderr.lines().count(), 121);
    }
    // Every other sliver, so that the list is longer than a line.
    for pair in (60..100).step_by(2) {
        remove(pair..pair + 1, "primary");
        remove(pair + 1..pair + 2, "secondary");
    }
    for quick in [false, true] {
        let run = verify(&dir, quick, false).exits(1);
        let run = run.says(&[
            "160 missing files: 60 pairs (0-59); 20 primary slivers (60, 62, 64, ",
            ", ...); 20 secondary slivers (61, 63, ",
            ", ...)\n",
        ]);
        assert!(run.stderr.lines().all(|line| line.len() < 300));
        let verdict =
            "the blob cannot be recovered from these files (19 primary slivers good, 34 needed;";
        assert!(run.text().contains(verdict), "{}", run.text());
        let line = verify(&dir, quick, true).exits(1).object();
        assert_eq!(line["recoverable"], false);
    }
}

#[test]
fn many_damaged_files_are_summed_up_by_reason() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(5, 10_000, 100);
    for pair in 0..60 {
        damage(&sliver(&dir, pair, "primary"));
    }
    for pair in 90..93 {
        truncate(&sliver(&dir, pair, "primary"), 1);
    }
    for name in 0..50 {
        fs::write(dir.join(format!("pairs/{name:02}.txt")), b"mine").unwrap();
    }
    let damaged = "60 damaged files (its symbols do not belong to the metadata): \
                   60 primary slivers (0-59)\n";
    let foreign = ["error: 50 foreign files (", "pairs/00.txt, ", ", ...\n"];
    let run = verify(&dir, false, false)
        .exits(1)
        .says(&[damaged])
        .says(&foreign);
    let run = run.says(&[
        "0090.primary.bcs: ",
        "0091.primary.bcs: ",
        "0092.primary.bcs: ",
    ]);
    assert_eq!(run.stderr.lines().count(), 5, "{}", run.stderr);
    let line = verify(&dir, false, true).exits(1).object();
    assert_eq!(line["problems"].as_array().unwrap().len(), 113);
    let run = walrus!["verify", dir, "--verbose"].exits(1);
    assert_eq!(run.stderr.lines().count(), 113, "{}", run.stderr);

    // Decoding sums up what it skips, before and after it reads the slivers.
    let back = scratch.path("back");
    let decode = |more: &[&str]| {
        let mut words = words!["decode", dir, "-o", back, "--axis", "primary", "--force"];
        words.extend(more.iter().map(Into::into));
        super::harness::run(words)
    };
    let skipped = format!("warning: skipped {damaged}");
    let run = decode(&[])
        .exits(0)
        .says(&[&skipped, "skipped 50 foreign files ("]);
    assert_eq!(run.stderr.lines().count(), 5, "{}", run.stderr);
    assert_eq!(fs::read(&back).unwrap(), fs::read(&file).unwrap());
    let line = decode(&["--json"]).exits(0).object();
    assert_eq!(line["skipped"].as_array().unwrap().len(), 113);
    assert_eq!(line["missingFiles"].as_array().unwrap().len(), 0);
    let run = decode(&["--verbose"]).exits(0);
    assert_eq!(run.stderr.lines().count(), 113, "{}", run.stderr);

    // Repair, too. It rebuilds the damaged files, and leaves the foreign ones alone.
    let run = walrus!["repair", dir].exits(0);
    let run = run.says(&[
        &format!("note: rebuilt {damaged}"),
        "left alone: 50 foreign files",
    ]);
    assert_eq!(run.stderr.lines().count(), 5, "{}", run.stderr);
}

#[test]
fn a_missing_directory_causes_a_message_with_the_expected_one() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(3, 1000, 10);
    let meant = dir.display().to_string();
    for (path, expected) in [
        (scratch.path("nosuch"), "OUT/BLOB_ID"),
        (dir.parent().unwrap().into(), &meant),
    ] {
        let run = walrus!["verify", path].exits(1);
        run.says(&["No such file", expected]);
        let run = walrus!["decode", path, "-o", scratch.path("back")].exits(1);
        run.says(&["No such file", expected]);
    }
}

#[test]
fn the_metadata_is_verified_against_the_id() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(3, 10_000, 10);
    let metadata = dir.join("metadata.bcs");
    let sound = fs::read(&metadata).unwrap();
    damage(&metadata);
    verify(&dir, false, false).exits(1).says(&["metadata.bcs"]);
    let run = verify(&dir, false, true).exits(1);
    assert_eq!(run.object()["dir"], dir.to_str().unwrap());
    verify(&dir, true, false).exits(1).says(&["metadata.bcs"]);
    truncate(&metadata, 1);
    verify(&dir, false, false).exits(1).says(&["metadata.bcs"]);
    fs::remove_file(&metadata).unwrap();
    verify(&dir, false, false).exits(1).says(&["metadata.bcs"]);
    verify(&dir, true, false)
        .exits(1)
        .says(&["metadata.bcs", "missing"]);
    fs::write(&metadata, sound).unwrap();
    verify(&dir, false, false).exits(0);
}

#[test]
fn without_a_manifest_only_the_full_way_goes() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(4, 1000, 10);
    let manifest = dir.join("manifest.json");
    fs::remove_file(&manifest).unwrap();
    verify(&dir, false, false).exits(0);
    verify(&dir, true, false).exits(1).says(&["manifest.json"]);
    fs::write(&manifest, b"[]").unwrap();
    verify(&dir, false, false).exits(1).says(&["manifest.json"]);
    verify(&dir, true, false).exits(1).says(&["manifest.json"]);
    verify(&scratch.path("nowhere"), false, false).exits(1);
    verify(&scratch.path("nowhere"), true, false).exits(1);
}
