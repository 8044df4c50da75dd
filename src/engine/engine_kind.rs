//! The engines that a user chooses from, by name.

use crate::format::error::{Error, Result};

/// Which engine does the work.
///
/// # Example
///
/// ```
/// use walrus_accel::EngineKind;
///
/// assert_eq!("cpu".parse::<EngineKind>().unwrap(), EngineKind::Cpu);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EngineKind {
    /// For each job, the engine that is expected to be done with it first: the CPU's, or that of a
    /// device if there is one. A job of 16 MiB or more that nothing is known of is measured on both,
    /// once for its kind and size class; the times are kept for 30 days in the user's cache directory
    /// (`walrus-accel/calibration.json`), or in the process alone where limits of memory or the check of
    /// devices are set to other than usual. Jobs at the same time are shared out.
    #[default]
    Auto,
    /// All cores, with the widest vectors that the processor has, in stripes.
    Cpu,
    /// A graphics card's compute shaders, and the CPU where they end: needs the feature `gpu`, a driver,
    /// and a device.
    Gpu,
    /// One thread, one hash at a time, the whole blob in memory: what the others are checked and
    /// measured against. It does not keep to the memory limit.
    Reference,
}

/// The registry: a line an engine.
const REGISTRY: [(&str, EngineKind); 4] = [
    ("auto", EngineKind::Auto),
    ("cpu", EngineKind::Cpu),
    ("gpu", EngineKind::Gpu),
    ("reference", EngineKind::Reference),
];

impl EngineKind {
    /// The name, as on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        let entry = REGISTRY.iter().find(|(_, kind)| *kind == self);
        entry.expect("every engine is registered").0
    }
}

impl std::str::FromStr for EngineKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let entry = REGISTRY.iter().find(|(name, _)| *name == text);
        entry
            .map(|(_, kind)| *kind)
            .ok_or_else(|| Error::UnknownName {
                what: "engine",
                text: text.to_owned(),
                expected: "auto, cpu, gpu, reference",
            })
    }
}

impl std::fmt::Display for EngineKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_engine_is_told_all_names() {
        let Err(Error::UnknownName { expected, .. }) = "gpu9".parse::<EngineKind>() else {
            panic!("there is no such engine");
        };
        let names: Vec<_> = expected.split(", ").collect();
        assert_eq!(names, REGISTRY.map(|(name, _)| name));
        for (name, kind) in REGISTRY {
            assert_eq!(name.parse::<EngineKind>().unwrap(), kind);
        }
    }
}
