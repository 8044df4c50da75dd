//! Timestamps of a device's work, if the device has them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::io::control::DeviceTime;

/// Features of a device with timestamps.
pub(crate) const FEATURES: wgpu::Features =
    wgpu::Features::TIMESTAMP_QUERY.union(wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS);

/// Timestamps per submission at most. Later work of the submission is not timed.
const STAMPS: u32 = 16;

/// Submissions whose timestamps are kept until they are read.
const SUBMISSIONS: u32 = 256;

/// Bytes of a timestamp.
const STAMP: u64 = 8;
/// Distance of the timestamps of two submissions, in bytes.
const STEP: u64 = wgpu::QUERY_RESOLVE_BUFFER_ALIGNMENT;

/// Kind of work that is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpanKind {
    Upload,
    Kernels,
    Readback,
}

/// Timestamps of a device.
pub(crate) struct Timing {
    set: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    /// Nanoseconds per tick.
    period: f64,
    /// True if the job asks for times.
    is_on: AtomicBool,
    /// Kinds of the spans of each submission since timestamps were read.
    spans: Mutex<Vec<Vec<SpanKind>>>,
}

/// Spans of submissions whose timestamps have not been read.
pub(crate) struct Unread(Vec<Vec<SpanKind>>);

/// Timestamps of one submission.
pub(crate) struct SubmissionSpans<'t> {
    timing: &'t Timing,
    number: u32,
    used: u32,
    kinds: Vec<SpanKind>,
}

impl Timing {
    /// Returns `None` if the device has no timestamps.
    pub(crate) fn new(device: &wgpu::Device, queue: &wgpu::Queue) -> Option<Self> {
        if !device.features().contains(FEATURES) {
            return None;
        }
        use wgpu::BufferUsages as Usage;
        Some(Self {
            set: device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("timestamps"),
                ty: wgpu::QueryType::Timestamp,
                count: SUBMISSIONS * STAMPS,
            }),
            resolved: device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("timestamps"),
                size: u64::from(SUBMISSIONS) * STEP,
                usage: Usage::QUERY_RESOLVE | Usage::COPY_SRC,
                mapped_at_creation: false,
            }),
            period: queue.get_timestamp_period().into(),
            is_on: AtomicBool::new(false),
            spans: Mutex::default(),
        })
    }

    fn spans(&self) -> MutexGuard<'_, Vec<Vec<SpanKind>>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns timestamps for a submission, or `None` if they are off or all in use.
    pub(crate) fn start_submission(&self) -> Option<SubmissionSpans<'_>> {
        if !self.is_on.load(Ordering::Relaxed) {
            return None;
        }
        let mut spans = self.spans();
        let number = u32::try_from(spans.len()).ok()?;
        (number < SUBMISSIONS).then(|| {
            spans.push(Vec::new());
            SubmissionSpans {
                timing: self,
                number,
                used: 0,
                kinds: Vec::new(),
            }
        })
    }

    /// Returns true if timestamps for few submissions are left, so that they must be read.
    pub(crate) fn is_full(&self) -> bool {
        self.spans().len() as u32 + 8 > SUBMISSIONS
    }

    /// Turns timestamps on or off. Drops timestamps that have not been read.
    pub(crate) fn begin(&self, is_on: bool) {
        self.is_on.store(is_on, Ordering::Relaxed);
        self.spans().clear();
    }

    /// Takes the spans whose timestamps have not been read, submission by submission.
    pub(crate) fn take(&self) -> Unread {
        Unread(std::mem::take(&mut *self.spans()))
    }

    /// Records a copy of the timestamps of `unread` to a buffer.
    pub(crate) fn copy(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        unread: &Unread,
        to: &wgpu::Buffer,
    ) {
        encoder.copy_buffer_to_buffer(&self.resolved, 0, to, 0, unread.bytes());
    }

    /// Adds the durations of `unread`, whose timestamps are `stamps`, to `times`.
    pub(crate) fn add(&self, unread: &Unread, stamps: &[u8], times: &mut DeviceTime) {
        for (kinds, stamps) in unread.0.iter().zip(stamps.chunks_exact(STEP as usize)) {
            let (stamps, _) = stamps.as_chunks::<{ STAMP as usize }>();
            let ticks = stamps.as_chunks::<2>().0.iter();
            for (kind, [begin, end]) in kinds.iter().zip(ticks) {
                let [begin, end] = [begin, end].map(|stamp| u64::from_le_bytes(*stamp));
                let nanos = end.saturating_sub(begin) as f64 * self.period;
                let place = match kind {
                    SpanKind::Upload => &mut times.upload,
                    SpanKind::Kernels => &mut times.kernels,
                    SpanKind::Readback => &mut times.readback,
                };
                *place += Duration::from_nanos(nanos as u64);
            }
        }
    }
}

impl Unread {
    /// Returns true if there is no submission.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of the timestamps.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.len() as u64 * STEP
    }
}

impl SubmissionSpans<'_> {
    /// Records the start of a span of work.
    pub(crate) fn begin(&mut self, encoder: &mut wgpu::CommandEncoder, kind: SpanKind) {
        if self.used + 2 <= STAMPS {
            encoder.write_timestamp(&self.timing.set, self.number * STAMPS + self.used);
            self.used += 1;
            self.kinds.push(kind);
        }
    }

    /// Records the end of the span.
    pub(crate) fn end(&mut self, encoder: &mut wgpu::CommandEncoder) {
        if self.used % 2 == 1 {
            encoder.write_timestamp(&self.timing.set, self.number * STAMPS + self.used);
            self.used += 1;
        }
    }

    /// Records that the timestamps are kept until they are read.
    pub(crate) fn resolve(self, encoder: &mut wgpu::CommandEncoder) {
        if self.used > 0 {
            let first = self.number * STAMPS;
            encoder.resolve_query_set(
                &self.timing.set,
                first..first + self.used,
                &self.timing.resolved,
                u64::from(self.number) * STEP,
            );
        }
        self.timing.spans()[self.number as usize] = self.kinds;
    }
}
