//! Reading a blob from slivers that arrive in any order, from many threads.

mod held;
mod ranges;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::held::Held;
use crate::format::commitment::VerifiedMetadata;
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverIndex};
use crate::format::verdict::SliverVerdict;
use crate::format::wire::Sliver;
use crate::io::blob_output::Output;
use crate::io::control::Control;
use crate::jobs::decoder::{Check, Decoded, Decoder};
use crate::jobs::verify::BlobSliver;
use crate::support::memory::{catch_out_of_memory, collected};

/// Collects slivers of a blob until one axis has enough to read the blob.
///
/// Slivers are added as they arrive, in any order, from any number of threads. Threads verify at
/// the same time and do not wait for each other. Each sliver is verified at most once, and only if
/// it is needed. Damaged and surplus slivers are reported and not kept: a reader keeps at most `P`
/// primary and `S` secondary slivers.
///
/// # Example
///
/// ```
/// use walrus_accel::decode::Added;
/// use walrus_accel::io::SliverBuffer;
/// use walrus_accel::wire::{Bcs, Sliver, SliverData};
/// use walrus_accel::{Axis, Check, Control, Encoder, PairSet, SliverPairIndex};
///
/// let encoder = Encoder::new(10)?;
/// let (mut buffer, control) = (SliverBuffer::new(), Control::new());
/// let encoded =
///     encoder.encode(&b"walruses"[..], &PairSet::all(10), &mut buffer, &control)?;
///
/// let reader = encoder.runtime().decoder().reader(encoded.verify(10)?);
/// let axis = Axis::Primary;
/// for pair in [9, 2, 7, 4] {
///     let bytes = buffer.sliver_data(axis, SliverPairIndex(pair)).unwrap();
///     let sliver = Sliver { axis, data: SliverData::from_bcs(bytes)? };
///     assert_eq!(reader.add(sliver, &control)?, Added::Kept);
/// }
/// assert_eq!(reader.ready(), Some(Axis::Primary));
///
/// let mut blob = Vec::new();
/// reader.read(Check::Default, &mut blob, &control)?;
/// assert_eq!(blob, b"walruses");
/// let mut part = [0; 3];
/// reader.read_range(2, &mut part, &control)?;
/// assert_eq!(&part, b"lru");
/// # Ok::<(), walrus_accel::Error>(())
/// ```
pub struct BlobReader {
    decoder: Decoder,
    metadata: VerifiedMetadata,
    state: Mutex<State>,
}

/// Outcome of adding a sliver to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// The sliver is good and was kept.
    Kept,
    /// The sliver is not needed, because enough slivers or the same sliver are kept already. It may
    /// not have been verified.
    Surplus,
    /// The sliver does not belong to the blob.
    Damaged(SliverVerdict),
}

/// Slivers that a reader was given so far, in the order of axes and indices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaderReport {
    /// Slivers that the reader keeps.
    pub kept: Vec<(Axis, SliverIndex)>,
    /// Damaged slivers: the axis and the index that they claim, and the latest verdict.
    pub damaged: Vec<(Axis, SliverIndex, SliverVerdict)>,
    /// Slivers that were not needed, and secondary slivers that the reader dropped when it had
    /// enough primary slivers.
    pub surplus: Vec<(Axis, SliverIndex)>,
}

type Name = (Axis, SliverIndex);

#[derive(Default)]
struct State {
    slivers: BTreeMap<Name, Arc<Sliver>>,
    damaged: BTreeMap<Name, SliverVerdict>,
    surplus: BTreeSet<Name>,
    /// Number of slivers kept, by axis.
    counts: [usize; 2],
    /// Axis with enough slivers.
    ready: Option<Axis>,
}

impl State {
    /// Returns true if a good sliver of this name would be kept.
    fn needs(&self, name: Name) -> bool {
        self.ready.is_none() && !self.slivers.contains_key(&name)
    }

    fn kept(&self, axis: Axis) -> impl Iterator<Item = &Arc<Sliver>> {
        let range = (axis, SliverIndex(0))..=(axis, SliverIndex(u16::MAX));
        self.slivers.range(range).map(|(_, sliver)| sliver)
    }
}

impl Decoder {
    /// Returns a reader of a blob that has no slivers yet, on the runtime of this decoder.
    #[must_use]
    pub fn reader(&self, metadata: VerifiedMetadata) -> BlobReader {
        BlobReader {
            decoder: self.clone(),
            metadata,
            state: Mutex::default(),
        }
    }
}

impl BlobReader {
    /// Returns the metadata of the blob.
    #[must_use]
    pub fn metadata(&self) -> &VerifiedMetadata {
        &self.metadata
    }

    /// Returns the axis with enough slivers to read the blob.
    #[must_use]
    pub fn ready(&self) -> Option<Axis> {
        self.state().ready
    }

    /// Returns the number of slivers of an axis that are missing until the reader is
    /// [`ready`](Self::ready). 0 if the reader is ready.
    #[must_use]
    pub fn missing(&self, axis: Axis) -> usize {
        let state = self.state();
        match state.ready {
            Some(_) => 0,
            None => self.missing_in(&state, axis),
        }
    }

    fn missing_in(&self, state: &State, axis: Axis) -> usize {
        let needed = usize::from(self.metadata.shape().slivers_needed(axis));
        needed - state.counts[axis as usize].min(needed)
    }

    /// Returns the slivers that the reader was given so far.
    #[must_use]
    pub fn report(&self) -> ReaderReport {
        let state = self.state();
        ReaderReport {
            kept: collected(state.slivers.keys().copied()),
            damaged: collected(
                state
                    .damaged
                    .iter()
                    .map(|(&(axis, index), &verdict)| (axis, index, verdict)),
            ),
            surplus: collected(state.surplus.iter().copied()),
        }
    }

    /// Adds a sliver. The sliver is verified if it is needed.
    ///
    /// # Errors
    ///
    /// As [`Decoder::verify`]. On failure, the sliver is not added.
    pub fn add(&self, sliver: Sliver, control: &Control) -> Result<Added> {
        Ok(self.add_all(vec![sliver], control)?[0])
    }

    /// Adds slivers of both axes in any order.
    ///
    /// As many slivers as are needed are verified together, which is faster than one by one. If the
    /// slivers of one axis are enough, slivers of the other axis are not verified.
    ///
    /// # Errors
    ///
    /// As [`Decoder::verify`]. On failure, slivers without an outcome are not added.
    pub fn add_all(&self, slivers: Vec<Sliver>, control: &Control) -> Result<Vec<Added>> {
        let mut added = vec![None; slivers.len()];
        self.add_to(slivers, &mut added, control)?;
        let added = added.into_iter();
        Ok(added
            .map(|added| added.expect("all were decided upon"))
            .collect())
    }

    /// Adds slivers that may lie in the caller's memory: slivers to keep are copied. Writes each
    /// outcome as soon as it is known, so `added` is right for some slivers even on failure.
    pub(crate) fn add_to<T: SliverToAdd>(
        &self,
        slivers: Vec<T>,
        added: &mut [Option<Added>],
        control: &Control,
    ) -> Result<()> {
        catch_out_of_memory(|| {
            let mut left = collected(slivers.into_iter().enumerate());
            while !left.is_empty() {
                control.check()?;
                let round = self.take(&mut left, added);
                if !round.is_empty() {
                    self.verify(round, added, control)?;
                }
            }
            Ok(())
        })
    }

    /// Decodes the blob from the slivers of the reader.
    ///
    /// The slivers are not verified again: the default check leaves out source rows that are among
    /// them.
    ///
    /// # Errors
    ///
    /// [`Error::NotEnoughSlivers`] if the reader is not [`ready`](Self::ready); as
    /// [`Decoder::decode`].
    pub fn read(
        &self,
        check: Check,
        output: &mut dyn Output,
        control: &Control,
    ) -> Result<Decoded> {
        let (axis, held) = self.held()?;
        self.decoder
            .decode_verified(&self.metadata, &held, axis, check, output, control)
    }

    /// Returns the slivers to decode from, and their axis.
    fn held(&self) -> Result<(Axis, Held)> {
        let state = self.state();
        let Some(axis) = state.ready else {
            return Err(self.not_enough(&state));
        };
        Ok((axis, Held(collected(state.kept(axis).cloned()))))
    }

    /// Returns the error for too few slivers, for the axis that has the larger share of the slivers
    /// it needs.
    fn not_enough(&self, state: &State) -> Error {
        let counts = Axis::BOTH.map(|axis| {
            let needed = usize::from(self.metadata.shape().slivers_needed(axis));
            (axis, state.counts[axis as usize], needed)
        });
        let [(_, primary, p), (_, secondary, s)] = counts;
        let (axis, usable, needed) = counts[usize::from(primary * s < secondary * p)];
        Error::NotEnoughSlivers {
            axis,
            usable,
            needed,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the slivers to verify in this round from `left`: at most the missing number per axis,
    /// and each name once. Slivers that remain may not be needed after the round.
    fn take<T: SliverToAdd>(
        &self,
        left: &mut Vec<(usize, T)>,
        added: &mut [Option<Added>],
    ) -> Vec<(usize, T)> {
        let mut state = self.state();
        let mut names = BTreeSet::new();
        left.retain(|(position, sliver)| {
            let view = sliver.view(&self.metadata);
            let name = name_of(&view);
            if let Some(verdict) = view.measures() {
                state.damaged.insert(name, verdict);
                added[*position] = Some(Added::Damaged(verdict));
                return false;
            }
            if !state.needs(name) {
                state.surplus.insert(name);
                added[*position] = Some(Added::Surplus);
                return false;
            }
            names.insert(name);
            true
        });
        let mut missing = Axis::BOTH.map(|axis| self.missing_in(&state, axis));
        drop(state);
        // If these slivers complete an axis, the other axis waits.
        let completed = Axis::BOTH.into_iter().find(|&axis| {
            let of_axis = names.iter().filter(|(of, _)| *of == axis);
            of_axis.count() >= missing[axis as usize]
        });
        if let Some(axis) = completed {
            missing[axis.other() as usize] = 0;
        }
        let is_taken = |(_, sliver): &mut (usize, T)| {
            let name = name_of(&sliver.view(&self.metadata));
            let missing = &mut missing[name.0 as usize];
            let takes = *missing > 0 && names.remove(&name);
            *missing -= usize::from(takes);
            takes
        };
        collected(left.extract_if(.., is_taken))
    }

    fn verify<T: SliverToAdd>(
        &self,
        round: Vec<(usize, T)>,
        added: &mut [Option<Added>],
        control: &Control,
    ) -> Result<()> {
        let views = collected(round.iter().map(|(_, sliver)| sliver.view(&self.metadata)));
        let verdicts = self.decoder.verify_batch(&views, control)?;
        drop(views);
        for ((position, sliver), verdict) in round.into_iter().zip(verdicts) {
            let name = name_of(&sliver.view(&self.metadata));
            // Copied without the lock.
            let sliver = match verdict.is_good() && self.needs(name) {
                true => Some(Arc::new(sliver.into_sliver()?)),
                false => None,
            };
            let mut state = self.state();
            added[position] = Some(match sliver {
                _ if !verdict.is_good() => {
                    state.damaged.insert(name, verdict);
                    Added::Damaged(verdict)
                }
                Some(sliver) if state.needs(name) => {
                    state.slivers.insert(name, sliver);
                    self.note_kept(&mut state, name.0);
                    Added::Kept
                }
                _ => {
                    // Another thread added the sliver meanwhile.
                    state.surplus.insert(name);
                    Added::Surplus
                }
            });
        }
        Ok(())
    }

    fn needs(&self, name: Name) -> bool {
        self.state().needs(name)
    }

    /// Counts a kept sliver, and marks the reader as ready if the axis has enough.
    fn note_kept(&self, state: &mut State, axis: Axis) {
        state.counts[axis as usize] += 1;
        if self.missing_in(state, axis) > 0 {
            return;
        }
        state.ready = Some(axis);
        if axis == Axis::Primary {
            // Secondary slivers have no use any more. (Primary slivers would: ranges are copied
            // from them.)
            let of_no_use = state.slivers.split_off(&(Axis::Secondary, SliverIndex(0)));
            state.surplus.extend(of_no_use.into_keys());
            state.counts[Axis::Secondary as usize] = 0;
        }
    }
}

fn name_of(sliver: &BlobSliver<'_>) -> Name {
    (sliver.axis, sliver.index)
}

/// Sliver to add to a reader: owned or borrowed.
pub(crate) trait SliverToAdd {
    /// Returns the sliver as a sliver of the blob with this metadata.
    fn view<'a>(&'a self, metadata: &'a VerifiedMetadata) -> BlobSliver<'a>;

    /// Returns an owned sliver, by a copy if the sliver is borrowed.
    fn into_sliver(self) -> Result<Sliver>;
}

impl SliverToAdd for Sliver {
    fn view<'a>(&'a self, metadata: &'a VerifiedMetadata) -> BlobSliver<'a> {
        BlobSliver::new(metadata, self)
    }

    fn into_sliver(self) -> Result<Sliver> {
        Ok(self)
    }
}

/// The metadata of the `BlobSliver` is ignored.
#[cfg(feature = "capi")]
impl SliverToAdd for BlobSliver<'_> {
    fn view<'a>(&'a self, metadata: &'a VerifiedMetadata) -> BlobSliver<'a> {
        BlobSliver { metadata, ..*self }
    }

    fn into_sliver(self) -> Result<Sliver> {
        self.to_sliver()
    }
}

impl fmt::Debug for BlobReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("BlobReader")
            .field("metadata", &self.metadata)
            .field("kept", &state.counts)
            .field("ready", &state.ready)
            .finish_non_exhaustive()
    }
}
