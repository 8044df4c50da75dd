//! Signals that interrupt the process.

use super::jobs::Jobs;

/// Makes SIGINT, SIGTERM and SIGHUP (elsewhere Ctrl-C) cancel the jobs.
///
/// The first signal lets the jobs clear up, the second one ends the process at once. An ignored
/// SIGHUP, as under nohup, stays ignored. SIGXFSZ does not end the process: a file beyond the size
/// limit is an error of the write.
pub fn watch(jobs: &Jobs) {
    let jobs = jobs.clone();
    // If this setup fails, signals end the process as without a handler.
    #[cfg(unix)]
    {
        use std::sync::{Arc, mpsc};

        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
        use signal_hook::iterator::Signals;

        // With any handler, the write returns an error.
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
        // The thread comes first: with a handler but no thread, signals would be lost.
        let (sender, receiver) = mpsc::channel::<Signals>();
        let thread = std::thread::Builder::new().name("walrus-accel-signals".into());
        let wait = move || {
            if let Ok(mut signals) = receiver.recv() {
                signals.forever().for_each(|signal| jobs.interrupt(signal));
            }
        };
        if thread.spawn(wait).is_err() {
            return;
        }
        let hangup = (!hangup_is_ignored()).then_some(SIGHUP);
        let signals = [SIGINT, SIGTERM].into_iter().chain(hangup);
        if let Ok(signals) = Signals::new(signals) {
            let _ = sender.send(signals);
        }
    }
    #[cfg(not(unix))]
    {
        let _ = ctrlc::set_handler(move || jobs.interrupt(2));
    }
}

/// Returns true if the process was started with SIGHUP (number 1) ignored. Always false
/// on systems other than Linux.
#[cfg(unix)]
fn hangup_is_ignored() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return false;
    };
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 != 0)
}
