//! The progress bar.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::ReportArgs;
use crate::jobs::Jobs;

/// How often the bar looks at the jobs.
const INTERVAL: Duration = Duration::from_millis(100);

/// A bar on standard error that follows the jobs; it is cleared when dropped.
pub struct ProgressView {
    bar: ProgressBar,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ProgressView {
    /// A bar where one is wanted and standard error is a terminal; else a hidden one.
    pub fn new(report: ReportArgs, jobs: &Jobs) -> Self {
        let shown = !report.json && !report.no_progress && std::io::stderr().is_terminal();
        let stop = Arc::new(AtomicBool::new(false));
        if !shown {
            return Self {
                bar: ProgressBar::hidden(),
                stop,
                thread: None,
            };
        }
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(10));
        let style = "{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
        bar.set_style(ProgressStyle::with_template(style).expect("the template is well formed"));
        let follow = {
            let (bar, jobs, stop) = (bar.clone(), jobs.clone(), Arc::clone(&stop));
            move || {
                while !stop.load(Ordering::Relaxed) {
                    let progress = jobs.progress();
                    if progress.total > 0 {
                        bar.set_length(progress.total);
                        bar.set_position(progress.done.min(progress.total));
                    }
                    thread::park_timeout(INTERVAL);
                }
            }
        };
        let thread = thread::Builder::new()
            .name("progress".into())
            .spawn(follow)
            .ok();
        Self { bar, stop, thread }
    }

    /// The bar, for those who print past it.
    pub fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }
}

impl Drop for ProgressView {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It only ever ends by itself.
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}
