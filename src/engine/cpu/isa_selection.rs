//! Selection of the engine's instruction set: the requested set, or the fastest that this CPU has.
//! The set must pass a self-test before it is used.

use std::ffi::OsString;

use super::isa::Isa;
use super::selftest::{self, Verdict};
use crate::engine::{DroppedSet, InstructionSet};
use crate::format::error::{Error, Result};

/// Environment variable that names an instruction set. An empty value counts as not set.
const VARIABLE: &str = "WALRUS_ACCEL_ISA";

/// The instruction set to use, and the faster sets that failed the self-test.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) isa: Isa,
    pub(crate) dropped: Vec<DroppedSet>,
}

/// Chooses an instruction set. A request of the program has precedence over the environment
/// variable.
pub(crate) fn choose(wanted: Option<InstructionSet>) -> Result<Choice> {
    let request = match wanted {
        Some(set) => Some(Request {
            by: "the program",
            name: set.name().to_owned(),
        }),
        None => Request::of_environment(std::env::var_os(VARIABLE)),
    };
    pick(request, &Isa::available(), selftest::verdict)
}

/// Request for an instruction set. `by` names the requester in messages.
struct Request {
    by: &'static str,
    name: String,
}

impl Request {
    fn of_environment(value: Option<OsString>) -> Option<Self> {
        let name = value?.to_string_lossy().into_owned();
        let by = VARIABLE;
        (!name.is_empty()).then_some(Self { by, name })
    }
}

/// Picks from the available sets, which are in order from the slowest to the fastest.
fn pick(
    request: Option<Request>,
    available: &[Isa],
    verdict: impl Fn(Isa) -> Verdict,
) -> Result<Choice> {
    if let Some(Request { by, name }) = request {
        let asked = format!("{by} asks for the instruction set `{name}`");
        let names: Vec<_> = available.iter().map(|isa| isa.name()).collect();
        let names = names.join(", ");
        let Some(&isa) = available.iter().find(|isa| isa.name() == name) else {
            return Err(unavailable(format!(
                "{asked}, and this processor has {names}; ask for one of these, or for none to get \
                 the fastest"
            )));
        };
        return match verdict(isa) {
            Ok(()) => Ok(Choice {
                isa,
                dropped: Vec::new(),
            }),
            Err(wrong) => Err(unavailable(format!(
                "{asked}, and its {wrong} came out wrong when it was tried; ask for another of \
                 {names}, or for none to get the fastest that is right"
            ))),
        };
    }
    let mut dropped = Vec::new();
    for &isa in available.iter().rev() {
        match verdict(isa) {
            Ok(()) => return Ok(Choice { isa, dropped }),
            Err(wrong) => dropped.push(DroppedSet {
                set: isa.set(),
                wrong,
            }),
        }
    }
    let all: Vec<_> = dropped
        .iter()
        .map(|DroppedSet { set, wrong }| format!("{set} ({wrong})"))
        .collect();
    Err(unavailable(format!(
        "every instruction set gave wrong answers when it was tried: {}; this machine is not sound",
        all.join(", ")
    )))
}

fn unavailable(reason: String) -> Error {
    Error::EngineUnavailable {
        engine: "cpu".into(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(name: &str) -> Option<Request> {
        Request::of_environment(Some(name.into()))
    }

    fn right(_: Isa) -> Verdict {
        Ok(())
    }

    /// Returns the reason why no set was picked.
    fn reason(result: Result<Choice>) -> String {
        let Err(Error::EngineUnavailable { engine, reason }) = result else {
            panic!("{result:?}");
        };
        assert_eq!(engine, "cpu");
        reason
    }

    #[test]
    fn the_fastest_is_picked() {
        let available = Isa::available();
        let choice = pick(None, &available, right).unwrap();
        assert_eq!(Some(&choice.isa), available.last());
        assert_eq!(choice.dropped, []);
    }

    #[test]
    fn the_requested_set_is_picked() {
        let available = Isa::available();
        for isa in &available {
            let choice = pick(request(isa.name()), &available, right).unwrap();
            assert_eq!(choice.isa, *isa);
            assert_eq!(choice.dropped, []);
        }
    }

    #[test]
    fn an_empty_value_asks_for_nothing() {
        assert!(request("").is_none());
        assert!(Request::of_environment(None).is_none());
        assert!(request("portable").is_some());
    }

    #[test]
    fn an_unavailable_set_is_refused_with_the_available_sets() {
        // A known set that is not available, and an unknown set.
        for name in ["avx512-gfni", "avx1024"] {
            let reason = reason(pick(request(name), &[Isa::Portable], right));
            let asked = format!("WALRUS_ACCEL_ISA asks for the instruction set `{name}`");
            assert!(reason.contains(&asked), "{reason}");
            assert!(reason.contains("this processor has portable;"), "{reason}");
            assert!(reason.contains("ask for one of these"), "{reason}");
        }
    }

    #[test]
    fn a_failing_set_is_replaced_by_the_next_slower_set() {
        let available = Isa::available();
        for first_wrong in 1..=available.len() {
            let wrong = |isa| match available[first_wrong..].contains(&isa) {
                true => Err("sums"),
                false => Ok(()),
            };
            let choice = pick(None, &available, wrong).unwrap();
            assert_eq!(choice.isa, available[first_wrong - 1]);
            let dropped: Vec<_> = choice.dropped.iter().map(|it| (it.set, it.wrong)).collect();
            let expected = available[first_wrong..].iter().rev();
            let expected: Vec<_> = expected.map(|isa| (isa.set(), "sums")).collect();
            assert_eq!(dropped, expected);
            for dropped in choice.dropped {
                let text = dropped.to_string();
                assert!(text.contains(dropped.set.name()) && text.contains("its sums came out"));
            }
        }
        let reason = reason(pick(None, &available, |_| Err("sums")));
        for isa in available {
            assert!(
                reason.contains(&format!("{} (sums)", isa.name())),
                "{reason}"
            );
        }
    }

    #[test]
    fn a_requested_set_that_fails_is_an_error() {
        let available = Isa::available();
        let name = available.last().unwrap().name();
        let reason = reason(pick(request(name), &available, |_| Err("sums")));
        assert!(reason.contains(&format!("`{name}`, and its sums came out wrong")));
        assert!(reason.contains("ask for another of portable"), "{reason}");
    }
}
