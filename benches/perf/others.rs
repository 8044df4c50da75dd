//! How much of the processors others had while something was measured: a benchmark of memory and caches
//! is slowed down by far more than the time that others take.

/// From this share on, a row is marked.
pub const MUCH: f64 = 0.02;

/// The ticks of all processors since the system was started.
pub struct Ticks {
    all: u64,
    /// Those of this process.
    own: u64,
    /// Those of any process, of the kernel, or taken by the hypervisor.
    busy: u64,
}

impl Ticks {
    /// `None` where the system does not tell.
    pub fn now() -> Option<Self> {
        let system = std::fs::read_to_string("/proc/stat").ok()?;
        let process = std::fs::read_to_string("/proc/self/stat").ok()?;
        Self::parse(&system, &process)
    }

    fn parse(system: &str, process: &str) -> Option<Self> {
        let line = system.lines().next()?.strip_prefix("cpu ")?;
        // user, nice, system, idle, waiting, interrupts, soft interrupts, stolen; what follows is
        // counted among these.
        let times = line.split_whitespace().take(8).map(str::parse);
        let times: Vec<u64> = times.collect::<Result<_, _>>().ok()?;
        let all = times.iter().sum();
        let idle = times.get(3)? + times.get(4)?;
        // The name, in brackets, may hold anything; behind it, the 12th and 13th are user and system.
        let (_, behind) = process.rsplit_once(')')?;
        let own = behind.split_whitespace().skip(11).take(2).map(str::parse);
        let own: Vec<u64> = own.collect::<Result<_, _>>().ok()?;
        Some(Self {
            all,
            own: own.iter().sum(),
            busy: all - idle,
        })
    }

    /// The share of all processors that others have had since.
    pub fn others_since(&self) -> Option<f64> {
        let now = Self::now()?;
        let all = now.all.saturating_sub(self.all);
        let busy = now.busy.saturating_sub(self.busy);
        let others = busy.saturating_sub(now.own.saturating_sub(self.own));
        (all > 0).then(|| others as f64 / all as f64)
    }
}
