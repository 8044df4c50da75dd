//! Interrupts from outside.

use crate::jobs::Jobs;

/// Lets SIGINT, SIGTERM and SIGHUP (Ctrl-C elsewhere) cancel the jobs: the first one lets them clear
/// up, a second one ends the process at once.
pub fn watch(jobs: &Jobs) {
    // Under nohup a hangup is to be ignored. The handler takes it together with the others, so
    // these keep their default action then.
    if hangup_is_ignored() {
        return;
    }
    let jobs = jobs.clone();
    // Where it fails, signals end the process as they do without a handler.
    let _ = ctrlc::set_handler(move || jobs.interrupt());
}

/// Whether the process was started with SIGHUP (number 1) ignored. Told by Linux; elsewhere: no.
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
