//! Sink that passes slivers to a callback, as pieces of BCS SliverData.

use std::ffi::c_void;
use std::sync::{Mutex, PoisonError};

use super::arguments::axis_number;
use super::callbacks::{UserData, callback_result, walrus_accel_piece};
use crate::format::commitment::{BlobMetadataWithId, Commitment};
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverIndex};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::format::wire::SliverLayout;
use crate::io::control::Control;
use crate::io::sink::{Sink, SinkSession, SliverPart};

pub(super) type Write = unsafe extern "C" fn(*const walrus_accel_piece, *mut c_void) -> i32;

/// Sink that calls a function of the caller, one call at a time.
pub(super) struct PieceSink {
    write: Write,
    state: Mutex<State>,
}

struct State {
    user_data: UserData,
    scratch: Vec<u8>,
}

impl PieceSink {
    pub(super) fn new(write: Write, user_data: UserData) -> Self {
        Self {
            write,
            state: Mutex::new(State {
                user_data,
                scratch: Vec::new(),
            }),
        }
    }
}

impl Sink for PieceSink {
    fn begin<'a>(
        &'a mut self,
        shape: &Shape,
        _commitment: Commitment,
        pairs: &PairSet,
    ) -> Result<Box<dyn SinkSession + 'a>> {
        let session = Session {
            write: self.write,
            state: &self.state,
            shape: *shape,
            layouts: Axis::BOTH.map(|axis| SliverLayout::new(shape, axis)),
        };
        for pair in pairs.iter() {
            for axis in Axis::BOTH {
                session.frame(axis, pair.sliver(axis, shape.n_shards()))?;
            }
        }
        Ok(Box::new(session))
    }
}

struct Session<'a> {
    write: Write,
    state: &'a Mutex<State>,
    shape: Shape,
    layouts: [SliverLayout; 2],
}

impl Session<'_> {
    fn layout(&self, axis: Axis) -> &SliverLayout {
        let [primary, secondary] = &self.layouts;
        match axis {
            Axis::Primary => primary,
            Axis::Secondary => secondary,
        }
    }

    /// Passes on the bytes around a sliver's symbols.
    fn frame(&self, axis: Axis, sliver: SliverIndex) -> Result<()> {
        let layout = self.layout(axis);
        let end = layout.header_len + layout.symbols_len;
        let trailer = SliverLayout::trailer(self.shape.symbol_size(), sliver);
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.hand(&state, axis, sliver, 0, &layout.header())?;
        self.hand(&state, axis, sliver, end, &trailer)
    }

    fn hand(
        &self,
        state: &State,
        axis: Axis,
        sliver: SliverIndex,
        offset: u64,
        bytes: &[u8],
    ) -> Result<()> {
        let piece = walrus_accel_piece {
            data: bytes.as_ptr(),
            length: bytes.len(),
            offset,
            sliver_length: self.layout(axis).total_len,
            axis: axis_number(axis),
            pair: sliver.pair(axis, self.shape.n_shards()).0,
            index: sliver.0,
        };
        // SAFETY: the function is the caller's, called as the header says: the piece and its bytes
        // are valid, no other call runs (`state` is locked), and the function does not unwind.
        let answer = unsafe { (self.write)(&raw const piece, state.user_data.0) };
        callback_result(answer, |reason| Error::Sink {
            source: reason.into(),
        })
    }
}

impl SinkSession for Session<'_> {
    fn put(&self, part: &SliverPart<'_>) -> Result<()> {
        #[cfg(test)]
        super::tests::fault("sink");
        let header = self.layout(part.axis).header_len;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = std::mem::take(&mut state.scratch);
        let result = part.for_each_run(&mut scratch, |offset, bytes| {
            self.hand(&state, part.axis, part.sliver, header + offset, bytes)
        });
        state.scratch = scratch;
        result
    }

    fn finish(self: Box<Self>, _metadata: &BlobMetadataWithId, _control: &Control) -> Result<()> {
        Ok(())
    }
}
