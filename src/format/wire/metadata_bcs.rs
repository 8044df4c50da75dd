//! BCS of Merkle nodes and blob metadata.

use super::bcs::Codec;
use super::bcs_reader::{Reader, put_uleb};
use crate::format::commitment::{
    BlobId, BlobMetadata, BlobMetadataWithId, Commitment, Node, SliverPairMetadata,
};
use crate::format::error::Result;
use crate::support::memory::{ensure_capacity, try_with_capacity};

/// Only version of the metadata.
const VERSION: u8 = 0;

/// Encoding type of the code that the network withdrew.
const WITHDRAWN: u8 = 0;

/// Maximum number of sliver pairs: indices have 16 bits.
const MAX_PAIRS: usize = u16::MAX as usize;

/// Length of the shortest pair: two empty nodes.
const MIN_PAIR_LEN: usize = 2;

/// Length of a pair with one empty root.
///
/// A blob is certified when two thirds of the shards have verified both of their slivers, which is
/// impossible against empty roots. Metadata with more empty roots than others therefore belongs to
/// no blob, and would take many times its length in memory.
const HALF_PAIR_LEN: usize = 1 + 33;

/// Length of a pair of two digests.
pub(super) const PAIR_LEN: usize = 2 * 33;

impl Codec for Node {
    const STRUCTURE: &'static str = "Merkle node";

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let is_digest = reader.tag(|tag| match tag {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err("a node is neither empty (00) nor a digest (01)"),
        })?;
        Ok(if is_digest {
            Self::Digest(reader.array()?)
        } else {
            Self::Empty
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Empty => out.push(0),
            Self::Digest(digest) => {
                out.push(1);
                out.extend_from_slice(digest);
            }
        }
    }
}

impl Codec for SliverPairMetadata {
    const STRUCTURE: &'static str = "sliver pair metadata";

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            primary: Node::read(reader)?,
            secondary: Node::read(reader)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.primary.write(out);
        self.secondary.write(out);
    }
}

impl Codec for BlobMetadata {
    const STRUCTURE: &'static str = "blob metadata";

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        reader.tag(|version| match version {
            VERSION => Ok(()),
            _ => Err("the metadata is of an unknown version"),
        })?;
        let commitment = reader.tag(|encoding_type| match encoding_type {
            WITHDRAWN => Err(
                "encoding type 00 is the withdrawn RedStuff/RaptorQ code, which is no longer in \
                 use",
            ),
            _ => {
                Commitment::from_encoding_type(encoding_type).ok_or("the encoding type is unknown")
            }
        })?;
        let unencoded_length = reader.u64()?;
        let limit = (MAX_PAIRS, "there are more than 65535 sliver pairs");
        let at = reader.offset();
        let count = reader.count(MIN_PAIR_LEN, limit)?;
        if reader.left() < count * HALF_PAIR_LEN {
            return Err(reader.malformed(
                at,
                "more than half of the roots are empty, or the bytes end early",
            ));
        }
        let mut pairs = try_with_capacity(count)?;
        for _ in 0..count {
            pairs.push(SliverPairMetadata::read(reader)?);
        }
        Ok(Self {
            commitment,
            unencoded_length,
            pairs,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        ensure_capacity(out, out.len() + 16 + self.pairs.len() * PAIR_LEN);
        out.extend_from_slice(&[VERSION, self.commitment.encoding_type()]);
        out.extend_from_slice(&self.unencoded_length.to_le_bytes());
        put_uleb(self.pairs.len() as u64, out);
        for pair in &self.pairs {
            pair.write(out);
        }
    }
}

impl Codec for BlobMetadataWithId {
    const STRUCTURE: &'static str = "blob metadata with ID";

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            blob_id: BlobId(reader.array()?),
            metadata: BlobMetadata::read(reader)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.blob_id.0);
        self.metadata.write(out);
    }
}
