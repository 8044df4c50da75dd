use std::fs;

use super::*;
use crate::directory::DirectorySink;
use crate::jobs::runtime::Runtime;

#[test]
fn lists_of_pairs_are_read_as_they_are_written() {
    for text in ["", "0", "0-9", "0-3,5,7-9", "65533"] {
        let pairs = parse_pairs(text, 65534).expect(text);
        assert_eq!(pairs.to_string(), text);
    }
    for text in [
        "0,0", "0,1", "1,0", "0-3,2-5", "00", "+1", " 1", "10", "0-10", "3-2", ",", "0,", "-",
        "70000",
    ] {
        assert_eq!(parse_pairs(text, 10), None, "{text}");
    }
    // Each item alone is valid; together they would take minutes.
    let many = ["0-65533"; 500_000].join(",");
    assert_eq!(parse_pairs(&many, 65534), None);
}

#[test]
fn a_strangers_manifest_is_refused() {
    let out = tempfile::tempdir().unwrap();
    let encoder = Runtime::builder()
        .threads(1)
        .build()
        .unwrap()
        .encoder(10)
        .unwrap();
    let (mut sink, control) = (DirectorySink::new(out.path()), Control::new());
    let pairs = PairSet::parse("2-4", 10).unwrap();
    encoder
        .encode(&b"walrus"[..], &pairs, &mut sink, &control)
        .unwrap();
    let directory = &sink.outcome().unwrap().path;
    let path = directory.join(MANIFEST_FILE);
    let sound = fs::read_to_string(&path).unwrap();
    let read = |text: &str| {
        fs::write(&path, text).unwrap();
        Manifest::read(&Dir::open(directory).unwrap())
    };
    let manifest = read(&sound).unwrap().unwrap();
    assert_eq!(manifest.pair_set(), pairs);
    for (from, to) in [
        ("pairs/0002.primary.bcs", "../../../../etc/passwd"),
        ("pairs/0002.primary.bcs", "/etc/passwd"),
        ("pairs/0002.primary.bcs", "pairs/0002.secondary.bcs"),
        ("\"2-4\"", "\"2-5\""),
        ("\"2-4\"", "\"2-3,4\""),
        ("\"2-4\"", "\"\""),
        ("\"shards\": 10", "\"shards\": 0"),
        ("\"shards\": 10", "\"shards\": 65535"),
        ("\"symbolSize\": 2", "\"symbolSize\": 4"),
        (
            "\"unencodedLength\": 6",
            "\"unencodedLength\": 18446744073709551615",
        ),
        ("\"blobId\": \"", "\"blobId\": \"\\u001b[2J"),
    ] {
        let text = sound.replacen(from, to, 1);
        assert_ne!(text, sound, "{from}");
        assert!(read(&text).is_err(), "{from} {to}");
    }
    let huge = sound.replace("\"bytes\": ", "\"bytes\": 12345678901234567");
    assert!(read(&huge).is_err());
    let later = sound
        .replace("\"version\": 1", "\"version\": 2")
        .replace("shards", "committee");
    assert!(read(&later).unwrap_err().to_string().contains("version 2"));
    let other = sound.replace(env!("CARGO_PKG_VERSION"), "9.9.9");
    let other = read(&other).unwrap().unwrap();
    assert!(manifest != other && manifest.says_the_same(&other));
}

#[test]
fn messages_about_a_manifest_are_short() {
    let long = |len| format!("{{\"version\": \"{}\"}}", "a".repeat(len));
    let error = Manifest::parse(long(31_000_000).as_bytes()).unwrap_err();
    assert!(error.len() < 500, "{} bytes", error.len());
    let error = Manifest::parse(long(200_000).as_bytes()).unwrap_err();
    assert!(error.len() < 500, "{} bytes", error.len());
    assert!(error.contains("expected u32"), "{error}");
}

#[cfg(unix)]
#[test]
fn devices_and_endless_files_are_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join(MANIFEST_FILE);
    std::os::unix::fs::symlink("/dev/zero", link).unwrap();
    let dir = Dir::open(directory.path()).unwrap();
    let error = Manifest::read(&dir).unwrap_err();
    assert!(error.to_string().contains("symbolic link"), "{error}");
}

#[test]
fn a_file_is_hashed_as_long_as_it_should_be() {
    let control = Control::new();
    let file = tempfile::tempfile().unwrap();
    file.set_len(100).unwrap();
    let hash = |len| {
        let mut again = file.try_clone().unwrap();
        std::io::Seek::rewind(&mut again).unwrap();
        hash_file(again, len, &control)
    };
    assert_eq!(hash(100).unwrap(), blake3::hash(&[0; 100]));
    for len in [0, 99, 101] {
        hash(len).unwrap_err();
    }
    control.cancel();
    assert_eq!(hash(100).unwrap_err().kind(), io::ErrorKind::Interrupted);
}
