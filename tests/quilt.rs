//! Quilts: the network's bytes, reading from any slivers, and blobs that are no quilts.

mod common;
#[path = "quilt/strangers.rs"]
mod strangers;

use std::collections::BTreeMap;
use std::fs;

use common::sample::Sample;
use common::{Random, hex, vectors};
use serde_json::Value;
use sha2::{Digest, Sha256};
use walrus_accel::directory::{BlobDirectory, DirectorySink};
use walrus_accel::io::Source;
use walrus_accel::quilt::{Quilt, QuiltEntry, QuiltPatchId, QuiltReader, QuiltTags};
use walrus_accel::{
    Axis, Control, EngineKind, Error, PairSet, Result, Runtime, Shape, SliverPairIndex,
};

/// Returns the content of a file of the vectors.
fn content(len: u64, seed: u64) -> Vec<u8> {
    common::blob(seed, len as usize)
}

fn cpu() -> Runtime {
    let builder = Runtime::builder().engine(EngineKind::Cpu);
    builder.build().unwrap()
}

fn bytes_of(quilt: &Quilt<'_>) -> Vec<u8> {
    let mut bytes = vec![0xaa; quilt.len() as usize];
    quilt.read_at(0, &mut bytes).unwrap();
    bytes
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

#[test]
fn quilts_have_the_network_s_bytes() {
    let runtime = cpu();
    let cases = vectors("quilt.json");
    assert_eq!(cases.len(), 60);
    for case in &cases {
        let n_shards = number(&case["n_shards"]) as u16;
        let files = case["files"].as_array().unwrap();
        let mut contents = BTreeMap::new();
        let entries = files.iter().map(|file| {
            let bytes = content(number(&file["length"]), number(&file["seed"]));
            contents.insert(text(&file["identifier"]).to_owned(), bytes.clone());
            let tags = file["tags"].as_object().unwrap().iter();
            let tags = QuiltTags::new(tags.map(|(key, value)| (key, text(value)))).unwrap();
            QuiltEntry::new(text(&file["identifier"]), bytes).with_tags(tags)
        });
        let quilt = Quilt::new(n_shards, entries.collect()).unwrap();
        let bytes = bytes_of(&quilt);
        assert_eq!(bytes.len() as u64, number(&case["quilt_length"]));
        assert_eq!(hex(&Sha256::digest(&bytes)), text(&case["quilt_sha256"]));
        let sample = Sample::by(&runtime.encoder(n_shards).unwrap(), bytes.clone());
        let blob_id = sample.encoded.blob_id;
        assert_eq!(blob_id.to_string(), text(&case["blob_id"]));
        let shape = Shape::new(n_shards, quilt.len()).unwrap();
        assert_eq!(shape.symbol_size(), quilt.symbol_size());

        let expected = case["patches"].as_array().unwrap();
        assert_eq!(quilt.patches().len(), expected.len());
        let all: Vec<_> = (0..usize::from(shape.columns())).collect();
        let slivers = sample.pick(Axis::Secondary, &all);
        let control = Control::new();
        let decoder = runtime.decoder();
        let reader = decoder.quilt_reader(sample.metadata(), &slivers).unwrap();
        let of_blob = QuiltReader::of_blob(n_shards, &bytes).unwrap();
        assert_eq!(reader.patches(&control).unwrap(), quilt.patches());
        assert_eq!(of_blob.patches(&control).unwrap(), quilt.patches());
        reader.check(&control).unwrap();
        of_blob.check(&control).unwrap();
        for (patch, expected) in quilt.patches().iter().zip(expected) {
            assert_eq!(patch.identifier, text(&expected["identifier"]));
            let id = patch.id(&blob_id);
            assert_eq!(hex(&id.internal_id()), text(&expected["internal_id"]));
            let id: QuiltPatchId = id.to_string().parse().unwrap();
            assert_eq!(&reader.patch_by_id(&id, &control).unwrap(), patch);
            let mut found = Vec::new();
            reader.read(patch, &mut found, &control).unwrap();
            assert_eq!(found, contents[&patch.identifier]);
            of_blob.read(patch, &mut found, &control).unwrap();
            assert_eq!(found, contents[&patch.identifier]);
        }
    }
}

/// Files of random lengths, by their identifiers.
fn random_files(random: &mut Random, count: usize, longest: usize) -> BTreeMap<String, Vec<u8>> {
    let file = |i: usize, random: &mut Random| {
        let len = random.below(longest + 1);
        (
            format!("{}/{i}", random.below(7)),
            common::blob(random.next(), len),
        )
    };
    (0..count).map(|i| file(i, random)).collect()
}

fn entries(files: &BTreeMap<String, Vec<u8>>) -> Vec<QuiltEntry<'_>> {
    let files = files.iter().rev();
    files
        .map(|(name, bytes)| QuiltEntry::new(name, &bytes[..]))
        .collect()
}

#[test]
fn patches_are_the_same_from_all_kinds_of_slivers() {
    let (runtime, control) = (cpu(), Control::new());
    let decoder = runtime.decoder();
    let mut random = Random(7);
    for n_shards in [4, 5, 7, 10, 31] {
        let shape = Shape::new(n_shards, 0).unwrap();
        let (rows, columns) = (usize::from(shape.rows()), usize::from(shape.columns()));
        let count = 1 + random.below(columns - 1);
        let files = random_files(&mut random, count, 3000);
        let quilt = Quilt::new(n_shards, entries(&files)).unwrap();
        let sample = Sample::by(&runtime.encoder(n_shards).unwrap(), bytes_of(&quilt));
        let n = usize::from(n_shards);
        // The slivers of the columns; primary and secondary slivers that hold no source symbol.
        let sources: Vec<_> = (0..columns).collect();
        let some: Vec<_> = (0..columns).step_by(2).chain(columns..n).collect();
        let last: Vec<_> = (n - columns..n).collect();
        let mut mixed = sample.pick(Axis::Secondary, &some);
        mixed
            .slivers
            .extend((n - rows..n).map(|index| (Axis::Primary, index)));
        for slivers in [
            sample.pick(Axis::Secondary, &sources),
            sample.pick(Axis::Primary, &(0..rows).collect::<Vec<_>>()),
            sample.pick(Axis::Primary, &(n - rows..n).collect::<Vec<_>>()),
            sample.pick(Axis::Secondary, &last),
            mixed,
        ] {
            let reader = decoder.quilt_reader(sample.metadata(), &slivers).unwrap();
            assert_eq!(reader.patches(&control).unwrap(), quilt.patches());
            for patch in quilt.patches() {
                let mut found = Vec::new();
                let len = reader.read(patch, &mut found, &control).unwrap();
                assert_eq!(
                    (len, &found),
                    (found.len() as u64, &files[&patch.identifier])
                );
            }
            reader.check(&control).unwrap();
        }
        // Damaged slivers are found out, and others used.
        let mut slivers = sample.slivers(Axis::Secondary, 0..columns);
        slivers.extend(sample.slivers(Axis::Primary, 0..n));
        for (number, sliver) in slivers.iter_mut().enumerate() {
            if number % 2 == 0 && number < columns + n - 2 * rows {
                let last = sliver.data.symbols.len() - 1;
                sliver.data.symbols[last] ^= 1;
            }
        }
        let reader = decoder.quilt_reader(sample.metadata(), &slivers).unwrap();
        for patch in quilt.patches() {
            let mut found = Vec::new();
            reader.read(patch, &mut found, &control).unwrap();
            assert_eq!(&found, &files[&patch.identifier]);
        }
        // Too few.
        let few = sample.pick(Axis::Primary, &(1..rows).collect::<Vec<_>>());
        let reader = decoder.quilt_reader(sample.metadata(), &few).unwrap();
        let result = reader.patches(&control);
        assert!(
            matches!(result, Err(Error::NotEnoughSlivers { .. })),
            "{result:?}"
        );
    }
}

#[test]
fn one_patch_takes_the_slivers_of_its_columns_alone() {
    let (runtime, control) = (cpu(), Control::new());
    let mut random = Random(3);
    let files = random_files(&mut random, 5, 400);
    let quilt = Quilt::new(10, entries(&files)).unwrap();
    let sample = Sample::by(&runtime.encoder(10).unwrap(), bytes_of(&quilt));
    let decoder = runtime.decoder();
    for patch in quilt.patches() {
        let columns: Vec<_> = patch.columns.clone().map(usize::from).collect();
        let slivers = sample.pick(Axis::Secondary, &columns);
        let reader = decoder.quilt_reader(sample.metadata(), &slivers).unwrap();
        let id = patch.id(reader.quilt_id().unwrap());
        let found = reader.patch_by_id(&id, &control).unwrap();
        assert_eq!(&found, patch);
        let mut bytes = Vec::new();
        reader.read(&found, &mut bytes, &control).unwrap();
        assert_eq!(bytes, files[&patch.identifier]);
        assert!(reader.patches(&control).is_err(), "the index is not there");
        // An ID with too few columns is no fault of the quilt.
        let end = id.end - 1;
        if id.start < end {
            let result = reader.patch_by_id(&QuiltPatchId { end, ..id }, &control);
            assert!(
                matches!(result, Err(Error::NoSuchPatch { .. })),
                "{result:?}"
            );
        }
        // IDs of other quilts and of columns that hold no patch.
        let mut other = id;
        other.quilt_id.0[0] ^= 1;
        let result = reader.patch_by_id(&other, &control);
        assert!(
            matches!(result, Err(Error::NoSuchPatch { .. })),
            "{result:?}"
        );
        for (start, end) in [(0, 1), (1, 1), (2, 1), (1, 9), (u16::MAX, 0), (7, u16::MAX)] {
            let result = reader.patch_by_id(&QuiltPatchId { start, end, ..id }, &control);
            assert!(
                matches!(
                    result,
                    Err(Error::InvalidQuilt { .. } | Error::NoSuchPatch { .. })
                ),
                "{start}: {result:?}"
            );
        }
    }
}

#[test]
fn a_full_quilt_of_the_network_from_files() {
    let (runtime, control) = (cpu(), Control::new());
    let scratch = tempfile::tempdir().unwrap();
    let mut random = Random(11);
    let files: BTreeMap<_, _> = (0..666)
        .map(|i| {
            (
                format!("file {i:03}"),
                common::blob(random.next(), random.below(600)),
            )
        })
        .collect();
    let entries = files.iter().map(|(name, bytes)| {
        let path = scratch.path().join(name);
        fs::write(&path, bytes).unwrap();
        let tags = QuiltTags::new([("third", (bytes.len() % 3).to_string())]).unwrap();
        QuiltEntry::file(name, path).unwrap().with_tags(tags)
    });
    let quilt = Quilt::new(1000, entries.collect()).unwrap();
    let mut sink = DirectorySink::new(scratch.path().join("out"));
    let encoder = runtime.encoder(1000).unwrap();
    let encoded = encoder
        .encode(&quilt, &PairSet::all(1000), &mut sink, &control)
        .unwrap();
    assert_eq!(encoder.metadata(&quilt).unwrap(), encoded);

    let directory = BlobDirectory::open(&sink.outcome().unwrap().path).unwrap();
    let decoder = runtime.decoder();
    let reader = decoder
        .quilt_reader(directory.metadata(), &directory)
        .unwrap();
    assert_eq!(reader.quilt_id(), Some(&encoded.blob_id));
    let target = scratch.path().join("extracted");
    fs::create_dir(&target).unwrap();
    let patches = reader.patches(&control).unwrap();
    assert_eq!(patches, quilt.patches());
    let paths = reader.extract(patches, &target, false, &control).unwrap();
    assert_eq!(paths.len(), 666);
    for (path, bytes) in paths.iter().zip(files.values()) {
        assert!(fs::read(path).unwrap() == *bytes, "{}", path.display());
    }
    assert_eq!(fs::read_dir(&target).unwrap().count(), 666);
    let tagged = reader.patches_with_tag("third", "1", &control).unwrap();
    assert_eq!(
        tagged.len(),
        files.values().filter(|bytes| bytes.len() % 3 == 1).count()
    );
    assert!(
        reader
            .patches_with_tag("third", "3", &control)
            .unwrap()
            .is_empty()
    );
    let result = reader.extract(tagged, &target, false, &control);
    assert!(
        matches!(result, Err(Error::OutputExists { .. })),
        "{result:?}"
    );
    let one_more = QuiltEntry::new("one more", &b""[..]);
    let entries = files.keys().map(|name| QuiltEntry::new(name, &b""[..]));
    let result = Quilt::new(1000, entries.chain([one_more]).collect());
    assert!(
        matches!(result, Err(Error::QuiltRefused { .. })),
        "{result:?}"
    );
}

#[test]
fn any_range_of_a_long_quilt_is_read() {
    // Longer than what is assembled in memory.
    let mut random = Random(5);
    let long = common::blob(1, 17 << 20);
    let short = common::blob(2, 1000);
    let long_source: &[u8] = &long;
    let entries = vec![
        QuiltEntry::new("long", long_source),
        QuiltEntry::new("short", &short[..]),
    ];
    let quilt = Quilt::new(100, entries).unwrap();
    assert!(quilt.len() > 16 << 20);
    let whole = bytes_of(&quilt);
    let reader = QuiltReader::of_blob(100, &whole).unwrap();
    let control = Control::new();
    reader.check(&control).unwrap();
    for (name, expected) in [("long", &long), ("short", &short)] {
        let mut found = Vec::new();
        reader
            .read(reader.patch(name, &control).unwrap(), &mut found, &control)
            .unwrap();
        assert!(found == *expected, "{name}");
    }
    let row = u64::from(quilt.symbol_size()) * 67;
    for _ in 0..200 {
        let len = 1 + random.below(3 * row as usize);
        let offset = random.below(whole.len() - len);
        let mut part = vec![0xaa; len];
        quilt.read_at(offset as u64, &mut part).unwrap();
        assert!(part == whole[offset..][..len], "{len} bytes at {offset}");
    }
}

#[test]
fn files_that_change_are_errors() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("file");
    let encoder = cpu().encoder(10).unwrap();
    let quilt = || {
        fs::write(&path, [1; 1000]).unwrap();
        Quilt::new(10, vec![QuiltEntry::file("a", &path).unwrap()]).unwrap()
    };
    encoder.metadata(quilt()).unwrap();
    let changed = |result: Result<_, Error>| match result {
        Err(Error::SourceChanged { name, .. }) => assert!(name.ends_with("file")),
        other => panic!("{other:?}"),
    };
    // Between laying out and reading, and between two reads.
    let built = quilt();
    fs::write(&path, [1; 1001]).unwrap();
    changed(encoder.metadata(&built));
    let built = quilt();
    encoder.metadata(&built).unwrap();
    fs::write(&path, [1; 999]).unwrap();
    changed(encoder.metadata(&built));
    let built = quilt();
    fs::remove_file(&path).unwrap();
    assert!(matches!(encoder.metadata(&built), Err(Error::Io { .. })));
    let result = QuiltEntry::file("a", scratch.path());
    assert!(matches!(result, Err(Error::Io { .. })), "a directory");
}

#[test]
fn patches_of_4_gib_are_refused_before_anything_is_read() {
    struct Long(u64);
    impl Source for Long {
        fn len(&self) -> u64 {
            self.0
        }
        fn read_at(&self, _: u64, _: &mut [u8]) -> Result<()> {
            panic!("nothing is read");
        }
    }
    // Version, length and mask are not counted; length and identifier take four bytes.
    let with = |len| Quilt::new(1000, vec![QuiltEntry::new("a", Long(len))]).map(drop);
    with((1 << 32) - 1 - 4).unwrap();
    for len in [(1 << 32) - 4, 1 << 32, u64::MAX] {
        let result = with(len);
        assert!(
            matches!(result, Err(Error::QuiltRefused { .. })),
            "{len}: {result:?}"
        );
    }
    // Few shards hold less.
    let result = Quilt::new(4, vec![QuiltEntry::new("a", Long(1 << 30))]);
    assert!(
        matches!(result, Err(Error::QuiltRefused { .. })),
        "{result:?}"
    );
}

#[test]
fn quilts_are_shared_by_threads() {
    fn is_shared<T: Send + Sync>(_: &T) {}
    let quilt = Quilt::new(10, Vec::new()).unwrap();
    is_shared(&quilt);
    is_shared(&QuiltReader::of_blob(10, bytes_of(&quilt)).unwrap());
}

#[test]
fn a_quilt_of_no_patches() {
    let quilt = Quilt::new(1000, Vec::new()).unwrap();
    assert_eq!(quilt.symbol_size(), 2);
    let bytes = bytes_of(&quilt);
    let symbols = |column: usize| [bytes[2 * column], bytes[2 * column + 1]];
    assert_eq!(
        [symbols(0), symbols(667), symbols(1334)],
        [[1, 1], [0, 0], [0, 0]]
    );
    let reader = QuiltReader::of_blob(1000, &bytes).unwrap();
    assert!(reader.patches(&Control::new()).unwrap().is_empty());
    reader.check(&Control::new()).unwrap();
}

#[cfg(unix)]
#[test]
fn extraction_stays_in_its_directory() {
    let scratch = tempfile::tempdir().unwrap();
    let control = Control::new();
    let extract = |names: &[&str], into: &str, force| {
        let names = names.iter();
        let entries = names.map(|name| QuiltEntry::new(*name, name.as_bytes().to_vec()));
        let quilt = Quilt::new(31, entries.collect()).unwrap();
        let reader = QuiltReader::of_blob(31, &quilt).unwrap();
        let directory = scratch.path().join(into);
        fs::create_dir_all(&directory).unwrap();
        let patches = reader.patches(&control).unwrap();
        reader.extract(patches, &directory, force, &control)
    };
    for name in [
        "../x", "..", ".", "a/../x", "/etc/x", "a//b", "a/", "/", "a/./b", "a/..",
    ] {
        let result = extract(&["0", name], "refused", false);
        assert!(
            matches!(result, Err(Error::UnsafeIdentifier { .. })),
            "{name}: {result:?}"
        );
    }
    let result = extract(&["a", "a/b"], "refused", false);
    assert!(
        matches!(result, Err(Error::UnsafeIdentifier { .. })),
        "{result:?}"
    );
    assert_eq!(
        fs::read_dir(scratch.path().join("refused"))
            .unwrap()
            .count(),
        0
    );

    let names = [
        "...", ".hidden", " a", "a\\b", "d/e/f", "d/e.txt", "\u{e9}", "A", "a",
    ];
    let paths = extract(&names, "good", false).unwrap();
    assert_eq!(paths.len(), names.len());
    for name in names {
        assert_eq!(
            fs::read(scratch.path().join("good").join(name)).unwrap(),
            name.as_bytes()
        );
    }
    let result = extract(&["A"], "good", false);
    assert!(
        matches!(result, Err(Error::OutputExists { .. })),
        "{result:?}"
    );
    extract(&["A"], "good", true).unwrap();

    // Links below the directory are not followed, also not with `force`.
    let links = scratch.path().join("links");
    let outside = scratch.path().join("outside");
    fs::create_dir(&links).unwrap();
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("file"), "precious").unwrap();
    std::os::unix::fs::symlink(&outside, links.join("dir")).unwrap();
    std::os::unix::fs::symlink(outside.join("file"), links.join("file")).unwrap();
    for name in ["dir/file", "dir/new", "file"] {
        let result = extract(&[name], "links", true);
        assert!(
            matches!(result, Err(Error::Io { .. })),
            "{name}: {result:?}"
        );
    }
    assert_eq!(fs::read(outside.join("file")).unwrap(), b"precious");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    assert_eq!(
        fs::read_dir(&links).unwrap().count(),
        2,
        "nothing unfinished is left"
    );
}

#[test]
fn slivers_of_columns_are_those_of_the_highest_pairs() {
    // Column `c` is the secondary sliver of pair `n - 1 - c`; here columns have eight bytes.
    let quilt = Quilt::new(10, vec![QuiltEntry::new("a", &b"walrus"[..])]).unwrap();
    assert_eq!(quilt.patches()[0].columns, 2..4);
    let sample = Sample::new(10, bytes_of(&quilt));
    let column = |pair| {
        sample
            .buffer
            .symbols(Axis::Secondary, SliverPairIndex(pair))
    };
    let index = [column(9).unwrap(), column(8).unwrap()].concat();
    assert_eq!(index, *b"\x01\x06\0\0\0\x01\x04\0\x01a\0\0\0\0\0\0");
    let patch = [column(7).unwrap(), column(6).unwrap()].concat();
    assert_eq!(patch, *b"\x01\x0a\0\0\0\0\x02\0\x01awalrus");
}
