//! Values of options, and their parsers.

use std::ffi::OsStr;
use std::path::Path;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};
use walrus_accel::{Axis, Check, Commitment, EngineKind, Error, Runtime, Shape};

/// File name that stands for standard input or output.
const STANDARD: &str = "-";

/// Returns true if the argument stands for standard input or output.
pub fn is_standard(path: &Path) -> bool {
    path.as_os_str() == STANDARD
}

/// Axis, or `None` to take any axis with enough slivers.
#[derive(Clone, Copy, Debug)]
pub struct AxisChoice(pub Option<Axis>);

/// Structure of the wire format that a file can hold.
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

impl Kind {
    /// All kinds in the order of detection: the kinds that other bytes rarely match come first.
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

    /// Returns the name on the command line and in JSON: the name of the wire format in kebab case.
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
}

pub fn shards(text: &str) -> Result<u16, String> {
    let Ok(n) = text.parse() else {
        let most = match Shape::new(u16::MAX, 0) {
            Err(Error::TooManyShards { maximum, .. }) => maximum,
            _ => u16::MAX,
        };
        return Err(format!(
            "a number from {} to {most} is expected",
            Shape::MIN_SHARDS
        ));
    };
    match Shape::new(n, 0) {
        Ok(_) => Ok(n),
        Err(error) => Err(error.to_string()),
    }
}

pub fn threads(text: &str) -> Result<usize, String> {
    let threads = text
        .parse()
        .map_err(|_| format!("a number from 0 to {} is expected", Runtime::MAX_THREADS))?;
    match threads <= Runtime::MAX_THREADS {
        true => Ok(threads),
        // The library's error, so that the message is the same for every caller.
        false => Err(Error::TooManyThreads {
            threads,
            maximum: Runtime::MAX_THREADS,
        }
        .to_string()),
    }
}

pub fn commitment() -> impl TypedValueParser<Value = Commitment> {
    PossibleValuesParser::new(["blake2b", "blake3"]).try_map(|name| name.parse::<Commitment>())
}

pub fn check() -> impl TypedValueParser<Value = Check> {
    PossibleValuesParser::new(["skip", "default", "strict"]).try_map(|name| name.parse::<Check>())
}

pub fn axis() -> impl TypedValueParser<Value = Axis> {
    PossibleValuesParser::new(Axis::BOTH.map(Axis::name)).map(|name| {
        let named = |axis: &Axis| axis.name() == name;
        Axis::BOTH.into_iter().find(named).expect("one of the two")
    })
}

pub fn axis_choice() -> impl TypedValueParser<Value = AxisChoice> {
    PossibleValuesParser::new(["auto", "primary", "secondary"]).map(|name| {
        let named = |axis: &Axis| axis.name() == name;
        AxisChoice(Axis::BOTH.into_iter().find(named))
    })
}

pub fn kind() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::name)).map(|name| {
        let named = |kind: &Kind| kind.name() == name;
        Kind::ALL.into_iter().find(named).expect("one of them")
    })
}

/// Parser of engine names.
///
/// For an unknown name clap suggests the name with the most letters in common: `cpu` for `cuda`.
/// This parser suggests `gpu` for other names of graphics devices.
#[derive(Clone)]
pub struct EngineParser;

impl EngineParser {
    const NAMES: [&str; 4] = ["auto", "cpu", "gpu", "reference"];

    /// Names in use elsewhere for engines on graphics devices.
    const GPU: [&str; 10] = [
        "cuda", "device", "directx", "dx12", "graphics", "hip", "metal", "opencl", "rocm", "vulkan",
    ];
}

impl TypedValueParser for EngineParser {
    type Value = EngineKind;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<EngineKind, clap::Error> {
        let text = value.to_string_lossy();
        if let Ok(engine) = text.parse() {
            return Ok(engine);
        }
        let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
        if let Some(argument) = argument {
            let argument = ContextValue::String(argument.to_string());
            error.insert(ContextKind::InvalidArg, argument);
        }
        let names = Self::NAMES.map(str::to_owned).to_vec();
        error.insert(ContextKind::ValidValue, ContextValue::Strings(names));
        if Self::GPU.contains(&text.to_lowercase().as_str()) {
            let gpu = ContextValue::String("gpu".into());
            error.insert(ContextKind::SuggestedValue, gpu);
        }
        let text = ContextValue::String(text.into());
        error.insert(ContextKind::InvalidValue, text);
        Err(error)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Self::NAMES.into_iter().map(PossibleValue::new)))
    }
}
