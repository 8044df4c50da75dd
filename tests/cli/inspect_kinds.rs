//! `inspect`: detection of the kind of files.

use walrus_accel::io::SliverBuffer;
use walrus_accel::verify::BlobSliver;
use walrus_accel::wire::{Bcs, DecodingSymbol, GeneralRecoverySymbol, RecoverySymbol};
use walrus_accel::{
    Axis, BlobMetadataWithId, Control, EngineKind, PairSet, Runtime, SliverIndex, SliverPairIndex,
};

use super::harness::{Scratch, run_with_input, walrus, words};
use super::vectors::Files;

#[test]
fn ambiguous_unknown_and_missing_files() {
    let scratch = Scratch::new();
    // The bytes match a sliver with its length and symbol size, and a symbol with index and length.
    let both = scratch.file("both", &[4, 10, 6, 12, 13, 2, 0, 3, 0]);
    let line = walrus!["inspect", both, "--json"].exits(0).object();
    assert_eq!(line["kind"], "sliver-data");
    assert_eq!(line["alsoPossible"], serde_json::json!(["decoding-symbol"]));
    let run = walrus!["inspect", both].exits(0);
    assert!(
        run.text().contains("could also be  decoding-symbol"),
        "{}",
        run.text()
    );
    let run = walrus!["inspect", both, "--as", "decoding-symbol", "--json"].exits(0);
    assert_eq!(run.object()["symbolSize"], 6);
    // Symbols of different sizes: the values in JSON stay numbers.
    let uneven = scratch.file(
        "uneven",
        &[
            3, 0, 2, 5, 0, 2, 1, 1, 2, 0, 0, 6, 0, 4, 1, 1, 1, 1, 2, 0, 0,
        ],
    );
    let words = words!["inspect", uneven, "--as", "inconsistency-proof"];
    let json = run_with_input([words.clone(), words!["--json"]].concat(), b"").exits(0);
    let line = json.object();
    assert_eq!(
        (&line["smallestSymbolSize"], &line["largestSymbolSize"]),
        (&2.into(), &4.into())
    );
    let run = run_with_input(words, b"").exits(0);
    assert!(
        run.text().contains("symbol size          2 to 4"),
        "{}",
        run.text()
    );
    walrus!["inspect", both, "--as", "sliver"]
        .exits(1)
        .says(&["both: not a valid sliver with axis", "at byte 0"]);
    walrus!["inspect", both, "--as", "letter"].exits(2);

    let nothing = scratch.file("nothing", b"walrus");
    let missing = scratch.path("missing");
    let run = walrus!["inspect", nothing, missing, both, "--json"].exits(1);
    let lines = run
        .says(&[
            "nothing: no metadata",
            "sliver-data: ",
            "missing: No such file",
        ])
        .objects();
    assert_eq!(lines.len(), 3);
    assert!(
        lines[0]["error"]
            .as_str()
            .unwrap()
            .contains("blob-metadata: ")
    );
    assert_eq!(lines[1]["file"], missing.to_str().unwrap());
    assert_eq!(lines[2]["kind"], "sliver-data");
    walrus!["inspect", "-", "-"].exits(2);
}

#[test]
fn the_good_kind_of_several_is_shown() {
    let files = Files::of(7, 100);
    let metadata = files.metadata();
    // A symbol of the blob's symbol size that also matches a sliver of another symbol size.
    let symbol = DecodingSymbol {
        index: SliverIndex(6),
        data: vec![1, 2, 3, 4, 2, 0, 3, 0],
    };
    let path = files.scratch.file("both", &symbol.to_bcs());
    let run = walrus!["inspect", path, "--metadata", metadata, "--json"].exits(1);
    let run = run.says(&[
        "warning: ",
        "it could be sliver-data (it has 11 bytes, and the blob's slivers have 45 (primary) or 29 \
         (secondary)) or \
         decoding-symbol (without a proof it cannot be checked); choose one with --as",
    ]);
    let line = run.object();
    assert!(line["good"].is_null());
    assert_eq!(line["kind"], "sliver-data");
    let forced = |kind| {
        let run = walrus![
            "inspect",
            path,
            "--metadata",
            metadata,
            "--as",
            kind,
            "--json"
        ];
        run.exits(1).object()["good"].clone()
    };
    assert_eq!(forced("sliver-data"), false);
    assert!(forced("decoding-symbol").is_null());

    let (metadata, pair, symbol) = recovery_symbol_of_two_kinds();
    let metadata = files.scratch.file("other.bcs", &metadata.to_bcs());
    let path = files.scratch.file("symbol", &symbol.to_bcs());
    let line = walrus!["inspect", path, "--json"].exits(0).object();
    assert_eq!(line["kind"], "general-recovery-symbol");
    assert_eq!(line["alsoPossible"], serde_json::json!(["recovery-symbol"]));
    let check = |pair: u16| {
        let pair = pair.to_string();
        let axis = ["--axis", "secondary", "--target", &pair];
        let mut words = words!["inspect", path, "--metadata", metadata, "--json"];
        words.extend(axis.map(Into::into));
        run_with_input(words, b"")
    };
    let line = check(pair).exits(0).says_nothing().object();
    assert_eq!(
        (&line["kind"], &line["good"]),
        (&"recovery-symbol".into(), &true.into())
    );
    let others = serde_json::json!(["general-recovery-symbol"]);
    assert_eq!(line["alsoPossible"], others);
    let run = check((pair + 1) % 7).exits(1);
    let run = run.says(&[
        "it could be general-recovery-symbol (",
        "or recovery-symbol (its proof",
    ]);
    assert!(run.object()["good"].is_null());
}

/// Returns a good recovery symbol that also matches a general recovery symbol, with its metadata
/// and the pair of the secondary sliver that it recovers.
fn recovery_symbol_of_two_kinds() -> (BlobMetadataWithId, u16, RecoverySymbol) {
    let encoder = Runtime::builder()
        .engine(EngineKind::Cpu)
        .build()
        .unwrap()
        .encoder(7)
        .unwrap();
    let decoder = encoder.runtime().decoder();
    let control = Control::new();
    for seed in 0..10_000_u16 {
        let mut blob = [0; 100];
        // Read as a general symbol, a symbol of the first row begins with the length 38. Its target
        // and number of siblings then fall on the last bytes of the first sibling's hash, so the
        // search tries seeds until these bytes fit.
        for column in 0..5 {
            let [low, high] = seed.to_le_bytes();
            blob[8 * column..][..4].copy_from_slice(&[38, column as u8, low, high]);
        }
        let mut buffer = SliverBuffer::new();
        let pairs = PairSet::all(7);
        let encoded = encoder
            .encode(&blob[..], &pairs, &mut buffer, &control)
            .unwrap();
        let metadata = encoded.clone().verify(7).unwrap();
        let data = buffer
            .sliver_data(Axis::Primary, SliverPairIndex(0))
            .unwrap();
        let sliver = BlobSliver::from_bcs(&metadata, Axis::Primary, data).unwrap();
        let expanded = decoder.expand(&sliver, &control).unwrap();
        for pair in 2..7 {
            let general = expanded.recovery_symbol(SliverPairIndex(pair)).unwrap();
            let symbol = RecoverySymbol {
                symbol: general.symbol,
                proof: general.proof,
            };
            if GeneralRecoverySymbol::from_bcs(&symbol.to_bcs()).is_ok() {
                return (encoded, pair, symbol);
            }
        }
    }
    panic!("a hash ends with a 2 once in 256 times");
}
