//! What a device spends its time on, by its own clock: where it has timestamps.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::io::control::DeviceTime;

/// What it takes of a device.
pub(crate) const FEATURES: wgpu::Features =
    wgpu::Features::TIMESTAMP_QUERY.union(wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS);

/// The timestamps of a submission at most; what comes behind is not measured.
const STAMPS: u32 = 16;

/// The submissions whose timestamps are kept until they are read.
const SUBMISSIONS: u32 = 256;

/// The bytes of a timestamp, and between those of two submissions.
const STAMP: u64 = 8;
const STEP: u64 = wgpu::QUERY_RESOLVE_BUFFER_ALIGNMENT;

/// What time is spent on.
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
    /// Nanoseconds a tick.
    period: f64,
    /// The kinds of the spans of each submission since timestamps were read.
    spans: Mutex<Vec<Vec<SpanKind>>>,
}

/// Spans of submissions whose timestamps have not been read.
pub(crate) struct Unread(Vec<Vec<SpanKind>>);

/// The timestamps of one submission.
pub(crate) struct SubmissionSpans<'t> {
    timing: &'t Timing,
    number: u32,
    used: u32,
    kinds: Vec<SpanKind>,
}

impl Timing {
    /// `None` if the device has no timestamps.
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
            spans: Mutex::default(),
        })
    }

    fn spans(&self) -> MutexGuard<'_, Vec<Vec<SpanKind>>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Timestamps for a submission; `None` if all are in use.
    pub(crate) fn slot(&self) -> Option<SubmissionSpans<'_>> {
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

    /// Whether there is room for few submissions only, so that it is time to read.
    pub(crate) fn is_full(&self) -> bool {
        self.spans().len() as u32 + 8 > SUBMISSIONS
    }

    /// Forgets what has not been read: a job that ended early left it.
    pub(crate) fn forget(&self) {
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
    /// Something of this kind begins.
    pub(crate) fn begin(&mut self, encoder: &mut wgpu::CommandEncoder, kind: SpanKind) {
        if self.used + 2 <= STAMPS {
            encoder.write_timestamp(&self.timing.set, self.number * STAMPS + self.used);
            self.used += 1;
            self.kinds.push(kind);
        }
    }

    /// It has ended.
    pub(crate) fn end(&mut self, encoder: &mut wgpu::CommandEncoder) {
        if self.used % 2 == 1 {
            encoder.write_timestamp(&self.timing.set, self.number * STAMPS + self.used);
            self.used += 1;
        }
    }

    /// Keeps the timestamps for `read`.
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
