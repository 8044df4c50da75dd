//! Contents of files, and detection of their kind.

use walrus_accel::wire::{
    Bcs, DecodingSymbol, GeneralRecoverySymbol, InconsistencyProof, RecoverySymbol, Sliver,
    SliverData,
};
use walrus_accel::{BlobMetadata, BlobMetadataWithId, Error, Result};

use crate::args::Kind;

/// Parsed contents of a file.
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

/// Parses a structure that fills the bytes exactly.
pub fn parse(kind: Kind, bytes: &[u8]) -> Result<Content> {
    fn parse<T: Bcs>(bytes: &[u8], content: impl FnOnce(T) -> Content) -> Result<Content> {
        T::from_bcs(bytes).map(content)
    }
    match kind {
        Kind::MetadataWithId => parse(bytes, Content::MetadataWithId),
        Kind::Metadata => parse(bytes, Content::Metadata),
        Kind::GeneralRecoverySymbol => parse(bytes, Content::GeneralRecoverySymbol),
        Kind::Sliver => parse(bytes, Content::Sliver),
        Kind::SliverData => parse(bytes, Content::SliverData),
        Kind::RecoverySymbol => parse(bytes, Content::RecoverySymbol),
        Kind::DecodingSymbol => parse(bytes, Content::DecodingSymbol),
        Kind::InconsistencyProof => parse(bytes, Content::InconsistencyProof),
    }
}

/// Result of detection.
pub struct Recognized {
    /// First kind that the bytes match.
    pub kind: Kind,
    pub content: Content,
    /// Further kinds that the bytes match.
    pub others: Vec<Kind>,
}

/// Detects the kind of bytes. Fails with the reason for each kind if none matches.
pub fn recognize(bytes: &[u8]) -> Result<Recognized, String> {
    let mut found: Option<Recognized> = None;
    let mut refusals = Vec::new();
    for kind in Kind::ALL {
        match (parse(kind, bytes), &mut found) {
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

/// Returns the reason why bytes do not match a kind.
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
    fn short_bytes_match_several_kinds() {
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
