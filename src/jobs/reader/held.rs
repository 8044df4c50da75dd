//! Slivers of a reader, as a source.

use std::sync::Arc;

use crate::format::error::Result;
use crate::format::verdict::SliverInfo;
use crate::format::wire::Sliver;
use crate::io::sliver_source::SliverSource;
use crate::support::memory::collected;

/// Verified slivers of a reader.
pub(super) struct Held(pub(super) Vec<Arc<Sliver>>);

impl SliverSource for Held {
    fn infos(&self) -> Vec<SliverInfo> {
        collected(self.0.iter().map(|sliver| sliver.info()))
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        let start = usize::try_from(offset).expect("inside the sliver");
        let symbols = &self.0[number].data.symbols;
        out.copy_from_slice(&symbols[start..start + out.len()]);
        Ok(())
    }

    fn symbols(&self, number: usize) -> Option<&[u8]> {
        Some(&self.0[number].data.symbols)
    }
}
