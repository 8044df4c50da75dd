//! Messages about the files of a run, which may be many: the first are printed as they come, and
//! the others counted.

use std::path::Path;
use std::sync::Mutex;

use super::console::Console;
use super::names::shown;

/// Maximum number of messages of one kind to print.
const MAX_ALIKE: usize = 10;

/// Maximum number of messages to print.
const MAX_IN_ALL: usize = 40;

/// Kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Failure.
    Error,
    /// Problem that does not stop the work.
    Warning,
    /// Useful information.
    Note,
}

impl Level {
    const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Note];

    fn print(self, message: &str, console: &Console) {
        match self {
            Self::Error => console.error(message),
            Self::Warning => console.warning(message),
            Self::Note => console.note(message),
        }
    }
}

/// Messages about files so far.
#[derive(Debug, Default)]
pub struct Repeats {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    printed: usize,
    groups: Vec<Group>,
    /// Number of messages that belong to no group, per level.
    others: [usize; Level::ALL.len()],
}

/// Messages that differ only in the file's name.
#[derive(Debug)]
struct Group {
    level: Level,
    /// Parts of the message before and after the name.
    parts: [String; 2],
    printed: usize,
    hidden: usize,
}

impl Repeats {
    /// Prints a message about a file, or counts it if many are printed. With `--verbose`, every
    /// message is printed.
    pub fn print(&self, level: Level, path: &Path, message: &str, console: &Console) {
        if console.verbose() || self.state().is_printed(level, path, message) {
            level.print(message, console);
        }
    }

    /// Prints the numbers of messages that were not printed, and forgets all messages.
    pub fn sum_up(&self, console: &Console) {
        let state = std::mem::take(&mut *self.state());
        for group in state.groups.iter().filter(|group| group.hidden > 0) {
            let ([before, after], hidden) = (&group.parts, group.hidden);
            let files = match hidden {
                1 => "1 more file",
                _ => &format!("{hidden} more files"),
            };
            let message = format!("{before}{files}{after}; --verbose names each");
            group.level.print(&message, console);
        }
        for (level, others) in Level::ALL.into_iter().zip(state.others) {
            if others > 0 {
                let message = format!("{others} more messages about files; --verbose prints all");
                level.print(&message, console);
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics under the lock")
    }
}

impl State {
    /// Counts a message. Returns true if it is to be printed.
    fn is_printed(&mut self, level: Level, path: &Path, message: &str) -> bool {
        let parts = split(message, &shown(path));
        let is_alike = |group: &&mut Group| group.level == level && group.parts == parts;
        let has_place = self.printed < MAX_IN_ALL;
        if let Some(group) = self.groups.iter_mut().find(is_alike) {
            let is_printed = has_place && group.printed < MAX_ALIKE;
            match is_printed {
                true => group.printed += 1,
                false => group.hidden += 1,
            }
            self.printed += usize::from(is_printed);
            return is_printed;
        }
        // A group begins with a printed message, so there are few groups.
        if !has_place {
            self.others[level as usize] += 1;
            return false;
        }
        self.printed += 1;
        self.groups.push(Group {
            level,
            parts: parts.map(str::to_owned),
            printed: 1,
            hidden: 0,
        });
        true
    }
}

/// Returns the parts of a message before and after a name. A message without the name is the second
/// part.
fn split<'a>(message: &'a str, name: &str) -> [&'a str; 2] {
    // The name is a word of its own: before a colon, or else before a space.
    for end in [":", " "] {
        let with_end = format!("{name}{end}");
        for (start, _) in message.match_indices(&with_end) {
            let before = &message[..start];
            if before.is_empty() || before.ends_with(' ') {
                return [before, &message[start + name.len()..]];
            }
        }
    }
    ["", message]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_as_a_word() {
        for (message, name, parts) in [
            ("cannot open a: no a", "a", ["cannot open ", ": no a"]),
            ("a b: it is bad", "a b", ["", ": it is bad"]),
            ("data: a: bad", "a", ["data: ", ": bad"]),
            ("a exists", "a", ["", " exists"]),
            ("other", "a", ["", "other"]),
        ] {
            assert_eq!(split(message, name), parts);
        }
    }

    #[test]
    fn the_first_messages_are_printed_and_the_others_counted() {
        let mut state = State::default();
        let mut printed =
            |name: &str, message: String| state.is_printed(Level::Error, Path::new(name), &message);
        for number in 0..1000 {
            let name = number.to_string();
            let is_printed = printed(&name, format!("cannot open {name}: gone"));
            assert_eq!(is_printed, number < MAX_ALIKE);
        }
        for number in 0..1000 {
            let is_printed = printed("f", format!("f: {number}"));
            assert_eq!(is_printed, number < MAX_IN_ALL - MAX_ALIKE);
        }
        assert_eq!(state.groups[0].parts, ["cannot open ", ": gone"]);
        assert_eq!(state.groups[0].hidden, 1000 - MAX_ALIKE);
        assert_eq!(state.groups.len(), 1 + MAX_IN_ALL - MAX_ALIKE);
        assert_eq!(state.others, [1000 - (MAX_IN_ALL - MAX_ALIKE), 0, 0]);
    }
}
