//! What the processor's caches have room for.

use crate::engine::STRIPE_UNIT;

/// The bytes of a core's second-level cache, where the system tells.
pub(crate) fn second_level() -> Option<u64> {
    // Linux; elsewhere nobody is asked.
    let indices = (0..8).map(|index| format!("/sys/devices/system/cpu/cpu0/cache/index{index}"));
    indices.into_iter().find_map(|cache| {
        let read = |what: &str| std::fs::read_to_string(format!("{cache}/{what}")).ok();
        let is_second = read("level")?.trim() == "2";
        is_second.then(|| bytes(&read("size")?)).flatten()
    })
}

/// `"2048K"` as a number of bytes.
fn bytes(text: &str) -> Option<u64> {
    let kib: u64 = text.trim().strip_suffix('K')?.parse().ok()?;
    kib.checked_mul(1024)
}

/// How many bytes of every symbol of a line are extended and hashed at once: a multiple of
/// [`STRIPE_UNIT`]. More of them make fewer turns of code and hashes, which evict each other's
/// instructions; but all `symbols` of a line, and as much again of what else is at work, have to stay in
/// the second-level cache.
pub(crate) fn step(second_level: Option<u64>, symbols: usize) -> u32 {
    let (short, long) = (2 * STRIPE_UNIT, 4 * STRIPE_UNIT);
    let room = second_level.unwrap_or(0) / 3 * 2;
    match symbols as u64 * u64::from(long) <= room {
        true => long,
        false => short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        assert_eq!(bytes("2048K\n"), Some(2 << 20));
        assert_eq!(bytes("512K"), Some(512 << 10));
        for other in ["", "K", "2M", "-1K", "18446744073709551615K"] {
            assert_eq!(bytes(other), None, "{other}");
        }
        assert!(second_level().is_none_or(|bytes| bytes >= 1 << 15));
    }

    #[test]
    fn steps_fit_the_cache() {
        assert_eq!(step(Some(1 << 20), 1000), 512);
        assert_eq!(step(Some(512 << 10), 1000), 256);
        assert_eq!(step(Some(512 << 10), 100), 512);
        assert_eq!(step(None, 4), 256);
        assert_eq!(step(Some(u64::MAX), 65_536), 512);
    }
}
