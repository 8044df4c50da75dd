//! Progress, cancellation and failure of jobs. A job that does not succeed leaves nothing behind.

mod common;

use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use common::sample::{Picked, Sample, least_memory};
use common::tripwire::{Tripped, Tripwire};
use common::{Random, blob};
use walrus_accel::decode::{DecodeRequest, RebuildRequest};
use walrus_accel::directory::DirectorySink;
use walrus_accel::io::{FileOutput, FileSource, Output, SliverSource};
use walrus_accel::verify::SliverVerdict;
use walrus_accel::{
    Axis, Check, Control, Decoder, Encoder, EngineKind, Error, PairSet, Result, Runtime,
};

/// Inputs of the jobs.
struct Setting<'a> {
    sample: &'a Sample,
    engine: EngineKind,
    memory: u64,
    wire: &'a Tripwire<'a>,
    control: &'a Control,
    /// Empty directory for output.
    out: &'a Path,
}

impl<'a> Setting<'a> {
    fn encoder(&self) -> Encoder {
        let builder = Runtime::builder();
        let builder = builder.engine(self.engine).threads(2);
        builder
            .memory(self.memory)
            .build()
            .unwrap()
            .encoder(self.sample.shape.n_shards())
            .unwrap()
    }

    fn decoder(&self) -> Decoder {
        let builder = Runtime::builder().engine(self.engine).threads(2);
        builder.memory(self.memory).build().unwrap().decoder()
    }

    fn pairs(&self) -> PairSet {
        PairSet::all(self.sample.shape.n_shards())
    }

    /// Returns the last slivers, from which decoding must restore symbols.
    fn slivers(&self, axis: Axis) -> Picked<'a> {
        let n = usize::from(self.sample.shape.n_shards());
        let needed = usize::from(self.sample.shape.slivers_needed(axis));
        self.sample.pick(axis, &Vec::from_iter(n - needed..n))
    }

    fn decode(
        &self,
        slivers: &dyn SliverSource,
        check: Check,
        output: &mut dyn Output,
    ) -> Result<()> {
        let metadata = self.sample.metadata();
        self.decoder()
            .decode(
                &DecodeRequest {
                    check,
                    ..DecodeRequest::new(metadata, slivers)
                },
                output,
                self.control,
            )
            .map(drop)
    }
}

type Job = fn(&Setting<'_>) -> Result<()>;

/// All jobs, with a tripwire at input or output.
const JOBS: [(&str, Job); 8] = [
    ("metadata", |s| {
        let source = Tripped(&s.sample.blob, s.wire);
        s.encoder().metadata_with(source, s.control).map(drop)
    }),
    ("encode from a source", |s| {
        let source = Tripped(&s.sample.blob, s.wire);
        let mut sink = DirectorySink::new(s.out);
        let encoded = s.encoder().encode(source, &s.pairs(), &mut sink, s.control);
        encoded.map(drop)
    }),
    ("encode to a directory", |s| {
        let mut sink = Tripped(DirectorySink::new(s.out), s.wire);
        let encoded = s
            .encoder()
            .encode(&s.sample.blob, &s.pairs(), &mut sink, s.control);
        encoded.map(drop)
    }),
    ("decode primary slivers, strict", |s| {
        let slivers = Tripped(s.slivers(Axis::Primary), s.wire);
        s.decode(
            &slivers,
            Check::Strict,
            &mut FileOutput::new(s.out.join("blob")),
        )
    }),
    ("decode secondary slivers to a file, default", |s| {
        let mut output = Tripped(FileOutput::new(s.out.join("blob")), s.wire);
        s.decode(&s.slivers(Axis::Secondary), Check::Default, &mut output)
    }),
    ("decode to a file unchecked", |s| {
        let mut output = Tripped(FileOutput::new(s.out.join("blob")), s.wire);
        s.decode(&s.slivers(Axis::Primary), Check::Skip, &mut output)
    }),
    ("rebuild to a directory", |s| {
        let mut sink = Tripped(DirectorySink::new(s.out), s.wire);
        let (slivers, pairs) = (s.slivers(Axis::Secondary), s.pairs());
        let metadata = s.sample.metadata();
        let rebuilt = s.decoder().rebuild(
            &RebuildRequest::new(metadata, &slivers, &pairs),
            &mut sink,
            s.control,
        );
        rebuilt.map(drop)
    }),
    ("verify", |s| {
        let mut slivers = s.slivers(Axis::Primary);
        slivers.slivers.extend(s.slivers(Axis::Secondary).slivers);
        let numbers = Vec::from_iter(0..slivers.slivers.len());
        let slivers = Tripped(slivers, s.wire);
        let metadata = s.sample.metadata();
        let verdicts = s
            .decoder()
            .verify(metadata, &slivers, &numbers, s.control)?;
        assert!(verdicts.iter().all(SliverVerdict::is_good));
        Ok(())
    }),
];

/// Function that runs a job in an empty directory and returns the result and the names in the
/// directory.
type Run<'a> = dyn Fn(&Tripwire<'_>, &Control) -> (Result<()>, Vec<String>) + 'a;

/// Calls `each` with every job: on the CPU engine in one stripe and in the narrowest stripes, and
/// on the reference engine.
fn for_each_job(each: impl Fn(&str, &Run<'_>)) {
    // 13 shards, symbols of 700 bytes.
    let sample = Sample::new(13, blob(30, 45 * 700 - 3));
    let nothing = || Ok(());
    for (name, job) in JOBS {
        let run = |engine, memory, wire: &Tripwire<'_>, control: &Control| {
            let out = tempfile::tempdir().unwrap();
            let result = job(&Setting {
                sample: &sample,
                engine,
                memory,
                wire,
                control,
                out: out.path(),
            });
            (result, names_in(out.path()))
        };
        let in_memory = |memory| {
            let wire = Tripwire::new(usize::MAX, &nothing);
            run(EngineKind::Cpu, memory, &wire, &Control::new()).0
        };
        let least = match in_memory(least_memory(in_memory)) {
            // Verification reports the memory of an axis only when it starts with the axis.
            Err(Error::MemoryBudget { needed, .. }) => needed,
            _ => least_memory(in_memory),
        };
        for (engine, memory) in [
            (EngineKind::Cpu, least),
            (EngineKind::Cpu, Runtime::DEFAULT_MEMORY),
            (EngineKind::Reference, Runtime::DEFAULT_MEMORY),
        ] {
            let name = format!("{name}, {engine} in {memory} bytes");
            each(&name, &|wire, control| run(engine, memory, wire, control));
        }
    }
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect()
}

/// Returns the numbers of the first call, the last call and some calls between.
fn moments(calls: usize, random: &mut Random) -> Vec<usize> {
    let mut moments = vec![1, calls];
    moments.extend((0..4).map(|_| 1 + random.below(calls)));
    moments
}

#[test]
fn progress_grows_up_to_the_total() {
    for_each_job(|name, run| {
        let control = Control::new();
        assert_eq!((control.progress().done, control.progress().total), (0, 0));
        let last = AtomicU64::new(0);
        let watch = || {
            let before = last.load(Ordering::SeqCst);
            let now = control.progress();
            assert!(now.total > 0 && now.done <= now.total, "{name}: {now:?}");
            assert!(before <= now.done, "{name}: {now:?} after {before}");
            last.fetch_max(now.done, Ordering::SeqCst);
            Ok(())
        };
        let (result, _) = run(&Tripwire::new(0, &watch), &control);
        result.unwrap();
        let end = control.progress();
        assert_eq!(end.done, end.total, "{name}");
    });
}

#[test]
fn a_job_cancelled_at_any_moment_leaves_nothing() {
    let calls = |run: &Run<'_>| {
        let nothing = || Ok(());
        let wire = Tripwire::new(usize::MAX, &nothing);
        run(&wire, &Control::new()).0.unwrap();
        wire.calls.into_inner()
    };
    for_each_job(|name, run| {
        let mut random = Random(31);
        for moment in moments(calls(run), &mut random) {
            let control = Control::new();
            let (result, left) = std::thread::scope(|scope| {
                let (ask, asked) = mpsc::channel();
                let watched = &control;
                scope.spawn(move || asked.recv().map(|()| watched.cancel()));
                let cancel = || {
                    ask.send(()).unwrap();
                    while !watched.is_cancelled() {
                        std::thread::yield_now();
                    }
                    Ok(())
                };
                run(&Tripwire::new(moment, &cancel), watched)
            });
            assert!(
                matches!(result, Err(Error::Cancelled)),
                "{name} at {moment}: {result:?}"
            );
            assert!(left.is_empty(), "{name} at {moment}: {left:?}");
        }
        // Cancelled before the start.
        let control = Control::new();
        control.cancel();
        let called = || panic!("{name}: it was cancelled before");
        let (result, left) = run(&Tripwire::new(0, &called), &control);
        assert!(
            matches!(result, Err(Error::Cancelled)),
            "{name}: {result:?}"
        );
        assert!(left.is_empty(), "{name}: {left:?}");
    });
}

#[test]
fn a_failure_at_any_call_comes_out_and_leaves_nothing() {
    for_each_job(|name, run| {
        let nothing = || Ok(());
        let wire = Tripwire::new(usize::MAX, &nothing);
        let (result, left) = run(&wire, &Control::new());
        result.unwrap();
        let writes = name.contains("encode") || name.contains("decode") || name.contains("rebuild");
        assert_eq!(left.len(), usize::from(writes), "{name}: {left:?}");

        let mut random = Random(32);
        for moment in moments(wire.calls.into_inner(), &mut random) {
            let fail = || {
                let reason = format!("refused at {moment}");
                Err(Error::Sink {
                    source: reason.into(),
                })
            };
            let (result, left) = run(&Tripwire::new(moment, &fail), &Control::new());
            let Err(Error::Sink { source }) = result else {
                panic!("{name} at {moment}: {result:?}");
            };
            assert_eq!(source.to_string(), format!("refused at {moment}"));
            assert!(left.is_empty(), "{name} at {moment}: {left:?}");
        }
    });
}

#[test]
fn a_large_encoding_cut_short_leaves_nothing() {
    // 107 MB of slivers are more than the sink buffers, so files are written during the encode.
    let blob = blob(33, 14 * 27 * 65_000);
    let builder = Runtime::builder().threads(2).memory(48 << 20);
    let encoder = builder.build().unwrap().encoder(40).unwrap();
    let pairs = PairSet::all(40);
    let out = tempfile::tempdir().unwrap();
    for moment in [1, 20, 150] {
        let control = Control::new();
        let cancel = || {
            assert_eq!(names_in(out.path()).len(), 1);
            control.cancel();
            Ok(())
        };
        let wire = Tripwire::new(moment, &cancel);
        let mut sink = Tripped(DirectorySink::new(out.path()), &wire);
        let result = encoder.encode(&blob, &pairs, &mut sink, &control);
        assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
        assert_eq!(names_in(out.path()), [""; 0]);
        assert_eq!(sink.0.outcome(), None);
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("blob");
    let out = directory.path().join("out");
    let len = 45 * 700;
    let encoder = Runtime::builder()
        .threads(2)
        .build()
        .unwrap()
        .encoder(13)
        .unwrap();
    let pairs = PairSet::all(13);
    let file = || File::options().write(true).open(&path).unwrap();
    let shrink = || file().set_len(len - 1).unwrap();
    let empty = || file().set_len(0).unwrap();
    let grow = || file().set_len(len + 1).unwrap();
    let later = SystemTime::now() + Duration::from_secs(5);
    let touch = || file().set_modified(later).unwrap();
    for change in [&shrink as &(dyn Fn() + Sync), &empty, &grow, &touch] {
        for moment in [1, 3, 5] {
            fs::write(&path, blob(34, len as usize)).unwrap();
            let source = FileSource::open(&path).unwrap();
            let change = || {
                change();
                Ok(())
            };
            let changed = |result: Result<_>| match result {
                Err(Error::SourceChanged { name, .. }) => {
                    assert_eq!(name, path.display().to_string());
                }
                other => panic!("{other:?}"),
            };
            changed(encoder.metadata(Tripped(&source, &Tripwire::new(moment, &change))));

            fs::write(&path, blob(34, len as usize)).unwrap();
            let source = FileSource::open(&path).unwrap();
            let wire = Tripwire::new(moment, &change);
            let mut sink = DirectorySink::new(&out);
            let tripped = Tripped(&source, &wire);
            changed(encoder.encode(tripped, &pairs, &mut sink, &Control::new()));
            assert_eq!(names_in(&out), [""; 0]);
        }
    }
}
