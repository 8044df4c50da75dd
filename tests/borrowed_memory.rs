//! Memory that sources, sinks and outputs lend to the engine. The results are the same as with
//! copies. Memory of a wrong length or placement is not used.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::blob;
use walrus_accel::decode::DecodeRequest;
use walrus_accel::io::{
    Output, OutputSession, Sink, SinkSession, SliverBuffer, SliverBufferMut, SliverPart, Source,
};
use walrus_accel::wire::{Sliver, SliverData};
use walrus_accel::{
    Axis, BlobMetadataWithId, Check, Commitment, Control, Encoder, EngineKind, PairSet, Result,
    Runtime, Shape, SliverIndex, SliverPairIndex,
};

const N: u16 = 13;

const ENGINES: [EngineKind; 2] = [EngineKind::Reference, EngineKind::Cpu];

fn encoder(engine: EngineKind) -> Encoder {
    let builder = Runtime::builder().engine(engine).threads(2);
    builder.build().unwrap().encoder(N).unwrap()
}

/// Source that lends other bytes than the blob's.
struct Elsewhere<'a> {
    blob: &'a [u8],
    bytes: &'a [u8],
}

impl Source for Elsewhere<'_> {
    fn len(&self) -> u64 {
        self.blob.len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.blob.read_at(offset, out)
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        Some(self.bytes)
    }
}

#[test]
fn bytes_of_another_length_are_not_the_blob() {
    let bytes = blob(1, 60_000);
    for len in [1, 777, 44_000, 50_001] {
        let blob = &bytes[..len];
        for engine in ENGINES {
            let expected = encoder(engine).metadata(blob).unwrap();
            for other in [&bytes[..], &bytes[..len - 1], &[]] {
                let source = Elsewhere { blob, bytes: other };
                let got = encoder(engine).metadata(&source).unwrap();
                assert_eq!(got, expected, "{engine}, {len} of {}", other.len());
            }
        }
    }
}

/// Error in the buffers of a sink.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    Nothing,
    OneMissing,
    OneTwice,
    OneShort,
    OneLong,
    OneNotChosen,
    OneOfNoCommittee,
}

/// Sink that lends a buffer for each sliver.
struct Buffers {
    wrong: Wrong,
    buffers: Vec<(Axis, SliverIndex, Vec<u8>)>,
    times: usize,
    finished: bool,
}

impl Sink for Buffers {
    fn begin<'a>(
        &'a mut self,
        shape: &Shape,
        _commitment: Commitment,
        pairs: &PairSet,
    ) -> Result<Box<dyn SinkSession + 'a>> {
        for pair in pairs.iter() {
            for axis in Axis::BOTH {
                let buffer = vec![0xee; shape.sliver_len(axis) as usize];
                self.buffers.push((axis, pair.sliver(axis, N), buffer));
            }
        }
        let (axis, index, buffer) = self.buffers[1].clone();
        let first = &mut self.buffers[0];
        match self.wrong {
            Wrong::Nothing => {}
            Wrong::OneMissing => drop(self.buffers.pop()),
            Wrong::OneTwice => *first = (axis, index, buffer),
            Wrong::OneShort => drop(first.2.pop()),
            Wrong::OneLong => first.2.push(0),
            Wrong::OneNotChosen => first.1 = SliverPairIndex(N - 1).sliver(first.0, N),
            Wrong::OneOfNoCommittee => first.1 = SliverIndex(N),
        }
        Ok(Box::new(BuffersSession(self)))
    }
}

struct BuffersSession<'a>(&'a mut Buffers);

impl SinkSession for BuffersSession<'_> {
    fn put(&self, _part: &SliverPart<'_>) -> Result<()> {
        panic!("it has buffers")
    }

    fn has_buffers(&self) -> bool {
        true
    }

    fn buffers(&mut self) -> Vec<SliverBufferMut<'_>> {
        self.0.times += 1;
        let buffers = self.0.buffers.iter_mut();
        let buffers = buffers.map(|(axis, sliver, symbols)| SliverBufferMut {
            axis: *axis,
            sliver: *sliver,
            symbols,
        });
        buffers.collect()
    }

    fn finish(self: Box<Self>, _metadata: &BlobMetadataWithId, _control: &Control) -> Result<()> {
        self.0.finished = true;
        Ok(())
    }
}

#[test]
fn slivers_go_to_the_rooms_of_a_sink_or_the_job_fails() {
    let (blob, pairs) = (blob(2, 45_000), PairSet::parse("0-4,7", N).unwrap());
    let mut buffer = SliverBuffer::new();
    let control = Control::new();
    let expected = encoder(EngineKind::Reference);
    let expected = expected.encode(&blob, &pairs, &mut buffer, &control);
    let expected = expected.unwrap();
    for engine in ENGINES {
        for wrong in [
            Wrong::Nothing,
            Wrong::OneMissing,
            Wrong::OneTwice,
            Wrong::OneShort,
            Wrong::OneLong,
            Wrong::OneNotChosen,
            Wrong::OneOfNoCommittee,
        ] {
            let mut sink = Buffers {
                wrong,
                buffers: Vec::new(),
                times: 0,
                finished: false,
            };
            let job = || encoder(engine).encode(&blob, &pairs, &mut sink, &control);
            let outcome = catch_unwind(AssertUnwindSafe(job));
            assert_eq!(sink.times, 1, "{engine}, {wrong:?}");
            if wrong != Wrong::Nothing {
                assert!(outcome.is_err() && !sink.finished, "{engine}, {wrong:?}");
                continue;
            }
            assert_eq!(outcome.unwrap().unwrap(), expected);
            for (axis, sliver, symbols) in &sink.buffers {
                let there = buffer.symbols(*axis, sliver.pair(*axis, N));
                assert!(there == Some(symbols), "{engine}, {axis}, {sliver:?}");
            }
        }
    }
}

/// Output that lends memory of a given length.
struct Lends {
    len: usize,
    row: Vec<u8>,
}

impl Output for Lends {
    fn begin<'a>(&'a mut self, _shape: &Shape) -> Result<Box<dyn OutputSession + 'a>> {
        self.row = vec![0; self.len];
        Ok(Box::new(LendsSession(std::sync::Mutex::new(Some(
            &mut self.row,
        )))))
    }
}

struct LendsSession<'a>(std::sync::Mutex<Option<&'a mut Vec<u8>>>);

impl OutputSession for LendsSession<'_> {
    fn put(&self, _offset: u64, _bytes: &[u8]) -> Result<()> {
        Ok(())
    }

    fn in_memory(&self) -> bool {
        true
    }

    fn lend_row(&self, row: usize) -> Option<&mut [u8]> {
        let mut lent = self.0.lock().unwrap();
        (row == 0).then(|| lent.take())?.map(Vec::as_mut_slice)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

#[test]
fn a_row_is_put_together_where_it_is_lent_if_it_fits() {
    let (blob, pairs) = (blob(3, 45_000), PairSet::all(N));
    let mut buffer = SliverBuffer::new();
    let control = Control::new();
    let encoded = encoder(EngineKind::Cpu)
        .encode(&blob, &pairs, &mut buffer, &control)
        .unwrap();
    // Recovery slivers only, so the source rows must be restored.
    let slivers: Vec<_> = (6..N)
        .map(SliverPairIndex)
        .map(|pair| Sliver {
            axis: Axis::Primary,
            data: {
                use walrus_accel::wire::Bcs;
                SliverData::from_bcs(buffer.sliver_data(Axis::Primary, pair).unwrap()).unwrap()
            },
        })
        .collect();
    let metadata = encoded.verify(N).unwrap();
    let shape = metadata.shape();
    let row = shape.sliver_len(Axis::Primary) as usize;
    let builder = Runtime::builder().engine(EngineKind::Cpu).threads(2);
    let decoder = builder.build().unwrap().decoder();
    for len in [row, row - 1, row + 1, 0] {
        let mut output = Lends {
            len,
            row: Vec::new(),
        };
        let job = || {
            let check = Check::Default;
            decoder.decode(
                &DecodeRequest {
                    check,
                    ..DecodeRequest::new(&metadata, &slivers)
                },
                &mut output,
                &control,
            )
        };
        let outcome = catch_unwind(AssertUnwindSafe(job));
        if len == row {
            outcome.unwrap().unwrap();
            assert!(output.row == blob[..row]);
        } else {
            assert!(outcome.is_err(), "{len} instead of {row}");
        }
    }
}
