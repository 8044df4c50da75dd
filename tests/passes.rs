//! Encoding in two passes, into storage that gives slivers back.

mod common;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use common::blob;
use common::sample::least_memory;
use walrus_accel::io::{
    PassPosition, Sink, SinkSession, SliverBuffer, SliverPart, SliverStore, Source,
};
use walrus_accel::{
    Axis, BlobMetadataWithId, Commitment, Control, Encoder, EngineKind, Error, PairSet, Result,
    Runtime, Shape, SliverIndex,
};

/// Record of a checkpoint: its position, its leaf hashes, and all slivers up to it.
type Record = (PassPosition, Vec<u8>, Slivers);

/// Symbols of slivers, by axis and index.
type Slivers = HashMap<(Axis, u16), Vec<u8>>;

/// Storage in memory.
#[derive(Default)]
struct Store {
    slivers: Mutex<Slivers>,
    /// `None` if checkpoints are not recorded.
    records: Option<Mutex<Vec<Record>>>,
    /// Position, and leaf hashes, to continue from.
    offered: Mutex<Option<(PassPosition, Vec<u8>)>>,
    /// Number of parts that were put instead of appended.
    put: AtomicU64,
    appended: AtomicU64,
    /// Sliver that cannot be read back.
    unreadable: Option<(Axis, u16)>,
}

struct Session<'a>(&'a Store);

impl Sink for Store {
    fn has_store(&self, _shape: &Shape, pairs: &PairSet) -> bool {
        pairs.len() == usize::from(pairs.n_shards())
    }

    fn begin<'a>(
        &'a mut self,
        _shape: &Shape,
        _commitment: Commitment,
        _pairs: &PairSet,
    ) -> Result<Box<dyn SinkSession + 'a>> {
        Ok(Box::new(Session(self)))
    }
}

impl SinkSession for Session<'_> {
    fn put(&self, _part: &SliverPart<'_>) -> Result<()> {
        self.0.put.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn store(&self) -> Option<&dyn SliverStore> {
        Some(self)
    }

    fn finish(self: Box<Self>, _metadata: &BlobMetadataWithId, _control: &Control) -> Result<()> {
        Ok(())
    }
}

impl SliverStore for Session<'_> {
    fn resume(&self, _control: &Control) -> Result<Option<(PassPosition, Vec<u8>)>> {
        Ok(self.0.offered.lock().unwrap().take())
    }

    fn append(&self, part: &SliverPart<'_>) -> Result<()> {
        let mut slivers = self.0.slivers.lock().unwrap();
        let sliver = slivers.entry((part.axis, part.sliver.0)).or_default();
        assert_eq!(part.offset(), sliver.len() as u64, "parts come in order");
        assert_eq!(part.bytes(), 0..part.symbol_size, "symbols are whole");
        part.pieces
            .iter()
            .for_each(|it| sliver.extend_from_slice(it));
        let len: usize = part.pieces.iter().map(<[u8]>::len).sum();
        self.0.appended.fetch_add(len as u64, Ordering::Relaxed);
        Ok(())
    }

    fn read(&self, axis: Axis, sliver: SliverIndex, symbols: &mut [u8]) -> Result<()> {
        if self.0.unreadable == Some((axis, sliver.0)) {
            return Err(Error::Source {
                source: "the disk is gone".into(),
            });
        }
        let slivers = self.0.slivers.lock().unwrap();
        symbols.copy_from_slice(&slivers[&(axis, sliver.0)]);
        Ok(())
    }

    fn checkpoint(&self, done: PassPosition, leaves: &[u8]) -> Result<()> {
        if let Some(records) = &self.0.records {
            let slivers = self.0.slivers.lock().unwrap().clone();
            let record = (done, leaves.to_vec(), slivers);
            records.lock().unwrap().push(record);
        }
        Ok(())
    }
}

/// Blob that is read, and not borrowed.
struct Read(Vec<u8>);

impl Source for Read {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.0.read_at(offset, out)
    }
}

fn encoder(n_shards: u16, commitment: Commitment, memory: u64) -> Result<Encoder> {
    let builder = Runtime::builder().threads(2).memory(memory);
    let encoder = builder.engine(EngineKind::Cpu).build()?.encoder(n_shards)?;
    Ok(encoder.with_commitment(commitment))
}

/// Slivers and metadata of a blob, by the encoder's other path.
fn expected(encoder: &Encoder, blob: &[u8]) -> (BlobMetadataWithId, Slivers) {
    let n = encoder.n_shards();
    let (mut buffer, pairs) = (SliverBuffer::new(), PairSet::all(n));
    let encoded = encoder.encode(blob, &pairs, &mut buffer, &Control::new());
    let mut slivers = Slivers::new();
    for pair in pairs.iter() {
        for axis in Axis::BOTH {
            let symbols = buffer.symbols(axis, pair).unwrap().to_vec();
            slivers.insert((axis, pair.sliver(axis, n).0), symbols);
        }
    }
    (encoded.unwrap(), slivers)
}

fn encode(encoder: &Encoder, source: impl Source, store: &mut Store) -> BlobMetadataWithId {
    let pairs = PairSet::all(encoder.n_shards());
    let encoded = encoder.encode(source, &pairs, store, &Control::new());
    encoded.unwrap()
}

/// Shards, and lengths of blobs: a full matrix, an end within a row, rows of padding, a part of the
/// first row, one byte, none.
const CASES: [(u16, &[usize]); 3] = [
    (13, &[45 * 700, 45 * 700 - 3, 9 * 698 * 4 + 1, 5 * 70, 1, 0]),
    (100, &[34 * 67 * 64, 34 * 67 * 66 - 400]),
    (1000, &[334 * 667 * 66 - 100_000]),
];

#[test]
fn two_passes_give_the_slivers_of_stripes() {
    for (n, lengths) in CASES {
        for &len in lengths {
            for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
                let blob = blob(30, len);
                let shape = Shape::new(n, len as u64).unwrap();
                let usual = encoder(n, commitment, 1 << 30).unwrap();
                let (metadata, slivers) = expected(&usual, &blob);
                let sums: u64 = Axis::BOTH.map(|axis| shape.sliver_len(axis)).iter().sum();
                // Everything in one group, and groups of few rows and columns.
                let few = 20 * u64::from(n) * u64::from(shape.symbol_size());
                let least = u64::from(n) * u64::from(n) * 34 + few;
                for memory in [1 << 30, least + (3 << 20), least + (1 << 20)] {
                    let encoder = encoder(n, commitment, memory).unwrap();
                    for is_read in [true, false] {
                        let what = format!("{n} shards, {len} bytes, {memory}, {is_read}");
                        let mut store = Store::default();
                        let encoded = match is_read {
                            true => encode(&encoder, Read(blob.clone()), &mut store),
                            false => encode(&encoder, &blob, &mut store),
                        };
                        assert_eq!(encoded, metadata, "{what}");
                        let is_short = shape.symbol_size() < 64;
                        if is_short {
                            // Several short codewords share a chunk, across groups.
                            assert_eq!(*store.appended.get_mut(), 0, "{what}");
                            continue;
                        }
                        assert_eq!(*store.put.get_mut(), 0, "{what}");
                        let appended = *store.appended.get_mut();
                        assert_eq!(appended, u64::from(n) * sums, "{what}: each byte once");
                        assert!(store.slivers.into_inner().unwrap() == slivers, "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_checkpoint_leads_to_the_same_slivers() {
    let (n, len) = (13, 45 * 7000 - 3);
    let blob = blob(31, len);
    let least = least_memory(|memory| encoder(n, Commitment::default(), memory)?.metadata(&blob));
    let encoder = encoder(n, Commitment::default(), least.max(400_000)).unwrap();
    let (metadata, slivers) = expected(&encoder, &blob);
    let mut store = Store {
        records: Some(Mutex::default()),
        ..Store::default()
    };
    assert_eq!(encode(&encoder, Read(blob.clone()), &mut store), metadata);
    let records = store.records.unwrap().into_inner().unwrap();
    // Between groups of rows, after the rows, between groups of columns.
    let all_rows = Shape::new(n, len as u64).unwrap().rows();
    assert!(records.iter().any(|(at, ..)| at.rows < all_rows));
    assert!(records.iter().any(|(at, ..)| at.columns > 0));
    assert!(records.windows(2).all(|two| two[0].0 != two[1].0));
    for (position, leaves, so_far) in records {
        let mut store = Store {
            offered: Mutex::new(Some((position, leaves))),
            slivers: Mutex::new(so_far),
            ..Store::default()
        };
        let again = encode(&encoder, Read(blob.clone()), &mut store);
        assert_eq!(again, metadata, "{position:?}");
        assert!(
            store.slivers.into_inner().unwrap() == slivers,
            "{position:?}"
        );
    }
}

#[test]
fn positions_that_cannot_be_panic() {
    let blob = blob(32, 45 * 700);
    let encoder = encoder(13, Commitment::default(), 1 << 30).unwrap();
    for (rows, columns, leaves) in [
        (6, 0, 0),
        (5, 14, 14 * 13 * 32),
        (4, 1, 13 * 32),
        (5, 1, 32),
    ] {
        let position = PassPosition { rows, columns };
        let mut store = Store {
            offered: Mutex::new(Some((position, vec![0; leaves]))),
            ..Store::default()
        };
        let encode = || encode(&encoder, &blob, &mut store);
        let result = catch_unwind(AssertUnwindSafe(encode));
        assert!(result.is_err(), "{position:?}");
    }
}

#[test]
fn storage_that_fails_ends_the_job() {
    let blob = blob(33, 45 * 700);
    let encoder = encoder(13, Commitment::default(), 1 << 30).unwrap();
    for column in [0, 8, 9, 12] {
        let mut store = Store {
            unreadable: Some((Axis::Secondary, column)),
            ..Store::default()
        };
        let pairs = PairSet::all(13);
        let encoded = encoder.encode(&blob, &pairs, &mut store, &Control::new());
        let error = encoded.unwrap_err();
        assert!(matches!(error, Error::Source { .. }), "{column}: {error}");
    }
}

#[test]
fn engines_without_passes_put_slivers_into_the_sink() {
    let blob = blob(34, 45 * 700);
    let cpu = encoder(13, Commitment::default(), 1 << 30).unwrap();
    let builder = Runtime::builder().engine(EngineKind::Reference);
    let reference = builder.build().unwrap().encoder(13).unwrap();
    for (encoder, in_passes) in [(&cpu, true), (&reference, false)] {
        let mut store = Store::default();
        encode(encoder, &blob, &mut store);
        let [put, appended] = [&mut store.put, &mut store.appended].map(|it| *it.get_mut() > 0);
        assert_eq!((put, appended), (!in_passes, in_passes));
    }
}
