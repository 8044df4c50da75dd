//! `inspect`: kinds, facts and verdicts of files.

use std::fs;
#[cfg(unix)]
use std::path::Path;

use walrus_accel::wire::{Bcs, GeneralRecoverySymbol, RecoverySymbol, Sliver, SliverData};
use walrus_accel::{Axis, BlobMetadataWithId};

use super::harness::{damage, run_with_input, truncate, walrus, words};
use super::vectors::Files;

#[test]
fn metadata_with_the_id_and_without() {
    let files = Files::of(7, 100);
    let (path, id) = (files.metadata(), files.case["blob_id"].as_str().unwrap());
    let run = walrus!["inspect", path].exits(0).says_nothing();
    let heading = format!("{}: blob-metadata-with-id, 505 bytes", path.display());
    assert_eq!(run.lines()[0], heading);
    assert!(run.text().contains(id));
    let line = walrus!["inspect", path, "--json"].exits(0).object();
    assert_eq!(line["file"], path.to_str().unwrap());
    assert_eq!(line["kind"], "blob-metadata-with-id");
    assert_eq!(line["blobId"], id);
    assert_eq!(line["claimedBlobId"], id);
    assert_eq!(line["rootHash"], files.case["root_hash"]);
    assert_eq!(line["encodingType"], 1);
    assert_eq!(line["shards"], 7);
    assert_eq!(line["unencodedLength"], 100);
    assert_eq!(line["symbolSize"], 8);
    assert_eq!(
        (&line["sourceRows"], &line["sourceColumns"]),
        (&3.into(), &5.into())
    );
    assert_eq!(line["primarySliverLen"], 1 + 5 * 8 + 4);
    assert_eq!(line["secondarySliverLen"], 1 + 3 * 8 + 4);
    assert_eq!(line["good"], true);

    let bare = files
        .scratch
        .file("bare.bcs", &fs::read(&path).unwrap()[32..]);
    let line = walrus!["inspect", bare, "--json"].exits(0).object();
    assert_eq!(line["kind"], "blob-metadata");
    assert_eq!(line["blobId"], id);
    assert!(line["claimedBlobId"].is_null() && line["good"].is_null());
    let line = walrus!["inspect", bare, "--json", "--blob-id", id].exits(0);
    assert_eq!(line.object()["good"], true);

    // With `--metadata`, metadata must be of the same blob.
    for form in [&path, &bare] {
        let run = walrus!["inspect", form, "--metadata", bare, "--json"].exits(0);
        assert_eq!(run.says_nothing().object()["good"], true);
    }
    let other = Files::of(4, 1000);
    let (other, other_id) = (other.metadata(), other.case["blob_id"].as_str().unwrap());
    let run = walrus!["inspect", other, "--metadata", path, "--json"].exits(1);
    let line = run
        .says(&["it is the metadata of blob", other_id, "is that of", id])
        .object();
    assert_eq!(
        (&line["good"], &line["blobId"]),
        (&false.into(), &other_id.into())
    );

    // Metadata from a pipe, with the expected blob ID.
    let bytes = fs::read(&path).unwrap();
    let run = run_with_input(
        words!["inspect", "-", "--blob-id", id, "--shards", "7"],
        &bytes,
    );
    run.exits(0).says_nothing();
}

#[test]
fn metadata_with_a_wrong_blob_id() {
    let files = Files::of(7, 100);
    let path = files.metadata();
    let other = Files::of(4, 1000).case["blob_id"]
        .as_str()
        .unwrap()
        .to_owned();
    walrus!["inspect", path, "--blob-id", other]
        .exits(1)
        .says(&["it is the metadata of blob", &other]);
    walrus!["inspect", path, "--shards", "10"]
        .exits(1)
        .says(&["it has 7 sliver pairs, and the committee has 10 shards"]);
    // A blob ID may begin with a hyphen.
    let hyphen = format!("-{}", &other[1..]);
    walrus!["inspect", path, "--blob-id", hyphen]
        .exits(1)
        .says(&["not of -"]);

    let mut lying = BlobMetadataWithId::from_bcs(&fs::read(&path).unwrap()).unwrap();
    lying.metadata.unencoded_length += 1;
    let lying = files.scratch.file("lying.bcs", &lying.to_bcs());
    let run = walrus!["inspect", lying, path, "--json"].exits(1);
    let lines = run
        .says(&["lying.bcs: the metadata is not valid"])
        .objects();
    assert_eq!(lines[0]["good"], false);
    assert_ne!(lines[0]["blobId"], lines[0]["claimedBlobId"]);
    assert_eq!(lines[1]["good"], true);
}

#[test]
fn slivers_by_their_names_and_by_metadata() {
    let files = Files::of(7, 100);
    let metadata = files.metadata();
    let (primary, secondary) = (
        files.sliver(2, Axis::Primary),
        files.sliver(2, Axis::Secondary),
    );
    let run = walrus!["inspect", primary, secondary, "--json"].exits(0);
    let lines = run.objects();
    assert_eq!(
        (&lines[0]["axis"], &lines[0]["index"]),
        (&"primary".into(), &2.into())
    );
    assert_eq!(
        (&lines[1]["axis"], &lines[1]["index"]),
        (&"secondary".into(), &4.into())
    );
    assert_eq!(
        (&lines[0]["symbols"], &lines[1]["symbols"]),
        (&5.into(), &3.into())
    );
    assert!(lines[0]["pair"].is_null() && lines[0]["good"].is_null());
    // The axis comes from the name, which may be wrong.
    assert_eq!(lines[0]["axisByName"], true);
    let run = walrus!["inspect", primary].exits(0);
    assert!(
        run.text().contains("primary (from the file name)\n"),
        "{}",
        run.text()
    );
    let run = walrus!["inspect", primary, "--json", "--axis", "primary"].exits(0);
    assert!(run.object()["axisByName"].is_null());
    let run = walrus!["inspect", primary, "--json", "--metadata", metadata].exits(0);
    assert!(run.object()["axisByName"].is_null());
    // Without `--metadata`, `--blob-id` and `--shards` check no slivers.
    for wanted in [
        ["--shards", "7"],
        ["--blob-id", files.case["blob_id"].as_str().unwrap()],
    ] {
        let [option, value] = wanted;
        let run = walrus!["inspect", metadata, primary, option, value, "--json"].exits(1);
        let run = run.says(&[
            "primary.bcs: --blob-id and --shards check only metadata files",
            "give --metadata",
        ]);
        assert!(!run.stderr.contains("metadata.bcs: "));
        assert!(run.objects()[1]["good"].is_null());
    }

    // Without a sliver's name, the axis comes from the length, given metadata.
    let data = files.sliver_data(2, Axis::Secondary);
    let nameless = files.scratch.file("sliver", &data);
    let line = walrus!["inspect", nameless, "--json"].exits(0).object();
    assert_eq!(line["kind"], "sliver-data");
    assert!(line["axis"].is_null());
    let run = walrus!["inspect", nameless, "--metadata", metadata, "--json"].exits(0);
    let line = run.object();
    assert_eq!(
        (&line["axis"], &line["pair"]),
        (&"secondary".into(), &2.into())
    );
    assert!(line["shard"].as_u64().unwrap() < 7);
    assert_eq!(line["good"], true);
    assert_eq!(line["verdict"], "it belongs to the metadata");
    assert!(line["engine"].is_string());

    let data = SliverData::from_bcs(&data).unwrap();
    let axis = Axis::Secondary;
    let with_axis = files.scratch.file("with", &Sliver { axis, data }.to_bcs());
    let run = walrus!["inspect", with_axis, "--metadata", metadata, "--json"].exits(0);
    assert_eq!(run.object()["kind"], "sliver");

    damage(&nameless);
    walrus!["inspect", nameless, "--metadata", metadata]
        .exits(1)
        .says(&["its symbols do not belong to the metadata"]);
    walrus![
        "inspect",
        primary,
        "--metadata",
        metadata,
        "--axis",
        "secondary"
    ]
    .exits(1)
    .says(&["40 bytes in all, and those of its axis are 24"]);
    let foreign = Files::of(4, 1000);
    let (foreign, other) = (foreign.sliver(1, Axis::Primary), foreign.metadata());
    walrus!["inspect", nameless, "--metadata", other]
        .exits(1)
        .says(&["29 bytes, and the blob's slivers have 510 (primary) or 342 (secondary)"]);
    walrus!["inspect", foreign, "--metadata", metadata]
        .exits(1)
        .says(&["its symbols have 168 bytes, and the blob's have 8"]);
}

#[test]
fn symbols_of_all_three_kinds() {
    let files = Files::of(7, 100);
    let metadata = files.metadata();
    let bytes = files.symbol_data(3, Axis::Secondary, 6);
    let general = GeneralRecoverySymbol::from_bcs(&bytes).unwrap();
    let path = files.scratch.file("symbol", &bytes);
    let run = walrus!["inspect", path, "--metadata", metadata, "--json"].exits(0);
    let line = run.says_nothing().object();
    assert_eq!(line["kind"], "general-recovery-symbol");
    assert_eq!(line["axis"], "primary");
    assert_eq!(
        (&line["target"], &line["targetPair"]),
        (&6.into(), &6.into())
    );
    assert_eq!(
        (&line["source"], &line["sourcePair"]),
        (&3.into(), &3.into())
    );
    assert_eq!(
        (&line["symbolSize"], &line["proofLength"]),
        (&8.into(), &3.into())
    );
    assert_eq!(line["good"], true);

    let bare = RecoverySymbol {
        symbol: general.symbol.clone(),
        proof: general.proof.clone(),
    };
    let bare = files.scratch.file("bare", &bare.to_bcs());
    walrus!["inspect", bare].exits(0).says_nothing();
    walrus!["inspect", bare, "--metadata", metadata]
        .exits(1)
        .says(&["warning", "give --axis and --target"]);
    let target = |pair| {
        walrus![
            "inspect",
            bare,
            "--metadata",
            metadata,
            "--axis",
            "primary",
            "--target",
            pair
        ]
    };
    target("6").exits(0).says_nothing();
    target("5")
        .exits(1)
        .says(&["its proof does not lead to the root"]);
    target("7")
        .exits(2)
        .says(&["--target: sliver pair 7 does not exist"]);

    let unproven = files.scratch.file("unproven", &general.symbol.to_bcs());
    walrus!["inspect", unproven].exits(0);
    let run = walrus!["inspect", unproven, "--metadata", metadata, "--json"].exits(1);
    let line = run.says(&["without a proof it cannot be checked"]).object();
    assert_eq!(line["kind"], "decoding-symbol");
    assert!(line["good"].is_null());

    let mut wrong = general;
    wrong.symbol.data[0] ^= 1;
    let wrong = files.scratch.file("wrong", &wrong.to_bcs());
    let run = walrus!["inspect", wrong, "--metadata", metadata, "--json"].exits(1);
    assert_eq!(run.object()["good"], false);
}

#[test]
fn proofs() {
    for axis in Axis::BOTH {
        let files = Files::inconsistency(0);
        let (metadata, proof) = (files.metadata(), files.proof(axis));
        let line = walrus!["inspect", proof, "--json"].exits(0).object();
        assert_eq!(line["kind"], "inconsistency-proof");
        assert!(line["axis"].is_null());
        for what in ["SymbolSize", "ProofLength"] {
            let [least, most] = ["smallest", "largest"].map(|end| &line[format!("{end}{what}")]);
            assert!(least.is_u64() && least == most, "{line}");
        }
        // The axis comes from the number of symbols.
        let run = walrus!["inspect", proof, "--metadata", metadata, "--json"].exits(0);
        let line = run.object();
        assert_eq!(line["axis"], axis.name());
        assert_eq!(line["targetPair"], 2);
        assert_eq!(line["symbols"], if axis == Axis::Primary { 5 } else { 3 });
        assert_eq!(line["good"], true);
        let other = axis.other().name();
        walrus!["inspect", proof, "--metadata", metadata, "--axis", other]
            .exits(1)
            .says(&["not proven: it has"]);
    }
    let files = Files::inconsistency(1);
    let (metadata, proof) = (files.metadata(), files.proof(Axis::Primary));
    walrus!["inspect", proof, "--metadata", metadata]
        .exits(1)
        .says(&["not proven: the sliver that it recovers belongs to the metadata"]);
}

#[cfg(unix)]
#[test]
fn names_move_no_cursor() {
    let files = Files::of(7, 100);
    let metadata = files.metadata();
    let data = files.sliver_data(2, Axis::Primary);
    let odd = files.scratch.file("a\nb\u{1b}[2J\u{202e}c", &data);
    let shown = r"a\nb\u{1b}[2J\u{202e}c";
    let run = walrus!["inspect", odd].exits(0).says_nothing();
    assert!(run.lines()[0].contains(&format!("{shown}: sliver-data")));
    let line = walrus!["inspect", odd, "--json"].exits(0).object();
    assert_eq!(line["file"], odd.to_str().unwrap());
    damage(&odd);
    walrus!["inspect", odd, "--metadata", metadata]
        .exits(1)
        .says(&[&format!("{shown}: its symbols do not belong")]);
    let fails = |words: Vec<_>| {
        run_with_input(words, b"").exits(1).says(&[shown]);
    };
    let recover = |symbol: &Path| {
        let out = files.path("out");
        words![
            "recover",
            "--metadata",
            metadata,
            "--axis",
            "primary",
            "--target",
            "2",
            "-o",
            out,
            symbol
        ]
    };
    fails(recover(&odd));
    fails(words![
        "check-proof",
        "--metadata",
        metadata,
        "--axis",
        "primary",
        odd
    ]);
    fails(words!["inspect", metadata, "--metadata", odd]);
    fails(words![
        "symbol",
        "--metadata",
        metadata,
        "--sliver",
        odd,
        "--targets",
        "1",
        "-o",
        odd
    ]);
    fs::remove_file(&odd).unwrap();
    fails(words!["inspect", odd]);
    fails(recover(&odd));
    fails(words!["inspect", metadata, "--metadata", odd]);
    fails(words![
        "symbol",
        "--metadata",
        metadata,
        "--sliver",
        odd,
        "--targets",
        "1",
        "-o",
        "-"
    ]);
}

#[test]
fn cut_off_and_huge_files() {
    let files = Files::of(7, 100);
    let path = files.metadata();
    truncate(&path, 1);
    walrus!["inspect", path]
        .exits(1)
        .says(&["blob-metadata-with-id: the bytes end early at byte"]);
    let sliver = files.sliver(0, Axis::Primary);
    walrus!["inspect", sliver, "--metadata", path]
        .exits(1)
        .says(&[
            "metadata.bcs: not a valid blob metadata with ID: the bytes end early",
            "not a valid blob metadata: ",
        ]);
    // A sparse file of 1 TiB is refused without reading it.
    let huge = files.path("huge");
    fs::File::create(&huge).unwrap().set_len(1 << 40).unwrap();
    walrus!["inspect", huge, "--memory", "4M"].exits(1).says(&[
        "it has 1099511627776 bytes, and at most 1048576 are expected; raise --memory to read it",
    ]);
    walrus!["inspect", sliver, "--metadata", huge]
        .exits(1)
        .says(&["at most 5242880 are expected"]);
    #[cfg(unix)]
    walrus!["inspect", "/dev/zero", "--memory", "4M"]
        .exits(1)
        .says(&["it has more than 1048576 bytes; raise --memory"]);
}
