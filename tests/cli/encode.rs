//! `encode` and `blob-id`: bytes, names, lines.

use std::fs;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::harness::{
    Scratch, assert_same_tree, encode, memory_is_told, names, run_with_input, sliver, tree, walrus,
    words,
};
use crate::common::{self, hex, vectors};

/// Returns the SHA-256 of all sliver files of an axis, in pair order.
fn slivers_sha256(directory: &Path, axis: &str, shards: usize) -> String {
    let mut hash = Sha256::new();
    for pair in 0..shards {
        hash.update(fs::read(sliver(directory, pair, axis)).unwrap());
    }
    hex(&hash.finalize())
}

#[test]
fn files_are_the_network_s_bytes() {
    for case in vectors("rs2.json") {
        let number = |name: &str| case[name].as_u64().unwrap() as usize;
        let text = |name: &str| case[name].as_str().unwrap();
        let (shards, len) = (number("n_shards"), number("unencoded_length"));
        let is_wanted = match shards {
            7 | 10 | 100 => true,
            1000 => [1, 445_557].contains(&len),
            _ => false,
        };
        if !is_wanted {
            continue;
        }
        let scratch = Scratch::new();
        let file = scratch.blob("blob", case["seed"].as_u64().unwrap(), len);
        for engine in ["cpu", "reference"] {
            if engine == "reference" && shards == 1000 {
                continue;
            }
            let out = scratch.path(engine);
            let shards_text = shards.to_string();
            let run = walrus![
                "encode",
                file,
                "--out",
                out,
                "--shards",
                shards_text,
                "--engine",
                engine,
                "--json"
            ];
            let line = run.exits(0).says_nothing().object();
            assert_eq!(line["blobId"], case["blob_id"]);
            assert_eq!(line["rootHash"], case["root_hash"]);
            assert_eq!(line["unencodedLength"], case["unencoded_length"]);
            assert_eq!(line["symbolSize"], case["symbol_size"]);
            assert_eq!(line["engine"], engine);
            let dir = out.join(text("blob_id"));
            assert_eq!(line["outDir"], dir.to_str().unwrap());
            let metadata = fs::read(dir.join("metadata.bcs")).unwrap();
            assert_eq!(hex(&Sha256::digest(&metadata)), text("metadata_bcs_sha256"));
            for axis in ["primary", "secondary"] {
                let name = format!("{axis}_slivers_bcs_sha256");
                assert_eq!(slivers_sha256(&dir, axis, shards), text(&name));
            }
            assert_eq!(tree(&dir).len(), 2 * shards + 2);
            assert_eq!(names(&out), [text("blob_id")]);
        }
        let run = walrus!["blob-id", file, "--shards", shards.to_string()];
        let expected = format!("{}  {}\n", text("blob_id"), file.display());
        assert_eq!(run.exits(0).says_nothing().text(), expected);
    }
}

fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = object.as_object().unwrap().keys().map(|k| &**k).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn json_lines_have_exactly_these_fields() {
    let scratch = Scratch::new();
    let file = scratch.blob("blob", 3, 1000);
    let mut common = vec![
        "blobId",
        "engine",
        "file",
        "instructionSet",
        "memoryLimit",
        "rootHash",
        "seconds",
        "shards",
        "symbolSize",
        "unencodedLength",
    ];
    if cfg!(target_os = "linux") {
        common.insert(5, "peakMemory");
    }
    let run = walrus!["blob-id", file, "--shards", "10", "--json"].exits(0);
    let line = run.object();
    assert_eq!(keys(&line), common);
    assert_eq!(line["shards"], 10);
    assert_eq!(line["unencodedLength"], 1000);
    assert_eq!(line["file"], file.to_str().unwrap());
    assert!(line["seconds"].as_f64().unwrap() > 0.0);
    memory_is_told(&line, None);

    let out = scratch.path("out");
    let run = walrus!["encode", file, "--out", out, "--shards", "10", "--json"].exits(0);
    let line = run.object();
    let mut expected = [&common[..], &["alreadyThere", "outDir"]].concat();
    expected.sort_unstable();
    assert_eq!(keys(&line), expected);
    assert_eq!(line["alreadyThere"], false);

    let run = walrus!["blob-id", scratch.path("nothing"), "--json"].exits(1);
    assert_eq!(keys(&run.object()), ["error", "file"]);
}

#[test]
fn chosen_pairs_are_those_of_the_full_encode() {
    let scratch = Scratch::new();
    let (file, full) = scratch.encoded(4, 50_000, 31);
    let out = scratch.path("some");
    let run = walrus![
        "encode", file, "--out", out, "--shards", "31", "--pairs", "0-2,30,7"
    ];
    run.exits(0).says_nothing();
    let some = out.join(full.file_name().unwrap());
    let chosen = [0, 1, 2, 7, 30];
    let mut expected = vec!["manifest.json".to_owned(), "metadata.bcs".to_owned()];
    for pair in chosen {
        for axis in ["primary", "secondary"] {
            let (a, b) = (sliver(&some, pair, axis), sliver(&full, pair, axis));
            assert_eq!(fs::read(&a).unwrap(), fs::read(b).unwrap());
            let name = a.strip_prefix(&some).unwrap();
            expected.push(name.to_str().unwrap().to_owned());
        }
    }
    assert!(tree(&some).keys().eq(&expected));
    let metadata = |dir: &Path| fs::read(dir.join("metadata.bcs")).unwrap();
    assert_eq!(metadata(&some), metadata(&full));
    let manifest = fs::read(some.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let listed = manifest["files"].as_array().unwrap();
    assert_eq!(listed.len(), 11);
    for entry in listed {
        let bytes = fs::read(some.join(entry["path"].as_str().unwrap())).unwrap();
        assert_eq!(entry["bytes"], bytes.len());
        assert_eq!(entry["blake3"], blake3::hash(&bytes).to_hex().as_str());
    }
    walrus!["verify", some].exits(0);
    walrus!["verify", some, "--quick"].exits(0);
}

#[test]
fn the_private_profile_is_another_blob() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(5, 1000, 7);
    let out = scratch.path("private");
    let run = walrus![
        "encode",
        file,
        "--out",
        out,
        "--shards",
        "7",
        "--commitment",
        "blake3",
        "--json"
    ];
    let private = run.exits(0).object()["outDir"].as_str().unwrap().to_owned();
    let private = Path::new(&private);
    assert_ne!(private.file_name(), dir.file_name());
    for axis in ["primary", "secondary"] {
        for pair in 0..7 {
            let read = |dir: &Path| fs::read(sliver(dir, pair, axis)).unwrap();
            assert_eq!(read(private), read(&dir));
        }
    }
    walrus!["verify", private].exits(0);
    let back = scratch.path("back");
    walrus!["decode", private, "-o", back, "--check", "strict"].exits(0);
    assert_eq!(fs::read(back).unwrap(), fs::read(file).unwrap());
}

#[test]
fn narrow_stripes_and_few_threads_give_the_same_files() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(6, 1_000_000, 10);
    let run = walrus!["blob-id", file, "--shards", "10", "--memory", "1K"];
    let run = run.exits(1).says(&["give it --memory "]);
    let needed = least_memory(&run.stderr);
    for memory in [needed, needed + 50_000] {
        for threads in ["1", "3"] {
            let out = scratch.path(&format!("{memory}-{threads}"));
            let memory = memory.to_string();
            let run = walrus![
                "encode",
                file,
                "--out",
                out,
                "--shards",
                "10",
                "--memory",
                memory,
                "--threads",
                threads
            ];
            // The memory needed depends on the number of threads.
            if run.code == Some(1) {
                assert!(run.stderr.contains("give it --memory "));
                continue;
            }
            run.exits(0);
            assert_same_tree(&out.join(dir.file_name().unwrap()), &dir);
        }
    }
}

/// Parses the memory that a job needs from its message.
pub fn least_memory(message: &str) -> u64 {
    let rest = message.split_once("needs at least ").unwrap().1;
    rest.split_once(' ').unwrap().0.parse().unwrap()
}

#[test]
fn standard_input_is_encoded_like_a_file() {
    let scratch = Scratch::new();
    let bytes = common::blob(7, 12_345);
    let (file, dir) = scratch.encoded(7, 12_345, 13);
    let id = dir.file_name().unwrap().to_str().unwrap();
    let run = run_with_input(words!["blob-id", "-", "--shards", "13"], &bytes);
    assert_eq!(run.exits(0).text(), format!("{id}  -\n"));
    let run = run_with_input(
        words!["blob-id", file, "-", "--shards", "13", "--no-names"],
        b"",
    );
    let lines = run.exits(0);
    assert_eq!(lines.lines()[0], id);
    assert_ne!(lines.lines()[1], id);
    let out = scratch.path("piped");
    let run = run_with_input(
        words!["encode", "-", "--out", out, "--shards", "13"],
        &bytes,
    );
    run.exits(0);
    assert_same_tree(&out.join(id), &dir);
}

#[test]
fn lengths_zero_and_one() {
    for len in [0, 1] {
        let scratch = Scratch::new();
        let (file, dir) = scratch.encoded(8, len, 1000);
        walrus!["verify", dir].exits(0);
        let back = scratch.path("back");
        walrus!["decode", dir, "-o", back].exits(0).says_nothing();
        assert_eq!(fs::read(back).unwrap(), fs::read(file).unwrap());
    }
}

#[cfg(unix)]
#[test]
fn a_name_with_a_line_break_is_one_line() {
    let scratch = Scratch::new();
    let file = scratch.blob("a\nb\\c", 9, 10);
    let run = walrus!["blob-id", file, "--shards", "4"].exits(0);
    assert_eq!(run.lines().len(), 1);
    assert!(run.text().starts_with('\\'));
    assert!(run.text().ends_with("a\\nb\\\\c\n"));
    let run = walrus!["blob-id", file, "--shards", "4", "--json"].exits(0);
    assert_eq!(run.object()["file"], file.to_str().unwrap());
}

#[test]
fn only_regular_files_are_encoded() {
    let scratch = Scratch::new();
    let out = scratch.path("out");
    let missing = scratch.path("missing");
    let run = walrus!["encode", missing, "--out", out].exits(1);
    run.says(&[missing.to_str().unwrap(), "No such file"]);
    let run = walrus!["blob-id", scratch.path("")].exits(1);
    run.says(&["it is a directory"]);
    // Sparse file, one byte too long for four shards.
    let long = scratch.path("long");
    let file = fs::File::create(&long).unwrap();
    file.set_len(2 * 3 * 65_534 + 1).unwrap();
    let run = walrus!["encode", long, "--out", out, "--shards", "4"].exits(1);
    run.says(&["long: blob too large: 393205 bytes", "at most 393204"]);
    assert_eq!(names(&out), [""; 0]);
    file.set_len(2 * 3 * 65_534).unwrap();
    encode(&long, &out, 4);
}
