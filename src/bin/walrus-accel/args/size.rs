//! Sizes in bytes, as users write them.

/// Letters of the binary units, with the power of two of each.
const UNITS: [(char, u32); 5] = [('K', 10), ('M', 20), ('G', 30), ('T', 40), ('P', 50)];

/// Parses a size such as `512M`, `1G`, `1.5GiB` or `1073741824`.
///
/// The letters stand for powers of 1,024, in either case, with or without `iB` or `B`.
pub fn parse(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a size: write 512M, 1.5GiB or a number of bytes");
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = shift(unit.trim_start()).ok_or_else(wrong)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || (number.contains('.') && (fraction.is_empty() || shift == 0)) {
        return Err(wrong());
    }
    let too_large = || format!("`{text}` is more bytes than 64 bits can count");
    let whole: u64 = whole.parse().map_err(|_| too_large())?;
    let bytes = whole.checked_mul(1 << shift).ok_or_else(too_large)?;
    // Nine decimals resolve every byte of a GiB, and their product fits 128 bits.
    let decimals = fraction.len().min(9);
    let fraction: u128 = match decimals {
        0 => 0,
        _ => fraction[..decimals].parse().map_err(|_| wrong())?,
    };
    let part = (fraction << shift) / 10u128.pow(decimals as u32);
    let part = u64::try_from(part).expect("less than one unit");
    match bytes.checked_add(part).ok_or_else(too_large)? {
        0 => Err(format!("`{text}` is zero: write at least 1 byte")),
        bytes => Ok(bytes),
    }
}

/// Returns the power of two that a unit stands for.
fn shift(unit: &str) -> Option<u32> {
    let mut letters = unit.chars();
    let Some(first) = letters.next() else {
        return Some(0);
    };
    let rest = letters.as_str();
    if first.eq_ignore_ascii_case(&'B') && rest.is_empty() {
        return Some(0);
    }
    let (_, shift) = UNITS
        .iter()
        .find(|(letter, _)| first.eq_ignore_ascii_case(letter))?;
    let known = rest.is_empty() || ["b", "ib"].contains(&rest.to_ascii_lowercase().as_str());
    known.then_some(*shift)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes_are_read() {
        for (text, bytes) in [
            ("1", 1),
            ("1073741824", 1 << 30),
            ("12B", 12),
            ("1K", 1 << 10),
            ("512M", 512 << 20),
            ("1G", 1 << 30),
            ("1g", 1 << 30),
            ("2T", 2 << 40),
            ("3 GiB", 3 << 30),
            ("7MB", 7 << 20),
            ("1.5GiB", 3 << 29),
            ("0.5k", 512),
            ("0.000000001G", 1),
            ("16383P", 16383 << 50),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            " ",
            "G",
            "0",
            "0K",
            "-1",
            "+1",
            "1.5",
            "1.",
            "1.K",
            ".5G",
            "1..5G",
            "1.5.5G",
            "1X",
            "1Gi",
            "1GiBs",
            "1 2",
            "1e9",
            "0x10",
            "٣",
            "16384P",
            "18446744073709551616",
            "18446744073709551615.5K",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
