//! Types of the node, on top of the library. Only this module knows the library.

use std::fmt;
use std::marker::PhantomData;
use std::sync::OnceLock;

use walrus_accel::decode::{DecodeRequest, UncheckedRequest};
use walrus_accel::io::{OwnedSlivers, SliverRef};
use walrus_accel::wire::Bcs;
use walrus_accel::{
    Axis, BlobMetadataWithId, Control, Encoder, PairSet, Runtime, Shape, SliverIndex,
    SliverPairIndex, VerifiedMetadata,
};

/// Returns the one runtime of this process.
pub fn shared_runtime() -> Result<Runtime, Error> {
    static SHARED: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = SHARED.get() {
        return Ok(runtime.clone());
    }
    let runtime = Runtime::builder().memory(1 << 30).build()?;
    // If two threads come here at once, both use the first runtime.
    Ok(SHARED.get_or_init(|| runtime).clone())
}

/// Compares a blob ID with the network's, to be called once at the start of the node.
pub fn self_test(runtime: &Runtime) -> Result<(), Error> {
    for set in runtime.dropped_sets() {
        eprintln!("encoder: {set}");
    }
    let encoded = runtime.encoder(1000)?.metadata(&b"walrus"[..])?;
    match encoded.blob_id.to_string() == "o9ebe9Mni0puUh50ef9E9rwm8KN3uomOr0zz0uOocY0" {
        true => Ok(()),
        false => Err(Error::WrongBlobId),
    }
}

/// Committee of the node, with the runtime for its jobs.
#[derive(Clone, Debug)]
pub struct EncodingConfig {
    encoder: Encoder,
}

impl EncodingConfig {
    /// Returns the configuration of a committee.
    pub fn new(runtime: &Runtime, n_shards: u16) -> Result<Self, Error> {
        let encoder = runtime.encoder(n_shards)?;
        Ok(Self { encoder })
    }

    /// Number of shards.
    pub fn n_shards(&self) -> u16 {
        self.encoder.n_shards()
    }

    /// Returns the encoder of a blob.
    pub fn blob_encoder<'a>(&'a self, blob: &'a [u8]) -> BlobEncoder<'a> {
        BlobEncoder { config: self, blob }
    }

    /// Returns the decoder of a blob of `blob_len` bytes.
    pub fn blob_decoder(&self, blob_len: u64) -> Result<BlobDecoder<'_>, Error> {
        let shape = Shape::new(self.n_shards(), blob_len)?;
        Ok(BlobDecoder {
            config: self,
            shape,
        })
    }
}

/// Axis of a sliver, as a type.
pub trait EncodingAxis {
    /// Axis of the library.
    const AXIS: Axis;
}

/// Rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Primary;

/// Columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secondary;

impl EncodingAxis for Primary {
    const AXIS: Axis = Axis::Primary;
}

impl EncodingAxis for Secondary {
    const AXIS: Axis = Axis::Secondary;
}

/// Sliver of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sliver<A> {
    /// Symbols, one after another.
    pub symbols: Vec<u8>,
    /// Symbol size in bytes.
    pub symbol_size: u32,
    /// Index along the axis.
    pub index: u16,
    axis: PhantomData<A>,
}

/// Sliver of a row.
pub type PrimarySliver = Sliver<Primary>;

/// Sliver of a column.
pub type SecondarySliver = Sliver<Secondary>;

/// The two slivers that a shard stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliverPair {
    /// Primary sliver.
    pub primary: PrimarySliver,
    /// Secondary sliver.
    pub secondary: SecondarySliver,
}

impl<A: EncodingAxis> Sliver<A> {
    /// Takes over the symbols of a pair's sliver.
    fn of_pair(shape: &Shape, pair: SliverPairIndex, symbols: Vec<u8>) -> Self {
        Self {
            symbols,
            symbol_size: shape.symbol_size(),
            index: pair.sliver(A::AXIS, shape.n_shards()).0,
            axis: PhantomData,
        }
    }

    /// Lends the symbols to the library.
    fn lend(&self) -> SliverRef<'_> {
        SliverRef {
            axis: A::AXIS,
            index: SliverIndex(self.index),
            symbol_size: self.symbol_size,
            symbols: &self.symbols,
        }
    }
}

/// Metadata of a blob, checked against its blob ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata(VerifiedMetadata);

impl Metadata {
    /// Parses metadata from another node: BCS of the metadata with its ID.
    pub fn from_bcs(
        config: &EncodingConfig,
        blob_id: [u8; 32],
        bytes: &[u8],
    ) -> Result<Self, Error> {
        let metadata = BlobMetadataWithId::from_bcs(bytes)?.metadata;
        let blob_id = walrus_accel::BlobId(blob_id);
        Ok(Self(metadata.verify(config.n_shards(), &blob_id)?))
    }

    /// Returns the BCS of the metadata with its ID.
    pub fn to_bcs(&self) -> Vec<u8> {
        self.0.with_id().to_bcs()
    }

    /// Blob ID.
    pub fn blob_id(&self) -> [u8; 32] {
        self.0.blob_id().0
    }

    /// Length of the blob in bytes.
    pub fn unencoded_length(&self) -> u64 {
        self.0.shape().unencoded_length()
    }
}

/// Encoder of one blob.
#[derive(Debug)]
pub struct BlobEncoder<'a> {
    config: &'a EncodingConfig,
    blob: &'a [u8],
}

impl BlobEncoder<'_> {
    /// Returns all sliver pairs and the metadata.
    pub fn encode_with_metadata(&self) -> Result<(Vec<SliverPair>, Metadata), Error> {
        self.encode_with(&Control::new())
    }

    /// Encodes as [`BlobEncoder::encode_with_metadata`], with progress and cancellation.
    pub fn encode_with(&self, control: &Control) -> Result<(Vec<SliverPair>, Metadata), Error> {
        let encoder = &self.config.encoder;
        let (all, mut sink) = (PairSet::all(encoder.n_shards()), OwnedSlivers::new());
        let encoded = encoder.encode(self.blob, &all, &mut sink, control)?;
        let metadata = encoded.verify(encoder.n_shards())?;
        let shape = metadata.shape();
        let pairs = sink.into_pairs().into_iter().map(|pair| SliverPair {
            primary: Sliver::of_pair(&shape, pair.index, pair.primary),
            secondary: Sliver::of_pair(&shape, pair.index, pair.secondary),
        });
        Ok((pairs.collect(), Metadata(metadata)))
    }

    /// Returns the metadata alone, in less time and memory than an encoding takes.
    pub fn compute_metadata(&self) -> Result<Metadata, Error> {
        let encoded = self.config.encoder.metadata(self.blob)?;
        Ok(Metadata(encoded.verify(self.config.n_shards())?))
    }
}

/// Decoder of one blob.
#[derive(Debug)]
pub struct BlobDecoder<'a> {
    config: &'a EncodingConfig,
    shape: Shape,
}

impl BlobDecoder<'_> {
    /// Decodes without metadata. Nothing is checked: a damaged sliver gives a wrong blob.
    pub fn decode<A: EncodingAxis>(
        &self,
        slivers: impl IntoIterator<Item = Sliver<A>>,
    ) -> Result<Vec<u8>, Error> {
        let slivers: Vec<_> = slivers.into_iter().collect();
        let lent: Vec<_> = slivers.iter().map(Sliver::lend).collect();
        let decoder = self.config.encoder.runtime().decoder();
        let mut blob = Vec::new();
        let request = UncheckedRequest::new(self.shape, &lent);
        decoder.decode_unchecked(&request, &mut blob, &Control::new())?;
        Ok(blob)
    }

    /// Decodes without metadata, encodes the blob again, and compares the blob ID.
    pub fn decode_and_verify<A: EncodingAxis>(
        &self,
        blob_id: [u8; 32],
        slivers: impl IntoIterator<Item = Sliver<A>>,
    ) -> Result<(Vec<u8>, Metadata), Error> {
        let blob = self.decode(slivers)?;
        let metadata = self.config.blob_encoder(&blob).compute_metadata()?;
        match metadata.blob_id() == blob_id {
            true => Ok((blob, metadata)),
            false => Err(Error::WrongBlobId),
        }
    }

    /// Decodes with metadata. Damaged slivers are found and left out.
    pub fn decode_checked<A: EncodingAxis>(
        &self,
        metadata: &Metadata,
        slivers: impl IntoIterator<Item = Sliver<A>>,
    ) -> Result<Vec<u8>, Error> {
        let slivers: Vec<_> = slivers.into_iter().collect();
        let lent: Vec<_> = slivers.iter().map(Sliver::lend).collect();
        let decoder = self.config.encoder.runtime().decoder();
        let mut blob = Vec::new();
        let request = DecodeRequest::new(&metadata.0, &lent);
        decoder.decode(&request, &mut blob, &Control::new())?;
        Ok(blob)
    }
}

/// Error of the node's encoder: one variant per reaction of the node.
#[derive(Debug)]
pub enum Error {
    /// The caller's blob, committee or bytes are not valid. Retrying does not help.
    Invalid(walrus_accel::Error),
    /// More slivers are needed.
    NotEnoughSlivers(walrus_accel::Error),
    /// The blob was encoded inconsistently.
    Inconsistent(walrus_accel::Error),
    /// The blob has another blob ID than expected.
    WrongBlobId,
    /// The job was cancelled.
    Cancelled,
    /// The job ended without a result: it panicked, or its thread never started.
    Lost,
    /// The machine failed: memory, threads, device, files.
    Machine(walrus_accel::Error),
}

impl From<walrus_accel::Error> for Error {
    fn from(error: walrus_accel::Error) -> Self {
        use walrus_accel::Error as Accel;
        match error {
            Accel::Cancelled => Self::Cancelled,
            Accel::NotEnoughSlivers { .. } => Self::NotEnoughSlivers(error),
            Accel::Inconsistent { .. } => Self::Inconsistent(error),
            Accel::BlobTooLarge { .. }
            | Accel::TooFewShards { .. }
            | Accel::TooManyShards { .. }
            | Accel::Malformed { .. }
            | Accel::InvalidMetadata { .. }
            | Accel::InvalidSliver { .. } => Self::Invalid(error),
            // The enum is `non_exhaustive`: new variants count as the machine's.
            _ => Self::Machine(error),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid(_) => "the input of the encoder is not valid",
            Self::NotEnoughSlivers(_) => "more slivers are needed to decode the blob",
            Self::Inconsistent(_) => "the blob was encoded inconsistently",
            Self::WrongBlobId => "the blob has another blob ID than expected",
            Self::Cancelled => "the job was cancelled",
            Self::Lost => "the job ended without a result",
            Self::Machine(_) => "the encoder failed on this machine",
        })
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Invalid(source)
            | Self::NotEnoughSlivers(source)
            | Self::Inconsistent(source)
            | Self::Machine(source) => Some(source),
            Self::WrongBlobId | Self::Cancelled | Self::Lost => None,
        }
    }
}
