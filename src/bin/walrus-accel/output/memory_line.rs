//! Memory of a run, as fields of a JSON object.

use serde::Serialize;

/// Fields about memory in a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MemoryLine {
    /// Memory limit in bytes. `None` if nothing was limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_limit: Option<u64>,
    /// Most memory that the process had so far, in bytes. `None` where the system does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory: Option<u64>,
}

impl MemoryLine {
    /// Returns the fields of this process at this time.
    pub fn new(limit: Option<u64>) -> Self {
        let status = std::fs::read_to_string("/proc/self/status").ok();
        Self {
            memory_limit: limit,
            peak_memory: status.as_deref().and_then(peak_in),
        }
    }
}

/// Returns the peak memory in bytes from the text of Linux's `/proc/self/status`.
fn peak_in(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_in_bytes() {
        let status = "Name:\tx\nVmPeak:\t  123456 kB\nVmHWM:\t   20480 kB\nVmRSS:\t 4 kB\n";
        assert_eq!(peak_in(status), Some(20 << 20));
        assert_eq!(peak_in("VmHWM:\t20480\n"), None);
        assert_eq!(peak_in("VmPeak: 1 kB\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_a_peak() {
        assert!(MemoryLine::new(None).peak_memory > Some(0));
    }
}
