//! Names of the engines.

use crate::format::error::{Error, Result};

/// Engine that does the work.
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
    /// For each job, the engine that is expected to end it first: the CPU's, or that of a device if
    /// there is one. Both engines are measured once for each kind and size class of jobs of 16 MiB
    /// or more. The times are kept for 30 days in the user's cache directory
    /// (`walrus-accel/calibration.json`), separately for each memory limit and other setting that
    /// changes them. Simultaneous jobs are shared out.
    #[default]
    Auto,
    /// The CPU: all cores, with the widest vectors of the processor, in stripes.
    Cpu,
    /// A graphics device's compute shaders, and the CPU for the rest. Needs the feature `gpu`, a
    /// driver and a device.
    Gpu,
    /// One thread, one hash at a time, the whole blob in memory: the oracle and baseline of the
    /// other engines. It does not keep to the memory limit.
    Reference,
}

/// Names of the engines.
const REGISTRY: [(&str, EngineKind); 4] = [
    ("auto", EngineKind::Auto),
    ("cpu", EngineKind::Cpu),
    ("gpu", EngineKind::Gpu),
    ("reference", EngineKind::Reference),
];

impl EngineKind {
    /// Returns the name, as on the command line.
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
