//! Encoding a blob on a device, and on the CPU from wherever the device fails.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use super::GpuEngine;
use super::fault::{Failure, Fault};
use super::output::{Output, Progress, Rest};
use super::stripe::{Left, Stripe};
use crate::commitment::{Commitment, Digest, Zeros, roots_across, roots_of_lines};
use crate::control::Control;
use crate::engine::{EncodeSession, Engine, SliverOutput};
use crate::error::Result;
use crate::shape::Shape;
use crate::sliver::Axis;
use crate::symbols::SymbolReader;

/// How many slivers of each axis are hashed again at the end.
const SAMPLES: u64 = 2;

/// The columns among which the samples are: their symbols are at the front of rows, and quickly read.
const SAMPLED_COLUMNS: u64 = 16;

pub(super) struct Session<'a> {
    engine: &'a GpuEngine,
    shape: Shape,
    commitment: Commitment,
    width: u32,
    /// The states at the start of the next stripe, but for the first.
    states: Option<Vec<u8>>,
    roots: Option<[Vec<Digest>; 2]>,
    /// The CPU, once the device has failed.
    cpu: Option<Box<dyn EncodeSession + 'a>>,
}

/// A number that nobody can tell before.
fn seed() -> u64 {
    RandomState::new().hash_one(0)
}

impl<'a> Session<'a> {
    pub(super) fn new(
        engine: &'a GpuEngine,
        shape: Shape,
        commitment: Commitment,
        width: u32,
    ) -> Self {
        Self {
            engine,
            shape,
            commitment,
            width,
            states: None,
            roots: None,
            cpu: None,
        }
    }

    fn on_device(
        &mut self,
        range: Range<u32>,
        rows: &dyn SymbolReader,
        output: Option<&mut SliverOutput<'_>>,
        progress: &Progress,
        control: &Control,
    ) -> Result<(), Failure> {
        let engine = self.engine;
        let output = Output::new(output, &self.shape, range.clone(), progress);
        let stripe = Stripe {
            cpu: &engine.cpu,
            shape: &self.shape,
            commitment: self.commitment,
            range,
            cut: engine.cut,
            seed: engine.options.check.then(seed),
            rows,
            output: &output,
            states: self.states.as_deref(),
            control,
        };
        let left = engine.on_device(|device, workspace| stripe.run(device, workspace))?;
        match left {
            Left::States(states) => self.states = Some(states),
            Left::Roots(roots) => {
                if engine.options.check {
                    self.check_samples(rows, &roots, control)?;
                }
                self.roots = Some(roots);
            }
        }
        Ok(())
    }

    /// Hashes a few slivers on the CPU.
    fn check_samples(
        &self,
        rows: &dyn SymbolReader,
        roots: &[Vec<Digest>; 2],
        control: &Control,
    ) -> Result<(), Failure> {
        let cpu = &self.engine.cpu;
        let size = self.shape.symbol_size();
        for (axis, roots) in Axis::BOTH.into_iter().zip(roots) {
            let among = match axis {
                Axis::Primary => u64::from(self.shape.rows()),
                Axis::Secondary => SAMPLED_COLUMNS.min(self.shape.columns().into()),
            };
            for _ in 0..SAMPLES {
                let index = (seed() % among) as usize;
                let mut sliver = vec![0; self.shape.sliver_len(axis) as usize];
                match axis {
                    Axis::Primary => rows.read(index, 0..size, &mut sliver)?,
                    Axis::Secondary => {
                        let size = size as usize;
                        let mut front = vec![0; (index + 1) * size];
                        for (row, symbol) in sliver.chunks_exact_mut(size).enumerate() {
                            rows.read(row, 0..size as u32, &mut front)?;
                            symbol.copy_from_slice(&front[index * size..]);
                        }
                    }
                }
                let n = usize::from(self.shape.n_shards());
                let mut session = cpu.start_expand(self.shape, self.commitment, axis, 1, size)?;
                // Its progress is not the job's.
                let own = Control::new();
                session.stripe(0..size, &OneSliver(&sliver), &own)?;
                control.check()?;
                let leaves = session.leaves();
                let root = roots_of_lines(cpu, self.commitment, leaves, n, &Zeros::none())[0];
                if root != roots[index] {
                    return Err(Fault::Wrong("hashes").into());
                }
            }
        }
        Ok(())
    }

    /// The CPU goes on from this stripe, or from the first one if hashes came back wrong.
    fn on_cpu(
        &mut self,
        range: Range<u32>,
        rows: &dyn SymbolReader,
        output: Option<SliverOutput<'_>>,
        progress: &Progress,
        control: &Control,
        from_start: bool,
    ) -> Result<()> {
        let cpu = &self.engine.cpu;
        let mut session = cpu.start_encode(self.shape, self.commitment, self.width)?;
        match self.states.take() {
            Some(states) if !from_start => {
                let fits = session.restore(&states)?;
                assert!(fits, "states are the same for all engines");
            }
            _ => {
                // What came before, again: of its slivers nobody needs to hear.
                let own = Control::new();
                for start in (0..range.start).step_by(self.width as usize) {
                    control.check()?;
                    let end = range.start.min(start + self.width);
                    session.stripe(start..end, rows, None, &own)?;
                }
            }
        }
        match output {
            Some(SliverOutput::Sink { pairs, sink }) => {
                let rest = Rest { sink, progress };
                let output = SliverOutput::Sink { pairs, sink: &rest };
                session.stripe(range, rows, Some(output), control)?;
            }
            output => session.stripe(range, rows, output, control)?,
        }
        self.cpu = Some(session);
        Ok(())
    }
}

/// A sliver in memory.
struct OneSliver<'a>(&'a [u8]);

impl SymbolReader for OneSliver<'_> {
    fn read(&self, _: usize, range: Range<u32>, out: &mut [u8]) -> Result<()> {
        // It is only ever read whole.
        debug_assert_eq!(range.start, 0);
        out.copy_from_slice(&self.0[..out.len()]);
        Ok(())
    }
}

impl EncodeSession for Session<'_> {
    fn stripe(
        &mut self,
        range: Range<u32>,
        rows: &dyn SymbolReader,
        mut output: Option<SliverOutput<'_>>,
        control: &Control,
    ) -> Result<()> {
        if let Some(cpu) = &mut self.cpu {
            return cpu.stripe(range, rows, output, control);
        }
        let progress = Progress::new(&self.shape);
        let done = self.on_device(range.clone(), rows, output.as_mut(), &progress, control);
        match done {
            Ok(()) => Ok(()),
            Err(Failure::Job(error)) => Err(error),
            Err(Failure::Device(fault)) => {
                let from_start = fault == Fault::Wrong("hashes");
                self.engine.give_up(fault)?;
                self.on_cpu(range, rows, output, &progress, control, from_start)
            }
        }
    }

    fn state(&self) -> Option<&[u8]> {
        match &self.cpu {
            Some(cpu) => cpu.state(),
            None => self.states.as_deref(),
        }
    }

    fn restore(&mut self, state: &[u8]) -> Result<bool> {
        let n = usize::from(self.shape.n_shards());
        let words = super::shaders::state_words(self.commitment, self.shape.symbol_size());
        let len = n * n * (4 * words as usize - 3);
        let fits = self.width < self.shape.symbol_size() && state.len() == len;
        if fits {
            self.states = Some(state.to_vec());
        }
        Ok(fits)
    }

    fn leaves(&self) -> &[Digest] {
        self.cpu.as_ref().map_or(&[], |cpu| cpu.leaves())
    }

    fn roots(&self) -> Option<[Vec<Digest>; 2]> {
        match self.cpu {
            Some(_) => None,
            None => self.roots.clone(),
        }
    }
}

/// The questions that a device answers before it is used: committees, lengths, and stripe widths, one
/// of a network's size among them.
const QUESTIONS: [(u16, u64, u32); 2] = [(10, 4 * 7 * 322, 128), (1000, 334 * 667 * 4, 128)];

/// Whether the device gives the right answers: `true` if it was asked everything, which takes room for
/// it in its memory's limit.
pub(super) fn try_out(engine: &GpuEngine) -> Result<bool, Fault> {
    let mut all = true;
    for (n_shards, length, width) in QUESTIONS {
        let shape = Shape::new(n_shards, length).expect("a valid shape");
        let blob: Vec<u8> = (0..length)
            .map(|i| ((i * i) >> 7) as u8 ^ i as u8)
            .collect();
        for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
            // One of the network's size is enough.
            if n_shards == 1000 && commitment == Commitment::Blake3 {
                continue;
            }
            let rows = Rows {
                bytes: &blob,
                shape: &shape,
            };
            let width = width.min(shape.symbol_size());
            if engine
                .widest(&shape, commitment)
                .is_none_or(|widest| widest < width)
            {
                all = false;
                continue;
            }
            let mut session = Session::new(engine, shape, commitment, width);
            let progress = Progress::new(&shape);
            let control = Control::new();
            let size = shape.symbol_size();
            for start in (0..size).step_by(width as usize) {
                let range = start..size.min(start + width);
                let done = session.on_device(range, &rows, None, &progress, &control);
                done.map_err(|failure| match failure {
                    Failure::Device(fault) => fault,
                    Failure::Job(error) => Fault::Refused(error.to_string()),
                })?;
            }
            if session.roots != Some(expected(engine, shape, commitment, &rows)) {
                return Err(Fault::Wrong("a known answer"));
            }
        }
    }
    Ok(all)
}

/// The CPU's answer.
fn expected(
    engine: &GpuEngine,
    shape: Shape,
    commitment: Commitment,
    rows: &dyn SymbolReader,
) -> [Vec<Digest>; 2] {
    let cpu = &engine.cpu;
    let (size, n) = (shape.symbol_size(), usize::from(shape.n_shards()));
    let session = cpu.start_encode(shape, commitment, size);
    let mut session = session.expect("memory for a small blob");
    let done = session.stripe(0..size, rows, None, &Control::new());
    done.expect("bytes in memory can be read");
    let leaves = session.leaves();
    // No row or column of a question is zero for its length.
    let zeros = Zeros::none();
    [
        roots_across(cpu, commitment, leaves, n, &zeros),
        roots_of_lines(cpu, commitment, leaves, n, &zeros),
    ]
}

/// The rows of a blob that fills its matrix.
struct Rows<'a> {
    bytes: &'a [u8],
    shape: &'a Shape,
}

impl SymbolReader for Rows<'_> {
    fn read(&self, item: usize, range: Range<u32>, out: &mut [u8]) -> Result<()> {
        let row = self.shape.sliver_len(Axis::Primary) as usize;
        let symbols = self.bytes[item * row..].chunks_exact(self.shape.symbol_size() as usize);
        let range = range.start as usize..range.end as usize;
        for (place, symbol) in out.chunks_exact_mut(range.len()).zip(symbols) {
            place.copy_from_slice(&symbol[range.clone()]);
        }
        Ok(())
    }
}
