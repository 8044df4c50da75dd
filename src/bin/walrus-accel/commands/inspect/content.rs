//! What a file can hold, and finding out what it does.

use walrus_accel::{
    Bcs, BlobMetadata, BlobMetadataWithId, DecodingSymbol, Error, GeneralRecoverySymbol,
    InconsistencyProof, RecoverySymbol, Result, Sliver, SliverData,
};

/// A structure that travels alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    MetadataWithId,
    Metadata,
    GeneralRecoverySymbol,
    Sliver,
    SliverData,
    RecoverySymbol,
    DecodingSymbol,
    InconsistencyProof,
}

/// A structure that was read.
pub enum Content {
    MetadataWithId(BlobMetadataWithId),
    Metadata(BlobMetadata),
    GeneralRecoverySymbol(GeneralRecoverySymbol),
    Sliver(Sliver),
    SliverData(SliverData),
    RecoverySymbol(RecoverySymbol),
    DecodingSymbol(DecodingSymbol),
    InconsistencyProof(InconsistencyProof),
}

impl Kind {
    /// All of them, in the order in which they are tried: what other bytes seldom look like comes first.
    pub const ALL: [Self; 8] = [
        Self::MetadataWithId,
        Self::Metadata,
        Self::GeneralRecoverySymbol,
        Self::Sliver,
        Self::SliverData,
        Self::RecoverySymbol,
        Self::DecodingSymbol,
        Self::InconsistencyProof,
    ];

    /// Its name on the command line and in JSON: that of the wire format, spelt in kebab case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MetadataWithId => "blob-metadata-with-id",
            Self::Metadata => "blob-metadata",
            Self::GeneralRecoverySymbol => "general-recovery-symbol",
            Self::Sliver => "sliver",
            Self::SliverData => "sliver-data",
            Self::RecoverySymbol => "recovery-symbol",
            Self::DecodingSymbol => "decoding-symbol",
            Self::InconsistencyProof => "inconsistency-proof",
        }
    }

    /// Reads the structure from exactly these bytes.
    pub fn read(self, bytes: &[u8]) -> Result<Content> {
        fn read<T: Bcs>(bytes: &[u8], content: impl FnOnce(T) -> Content) -> Result<Content> {
            T::from_bcs(bytes).map(content)
        }
        match self {
            Self::MetadataWithId => read(bytes, Content::MetadataWithId),
            Self::Metadata => read(bytes, Content::Metadata),
            Self::GeneralRecoverySymbol => read(bytes, Content::GeneralRecoverySymbol),
            Self::Sliver => read(bytes, Content::Sliver),
            Self::SliverData => read(bytes, Content::SliverData),
            Self::RecoverySymbol => read(bytes, Content::RecoverySymbol),
            Self::DecodingSymbol => read(bytes, Content::DecodingSymbol),
            Self::InconsistencyProof => read(bytes, Content::InconsistencyProof),
        }
    }
}

/// What bytes hold.
pub struct Recognized {
    /// The first kind that they are.
    pub kind: Kind,
    pub content: Content,
    /// The other kinds that they are, too.
    pub others: Vec<Kind>,
}

/// Finds out what bytes hold; if nothing, why each kind is not it.
pub fn recognize(bytes: &[u8]) -> Result<Recognized, String> {
    let mut found: Option<Recognized> = None;
    let mut refusals = Vec::new();
    for kind in Kind::ALL {
        match (kind.read(bytes), &mut found) {
            (Ok(_), Some(found)) => found.others.push(kind),
            (Ok(content), None) => {
                found = Some(Recognized {
                    kind,
                    content,
                    others: Vec::new(),
                });
            }
            (Err(error), _) => refusals.push(refusal(kind, &error)),
        }
    }
    found.ok_or_else(|| {
        format!(
            "no metadata, sliver, symbol or proof ({})",
            refusals.join("; ")
        )
    })
}

/// Why bytes are not of a kind, in few words.
fn refusal(kind: Kind, error: &Error) -> String {
    let name = kind.name();
    match error {
        Error::Malformed { reason, offset, .. } => format!("{name}: {reason} at byte {offset}"),
        error => format!("{name}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(bytes: &[u8]) -> Vec<Kind> {
        let Recognized { kind, others, .. } = recognize(bytes).unwrap();
        [vec![kind], others].concat()
    }

    #[test]
    fn few_bytes_can_be_more_than_one_thing() {
        let sliver = [4, 10, 6, 12, 13, 2, 0, 3, 0];
        assert_eq!(kinds(&sliver), [Kind::SliverData, Kind::DecodingSymbol]);
        let sliver = [4, 10, 11, 12, 13, 2, 0, 3, 0];
        assert_eq!(kinds(&sliver), [Kind::SliverData]);
        assert_eq!(kinds(&[5, 0, 2, 10, 11]), [Kind::DecodingSymbol]);
        let proof = [3, 0, 1, 5, 0, 2, 10, 11, 2, 0, 0];
        assert_eq!(kinds(&proof), [Kind::InconsistencyProof]);
    }

    #[test]
    fn every_refusal_is_told() {
        let Err(reasons) = recognize(b"walrus") else {
            panic!("that is nothing");
        };
        for kind in Kind::ALL {
            assert!(reasons.contains(&format!("{}: ", kind.name())), "{reasons}");
        }
    }
}
