//! Names of this machine's processor and of the measured commit.

use std::process::Command;

/// Returns the processor's model name, or the architecture if there is none.
pub fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    model_name(&info).unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// Returns the model name in the text of `/proc/cpuinfo`.
pub fn model_name(info: &str) -> Option<String> {
    let mut lines = info.lines().filter_map(|line| line.split_once(':'));
    let (_, name) = lines.find(|(key, _)| key.trim() == "model name")?;
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// Returns the processor's name as part of a file name: `xeon` for `Intel(R) Xeon(R) Processor`.
pub fn slug(processor: &str) -> String {
    let name = processor.to_lowercase();
    // The clock rate is not part of the name.
    let name = name.split('@').next().unwrap_or_default();
    let name = name.replace("(r)", " ").replace("(tm)", " ");
    let is_filler = |word: &str| {
        ["intel", "amd", "processor", "cpu"].contains(&word) || word.ends_with("-core")
    };
    let words = name.split_whitespace().filter(|word| !is_filler(word));
    let slug = words.collect::<Vec<_>>().join("-");
    let slug: String = slug
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect();
    match slug.is_empty() {
        true => "unknown".to_owned(),
        false => slug,
    }
}

/// Returns the short hash of the commit, with `+changes` if files other than earlier results differ
/// from the commit.
pub fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let changes = git(&["status", "--porcelain", "--", ":/", ":!/benches/results"]);
    match changes.is_some_and(|changes| changes.is_empty()) {
        true => commit,
        false => commit + "+changes",
    }
}
