//! Memory limit of a run: the option, or a share of the free memory.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

use crate::args::EngineArgs;

/// Minimum of the default, in bytes.
const LEAST: u64 = 256 << 20;

/// Maximum of the default, in bytes. With the memory outside of the limit, such as that of sinks
/// and drivers, a run stays below 1.5 GiB.
const MOST: u64 = 1 << 30;

/// Divisor of the free memory and of the machine's memory that gives the default.
const SHARE: u64 = 4;

/// Returns the memory limit in bytes. Without the option, it is the same during the whole run.
pub fn of(engine: &EngineArgs) -> u64 {
    static DEFAULT: OnceLock<u64> = OnceLock::new();
    engine
        .memory
        .unwrap_or_else(|| *DEFAULT.get_or_init(|| default(Memory::of_system(Path::new("/")))))
}

/// Returns the default for a machine. `None`: the system does not tell its memory.
fn default(memory: Option<Memory>) -> u64 {
    match memory {
        Some(Memory { total, free }) => (free.min(total) / SHARE).clamp(LEAST, MOST),
        None => MOST,
    }
}

/// Memory of a machine, or of the control group that limits this process, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Memory {
    total: u64,
    /// Memory that is unused, or used by caches that the system can drop.
    free: u64,
}

impl Memory {
    /// Reads the memory from the files of Linux below `root`. `None` on other systems.
    fn of_system(root: &Path) -> Option<Self> {
        let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
        let kib = |name| number_after(&text, name)?.checked_mul(1024);
        let total = kib("MemTotal:")?;
        // Kernels before 3.14 lack the line.
        let free = kib("MemAvailable:").or_else(|| kib("MemFree:"))?;
        let machine = Self { total, free };
        let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
        let limits = groups.lines().flat_map(|line| Group::of_line(root, line));
        Some(limits.fold(machine, |least, group| Self {
            total: least.total.min(group.total),
            free: least.free.min(group.free),
        }))
    }
}

/// Version of control groups: names of the files.
struct Group {
    /// Directories under which the groups may be mounted.
    mounts: &'static [&'static str],
    limit: &'static str,
    usage: &'static str,
    /// Name of the bytes in `memory.stat` that are caches of files not used lately.
    cache: &'static str,
}

const VERSION_1: Group = Group {
    mounts: &["sys/fs/cgroup/memory"],
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    cache: "total_inactive_file",
};

const VERSION_2: Group = Group {
    mounts: &["sys/fs/cgroup", "sys/fs/cgroup/unified"],
    limit: "memory.max",
    usage: "memory.current",
    cache: "inactive_file",
};

impl Group {
    /// Returns the memory of the groups that a line of `/proc/self/cgroup` names: the group, and
    /// all groups above it, as each of their limits holds.
    fn of_line(root: &Path, line: &str) -> Vec<Memory> {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            return Vec::new();
        };
        let version = match controllers {
            "" => VERSION_2,
            _ if controllers.split(',').any(|name| name == "memory") => VERSION_1,
            _ => return Vec::new(),
        };
        // In a container, the path may be one outside of the container: then only the mount itself,
        // which is the container's group, exists.
        let path: PathBuf = Path::new(path)
            .components()
            .filter(|part| matches!(part, Component::Normal(_)))
            .collect();
        let mounts = version.mounts.iter().map(|mount| root.join(mount));
        let dirs = mounts.flat_map(|mount| {
            let path = path.clone();
            let dirs: Vec<_> = path.ancestors().map(|path| mount.join(path)).collect();
            dirs
        });
        dirs.filter_map(|dir| version.memory_in(&dir)).collect()
    }

    /// Reads the memory of a group. `None` if the group has no limit.
    fn memory_in(&self, dir: &Path) -> Option<Memory> {
        let number = |name: &str| -> Option<u64> {
            let text = fs::read_to_string(dir.join(name)).ok()?;
            text.trim().parse().ok()
        };
        // Without a limit, the file has `max` (version 2) or a number near 2^63 (version 1).
        let total = number(self.limit)?;
        let used = number(self.usage)?;
        let stat = fs::read_to_string(dir.join("memory.stat")).unwrap_or_default();
        let cache = number_after(&stat, self.cache).unwrap_or(0);
        let free = total.saturating_sub(used.saturating_sub(cache));
        Some(Memory { total, free })
    }
}

/// Returns the number after a name at the beginning of a line.
fn number_after(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().map(str::split_ascii_whitespace);
    lines.find_map(|mut words| match words.next()? == name {
        true => words.next()?.parse().ok(),
        false => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;
    const MEMINFO: &str = "MemTotal:       16777216 kB\n\
                           MemFree:          524288 kB\n\
                           MemAvailable:    2097152 kB\n\
                           Buffers:          100000 kB\n";

    /// Makes a directory with files, and reads the memory from them.
    fn read(files: &[(&str, &str)]) -> Option<Memory> {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Memory::of_system(root.path())
    }

    fn mib(total: u64, free: u64) -> Option<Memory> {
        let (total, free) = (total * MIB, free * MIB);
        Some(Memory { total, free })
    }

    #[test]
    fn the_default_is_a_share_within_bounds() {
        let of = |total, free| default(mib(total, free)) / MIB;
        assert_eq!(of(16 << 10, 2 << 10), 512);
        assert_eq!(of(16 << 10, 100), 256);
        assert_eq!(of(512, 500), 256);
        assert_eq!(of(1 << 20, 1 << 20), 1024);
        assert_eq!(of(2 << 10, 3 << 10), 512);
        assert_eq!(default(None), 1024 * MIB);
    }

    #[test]
    fn a_machine_without_groups_tells_its_own_memory() {
        assert_eq!(read(&[("proc/meminfo", MEMINFO)]), mib(16_384, 2048));
        let old = "MemTotal: 1048576 kB\nMemFree: 524288 kB\n";
        assert_eq!(read(&[("proc/meminfo", old)]), mib(1024, 512));
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[("proc/meminfo", "nonsense")]), None);
        assert_eq!(read(&[("proc/meminfo", "MemTotal: x kB\n")]), None);
    }

    #[test]
    fn groups_of_version_2_limit_the_memory() {
        let service = "sys/fs/cgroup/system.slice/a.service";
        let file = |name: &str| format!("{service}/{name}");
        let files = |max| {
            [
                ("proc/meminfo".into(), MEMINFO),
                ("proc/self/cgroup".into(), "0::/system.slice/a.service\n"),
                (file("memory.max"), max),
                (file("memory.current"), "943718400\n"),
                (
                    file("memory.stat"),
                    "anon 100\ninactive_file 314572800\nfile 500000000\n",
                ),
                ("sys/fs/cgroup/system.slice/memory.max".into(), "max\n"),
                ("sys/fs/cgroup/system.slice/memory.current".into(), "1\n"),
            ]
        };
        let with = |max| {
            let files = files(max);
            read(&files.each_ref().map(|(name, text)| (&**name, *text)))
        };
        // 1,000 MiB, of which 900 are used, of which 300 are cache.
        assert_eq!(with("1048576000\n"), mib(1000, 400));
        assert_eq!(with("max\n"), mib(16_384, 2048));
        assert_eq!(with("104857600\n"), mib(100, 0));
    }

    #[test]
    fn groups_above_limit_the_memory_too() {
        let files = [
            ("proc/meminfo", MEMINFO),
            ("proc/self/cgroup", "0::/a/b\n"),
            ("sys/fs/cgroup/a/b/memory.max", "1073741824\n"),
            ("sys/fs/cgroup/a/b/memory.current", "0\n"),
            ("sys/fs/cgroup/a/memory.max", "536870912\n"),
            ("sys/fs/cgroup/a/memory.current", "268435456\n"),
        ];
        assert_eq!(read(&files), mib(512, 256));
    }

    #[test]
    fn groups_of_version_1_limit_the_memory() {
        let limit = "sys/fs/cgroup/memory/memory.limit_in_bytes";
        let container = |bytes, cgroup| {
            read(&[
                ("proc/meminfo", MEMINFO),
                ("proc/self/cgroup", cgroup),
                (limit, bytes),
                ("sys/fs/cgroup/memory/memory.usage_in_bytes", "209715200\n"),
                (
                    "sys/fs/cgroup/memory/memory.stat",
                    "cache 7\ninactive_file 1\ntotal_inactive_file 104857600\n",
                ),
            ])
        };
        // In a container, the group has a path that does not exist there.
        let outside = "3:cpu,cpuacct:/docker/f00\n2:memory:/docker/f00\n0::/docker/f00\n";
        assert_eq!(container("1073741824\n", outside), mib(1024, 924));
        assert_eq!(
            container("1073741824\n", "2:memory:/../../etc\n"),
            mib(1024, 924)
        );
        assert_eq!(
            container("9223372036854771712\n", outside),
            mib(16_384, 2048)
        );
        // Another controller's group has no say.
        assert_eq!(container("1073741824\n", "2:cpu:/\n"), mib(16_384, 2048));
        assert_eq!(container("1073741824\n", "memory\n"), mib(16_384, 2048));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_tells_its_memory() {
        let Memory { total, free } = Memory::of_system(Path::new("/")).unwrap();
        assert!(total > 0 && free <= total, "{free} of {total}");
    }
}
