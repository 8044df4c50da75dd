//! Blobs that are quilts against the rules of the format, or none.

use walrus_accel::error::QuiltProblem;
use walrus_accel::quilt::{Quilt, QuiltEntry, QuiltReader, QuiltTags};
use walrus_accel::{Control, Error};

use super::bytes_of;
use crate::common::Random;

/// Quilt of two files for 10 shards, as bytes: 4 rows, 7 columns.
struct Crafted {
    bytes: Vec<u8>,
    size: usize,
}

impl Crafted {
    fn new() -> Self {
        let entries = vec![
            QuiltEntry::new("a", &[7; 100][..]),
            QuiltEntry::new("b", &[8; 60][..]).with_tags(QuiltTags::new([("k", "v")]).unwrap()),
        ];
        let quilt = Quilt::new(10, entries).unwrap();
        let columns: Vec<_> = quilt
            .patches()
            .iter()
            .map(|patch| patch.columns.clone())
            .collect();
        let size = quilt.symbol_size() as usize;
        assert_eq!((size, &columns[..]), (10, &[1..4, 4..6][..]));
        Self {
            bytes: bytes_of(&quilt),
            size,
        }
    }

    /// Returns the byte at a place of a column.
    fn at(&mut self, column: usize, place: usize) -> &mut u8 {
        let (row, byte) = (place / self.size, place % self.size);
        &mut self.bytes[(row * 7 + column) * self.size + byte]
    }

    /// Changes a byte, and returns the reason why the quilt is refused as a whole.
    fn reason(mut self, column: usize, place: usize, value: u8) -> Error {
        *self.at(column, place) = value;
        let control = Control::new();
        let reader = QuiltReader::of_blob(10, &self.bytes).unwrap();
        reader.check(&control).unwrap_err()
    }
}

#[test]
fn a_careful_reader_refuses_what_no_writer_writes() {
    let control = Control::new();
    let good = Crafted::new();
    QuiltReader::of_blob(10, &good.bytes)
        .unwrap()
        .check(&control)
        .unwrap();
    let refused = |column, place, value| match Crafted::new().reason(column, place, value) {
        Error::InvalidQuilt { reason } => reason,
        other => panic!("{other}"),
    };
    // Padding: of the index, of both patches, of unused columns.
    for column in [0, 3, 5, 6] {
        let found = refused(column, 39, 1);
        assert_eq!(
            found,
            QuiltProblem::Padding {
                column: column as u16
            }
        );
    }
    // The index: 01, length, count, end, "a" ...
    assert!(matches!(refused(0, 0, 0), QuiltProblem::Version { .. }));
    assert!(matches!(
        refused(0, 2, 2),
        QuiltProblem::IndexTooLong { .. }
    ));
    assert!(matches!(
        refused(0, 6, 1),
        QuiltProblem::Columns {
            start: 1,
            end: 1,
            ..
        }
    ));
    assert!(matches!(
        refused(0, 7, 1),
        QuiltProblem::Columns { end: 260, .. }
    ));
    // The patch takes three columns; the index says two, or four.
    assert!(matches!(
        refused(0, 6, 3),
        QuiltProblem::PatchLength {
            start: 1,
            length: 110,
            needed: 3,
            stated: 2
        }
    ));
    assert!(matches!(
        refused(0, 6, 5),
        QuiltProblem::PatchLength { stated: 4, .. }
    ));
    // Lengths of patches: of the last column and beyond the matrix.
    assert!(matches!(
        refused(4, 1, 200),
        QuiltProblem::PatchLength { needed: 6, .. }
    ));
    assert!(matches!(
        refused(4, 4, 255),
        QuiltProblem::PatchLength { start: 4, .. }
    ));
    assert!(matches!(
        refused(4, 0, 2),
        QuiltProblem::Version {
            column: 4,
            found: 2,
            ..
        }
    ));
    // Index and patch disagree on an identifier, a key, a value, and on tags at all.
    let disagrees = |what: &str, found: QuiltProblem| match found {
        QuiltProblem::Disagreement { what: found, .. } => found == what,
        _ => false,
    };
    assert!(disagrees("identifiers", refused(1, 9, b'c')));
    assert!(disagrees("identifiers", refused(0, 9, b'A')));
    for place in [14, 16] {
        assert!(disagrees("tags", refused(4, place, b'x')));
    }
    assert!(disagrees("tags", refused(4, 5, 0)));
    // Identifiers out of order, and doubled.
    assert!(matches!(refused(0, 9, b'c'), QuiltProblem::Order { .. }));
    assert!(matches!(refused(0, 9, b'b'), QuiltProblem::Order { .. }));
    assert!(matches!(
        refused(0, 9, b' '),
        QuiltProblem::Identifier { .. }
    ));
    // A header that ends behind its patch.
    let found = Crafted::new().reason(1, 8, 120);
    assert!(matches!(found, Error::Malformed { .. }), "{found}");
    // Lengths that no quilt has: an odd symbol size, a part of a symbol, nothing.
    for length in [28 * 11, 28 * 10 + 1, 28, 0] {
        let result = QuiltReader::of_blob(10, vec![1; length]).map(drop);
        assert!(
            matches!(result, Err(Error::InvalidQuilt { .. })),
            "{length}: {result:?}"
        );
    }
}

#[test]
fn random_damage_is_refused_or_harmless() {
    let (control, mut random) = (Control::new(), Random(9));
    let good = Crafted::new().bytes;
    for _ in 0..3000 {
        let mut bytes = good.clone();
        for _ in 0..1 + random.below(3) {
            let at = random.below(bytes.len());
            bytes[at] = random.byte();
        }
        let reader = QuiltReader::of_blob(10, &bytes).unwrap();
        let patches = reader
            .patches(&control)
            .map(<[_]>::to_vec)
            .unwrap_or_default();
        for patch in patches {
            let mut content = Vec::new();
            let _ = reader.read(&patch, &mut content, &control);
        }
        // A quilt that passes is what a writer makes of its patches, but for the content.
        if reader.check(&control).is_ok() {
            let mut entries = Vec::new();
            for patch in reader.patches(&control).unwrap() {
                let mut content = Vec::new();
                reader.read(patch, &mut content, &control).unwrap();
                let entry = QuiltEntry::new(&patch.identifier, content);
                entries.push(entry.with_tags(patch.tags.clone()));
            }
            let again = bytes_of(&Quilt::new(10, entries).unwrap());
            let masks = again.iter().zip(&bytes).filter(|(a, b)| a != b).count();
            assert!(masks <= 2, "at most the ignored bits of two masks differ");
        }
    }
}
