//! Progress bar.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{
    HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle,
    TermLike,
};
use walrus_accel::io::{Phase, Progress};

use super::messages::Messages;
use crate::args::ReportArgs;

/// Interval at which the bar polls the progress.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Templates of the bar, each with the least number of columns it fits. The prefix is the phase,
/// and the message the number of files.
const TEMPLATES: [(u16, &str); 5] = [
    (
        100,
        "{prefix}{msg}{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {left} left",
    ),
    (
        74,
        "{prefix}{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {left} left",
    ),
    (46, "{prefix}{wide_bar} {percent}%, {bytes_per_sec}, {left}"),
    (36, "{wide_bar} {percent}%, {bytes_per_sec}, {left}"),
    (0, "{percent}%, {left}"),
];

/// Progress of all jobs of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunProgress {
    /// Bytes done, and all bytes. Fewer than all bytes are done while a job runs or a file waits.
    pub bytes: Progress,
    /// Phase that most concerns the user. `None` in jobs that report none.
    pub phase: Option<Phase>,
    /// Files done, and all files, if there are several.
    pub files: Option<[u64; 2]>,
}

impl RunProgress {
    /// Returns the phase as the beginning of the line.
    fn prefix(&self) -> &'static str {
        match self.phase {
            Some(Phase::Reading) => "reading ",
            Some(Phase::Encoding) => "encoding ",
            Some(Phase::Writing) => "writing ",
            Some(Phase::Syncing) => "syncing ",
            _ => "",
        }
    }

    /// Returns the number of files as a part of the line.
    fn message(&self) -> String {
        self.files.map_or_else(String::new, |[done, all]| {
            format!("{} of {} files ", HumanCount(done), HumanCount(all))
        })
    }
}

/// Bar on standard error. Cleared when dropped.
pub struct ProgressView {
    bar: ProgressBar,
    messages: Arc<Messages>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ProgressView {
    /// Starts a bar that follows `progress`, if the options allow one and standard error is a
    /// terminal. Otherwise the bar is hidden.
    pub fn new(
        report: ReportArgs,
        progress: impl Fn() -> RunProgress + Send + 'static,
        messages: &Arc<Messages>,
    ) -> Self {
        let shown = !report.json && !report.no_progress && messages.is_terminal();
        let messages = Arc::clone(messages);
        let stop = Arc::new(AtomicBool::new(false));
        if !shown {
            return Self {
                bar: ProgressBar::hidden(),
                messages,
                stop,
                thread: None,
            };
        }
        let terminal = Terminal {
            messages: Arc::clone(&messages),
            drawn: Mutex::default(),
        };
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal), 10);
        // A bar of length 0 would be full.
        let bar = ProgressBar::with_draw_target(None, target);
        let mut columns = messages.columns();
        bar.set_style(style(columns));
        messages.set_bar(true);
        let follow = {
            let (bar, stop) = (bar.clone(), Arc::clone(&stop));
            let messages = Arc::clone(&messages);
            move || {
                while !stop.load(Ordering::Relaxed) {
                    let progress = progress();
                    if columns != messages.columns() {
                        columns = messages.columns();
                        bar.set_style(style(columns));
                    }
                    if bar.prefix() != progress.prefix() {
                        bar.set_prefix(progress.prefix());
                    }
                    let message = progress.message();
                    if bar.message() != message {
                        bar.set_message(message);
                    }
                    let Progress { done, total } = progress.bytes;
                    if total > 0 {
                        bar.set_length(total);
                        bar.set_position(done.min(total));
                    }
                    thread::park_timeout(POLL_INTERVAL);
                }
            }
        };
        let thread = thread::Builder::new()
            .name("progress".into())
            .spawn(follow)
            .ok();
        Self {
            bar,
            messages,
            stop,
            thread,
        }
    }

    /// Returns the bar, for code that prints around it.
    pub fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }
}

impl Drop for ProgressView {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // The thread never panics.
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
        self.messages.set_bar(false);
    }
}

/// Returns the style that fits a terminal.
fn style(columns: u16) -> ProgressStyle {
    let fits = |(least, _): &&(u16, &str)| columns >= *least;
    let (_, template) = TEMPLATES
        .iter()
        .find(fits)
        .expect("the last one always fits");
    ProgressStyle::with_template(template)
        .expect("the template is well formed")
        .with_key("left", |state: &ProgressState, out: &mut dyn fmt::Write| {
            // Nothing is known before the first bytes are done, nor about the last sync.
            let is_known = state.pos() > 0 && Some(state.pos()) != state.len();
            let _ = match is_known && state.eta() >= Duration::from_secs(1) {
                true => write!(out, "{:#}", HumanDuration(state.eta())),
                false => write!(out, "--"),
            };
        })
}

/// Terminal of the original standard error. Gathers a drawing and writes it at once.
#[derive(Debug)]
struct Terminal {
    messages: Arc<Messages>,
    drawn: Mutex<String>,
}

impl Terminal {
    fn draw(&self, text: &str) -> io::Result<()> {
        let mut drawn = self.drawn.lock().expect("nothing panics under the lock");
        drawn.push_str(text);
        Ok(())
    }

    /// Moves the cursor by a control sequence: `A` up, `B` down, `C` right, `D` left.
    fn go(&self, steps: usize, direction: char) -> io::Result<()> {
        match steps {
            0 => Ok(()),
            steps => self.draw(&format!("\x1b[{steps}{direction}")),
        }
    }
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        self.messages.columns()
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.go(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.go(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.go(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.go(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.draw(text)?;
        self.draw("\n")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.draw(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.draw("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        let mut drawn = self.drawn.lock().expect("nothing panics under the lock");
        let text = std::mem::take(&mut *drawn);
        drop(drawn);
        self.messages.write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Terminal that records the drawing.
    #[derive(Clone, Debug)]
    struct Paper {
        columns: u16,
        drawn: Arc<Mutex<String>>,
    }

    impl TermLike for Paper {
        fn width(&self) -> u16 {
            self.columns
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.drawn.lock().unwrap().push_str(text);
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_bar_is_empty_and_tells_no_time_before_anything_is_done() {
        let paper = Paper {
            columns: 100,
            drawn: Arc::default(),
        };
        let target = ProgressDrawTarget::term_like(Box::new(paper.clone()));
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(style(100));
        for length in [None, Some(1 << 30)] {
            if let Some(length) = length {
                bar.set_length(length);
            }
            paper.drawn.lock().unwrap().clear();
            bar.force_draw();
            let drawn = paper.drawn.lock().unwrap().trim_end().to_owned();
            assert!(
                !drawn.contains('█') && drawn.ends_with("-- left"),
                "{drawn}"
            );
        }
    }

    #[test]
    fn the_bar_fits_narrow_terminals() {
        let longest = RunProgress {
            bytes: Progress { done: 0, total: 0 },
            phase: Some(Phase::Encoding),
            files: Some([10_000, 10_000]),
        };
        for columns in [16, 24, 40, 45, 46, 63, 73, 74, 80, 99, 100, 200] {
            let paper = Paper {
                columns,
                drawn: Arc::default(),
            };
            let target = ProgressDrawTarget::term_like(Box::new(paper.clone()));
            let bar = ProgressBar::with_draw_target(Some(1100 << 30), target);
            bar.set_style(style(columns));
            bar.set_position(1023 << 30);
            bar.set_prefix(longest.prefix());
            bar.set_message(longest.message());
            bar.set_elapsed(Duration::from_secs(3600 * 100));
            paper.drawn.lock().unwrap().clear();
            bar.force_draw();
            let drawn = paper.drawn.lock().unwrap().trim_end().to_owned();
            let wide = drawn.chars().count();
            assert!(
                wide <= columns.into() && drawn.contains(['%', 'B']),
                "{columns}: {drawn}"
            );
            // The rest of the line is a bar wide enough to show progress.
            let bar = drawn.chars().filter(|c| "█░".contains(*c)).count();
            assert!(columns < 40 || bar >= 4, "{columns}: {drawn}");
        }
    }
}
