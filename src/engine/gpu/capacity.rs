//! Capacity of a device: the width of stripes, and the number of slivers at once.

use super::audit::leaf_samples;
use super::encode::stripe::EncodeSizes;
use super::shader::modules::Shader;
use super::{GpuEngine, decode, expand, unavailable};
use crate::code::Code;
use crate::engine::{Capacity, EngineKind, STRIPE_UNIT, Sessions};
use crate::format::commitment::Commitment;
use crate::format::error::{Error, Result};
use crate::format::index::Axis;
use crate::format::shape::Shape;

/// Reason a device cannot do a job.
pub(crate) enum NoCapacity {
    /// Least number of bytes of device memory that the job needs.
    Memory(u64),
    /// The committee is too large for the device's workgroups or bindings.
    Committee,
}

impl GpuEngine {
    /// Returns true if buffers fit on the device. `largest` are the bytes of the largest one,
    /// `total` of all.
    pub(crate) fn fits(&self, largest: u64, total: u64) -> bool {
        largest <= self.info.largest_binding && total <= self.budget()
    }

    /// Returns true if the device has enough workgroup memory for the codes of a committee.
    pub(crate) fn has_codes(&self, shape: &Shape) -> bool {
        let limits = self.device.workgroup_limits();
        Axis::BOTH.into_iter().all(|axis| {
            let original = usize::from(shape.sliver_symbols(axis));
            let code = Code::new(original, usize::from(shape.n_shards()) - original);
            Shader::extend(code, limits).is_some()
        })
    }

    /// Returns the widest stripes that fit on the device: whole symbols, or a multiple of
    /// [`STRIPE_UNIT`]. `bytes(width)` are the bytes of the largest buffer and of all.
    pub(crate) fn widest_of(
        &self,
        shape: &Shape,
        bytes: impl Fn(u32) -> (u64, u64),
    ) -> Result<u32, NoCapacity> {
        let fits = |width| {
            #[cfg(test)]
            if width > self.most_width {
                return false;
            }
            let (largest, total) = bytes(width);
            self.fits(largest, total)
        };
        if !self.has_codes(shape) {
            return Err(NoCapacity::Committee);
        }
        let size = shape.symbol_size();
        if fits(size) {
            return Ok(size);
        }
        let unit = STRIPE_UNIT;
        let (mut good, mut bad) = (0, size.div_ceil(unit));
        while bad - good > 1 {
            let middle = good + (bad - good) / 2;
            if fits(middle * unit) {
                good = middle;
            } else {
                bad = middle;
            }
        }
        if good > 0 {
            return Ok(good * unit);
        }
        let (largest, narrowest) = bytes(unit.min(size));
        match largest <= self.info.largest_binding {
            // A short symbol may take less memory in one stripe, without hash states.
            true => Err(NoCapacity::Memory(narrowest.min(bytes(size).1))),
            false => Err(NoCapacity::Committee),
        }
    }

    /// Returns the widest stripes of encoding.
    pub(crate) fn widest(&self, shape: &Shape, commitment: Commitment) -> Result<u32, NoCapacity> {
        self.widest_of(shape, |width| {
            let sizes = EncodeSizes::new(shape, commitment, width, self.cut);
            (sizes.largest(), sizes.total())
        })
    }

    /// Returns the widest stripes of decoding.
    pub(crate) fn widest_decode(&self, shape: &Shape, axis: Axis) -> Result<u32, NoCapacity> {
        self.widest_of(shape, |width| {
            let sizes = decode::DecodeSizes::new(shape, axis, width, self.cut);
            (sizes.largest(), sizes.total())
        })
    }

    /// Returns the widest pieces of a sliver to expand.
    pub(crate) fn widest_expand(
        &self,
        shape: &Shape,
        commitment: Commitment,
        axis: Axis,
    ) -> Result<u32, NoCapacity> {
        self.widest_of(shape, |width| {
            let sizes = expand::ExpandSizes::new(shape, commitment, axis, 1, width);
            (sizes.largest(), sizes.total())
        })
    }

    /// Returns the engine that does a job with the widest stripes of the device: the CPU if the
    /// device has no capacity.
    ///
    /// # Errors
    ///
    /// [`Error::DeviceMemory`] if the device has too little memory and a limit was set or the CPU
    /// must not take its place; [`Error::EngineUnavailable`] if the committee is too large and the
    /// CPU must not take its place.
    pub(crate) fn capacity(
        &self,
        widest: Result<u32, NoCapacity>,
        shape: &Shape,
    ) -> Result<Capacity> {
        let fallback = self.options.fallback;
        match widest {
            Ok(widest) => Ok(Capacity {
                engine: EngineKind::Gpu,
                widest,
            }),
            Err(NoCapacity::Memory(needed)) if self.options.memory.is_some() || !fallback => {
                Err(Error::DeviceMemory {
                    device: self.info.name.clone(),
                    needed,
                    budget: self.budget(),
                })
            }
            Err(NoCapacity::Committee) if !fallback => Err(unavailable(format!(
                "{}: its workgroups or bindings are too small for committees of {} shards, and the \
                 CPU is not to go on instead",
                self.info.name,
                shape.n_shards()
            ))),
            Err(_) => Ok(self.cpu.unlimited()),
        }
    }

    /// Returns the number of slivers, of `items`, that fit on the device at once in pieces of
    /// `width` bytes.
    pub(crate) fn items_at_once(
        &self,
        shape: &Shape,
        commitment: Commitment,
        axis: Axis,
        items: usize,
        width: u32,
    ) -> usize {
        let sizes = |items| expand::ExpandSizes::new(shape, commitment, axis, items, width);
        let fits = |items| {
            let sizes = sizes(items);
            leaf_samples::fits(shape.n_shards().into(), items)
                && sizes.largest() <= self.cut.block
                && self.fits(sizes.largest(), sizes.total())
        };
        let mut count = items;
        while count > 1 && !fits(count) {
            count = count.div_ceil(2);
        }
        count.max(1)
    }
}
