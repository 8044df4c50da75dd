//! Processor time that other processes took during a measurement. Their use of memory and caches
//! slows a benchmark down by far more than the time that they take.

/// Share of processor time of other processes from which a row is marked as disturbed.
pub const DISTURBED_SHARE: f64 = 0.02;

/// Processor ticks since the system was started, summed over all processors.
pub struct CpuTicks {
    all: u64,
    /// Ticks of this process.
    own: u64,
    /// Ticks of any process or of the kernel, and ticks that the hypervisor took.
    busy: u64,
}

impl CpuTicks {
    /// Returns the ticks until now. `None` on systems without `/proc/stat`.
    pub fn now() -> Option<Self> {
        let system = std::fs::read_to_string("/proc/stat").ok()?;
        let process = std::fs::read_to_string("/proc/self/stat").ok()?;
        Self::parse(&system, &process)
    }

    fn parse(system: &str, process: &str) -> Option<Self> {
        let line = system.lines().next()?.strip_prefix("cpu ")?;
        // user, nice, system, idle, iowait, irq, softirq, steal. Later columns are included in
        // these.
        let times = line.split_whitespace().take(8).map(str::parse);
        let times: Vec<u64> = times.collect::<Result<_, _>>().ok()?;
        let all = times.iter().sum();
        let idle = times.get(3)? + times.get(4)?;
        // The process name, in parentheses, may contain any character. Fields 12 and 13 after the
        // name are user and system time.
        let (_, fields) = process.rsplit_once(')')?;
        let own = fields.split_whitespace().skip(11).take(2).map(str::parse);
        let own: Vec<u64> = own.collect::<Result<_, _>>().ok()?;
        Some(Self {
            all,
            own: own.iter().sum(),
            busy: all - idle,
        })
    }

    /// Returns the share of all processor time since `self` that other processes took.
    pub fn interference_since(&self) -> Option<f64> {
        let now = Self::now()?;
        let all = now.all.saturating_sub(self.all);
        let busy = now.busy.saturating_sub(self.busy);
        let other_ticks = busy.saturating_sub(now.own.saturating_sub(self.own));
        (all > 0).then(|| other_ticks as f64 / all as f64)
    }
}
