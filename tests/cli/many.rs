//! Many files in one run.

use std::collections::HashSet;
use std::fs;

use super::harness::{Scratch, command, names, run, walrus, words};

#[test]
fn lines_come_in_the_order_of_the_arguments() {
    let scratch = Scratch::new();
    // Large files among small ones, so that some run alone and some together.
    let lens = [
        5, 300_000, 17_000_000, 1, 40_000, 18_000_000, 0, 2, 999, 70_000,
    ];
    let files: Vec<_> = lens
        .iter()
        .enumerate()
        .map(|(i, &len)| scratch.blob(&format!("{i}"), i as u64, len))
        .collect();
    let mut arguments = words!["blob-id", "--shards", "100"];
    arguments.extend(files.iter().map(|file| file.clone().into_os_string()));
    let together = super::harness::run(arguments).exits(0);
    let together = together.says(&["note: 10 files, ", " MiB/s)"]);
    let alone = files.iter().map(|file| {
        let run = walrus!["blob-id", file, "--shards", "100"];
        run.exits(0).text().trim_end().to_owned()
    });
    assert_eq!(together.lines(), alone.collect::<Vec<_>>());
}

#[test]
fn one_failing_file_does_not_stop_the_others() {
    let scratch = Scratch::new();
    let good = [scratch.blob("a", 1, 1000), scratch.blob("c", 2, 2000)];
    let missing = scratch.path("b");
    let out = scratch.path("out");
    let run = walrus![
        "encode", good[0], missing, good[1], "--out", out, "--shards", "10", "--json"
    ];
    let run = run.exits(1).says(&["b: No such file"]);
    let lines = run.objects();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["file"], good[0].to_str().unwrap());
    assert_eq!(lines[1]["file"], missing.to_str().unwrap());
    assert!(lines[1]["error"].as_str().unwrap().contains("No such file"));
    assert_eq!(lines[2]["file"], good[1].to_str().unwrap());
    assert_eq!(names(&out).len(), 2);

    let run = walrus!["blob-id", missing, good[0], "--shards", "10"].exits(1);
    assert_eq!(run.lines().len(), 1);
}

#[test]
fn failures_of_many_files_are_summed_up() {
    let scratch = Scratch::new();
    let good = scratch.blob("good", 1, 100);
    let missing: Vec<_> = (0..300)
        .map(|number| scratch.path(&format!("missing-{number}")).into_os_string())
        .collect();
    let dir = scratch.path("dir");
    fs::create_dir(&dir).unwrap();
    let run = |verb: Vec<std::ffi::OsString>, more: &[&str]| {
        let mut words = verb;
        words.extend(more.iter().map(Into::into));
        words.extend(missing[..200].iter().cloned());
        words.extend([good.clone().into(), dir.clone().into()]);
        words.extend(missing[200..].iter().cloned());
        super::harness::run(words).exits(1)
    };
    let out = scratch.path("out");
    let blob_id = || words!["blob-id", "--shards", "4"];
    let encode = || words!["encode", "--shards", "4", "--out", out];
    for verb in [blob_id(), encode()] {
        let found = run(verb, &[]);
        assert_eq!(found.lines().len(), 1);
        let found = found.says(&[
            "missing-0: No such file",
            "missing-9: No such file",
            "dir: it is a directory",
            " 290 more files: No such file or directory (os error 2); --verbose names each\n",
        ]);
        assert!(!found.stderr.contains("missing-10:"), "{}", found.stderr);
        let errors = |line: &&str| line.starts_with("error: ");
        assert_eq!(
            found.stderr.lines().filter(errors).count(),
            12,
            "{}",
            found.stderr
        );
    }
    for verb in [blob_id(), encode()] {
        let found = run(verb, &["--verbose"]);
        let errors = found
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 301, "{}", found.stderr);
    }
    let found = run(blob_id(), &["--json"]);
    let lines = found.objects();
    let failed = |line: &&serde_json::Value| line["error"].is_string();
    assert_eq!(lines.iter().filter(failed).count(), 301);
    // Notes are summed up, too.
    let files: Vec<_> = (0..50u64)
        .map(|seed| scratch.blob(&format!("{seed}"), seed, 100).into_os_string())
        .collect();
    let again = || super::harness::run([encode(), files.clone()].concat()).exits(0);
    again();
    let found = again().says(&["note: 40 more files: "]);
    assert_eq!(
        found.stderr.matches("already").count(),
        11,
        "{}",
        found.stderr
    );
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_unicode_stay_apart_in_json() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let hex = |path: &std::path::Path| -> String {
        let bytes = path.as_os_str().as_bytes();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let scratch = Scratch::new();
    let name = |bytes: &[u8]| scratch.path("").join(OsStr::from_bytes(bytes));
    let files = [name(b"a\xff"), name(b"a\xfe"), name("é".as_bytes())];
    for (number, file) in files.iter().enumerate() {
        fs::write(file, number.to_string()).unwrap();
    }
    let (missing, out) = (name(b"b\xff"), name(b"out\xff"));
    let mut words = words!["encode", "--out", out, "--shards", "4", "--json", missing];
    words.extend(files.iter().map(Into::into));
    let run = super::harness::run(words).exits(1).says(&["No such file"]);
    let lines = run.objects();
    assert_eq!(lines[0]["fileBytes"], hex(&missing));
    assert_eq!(lines[1]["fileBytes"], hex(&files[0]));
    assert_eq!(lines[2]["fileBytes"], hex(&files[1]));
    assert_eq!(lines[1]["file"], lines[2]["file"]);
    assert_eq!(lines[3]["file"], files[2].to_str().unwrap());
    assert!(lines[3].get("fileBytes").is_none());
    let dir = out.join(lines[3]["blobId"].as_str().unwrap());
    assert_eq!(lines[3]["outDirBytes"], hex(&dir));

    let victim = super::harness::sliver(&dir, 3, "primary");
    fs::remove_file(&victim).unwrap();
    let line = walrus!["verify", dir, "--json"].exits(1).object();
    assert_eq!(line["dirBytes"], hex(&dir));
    assert_eq!(line["problems"][0]["pathBytes"], hex(&victim));
    let line = walrus!["repair", dir, "--json"].exits(0).object();
    assert_eq!(line["dirBytes"], hex(&dir));
    assert_eq!(line["rebuilt"][0]["pathBytes"], hex(&victim));
    let back = name(b"back\xff");
    let line = walrus!["decode", dir, "-o", back, "--json"]
        .exits(0)
        .object();
    assert_eq!(line["fileBytes"], hex(&back));
    let line = walrus!["inspect", victim, "--json"].exits(0).object();
    assert_eq!(line["fileBytes"], hex(&victim));
    let line = walrus!["verify", missing, "--json"].exits(1).object();
    assert_eq!(line["dirBytes"], hex(&missing));
}

#[test]
fn equal_files_and_repeated_ones_end_well() {
    let scratch = Scratch::new();
    let bytes = crate::common::blob(3, 30_000);
    let names_of_files = ["a", "b", "c", "d", "e"];
    let files = names_of_files.map(|name| scratch.file(name, &bytes));
    for round in 0..5 {
        let out = scratch.path(&format!("out{round}"));
        let mut arguments = words!["encode", "--out", out, "--shards", "31", "--json"];
        for file in files.iter().chain(&files) {
            arguments.push(file.clone().into_os_string());
        }
        let run = super::harness::run(arguments).exits(0);
        let lines = run.objects();
        assert_eq!(lines.len(), 10);
        let ids: HashSet<_> = lines.iter().map(|line| line["blobId"].as_str()).collect();
        assert_eq!(ids.len(), 1);
        let fresh = lines.iter().filter(|line| line["alreadyThere"] == false);
        assert_eq!(fresh.count(), 1);
        assert_eq!(names(&out).len(), 1);
        walrus!["verify", out.join(&names(&out)[0])].exits(0);
    }
}

#[test]
fn equal_files_that_replace_each_other_end_well() {
    let scratch = Scratch::new();
    let bytes = crate::common::blob(3, 30_000);
    let out = scratch.path("out");
    let file = scratch.file("first", &bytes);
    let dir = super::harness::encode(&file, &out, 31);
    let files: Vec<_> = (0..20)
        .map(|i| scratch.file(&format!("{i}"), &bytes).into_os_string())
        .collect();
    for _ in 0..3 {
        super::harness::damage(&dir.join("manifest.json"));
        let words = words!["encode", "--force", "--out", out, "--shards", "31"];
        let run = super::harness::run([words, files.clone()].concat()).exits(0);
        assert_eq!(run.lines().len(), 20);
        assert_eq!(names(&out).len(), 1);
        walrus!["verify", dir, "--quick"].exits(0);
        walrus!["verify", dir].exits(0);
    }
}

#[test]
fn without_a_reader_the_work_stops() {
    let scratch = Scratch::new();
    let file = scratch.blob("blob", 1, 1000);
    // All of the work would take minutes.
    let mut words = words!["blob-id"];
    words.extend(std::iter::repeat_n(file.into_os_string(), 10_000));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let start = std::time::Instant::now();
    let output = super::harness::command(words).stdout(writer).output();
    super::harness::Run::of(output.unwrap())
        .exits(1)
        .says_nothing();
    assert!(start.elapsed() < std::time::Duration::from_secs(20));
}

#[test]
fn many_small_files_within_little_memory() {
    let scratch = Scratch::new();
    let mut arguments = words![
        "blob-id",
        "--shards",
        "10",
        "--memory",
        "8M",
        "--threads",
        "2",
        "--no-names"
    ];
    for i in 0..200 {
        let file = scratch.blob(&format!("{i}"), i, 1000 + i as usize);
        arguments.push(file.into_os_string());
    }
    let run = super::harness::run(arguments).exits(0);
    let run = run.says(&["note: 200 files, "]);
    let ids: HashSet<_> = run.lines().into_iter().collect();
    assert_eq!(ids.len(), 200);
}

#[test]
fn a_run_with_several_files_ends_with_a_summary() {
    let scratch = Scratch::new();
    let files = [1000, 3000, 0].map(|len| scratch.blob(&format!("{len}"), len as u64, len));
    let (missing, out) = (scratch.path("missing"), scratch.path("out"));
    let [a, b, c] = &files;
    let run = walrus!["blob-id", a, b, missing, c, "--shards", "10"].exits(1);
    let last = run.stderr.lines().last().unwrap().to_owned();
    let run = run.says(&["missing: No such file"]);
    assert_eq!(run.lines().len(), 3);
    assert!(last.starts_with("note: 3 files, 3.91 KiB, in "), "{last}");
    assert!(last.ends_with(" MiB/s); 1 failed"), "{last}");

    let run = walrus!["encode", a, b, "--out", out, "--shards", "10"].exits(0);
    let run = run.says(&["note: 2 files, 3.91 KiB, in "]);
    assert!(!run.stderr.contains("failed"), "{}", run.stderr);

    // One file needs no summary, and JSON has one object per file.
    walrus!["blob-id", a, "--shards", "10"]
        .exits(0)
        .says_nothing();
    let run = walrus!["blob-id", a, b, "--shards", "10", "--json"].exits(0);
    assert_eq!(run.says_nothing().objects().len(), 2);
}

#[test]
fn files_of_all_sizes_share_little_memory() {
    let scratch = Scratch::new();
    let lens = [0, 1, 999, 40_000, 300_000, 1_000_000, 3_000_000, 70_000];
    let files: Vec<_> = (0..40)
        .map(|i| scratch.blob(&format!("{i}"), i as u64, lens[i % lens.len()] + i))
        .collect();
    let ids = |memory: &str, threads: &str, command: &[&str]| {
        let mut all: Vec<std::ffi::OsString> = command.iter().map(Into::into).collect();
        all.extend(files.iter().map(Into::into));
        all.extend(words![
            "--shards",
            "31",
            "--json",
            "--memory",
            memory,
            "--threads",
            threads
        ]);
        let lines = super::harness::run(all).exits(0).objects();
        let names = lines.iter().map(|line| line["file"].as_str().unwrap());
        assert!(names.eq(files.iter().map(|file| file.to_str().unwrap())));
        let ids = lines.iter().map(|line| line["blobId"].to_string());
        ids.collect::<Vec<_>>()
    };
    let expected = ids("1G", "1", &["blob-id"]);
    assert_eq!(expected.iter().collect::<HashSet<_>>().len(), 40);
    for (memory, threads) in [("8M", "2"), ("20M", "7"), ("1G", "16")] {
        assert_eq!(ids(memory, threads, &["blob-id"]), expected, "{memory}");
        let out = scratch.path(&format!("out-{memory}"));
        let out = ["encode", "--out", out.to_str().unwrap()];
        assert_eq!(ids(memory, threads, &out), expected, "{memory}");
        assert_eq!(names(out[2].as_ref()).len(), 40);
    }
    let out = scratch.path("out-8M");
    for name in names(&out) {
        walrus!["verify", out.join(name)].exits(0);
    }
}

#[test]
fn an_existing_target_is_kept_unless_forced() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(5, 5000, 10);
    let out = scratch.path("out");
    let again = || walrus!["encode", file, "--out", out, "--shards", "10", "--json"];
    let run = again().exits(0).says(&["its blob is in ", "out already"]);
    assert_eq!(run.object()["alreadyThere"], true);

    // A directory with damage or with other pairs is refused and stays unchanged.
    let victim = super::harness::sliver(&dir, 3, "primary");
    let sound = fs::read(&victim).unwrap();
    super::harness::damage(&victim);
    let damaged = fs::read(&victim).unwrap();
    again().exits(1).says(&["exists already", "--force"]);
    assert_eq!(fs::read(&victim).unwrap(), damaged);
    let some = || {
        words![
            "encode", file, "--out", out, "--shards", "10", "--pairs", "1-2"
        ]
    };
    super::harness::run(some())
        .exits(1)
        .says(&["exists already"]);
    assert_eq!(names(&out).len(), 1);

    let forced = [some(), words!["--force"]].concat();
    super::harness::run(forced).exits(0);
    assert!(!victim.exists());
    again().exits(1);
    let run = walrus![
        "encode", file, "--out", out, "--shards", "10", "--force", "--json"
    ];
    assert_eq!(run.exits(0).object()["alreadyThere"], false);
    assert_eq!(fs::read(&victim).unwrap(), sound);
    assert_eq!(names(&out).len(), 1);
}

#[test]
fn only_a_blobs_directory_is_replaced_and_never_with_the_source_in_it() {
    let scratch = Scratch::new();
    let (file, out) = (scratch.blob("file", 1, 5000), scratch.path("out"));
    let encode = |more: &[&str]| {
        let mut all = words!["encode", file, "--out", out, "--shards", "10"];
        all.extend(more.iter().map(Into::into));
        run(all)
    };
    encode(&[]).exits(0);
    let entry = fs::read_dir(&out).unwrap().next().unwrap().unwrap();
    let dir = entry.path();
    let sound = |name: &str| fs::read(dir.join(name)).unwrap();
    let manifest = sound("manifest.json");

    // Foreign files anywhere in the directory are named, and nothing changes.
    for name in ["notes.txt", "pairs/notes.txt", "pairs/0003.primary.part"] {
        fs::write(dir.join(name), b"precious").unwrap();
        fs::write(dir.join("manifest.json"), b"{}").unwrap();
        encode(&["--force"]).exits(1).says(&[
            name,
            "is no file of a blob's directory",
            "move it away",
        ]);
        assert_eq!(fs::read(dir.join(name)).unwrap(), b"precious");
        assert_eq!(sound("manifest.json"), b"{}");
        fs::remove_file(dir.join(name)).unwrap();
    }
    fs::create_dir(dir.join("pairs/0004.primary.bcs.d")).unwrap();
    encode(&["--force"]).exits(1).says(&["0004.primary.bcs.d"]);
    fs::remove_dir(dir.join("pairs/0004.primary.bcs.d")).unwrap();

    // The source is in the directory to replace, under a foreign name or under a sliver's name.
    for name in ["src.bin", "pairs/0003.primary.bcs"] {
        let before = fs::read(dir.join("pairs/0003.primary.bcs")).unwrap();
        fs::copy(&file, dir.join(name)).unwrap();
        let source = dir.join(name);
        walrus!["encode", source, "--out", out, "--shards", "10", "--force"]
            .exits(1)
            .says(&[name]);
        assert_eq!(fs::read(&source).unwrap(), fs::read(&file).unwrap());
        fs::remove_file(&source).unwrap();
        fs::write(dir.join("pairs/0003.primary.bcs"), before).unwrap();
    }

    // A blob's directory without foreign files is replaced, and keeps its permissions.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o750)).unwrap();
        encode(&["--force"]).exits(0);
        let mode = fs::metadata(&dir).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o750);
    }
    assert_eq!(sound("manifest.json"), manifest);

    // Neither a link nor the directory behind it is replaced.
    #[cfg(unix)]
    {
        let elsewhere = scratch.path("elsewhere");
        fs::rename(&dir, &elsewhere).unwrap();
        fs::remove_file(elsewhere.join("manifest.json")).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &dir).unwrap();
        for more in [&["--force"][..], &[]] {
            encode(more).exits(1).says(&["symbolic link"]);
        }
        assert!(dir.is_symlink() && !elsewhere.join("manifest.json").exists());
    }
    assert_eq!(names(&out).len(), 1);
}

#[test]
fn no_input_of_the_command_is_replaced() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(11, 5000, 10);
    let out = dir.parent().unwrap();
    let manifest = dir.join("manifest.json");
    for order in [[&file, &manifest], [&manifest, &file]] {
        fs::write(&manifest, b"precious").unwrap();
        let [first, second] = order;
        walrus![
            "encode", first, second, "--out", out, "--shards", "10", "--force"
        ]
        .exits(1)
        .says(&["manifest.json is a file being encoded"]);
        assert_eq!(fs::read(&manifest).unwrap(), b"precious");
    }
    // The rule holds for standard input.
    let metadata = dir.join("metadata.bcs");
    fs::copy(&file, &metadata).unwrap();
    let words = words!["encode", "-", "--out", out, "--shards", "10", "--force"];
    let output = command(words)
        .stdin(fs::File::open(&metadata).unwrap())
        .output();
    let run = super::harness::Run::of(output.unwrap());
    if cfg!(target_os = "linux") {
        run.exits(1).says(&["metadata.bcs is a file being encoded"]);
        assert_eq!(fs::read(&metadata).unwrap(), fs::read(&file).unwrap());
    }
}

#[cfg(unix)]
#[test]
fn links_under_names_that_the_program_chooses_are_not_followed() {
    use std::os::unix::fs::symlink;

    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(12, 5000, 10);
    let victim = scratch.file("victim", b"precious");
    let into = scratch.path("into");
    fs::create_dir(&into).unwrap();
    symlink(&victim, into.join("walrus-accel.1")).unwrap();
    symlink(&victim, into.join("0008.primary.from-0003.symbol.bcs")).unwrap();
    walrus!["man", "--out", into]
        .exits(1)
        .says(&["walrus-accel.1 is a symbolic link"]);
    let metadata = dir.join("metadata.bcs");
    let sliver = dir.join("pairs/0003.secondary.bcs");
    walrus![
        "symbol",
        "--metadata",
        metadata,
        "--sliver",
        sliver,
        "--targets",
        "7-9",
        "-o",
        into,
        "--force"
    ]
    .exits(1)
    .says(&["0008.primary.from-0003.symbol.bcs is a symbolic link"]);
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
}
