//! Encoded blobs, sliver sources with any of their slivers, and the least memory of a job.

use walrus_accel::io::{SliverBuffer, SliverInfo, SliverSource};
use walrus_accel::wire::{Sliver, SliverData};
use walrus_accel::{
    Axis, BlobMetadataWithId, Control, Encoder, EngineKind, Error, PairSet, Result, Runtime, Shape,
    SliverIndex, VerifiedMetadata,
};

/// Blob with its metadata and all slivers.
pub struct Sample {
    pub blob: Vec<u8>,
    pub encoded: BlobMetadataWithId,
    pub verified: VerifiedMetadata,
    pub shape: Shape,
    pub buffer: SliverBuffer,
}

impl Sample {
    /// Encodes a blob by the CPU engine.
    pub fn new(n_shards: u16, blob: Vec<u8>) -> Self {
        let runtime = Runtime::builder().engine(EngineKind::Cpu).threads(2);
        let runtime = runtime.build().unwrap();
        Self::by(&runtime.encoder(n_shards).unwrap(), blob)
    }

    pub fn by(encoder: &Encoder, blob: Vec<u8>) -> Self {
        let mut buffer = SliverBuffer::new();
        let pairs = PairSet::all(encoder.n_shards());
        let encoded = encoder.encode(&blob, &pairs, &mut buffer, &Control::new());
        let encoded = encoded.unwrap();
        Self {
            shape: encoded.metadata.shape().unwrap(),
            verified: encoded.clone().verify(encoder.n_shards()).unwrap(),
            blob,
            encoded,
            buffer,
        }
    }

    pub fn metadata(&self) -> &VerifiedMetadata {
        &self.verified
    }

    /// Returns the symbols of a sliver, by its index along the axis.
    pub fn symbols(&self, axis: Axis, index: usize) -> &[u8] {
        let pair = SliverIndex(index as u16).pair(axis, self.shape.n_shards());
        self.buffer.symbols(axis, pair).unwrap()
    }

    pub fn sliver(&self, axis: Axis, index: usize) -> Sliver {
        Sliver {
            axis,
            data: SliverData {
                symbols: self.symbols(axis, index).to_vec(),
                symbol_size: self.shape.symbol_size() as u16,
                index: SliverIndex(index as u16),
            },
        }
    }

    /// Returns copies of the slivers with these indices.
    pub fn slivers(&self, axis: Axis, indices: impl IntoIterator<Item = usize>) -> Vec<Sliver> {
        let indices = indices.into_iter();
        indices.map(|index| self.sliver(axis, index)).collect()
    }

    /// Returns a source of the slivers with these indices.
    pub fn pick(&self, axis: Axis, indices: &[usize]) -> Picked<'_> {
        Picked {
            sample: self,
            slivers: indices.iter().map(|&index| (axis, index)).collect(),
        }
    }
}

/// Source of some slivers of a sample.
pub struct Picked<'a> {
    sample: &'a Sample,
    pub slivers: Vec<(Axis, usize)>,
}

impl SliverSource for Picked<'_> {
    fn infos(&self) -> Vec<SliverInfo> {
        let shape = &self.sample.shape;
        let info = |&(axis, index): &(Axis, usize)| SliverInfo {
            axis,
            index: SliverIndex(index as u16),
            symbol_size: shape.symbol_size(),
            len: shape.sliver_len(axis),
        };
        self.slivers.iter().map(info).collect()
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        let (axis, index) = self.slivers[number];
        let symbols = self.sample.symbols(axis, index);
        out.copy_from_slice(&symbols[offset as usize..][..out.len()]);
        Ok(())
    }
}

/// Returns the least memory limit of a job, as the job's error reports it for a limit of one byte.
pub fn least_memory<T>(job: impl FnOnce(u64) -> Result<T>) -> u64 {
    match job(1) {
        Err(Error::MemoryBudget { needed, budget: 1 }) => needed,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("no job takes one byte"),
    }
}
