//! `repair`: restores the bytes of a fresh encode.

use std::fs;
use std::path::{Path, PathBuf};

use super::harness::{
    Scratch, assert_same_tree, damage, memory_is_told, names, sliver, swap, tree, truncate, walrus,
};
use crate::common::Random;

/// Encodes a blob to two directories: one to damage, and a sound copy.
fn two_copies(scratch: &Scratch, len: usize, shards: u16) -> (PathBuf, PathBuf) {
    let (file, dir) = scratch.encoded(21, len, shards);
    let sound = super::harness::encode(&file, &scratch.path("sound"), shards);
    (dir, sound)
}

#[test]
fn every_kind_of_problem_is_repaired() {
    let scratch = Scratch::new();
    let (dir, sound) = two_copies(&scratch, 20_000, 31);
    let at = |pair, axis| sliver(&dir, pair, axis);
    damage(&at(0, "primary"));
    damage(&at(1, "secondary"));
    truncate(&at(2, "primary"), 7);
    swap(&at(3, "secondary"), &at(30, "secondary"));
    fs::remove_file(at(4, "primary")).unwrap();
    fs::remove_file(at(4, "secondary")).unwrap();
    fs::write(at(5, "secondary"), b"").unwrap();
    fs::remove_file(at(6, "primary")).unwrap();
    fs::create_dir(at(6, "primary")).unwrap();
    let foreign = dir.join("pairs/notes.txt");
    fs::write(&foreign, b"mine").unwrap();

    // A directory in place of a file is never removed, and stops the repair before any change.
    let precious = at(6, "primary").join("precious");
    fs::write(&precious, b"mine").unwrap();
    let run = walrus!["repair", dir].exits(1);
    run.says(&["0006.primary.bcs: it is a directory", "move it away"]);
    assert!(!at(4, "primary").exists());
    assert_eq!(fs::read(&precious).unwrap(), b"mine");
    fs::remove_dir_all(at(6, "primary")).unwrap();

    let run = walrus!["repair", dir, "--memory", "300M", "--json"].exits(0);
    let run = run.says(&["left alone", "notes.txt", "rebuilt", "0004.primary.bcs"]);
    let line = run.object();
    memory_is_told(&line, Some(300 << 20));
    assert_eq!(line["rebuilt"].as_array().unwrap().len(), 9, "{line}");
    assert_eq!(line["left"].as_array().unwrap().len(), 1);
    assert_eq!(line["blobId"], dir.file_name().unwrap().to_str().unwrap());
    assert_eq!(fs::read(&foreign).unwrap(), b"mine");
    fs::remove_file(&foreign).unwrap();
    assert_same_tree(&dir, &sound);
    assert_eq!(names(&dir), names(&sound));

    let run = walrus!["repair", dir].exits(0).says_nothing();
    assert_eq!(
        run.text(),
        format!("{}: 63 files checked, 0 rebuilt\n", dir.display())
    );
}

#[test]
fn many_rebuilt_files_are_summed_up() {
    let scratch = Scratch::new();
    let (dir, sound) = two_copies(&scratch, 20_000, 31);
    let lose = || {
        for pair in 0..20 {
            fs::remove_file(sliver(&dir, pair, "primary")).unwrap();
        }
        damage(&sliver(&dir, 30, "secondary"));
    };
    lose();
    let run = walrus!["repair", dir].exits(0);
    let run = run.says(&[
        "note: rebuilt 20 missing files: 20 primary slivers (0-19)\n",
        "0030.secondary",
    ]);
    assert_eq!(run.stderr.lines().count(), 2, "{}", run.stderr);
    assert!(run.text().ends_with(" 21 rebuilt\n"));
    lose();
    let run = walrus!["repair", dir, "-v", "--json"].exits(0);
    assert_eq!(run.stderr.lines().count(), 21, "{}", run.stderr);
    assert_eq!(run.object()["rebuilt"].as_array().unwrap().len(), 21);
    assert_same_tree(&dir, &sound);
}

#[test]
fn random_losses_on_both_axes() {
    let scratch = Scratch::new();
    let (dir, sound) = two_copies(&scratch, 54_321, 101);
    let mut random = Random(3);
    // 35 primary or 68 secondary slivers recover the blob.
    for (primary, secondary) in [(66, 101), (101, 33), (66, 33), (1, 0)] {
        for (axis, lost) in [("primary", primary), ("secondary", secondary)] {
            for pair in random.choose(lost, 101) {
                fs::remove_file(sliver(&dir, pair, axis)).unwrap();
            }
        }
        let run = walrus!["repair", dir, "--json"].exits(0);
        let rebuilt = run.object()["rebuilt"].as_array().unwrap().len();
        assert_eq!(rebuilt, primary + secondary);
        assert_same_tree(&dir, &sound);
    }
}

#[test]
fn damage_on_both_axes_with_one_axis_sufficient() {
    let scratch = Scratch::new();
    let (dir, sound) = two_copies(&scratch, 20_000, 31);
    // 10 of the 11 primary slivers needed are good, and all of the 21 secondary slivers needed.
    for pair in 10..31 {
        damage(&sliver(&dir, pair, "primary"));
    }
    for pair in 0..10 {
        damage(&sliver(&dir, pair, "secondary"));
    }
    walrus!["repair", dir].exits(0);
    assert_same_tree(&dir, &sound);
}

#[test]
fn a_lost_manifest_and_a_lost_folder() {
    let scratch = Scratch::new();
    let (dir, sound) = two_copies(&scratch, 20_000, 10);
    fs::remove_file(dir.join("manifest.json")).unwrap();
    walrus!["repair", dir].exits(0);
    assert_same_tree(&dir, &sound);
    fs::write(dir.join("manifest.json"), b"{").unwrap();
    damage(&sliver(&dir, 9, "primary"));
    walrus!["repair", dir].exits(0);
    assert_same_tree(&dir, &sound);
}

#[test]
fn chosen_pairs_alone() {
    let scratch = Scratch::new();
    let (dir, sound) = two_copies(&scratch, 20_000, 10);
    for pair in [1, 2, 3] {
        fs::remove_file(sliver(&dir, pair, "primary")).unwrap();
        damage(&sliver(&dir, pair, "secondary"));
    }
    let run = walrus!["repair", dir, "--pairs", "2,5-6", "--json"].exits(0);
    assert_eq!(run.object()["rebuilt"].as_array().unwrap().len(), 2);
    let same = |pair, axis| {
        let read = |dir: &Path| fs::read(sliver(dir, pair, axis)).ok();
        read(&dir) == read(&sound)
    };
    assert!(same(2, "primary") && same(2, "secondary"));
    assert!(!same(1, "primary") && !same(3, "secondary"));
    // The manifest holds the hashes of the other files.
    let run = walrus!["verify", dir, "--quick"].exits(1);
    assert!(run.text().contains("4 bad: 2 missing, 2 damaged"));
    walrus!["repair", dir].exits(0);
    assert_same_tree(&dir, &sound);
}

#[test]
fn pairs_can_be_added() {
    let scratch = Scratch::new();
    let (file, full) = scratch.encoded(22, 20_000, 10);
    let out = scratch.path("some");
    let run = walrus![
        "encode", file, "--out", out, "--shards", "10", "--pairs", "0-3"
    ];
    run.exits(0);
    let some = out.join(full.file_name().unwrap());
    let before = tree(&some);
    walrus!["repair", some].exits(0);
    assert_eq!(tree(&some), before, "nothing was wrong");
    let run = walrus!["repair", some, "--pairs", "4-9", "--json"].exits(0);
    assert_eq!(run.object()["rebuilt"].as_array().unwrap().len(), 12);
    assert_same_tree(&some, &full);
}

#[test]
fn too_few_slivers_change_nothing() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(23, 20_000, 10);
    // 3 of the 4 primary slivers needed are good, and 6 of the 7 secondary slivers needed.
    for pair in 3..10 {
        damage(&sliver(&dir, pair, "primary"));
    }
    for pair in 6..10 {
        fs::remove_file(sliver(&dir, pair, "secondary")).unwrap();
    }
    let before = tree(&dir);
    let run = walrus!["repair", dir, "--json"].exits(1);
    let run = run.says(&["not enough slivers", "are needed"]);
    assert_eq!(run.object()["dir"], dir.to_str().unwrap());
    assert_eq!(tree(&dir), before);
}
