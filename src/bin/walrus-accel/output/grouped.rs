//! Messages about many things, summed up by what they have in common.

use std::collections::HashMap;

use super::console::Console;

/// Maximum number of things with one reason to name one by one.
const MAX_NAMED: usize = 10;

/// Maximum number of things with different reasons to name one by one: a stranger's directory may
/// hold any number of files.
const MAX_NAMED_IN_ALL: usize = 40;

/// Maximum length of a list in a message in bytes.
const MAX_LIST_LEN: usize = 60;

/// Thing that a message is about, for a reason that other things can share.
pub trait Reported {
    /// Returns the reason. Things with the same reason are summed up.
    fn reason(&self) -> &str;

    /// Returns the message about this thing alone.
    fn message(&self) -> String;

    /// Returns the message about things with the same reason.
    fn summary(group: &[&Self]) -> String;
}

/// Prints messages with `print`: one about each thing, or one about all things with the same reason
/// if they are many. With `--verbose`, each thing has its message.
pub fn report<T: Reported>(things: &[T], console: &Console, print: impl Fn(&str)) {
    let mut numbers = HashMap::new();
    let mut groups: Vec<Vec<&T>> = Vec::new();
    for thing in things {
        let number = *numbers.entry(thing.reason()).or_insert(groups.len());
        match groups.get_mut(number) {
            Some(group) => group.push(thing),
            None => groups.push(vec![thing]),
        }
    }
    let (mut named, mut left) = (0, 0);
    for group in groups {
        if group.len() > MAX_NAMED && !console.verbose() {
            print(&T::summary(&group));
            continue;
        }
        for thing in group {
            match named < MAX_NAMED_IN_ALL || console.verbose() {
                true => print(&thing.message()),
                false => left += 1,
            }
            named += 1;
        }
    }
    if left > 0 {
        print(&format!("{left} more files; --verbose names all"));
    }
}

/// Returns the first items, up to the length of a line.
pub fn listed<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let mut list = String::new();
    for item in items {
        let item = item.as_ref();
        if !list.is_empty() {
            list.push_str(", ");
            if list.len() + item.len() > MAX_LIST_LEN {
                list.push_str("...");
                break;
            }
        }
        list.push_str(item);
    }
    list
}

/// Returns numbers as ranges, such as `0-5`, `7`.
pub fn ranges(mut numbers: Vec<u16>) -> Vec<String> {
    numbers.sort_unstable();
    numbers.dedup();
    let runs = numbers.chunk_by(|&a, &b| a.checked_add(1) == Some(b));
    runs.map(|run| match run {
        [only] => only.to_string(),
        [first, .., last] => format!("{first}-{last}"),
        [] => unreachable!("a run has a number"),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut() {
        let numbers = (0..1000).step_by(2).map(|number| number.to_string());
        let cut = listed(numbers);
        assert!(cut.len() <= MAX_LIST_LEN + 5 && cut.len() > MAX_LIST_LEN - 5);
        assert!(cut.starts_with("0, 2, 4, ") && cut.ends_with(", ..."));
        assert_eq!(listed(["0-665"]), "0-665");
        assert_eq!(listed([""; 0]), "");
        let long = "x".repeat(500);
        assert_eq!(listed([&long, "y"]), format!("{long}, ..."));
    }

    #[test]
    fn neighbours_become_ranges() {
        assert_eq!(ranges(vec![]), [""; 0]);
        let numbers = vec![7, 0, 1, 2, 65_535, 9, 65_534, 1];
        assert_eq!(ranges(numbers), ["0-2", "7", "9", "65534-65535"]);
    }
}
