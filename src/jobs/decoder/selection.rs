//! Choice of the slivers of a job: usable slivers first, verified slivers if the check fails, and
//! another path before a blob is called inconsistent.

use std::cell::RefCell;
use std::sync::Arc;

use super::Decoder;
use super::requests::Decoded;
use crate::engine::Engine;
use crate::format::commitment::VerifiedMetadata;
use crate::format::error::{Error, Result};
use crate::format::error_reasons::{Disagreement, Inconsistency, SliverProblem};
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::format::verdict::SliverVerdict;
use crate::io::control::Control;
use crate::io::sliver_source::{GivenSlivers, SliverSource, usable};
use crate::jobs::runtime::Runtime;
use crate::support::memory::{catch_out_of_memory, collected};

/// One run of a job.
pub(super) struct Attempt<'a> {
    pub(super) decoder: &'a Decoder,
    /// True if the result counts. Otherwise outputs and sinks are left unfinished.
    pub(super) finishes: bool,
    /// Engine of the last run, once it was chosen.
    pub(super) engine: RefCell<Option<Arc<dyn Engine>>>,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(decoder: &'a Decoder, finishes: bool) -> Self {
        Self {
            decoder,
            finishes,
            engine: RefCell::default(),
        }
    }
}

impl Decoder {
    /// Chooses slivers and runs `job`. If the check fails, chooses again among verified slivers.
    pub(super) fn with_good_slivers(
        &self,
        metadata: &VerifiedMetadata,
        choice: &Choice<'_>,
        control: &Control,
        mut job: impl FnMut(&Attempt<'_>, Axis, &GivenSlivers<'_>) -> Result<()>,
    ) -> Result<Decoded> {
        catch_out_of_memory(|| self.with_good_slivers_uncaught(metadata, choice, control, &mut job))
    }

    /// [`Decoder::with_good_slivers`], which unwinds if memory is missing.
    fn with_good_slivers_uncaught(
        &self,
        metadata: &VerifiedMetadata,
        choice: &Choice<'_>,
        control: &Control,
        job: Run<'_>,
    ) -> Result<Decoded> {
        let Choice {
            slivers,
            axis: asked,
            verified,
        } = *choice;
        let shape = metadata.shape();
        let (mut axis, mut candidates) = choose(&shape, slivers, asked)?;
        let mut untried = asked.is_none().then(|| axis.other());
        let mut damaged = Vec::new();
        let own = Attempt::new(self, true);
        loop {
            let needed = usize::from(shape.slivers_needed(axis));
            let used = copy_of(&candidates[..needed]);
            let given = GivenSlivers::new(slivers, shape, copy_of(&used));
            let done = |damaged| {
                control.finish();
                Ok(Decoded {
                    axis,
                    used: copy_of(&used),
                    damaged,
                })
            };
            let error = match job(&own, axis, &given) {
                Ok(()) => return done(damaged),
                Err(error) => error,
            };
            let engine = own.engine.take();
            let mut look_again = |error, engine: Option<Arc<dyn Engine>>| {
                let mut job = |attempt: &Attempt<'_>| job(attempt, axis, &given);
                self.look_again(metadata, error, engine.as_deref(), &mut job)
            };
            match &error {
                Error::Inconsistent { .. } if damaged.is_empty() => {}
                Error::Io { .. } if damaged.is_empty() && given.any_unreadable() => {}
                Error::Inconsistent { .. } => {
                    look_again(error, engine)?;
                    return done(damaged);
                }
                _ => return Err(error),
            }
            let (kept, bad) = match verified {
                true => (copy_of(&candidates), Vec::new()),
                false => {
                    let verdicts = self.verify(metadata, slivers, &candidates, control)?;
                    partition(&candidates, &verdicts)
                }
            };
            if bad.is_empty() {
                match error {
                    // Verification could read all slivers.
                    Error::Io { .. } => match job(&own, axis, &given) {
                        Err(error @ Error::Inconsistent { .. }) => {
                            let engine = own.engine.take();
                            self.look_again(metadata, error, engine.as_deref(), &mut |attempt| {
                                job(attempt, axis, &given)
                            })?;
                        }
                        result => result?,
                    },
                    _ => {
                        let reason = Inconsistency::GoodSlivers;
                        look_again(Error::Inconsistent { reason }, engine)?;
                    }
                }
                return done(damaged);
            }
            if kept.len() < needed {
                if let Some(other) = untried.take()
                    && let Ok((_, others)) = choose(&shape, slivers, Some(other))
                {
                    (axis, candidates) = (other, others);
                    continue;
                }
                return Err(Error::NotEnoughSlivers {
                    axis,
                    usable: kept.len(),
                    needed,
                });
            }
            candidates = kept;
            damaged = bad;
        }
    }

    /// Repeats a job that found a blob inconsistent, on another path. If `engine`, which ran the
    /// job, has a verifier and the verifier finds the blob consistent, its result counts and the
    /// mismatch is reported.
    ///
    /// # Errors
    ///
    /// `error`, if the other path finds the blob inconsistent too; [`Error::Internal`] if it does
    /// not.
    fn look_again(
        &self,
        metadata: &VerifiedMetadata,
        error: Error,
        engine: Option<&dyn Engine>,
        job: &mut dyn FnMut(&Attempt<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut on = |runtime, finishes| {
            let decoder = &Self { runtime };
            match job(&Attempt::new(decoder, finishes)) {
                Ok(()) => Ok(true),
                Err(Error::Inconsistent { .. }) => Ok(false),
                Err(error) => Err(error),
            }
        };
        if let Some(engine) = engine
            && let Some(verifier) = engine.verifier()
            && on(Runtime::on(verifier, self.runtime.memory), true)?
        {
            engine.report_mismatch();
            return Ok(());
        }
        let other = self
            .runtime
            .other_path(&metadata.shape(), metadata.commitment())?;
        match on(other, false)? {
            true => Err(Error::Internal {
                reason: Disagreement::Decoding {
                    source: error.into(),
                },
            }),
            false => Err(error),
        }
    }
}

/// Copies positions of slivers. Unwinds if memory is missing.
fn copy_of(numbers: &[usize]) -> Vec<usize> {
    collected(numbers.iter().copied())
}

/// Job that decodes from slivers of an axis.
type Run<'a> = &'a mut dyn FnMut(&Attempt<'_>, Axis, &GivenSlivers<'_>) -> Result<()>;

/// Slivers that a job may choose from.
pub(super) struct Choice<'a> {
    pub(super) slivers: &'a dyn SliverSource,
    /// Axis to choose from. `None`: any axis.
    pub(super) axis: Option<Axis>,
    /// True if all slivers are verified.
    pub(super) verified: bool,
}

/// Selects the slivers to decode from without metadata: axis and positions.
///
/// # Errors
///
/// [`Error::InvalidSliver`] if any sliver of the axis does not fit the shape;
/// [`Error::NotEnoughSlivers`].
pub(super) fn choose_all(
    shape: &Shape,
    slivers: &dyn SliverSource,
    axis: Option<Axis>,
) -> Result<(Axis, Vec<usize>)> {
    for info in slivers.infos() {
        if axis.is_none_or(|axis| axis == info.axis)
            && let Some(verdict) = shape.sliver_mismatch(&info)
        {
            return Err(Error::InvalidSliver {
                axis: info.axis,
                index: info.index.0,
                reason: SliverProblem::Verdict(verdict),
            });
        }
    }
    let (axis, mut usable) = choose(shape, slivers, axis)?;
    usable.truncate(shape.slivers_needed(axis).into());
    Ok((axis, usable))
}

/// Selects the axis to decode from and its usable slivers, source slivers first.
fn choose(
    shape: &Shape,
    slivers: &dyn SliverSource,
    axis: Option<Axis>,
) -> Result<(Axis, Vec<usize>)> {
    let axes = axis.map_or(Axis::BOTH.to_vec(), |axis| vec![axis]);
    let mut best: Option<Error> = None;
    for axis in axes {
        let usable = usable(shape, slivers, axis);
        let needed = usize::from(shape.slivers_needed(axis));
        if usable.len() >= needed {
            return Ok((axis, usable));
        }
        let error = Error::NotEnoughSlivers {
            axis,
            usable: usable.len(),
            needed,
        };
        best = Some(match best {
            // The error names the axis with the larger share of the slivers it needs.
            Some(Error::NotEnoughSlivers {
                axis: other,
                usable: other_usable,
                needed: other_needed,
            }) if other_usable * needed >= usable.len() * other_needed => Error::NotEnoughSlivers {
                axis: other,
                usable: other_usable,
                needed: other_needed,
            },
            _ => error,
        });
    }
    Err(best.expect("at least one axis was tried"))
}

/// Splits candidates into good and bad slivers.
fn partition(candidates: &[usize], verdicts: &[SliverVerdict]) -> (Vec<usize>, Vec<usize>) {
    let select = |want: bool| {
        let pairs = candidates.iter().zip(verdicts);
        let chosen = pairs.filter(|&(_, verdict)| verdict.is_good() == want);
        collected(chosen.map(|(&position, _)| position))
    };
    (select(true), select(false))
}
