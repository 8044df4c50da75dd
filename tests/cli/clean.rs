//! `clean`: leftovers of killed runs.
#![cfg(unix)]

use std::fs;

use rustix::process::Signal;

use super::harness::{Run, Scratch, command, names, partial, signal, stop_when, walrus, words};

#[test]
fn the_next_run_names_the_leftover_of_a_kill_and_clean_removes_it() {
    let scratch = Scratch::new();
    let (file, out) = (scratch.blob("blob", 31, 26_000_000), scratch.path("out"));
    let small = scratch.blob("small", 1, 1000);
    let encode = |file: &std::path::Path| {
        words![
            "encode", file, "--out", out, "--shards", "100", "--memory", "8M", "--resume"
        ]
    };
    let mut child = command(encode(&file)).spawn().unwrap();
    let record = || Some(partial(&out)?.join("checkpoint")).filter(|path| path.exists());
    stop_when(&mut child, record).unwrap();
    // `clean` keeps the work of a running process.
    assert_eq!(walrus!["clean", out].exits(0).text(), "");
    signal(&child, Signal::KILL);
    child.wait().unwrap();
    let left = partial(&out).unwrap();
    // A younger leftover counts as work that a process is about to lock.
    std::thread::sleep(std::time::Duration::from_millis(1100));

    let run = Run::of(command(encode(&small)).output().unwrap()).exits(0);
    let left_name = left.to_str().unwrap();
    run.says(&[
        left_name,
        "with --resume continues from it",
        "walrus-accel clean ",
    ]);
    let planned = walrus!["clean", out, "--dry-run"].exits(0);
    assert_eq!(planned.lines(), [left_name]);
    assert!(left.exists());
    let line = walrus!["clean", out, "--json"].exits(0).object();
    assert_eq!(line["path"], left_name);
    assert_eq!(
        (&line["resumable"], &line["removed"]),
        (&true.into(), &true.into())
    );
    assert_eq!(names(&out).len(), 1);
    assert_eq!(walrus!["clean", out].exits(0).text(), "");
    Run::of(command(encode(&small)).output().unwrap()).exits(0);
}

#[test]
fn an_unfinished_decode_is_removed() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(1, 5000, 10);
    fs::create_dir(scratch.path("back")).unwrap();
    let unfinished = scratch.file("back/.walrus-accel-AbC123.partial", b"unfinished");
    let back = scratch.path("back/blob");
    let clean = || {
        walrus!["clean", scratch.path("back")]
            .exits(0)
            .lines()
            .len()
    };
    assert_eq!(clean(), 0);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    walrus!["decode", dir, "-o", back].exits(0).says_nothing();
    assert_eq!(clean(), 1);
    assert!(!unfinished.exists() && back.exists());
}

#[test]
fn foreign_files_are_kept_and_named() {
    let scratch = Scratch::new();
    let work = scratch.path(".walrus-accel-0123456789abcdef.partial");
    fs::create_dir(&work).unwrap();
    fs::write(work.join("lock"), b"").unwrap();
    fs::write(work.join("notes"), b"precious").unwrap();
    fs::write(work.join("checkpoint"), b"a record").unwrap();
    fs::write(scratch.path(".walrus-accel-my-notes.partial"), b"precious").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let run = walrus!["clean", scratch.path(""), "--json"]
        .exits(1)
        .says(&["notes"]);
    assert_eq!(run.object()["removed"], false);
    assert_eq!(names(&work), ["checkpoint", "lock", "notes"]);
    assert!(scratch.path(".walrus-accel-my-notes.partial").exists());
    walrus!["clean", scratch.path("nowhere")]
        .exits(1)
        .says(&["nowhere"]);
}

/// `clean` beside running jobs disturbs none of them, and the jobs leave nothing.
#[test]
fn cleaning_beside_jobs_disturbs_none() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(1, 5000, 10);
    let (out, back) = (scratch.path("jobs"), scratch.path("back"));
    fs::create_dir(&out).unwrap();
    fs::create_dir(&back).unwrap();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for place in [&out, &back, &dir] {
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    let cleaned = walrus!["clean", place].exits(0);
                    assert_eq!(cleaned.text(), "");
                }
            });
        }
        let run = |worker: usize| {
            for number in 0..25 {
                let name = format!("{worker}-{number}");
                let file = scratch.blob(&name, (100 * worker + number) as u64, 100 + number);
                let words = words!["encode", file, "--out", out, "--shards", "10"];
                Run::of(command(words).output().unwrap())
                    .exits(0)
                    .says_nothing();
                // The directory may be under repair meanwhile.
                walrus!["decode", dir, "-o", back.join(&name)].exits(0);
                if worker == 0 {
                    fs::remove_file(super::harness::sliver(&dir, 0, "primary")).unwrap();
                    walrus!["repair", dir].exits(0);
                }
            }
        };
        let workers: Vec<_> = (0..2)
            .map(|worker| scope.spawn(move || run(worker)))
            .collect();
        let ends: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        ends.into_iter().for_each(|end| end.unwrap());
    });
    for place in [&out, &back, &dir] {
        assert_eq!(partial(place), None);
    }
}
