//! Sliver files: their names and lengths.

use std::path::Path;

use walrus_accel::{Axis, SliverPairIndex, VerifiedMetadata};

/// Parses a sliver's file name, such as `0007.primary.bcs`.
pub fn parse_name(path: &Path) -> Option<(SliverPairIndex, Axis)> {
    let (pair, rest) = path.file_name()?.to_str()?.split_once('.')?;
    let axis = Axis::BOTH
        .into_iter()
        .find(|axis| rest.strip_suffix(".bcs") == Some(axis.name()))?;
    Some((SliverPairIndex(pair.parse().ok()?), axis))
}

/// Returns the length of the blob's longest sliver file in bytes.
pub fn max_len(metadata: &VerifiedMetadata) -> u64 {
    let len = |axis| metadata.shape().sliver_data_len(axis);
    len(Axis::Primary).max(len(Axis::Secondary))
}

/// Returns the axis of a sliver file (BCS `SliverData`) of `len` bytes. A primary sliver has more
/// symbols than a secondary one.
pub fn axis_by_len(metadata: &VerifiedMetadata, len: usize) -> Option<Axis> {
    let has_len = |axis: &Axis| metadata.shape().sliver_data_len(*axis) == len as u64;
    Axis::BOTH.into_iter().find(has_len)
}

/// Returns the axis in a sliver's file name.
pub fn axis_by_name(path: &Path) -> Option<Axis> {
    parse_name(path).map(|(_, axis)| axis)
}

/// Returns the reason why a file of `len` bytes is a sliver of neither axis.
pub fn no_axis(metadata: &VerifiedMetadata, len: usize) -> String {
    let [primary, secondary] = Axis::BOTH.map(|axis| metadata.shape().sliver_data_len(axis));
    format!(
        "it has {len} bytes, and the blob's slivers have {primary} (primary) or \
         {secondary} (secondary)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_slivers_are_parsed() {
        let found = |path: &str| parse_name(Path::new(path));
        let pair = |pair, axis| Some((SliverPairIndex(pair), axis));
        assert_eq!(found("pairs/0007.primary.bcs"), pair(7, Axis::Primary));
        assert_eq!(found("0999.secondary.bcs"), pair(999, Axis::Secondary));
        for other in [
            "0007.primary",
            "a.primary.bcs",
            "primary.bcs",
            "0007.bcs",
            "..",
        ] {
            assert_eq!(found(other), None, "{other}");
        }
    }
}
