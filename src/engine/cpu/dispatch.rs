//! Dispatch of kernels to instruction sets, for the code and the hashes alike.
//!
//! A kernel is a value of a type that implements [`Kernel`] for every instruction set that it
//! serves: its algorithm stands once, generic over the set. [`TargetFeatures::run`] passes the
//! kernel to a function that is compiled with the set's features, and the kernel is inlined into
//! that function. So the choice of a set costs one branch per call of a kernel, and nothing is
//! dispatched within.
//!
//! Kernels avoid closures on vectors: a closure that is not inlined is compiled without the
//! features, and every vector operation in the closure becomes a call. `scripts/disassembly.sh`
//! looks for such calls.

/// Work that is compiled once per instruction set.
pub(crate) trait Kernel<S> {
    /// Does the work with the instruction set `set`.
    ///
    /// Implementations are `#[inline(always)]`, as are all functions they call on vectors: only
    /// then [`TargetFeatures::run`] compiles them with the features of the set.
    fn run(self, set: S);
}

/// An instruction set. A value proves that this CPU has the set's features.
pub(crate) trait TargetFeatures: Copy + Send + Sync + 'static {
    /// Runs the kernel, compiled with the features of the set.
    fn run(self, kernel: impl Kernel<Self>);
}

/// Defines instruction sets: a type with a constructor that asks the CPU for the features, and its
/// [`TargetFeatures`]. Both name the same features, so every value proves what the compiled kernels
/// need.
macro_rules! instruction_sets {
    ($(
        $(#[$doc:meta])*
        $name:ident on $arch:literal asks $detected:ident for $($feature:tt),+;
    )+) => {
        $(
            $(#[$doc])*
            #[cfg(target_arch = $arch)]
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub(crate) struct $name(());

            #[cfg(target_arch = $arch)]
            impl $name {
                /// Returns the proof, if this CPU has the features.
                #[allow(dead_code, reason = "some sets only come from larger sets")]
                pub(crate) fn new() -> Option<Self> {
                    let has = $(std::arch::$detected!($feature))&&+;
                    has.then_some(Self(()))
                }
            }

            #[cfg(target_arch = $arch)]
            impl $crate::engine::cpu::dispatch::TargetFeatures for $name {
                fn run(self, kernel: impl $crate::engine::cpu::dispatch::Kernel<Self>) {
                    #[target_feature($(enable = $feature),+)]
                    fn with_features(
                        set: $name,
                        kernel: impl $crate::engine::cpu::dispatch::Kernel<$name>,
                    ) {
                        kernel.run(set);
                    }
                    // SAFETY: only `new` and conversions from sets with more features make a
                    // `$name`, and `new` asked this CPU for the same features.
                    unsafe { with_features(self, kernel) }
                }
            }
        )+
    };
}

/// Defines conversions from an instruction set to sets whose features are a subset.
macro_rules! subsets {
    ($($more:ident has $fewer:ident on $arch:literal;)+) => {
        $(
            #[cfg(target_arch = $arch)]
            impl From<$more> for $fewer {
                fn from(_: $more) -> Self {
                    Self(())
                }
            }
        )+
    };
}

pub(crate) use {instruction_sets, subsets};
