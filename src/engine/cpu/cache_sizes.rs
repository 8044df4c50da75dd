//! Cache sizes, and the step that fits them.

use crate::engine::STRIPE_UNIT;

/// Returns the bytes of a core's second-level cache. `None` if the system does not tell: only Linux
/// is asked.
pub(crate) fn second_level() -> Option<u64> {
    let indices = (0..8).map(|index| format!("/sys/devices/system/cpu/cpu0/cache/index{index}"));
    indices.into_iter().find_map(|cache| {
        let read = |what: &str| std::fs::read_to_string(format!("{cache}/{what}")).ok();
        let is_second = read("level")?.trim() == "2";
        is_second.then(|| bytes(&read("size")?)).flatten()
    })
}

/// Returns the number of bytes of a size such as `"2048K"`.
fn bytes(text: &str) -> Option<u64> {
    let kib: u64 = text.trim().strip_suffix('K')?.parse().ok()?;
    kib.checked_mul(1024)
}

/// Returns the step: the bytes per symbol of a codeword that are extended and hashed at once, a
/// multiple of [`STRIPE_UNIT`].
///
/// Longer steps alternate less often between the code and the hashes, which evict each other's
/// instructions. But the tile of all `symbols` of a codeword may take two thirds of the
/// second-level cache at most: the rest is for other memory.
pub(crate) fn step(second_level: Option<u64>, symbols: usize) -> u32 {
    let (short, long) = (2 * STRIPE_UNIT, 4 * STRIPE_UNIT);
    let capacity = second_level.unwrap_or(0) / 3 * 2;
    match symbols as u64 * u64::from(long) <= capacity {
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
