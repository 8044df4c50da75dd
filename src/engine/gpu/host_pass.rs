//! The host's pass over symbols on their way to a device or back. While a symbol is in a core's
//! cache, it is combined for the check and copied to every place where it belongs, so that memory
//! reads it once.
//!
//! The symbols are a grid: lines (rows, slivers or codewords) of equally many symbols. Tasks take
//! some symbols of some lines, so that few lines and few symbols occupy all threads alike.

#![allow(unsafe_code)]

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::audit::combination_check::{
    CodewordAxis, CombinationCheck, CombinedCodewords, Sum, add,
};
use super::device::workspace::grow;
use super::shader::symbol_layout::{CHUNK, SymbolLayout};
use crate::engine::cpu::CpuEngine;
use crate::engine::cpu::shared_buffers::{SharedBuffer, settle};
use crate::format::error::Result;
use crate::io::device_work::DeviceWorkTotal;
use crate::io::sink::Pieces;
use crate::io::symbol_reader::SymbolReader;
use crate::support::memory::{collected, with_capacity};

/// Bytes of a line that a task takes at once.
const TASK_BYTES: usize = 64 << 10;

/// Bytes that are combined, then copied from the first-level cache.
const GROUP_BYTES: usize = 16 << 10;

/// Symbols of a line per task at most.
const MOST_SYMBOLS: usize = 32;

/// Lines per task at most.
const MOST_LINES: usize = 16;

/// Line of symbols in memory, at equal distances.
#[derive(Clone, Copy)]
pub(crate) struct Line<'s> {
    /// The symbols' bytes, and any bytes after them.
    pub(crate) bytes: &'s [u8],
    /// Distance of two symbols in bytes.
    pub(crate) stride: usize,
}

/// Part of a line.
pub(crate) struct SymbolGroup<'a> {
    pub(crate) line: usize,
    /// Number of the first symbol in the line.
    pub(crate) first: usize,
    pub(crate) symbols: Pieces<'a>,
    /// Combined symbols. Empty without the check.
    pub(crate) chunks: &'a [Sum],
}

/// Sums to which codewords are added, each with its factor.
pub(crate) struct CodewordSums<'a> {
    /// Kind of the codewords.
    pub(crate) axis: CodewordAxis,
    /// Number of the first codeword.
    pub(crate) first: usize,
    pub(crate) sums: &'a mut [Sum],
}

/// Sums of a pass.
pub(crate) struct PassSums<'a> {
    pub(crate) check: &'a CombinationCheck,
    /// Sums of the lines, which are codewords: one sum per symbol.
    pub(crate) of_lines: Option<CodewordSums<'a>>,
    /// Sums of the codewords across the lines: one sum per line.
    pub(crate) across_lines: Option<CodewordSums<'a>>,
}

/// Pass over the symbols of lines.
pub(crate) struct HostPass<'a> {
    pub(crate) cpu: &'a CpuEngine,
    pub(crate) lines: usize,
    /// Symbols per line.
    pub(crate) symbols: usize,
    /// Bytes per symbol.
    pub(crate) width: usize,
    /// `None` without the check.
    pub(crate) sums: Option<PassSums<'a>>,
}

impl HostPass<'_> {
    /// Combines all symbols and passes them to `copy` in groups, on all threads. `line` returns the
    /// line of a number.
    pub(crate) fn run<'s>(
        self,
        line: impl Fn(usize) -> Line<'s> + Sync,
        copy: impl Fn(&SymbolGroup<'_>) + Sync,
    ) {
        let Self {
            cpu,
            lines,
            symbols,
            width,
            sums,
        } = self;
        // The kernel combines four symbols at a time.
        let together = |bytes: usize| (bytes / width).clamp(4, MOST_SYMBOLS) / 4 * 4;
        let (in_task, in_group) = (together(TASK_BYTES), together(GROUP_BYTES));
        let per_line = symbols.div_ceil(in_task);
        let check = sums.as_ref().map(TaskCheck::new);
        let sums = Mutex::new(sums);
        let run = |number: usize| {
            let first_line = number / per_line * MOST_LINES;
            let first = number % per_line * in_task;
            let lines = first_line..lines.min(first_line + MOST_LINES);
            let symbols = first..symbols.min(first + in_task);
            let mut task = TaskSums::default();
            for number in lines.clone() {
                let Line { bytes, stride } = line(number);
                for first in symbols.clone().step_by(in_group) {
                    let count = in_group.min(symbols.end - first);
                    let bytes = &bytes[first * stride..];
                    let mut chunks = [[0; CHUNK]; MOST_SYMBOLS];
                    let chunks = match &check {
                        Some(check) => {
                            let chunks = &mut chunks[..count];
                            let from = [number - lines.start, first - symbols.start];
                            check.check.combine_symbols(bytes, [width, stride], chunks);
                            check.add([number, first], chunks, from, &mut task);
                            &*chunks
                        }
                        None => &[],
                    };
                    copy(&SymbolGroup {
                        line: number,
                        first,
                        symbols: Pieces::new(bytes, width, stride, count),
                        chunks,
                    });
                }
            }
            // The bytes may have gone past the caches.
            settle();
            let mut sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(sums) = &mut *sums {
                task.add_to(sums, lines, symbols);
            }
        };
        let tasks = lines.div_ceil(MOST_LINES) * per_line;
        cpu.install(|| (0..tasks).into_par_iter().for_each(run));
    }
}

/// Codewords whose sums a task computes: kind and first codeword.
#[derive(Clone, Copy)]
struct TaskCheck<'a> {
    check: &'a CombinationCheck,
    of_lines: Option<(CodewordAxis, usize)>,
    across_lines: Option<(CodewordAxis, usize)>,
}

/// Sums of a task.
struct TaskSums {
    of_lines: [Sum; MOST_SYMBOLS],
    across_lines: [Sum; MOST_LINES],
}

impl Default for TaskSums {
    fn default() -> Self {
        Self {
            of_lines: [[0; CHUNK]; MOST_SYMBOLS],
            across_lines: [[0; CHUNK]; MOST_LINES],
        }
    }
}

impl<'a> TaskCheck<'a> {
    fn new(sums: &PassSums<'a>) -> Self {
        let of = |sums: &CodewordSums<'_>| (sums.axis, sums.first);
        Self {
            check: sums.check,
            of_lines: sums.of_lines.as_ref().map(of),
            across_lines: sums.across_lines.as_ref().map(of),
        }
    }

    /// Adds the combined symbols of a group to the sums of a task. `[line, symbol]`: where the
    /// group begins in the grid; `from`: where it begins in the task.
    fn add(
        &self,
        [line, symbol]: [usize; 2],
        chunks: &[Sum],
        from: [usize; 2],
        task: &mut TaskSums,
    ) {
        let count = chunks.len();
        if let Some((axis, first)) = self.of_lines {
            let codeword = CombinedCodewords {
                axis,
                first: first + line,
                count: 1,
                chunks,
                symbol: 1,
                codeword: 1,
            };
            let sums = &mut task.of_lines[from[1]..][..count];
            self.check.add_codewords(codeword, sums);
        }
        if let Some((axis, first)) = self.across_lines {
            let codewords = CombinedCodewords {
                axis,
                first: first + symbol,
                count,
                chunks,
                symbol: count,
                codeword: 1,
            };
            let sum = &mut task.across_lines[from[0]..][..1];
            self.check.add_codewords(codewords, sum);
        }
    }
}

impl TaskSums {
    /// Adds the sums of a task to the sums of the pass.
    fn add_to(&self, sums: &mut PassSums<'_>, lines: Range<usize>, symbols: Range<usize>) {
        let add_all = |to: &mut [Sum], sums: &[Sum]| {
            to.iter_mut().zip(sums).for_each(|(to, sum)| add(to, sum));
        };
        if let Some(of_lines) = &mut sums.of_lines {
            add_all(&mut of_lines.sums[symbols], &self.of_lines);
        }
        if let Some(across_lines) = &mut sums.across_lines {
            add_all(&mut across_lines.sums[lines], &self.across_lines);
        }
    }
}

/// Items of a reader, of whose symbols a byte range is wanted.
pub(crate) struct WantedItems<'s> {
    pub(crate) reader: &'s dyn SymbolReader,
    pub(crate) items: Range<usize>,
    /// Byte range of every symbol.
    pub(crate) range: Range<u32>,
    /// Symbols per item, and their size in bytes.
    pub(crate) symbols: usize,
    pub(crate) symbol_size: usize,
    /// True if lines must be at equal distances in memory, but for one place between two lines.
    pub(crate) in_two_runs: bool,
}

impl<'s> WantedItems<'s> {
    /// Returns the items as lines: borrowed where they lie in memory, and read into `memory`
    /// otherwise.
    ///
    /// # Errors
    ///
    /// Errors of the reader.
    pub(crate) fn lines(
        &self,
        cpu: &CpuEngine,
        memory: &'s mut Vec<u8>,
        work: &DeviceWorkTotal,
    ) -> Result<Vec<Line<'s>>> {
        let width = self.range.len();
        let len = self.symbols * self.symbol_size;
        let borrow = |item: usize| {
            let bytes = self
                .reader
                .borrow(item)
                .filter(|bytes| bytes.len() >= len)?;
            Some(Line {
                bytes: &bytes[self.range.start as usize..],
                stride: self.symbol_size,
            })
        };
        let mut lines = collected(self.items.clone().map(borrow));
        if self.in_two_runs {
            let together = lines.windows(2).take_while(|pair| match pair {
                [Some(line), Some(next)] => line.precedes(next, len),
                _ => false,
            });
            let run = match together.count() {
                0 if lines.len() > 1 => 0,
                count => count + 1,
            };
            lines.iter_mut().skip(run).for_each(|line| *line = None);
        }
        let mut absent = with_capacity(lines.len());
        let items = lines.iter().zip(self.items.clone());
        absent.extend(items.filter_map(|(line, item)| line.is_none().then_some(item)));
        let len = self.symbols * width;
        grow(memory, absent.len() * len, work);
        let places = memory[..absent.len() * len].par_chunks_exact_mut(len);
        let reads = places.zip(&absent);
        let read =
            |(place, item): (&mut [u8], &usize)| self.reader.read(*item, self.range.clone(), place);
        cpu.install(|| reads.try_for_each(read))?;
        work.add_host(absent.len() * len, absent.len() * len);
        let memory: &'s [u8] = memory;
        let mut here = (0..absent.len()).map(|number| Line {
            bytes: &memory[number * len..],
            stride: width,
        });
        let lines = lines
            .into_iter()
            .map(|line| line.unwrap_or_else(|| here.next().expect("every absent line was read")));
        Ok(collected(lines))
    }
}

impl Line<'_> {
    /// Returns true if another line begins `len` bytes later in the same memory.
    fn precedes(&self, next: &Self, len: usize) -> bool {
        self.stride == next.stride
            && self.bytes.as_ptr().wrapping_add(len) == next.bytes.as_ptr()
            && self.bytes.len() == len + next.bytes.len()
    }
}

/// Returns runs of lines at equal distances of `symbols` symbols.
pub(crate) fn runs<'l, 's>(lines: &'l [Line<'s>], symbols: usize) -> Vec<&'l [Line<'s>]> {
    collected(lines.chunk_by(|line, next| line.precedes(next, symbols * line.stride)))
}

/// Mapped memory of symbols in a device's layout, which several threads write, each symbols of its
/// own.
pub(crate) struct StagedSymbols<'a> {
    memory: SharedBuffer<'a>,
    layout: SymbolLayout,
}

impl<'a> StagedSymbols<'a> {
    pub(crate) fn new(memory: &'a mut wgpu::WriteOnly<'_, [u8]>, layout: SymbolLayout) -> Self {
        let (start, len) = (memory.as_raw_element_ptr(), memory.len());
        Self {
            // SAFETY: `memory` is writable and borrowed exclusively for `'a`.
            memory: unsafe { SharedBuffer::of_memory(start, len) },
            layout,
        }
    }

    /// Writes symbols, the first one to place `number`.
    ///
    /// # Safety
    ///
    /// No other thread may write to these places at the same time.
    pub(crate) unsafe fn write(&self, number: usize, symbols: Pieces<'_>) {
        let pitch = self.layout.pitch();
        let whole = match pitch == self.layout.width {
            true => symbols.contiguous(),
            false => None,
        };
        if let Some(bytes) = whole {
            // SAFETY: the caller guarantees it.
            return unsafe { self.memory.write(number * pitch, bytes) };
        }
        for (index, symbol) in symbols.iter().enumerate() {
            let start = (number + index) * pitch;
            self.layout.pack(symbol, |at, bytes| {
                // SAFETY: the caller guarantees it.
                unsafe { self.memory.write(start + at, bytes) };
            });
        }
    }
}
