//! Interrupts from outside.

use crate::run::jobs::Jobs;

/// Lets SIGINT, SIGTERM and SIGHUP (Ctrl-C elsewhere) cancel the jobs: the first one lets them clear
/// up, a second one ends the process at once. A hangup that is ignored, as under nohup, stays so.
///
/// SIGXFSZ ends nothing: a file beyond the limit on its size is an error of the write.
pub fn watch(jobs: &Jobs) {
    let jobs = jobs.clone();
    // Where it fails, signals end the process as they do without a handler.
    #[cfg(unix)]
    {
        use std::sync::{Arc, mpsc};

        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
        use signal_hook::iterator::Signals;

        // With a handler, whatever it does, the write goes on to fail.
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
        // The thread first: signals with a handler and without it would be ignored.
        let (sender, receiver) = mpsc::channel::<Signals>();
        let thread = std::thread::Builder::new().name("walrus-accel-signals".into());
        let wait = move || {
            if let Ok(mut signals) = receiver.recv() {
                signals.forever().for_each(|_| jobs.interrupt());
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
        let _ = ctrlc::set_handler(move || jobs.interrupt());
    }
}

/// Whether the process was started with SIGHUP (number 1) ignored. Told by Linux; elsewhere: no.
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
