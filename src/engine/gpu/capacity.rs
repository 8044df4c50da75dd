//! What a device has room for: how wide stripes can be, and how many slivers it takes at once.

use super::encode::stripe::EncodeSizes;
use super::shader::modules::Shader;
use super::{GpuEngine, decode, expand, unavailable};
use crate::code::Code;
use crate::engine::STRIPE_UNIT;
use crate::format::commitment::Commitment;
use crate::format::error::{Error, Result};
use crate::format::index::Axis;
use crate::format::shape::Shape;

/// Why a device cannot do a job.
pub(crate) enum NoCapacity {
    /// So many bytes are needed at least.
    Memory(u64),
    /// The committee is too large for its shaders.
    Committee,
}

impl GpuEngine {
    /// Whether buffers fit on the device, of which the largest and all have so many bytes.
    pub(crate) fn fits(&self, largest: u64, total: u64) -> bool {
        largest <= self.info.largest_binding && total <= self.budget()
    }

    /// Whether a shader of this device can do the code of a committee.
    pub(crate) fn has_codes(&self, shape: &Shape) -> bool {
        let bytes = self.device.workgroup_bytes();
        Axis::BOTH.into_iter().all(|axis| {
            let original = usize::from(shape.sliver_symbols(axis));
            let code = Code::new(original, usize::from(shape.n_shards()) - original);
            Shader::extend(code.chunk, bytes).is_some()
        })
    }

    /// The widest stripes that the device has room for: whole symbols, or a multiple of the unit. `bytes`
    /// are those of the largest buffer and of all, by the width.
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
            // A short symbol may take less whole.
            true => Err(NoCapacity::Memory(narrowest.min(bytes(size).1))),
            false => Err(NoCapacity::Committee),
        }
    }

    /// The widest stripes of encoding.
    pub(crate) fn widest(&self, shape: &Shape, commitment: Commitment) -> Result<u32, NoCapacity> {
        self.widest_of(shape, |width| {
            let sizes = EncodeSizes::new(shape, commitment, width, self.cut);
            (sizes.largest(), sizes.total())
        })
    }

    /// The widest stripes of decoding.
    pub(crate) fn widest_decode(&self, shape: &Shape, axis: Axis) -> Result<u32, NoCapacity> {
        self.widest_of(shape, |width| {
            let sizes = decode::DecodeSizes::new(shape, axis, width, self.cut);
            (sizes.largest(), sizes.total())
        })
    }

    /// The widest pieces of a sliver that is hashed.
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

    /// The CPU does a job for which the device has no room, if it may: an error where a limit was set that
    /// is too low, or where the CPU is not to go on.
    pub(crate) fn leave_to_cpu(&self, no_capacity: &NoCapacity, shape: &Shape) -> Result<()> {
        let fallback = self.options.fallback;
        match *no_capacity {
            NoCapacity::Memory(needed) if self.options.memory.is_some() || !fallback => {
                Err(Error::DeviceMemory {
                    device: self.info.name.clone(),
                    needed,
                    budget: self.budget(),
                })
            }
            NoCapacity::Committee if !fallback => Err(unavailable(format!(
                "{}: its workgroups or bindings are too small for committees of {} shards, and the \
                 CPU is not to go on instead",
                self.info.name,
                shape.n_shards()
            ))),
            _ => Ok(()),
        }
    }

    /// How many slivers are on the device at once, in pieces of `width`.
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
            sizes.largest() <= self.cut.block && self.fits(sizes.largest(), sizes.total())
        };
        let mut count = items;
        while count > 1 && !fits(count) {
            count = count.div_ceil(2);
        }
        count.max(1)
    }
}
