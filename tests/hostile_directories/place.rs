//! Where a case happens: a blob, its directory, and a stranger's files that nothing may touch.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, OFlags, makedev, mkdirat, mknodat, openat};
use tempfile::TempDir;

use crate::common::blob;

/// Enough for a blob that is encoded in stripes.
pub const SHARDS: &str = "40";
pub const BLOB_LEN: usize = 30_000;

/// Files of this name hold what nobody else may remove.
pub const PRECIOUS: &str = "precious";

/// Everything that cases need, made once.
pub struct Place {
    root: TempDir,
    id: String,
    /// Name of the directory that an encode of the blob works in when it can be resumed.
    working: String,
}

impl Place {
    pub fn new() -> Self {
        let root = fast_directory();
        let file = root.path().join("blob");
        // The name follows from the path of the source, so a long blob tells the one of a short blob.
        fs::write(&file, blob(81, 24_000_000)).unwrap();
        let working = working_name(&file, &root.path().join("long"));
        fs::write(&file, blob(82, BLOB_LEN)).unwrap();
        let honest = root.path().join("honest");
        let encoded = encode(&file, &honest).status().unwrap();
        assert!(encoded.success());
        let id = fs::read_dir(&honest).unwrap().next().unwrap().unwrap();
        let id = id.file_name().into_string().unwrap();
        let place = Self { root, id, working };
        place.renew();
        place
    }

    /// Puts everything back as it was before a case.
    pub fn renew(&self) {
        // Of any depth, and of anybody.
        for name in ["out", "victim", "to"] {
            let removed = Command::new("rm").arg("-rf").arg(self.path(name)).status();
            assert!(removed.unwrap().success());
        }
        fs::create_dir(self.path("out")).unwrap();
        fs::create_dir(self.path("to")).unwrap();
        copy(&self.honest(), &self.directory());
        // Of the victim's files some are what would be welcome in a blob's directory.
        copy(&self.honest(), &self.victim());
        fs::create_dir(self.victim().join("folder")).unwrap();
        fs::write(self.victim().join("file"), b"text\n").unwrap();
        for name in [PRECIOUS, "folder/precious"] {
            fs::write(self.victim().join(name), b"precious\n").unwrap();
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn blob(&self) -> PathBuf {
        self.path("blob")
    }

    /// The blob's directory as an encode makes it.
    pub fn honest(&self) -> PathBuf {
        self.path("honest").join(&self.id)
    }

    /// The directory that a stranger made.
    pub fn directory(&self) -> PathBuf {
        self.out().join(&self.id)
    }

    /// The directory that blobs are encoded into.
    pub fn out(&self) -> PathBuf {
        self.path("out")
    }

    /// What nothing may touch.
    pub fn victim(&self) -> PathBuf {
        self.path("victim")
    }

    /// The name in `out` that an encode works under.
    pub fn working(&self) -> PathBuf {
        self.out().join(&self.working)
    }

    /// A name in the stranger's directory, which is free afterwards.
    pub fn cleared(&self, name: &str) -> PathBuf {
        let path = self.directory().join(name);
        let kind = fs::symlink_metadata(&path).ok();
        match kind {
            Some(found) if found.is_dir() => fs::remove_dir_all(&path).unwrap(),
            Some(_) => fs::remove_file(&path).unwrap(),
            None => {}
        }
        path
    }
}

/// A directory for many runs: in memory, if the system has a file system there with room for them.
fn fast_directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let roomy = |found: rustix::fs::StatVfs| found.f_bavail * found.f_frsize > 1 << 30;
    if rustix::fs::statvfs(memory).is_ok_and(roomy)
        && let Ok(directory) = tempfile::tempdir_in(memory)
    {
        return directory;
    }
    tempfile::tempdir().unwrap()
}

fn encode(file: &Path, out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_walrus-accel"));
    command.arg("encode").arg(file).arg("--out").arg(out);
    command.args([
        "--shards",
        SHARDS,
        "--engine",
        "cpu",
        "--threads",
        "1",
        "--no-progress",
    ]);
    command.stdout(Stdio::null());
    command
}

/// The name that an encode works under, by looking at one.
fn working_name(file: &Path, out: &Path) -> String {
    let mut child = encode(file, out)
        .args(["--resume", "--memory", "1M"])
        .spawn()
        .unwrap();
    let start = Instant::now();
    let name = loop {
        let entries = fs::read_dir(out).into_iter().flatten();
        let mut names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        if let Some(name) = names.find(|name| name.starts_with(".walrus-accel-")) {
            break name;
        }
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "no working directory"
        );
        assert!(child.try_wait().unwrap().is_none(), "it was faster");
        std::thread::sleep(Duration::from_millis(1));
    };
    child.kill().unwrap();
    child.wait().unwrap();
    fs::remove_dir_all(out).unwrap();
    name
}

/// Copies a directory with everything in it, to a name that is free.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// What a case is made of, or why it cannot be here.
pub type Made = Result<Vec<OsString>, &'static str>;

/// A case that needs nothing to run.
pub const PLAIN: Made = Ok(Vec::new());

pub fn link(to: impl AsRef<Path>, at: impl AsRef<Path>) {
    symlink(to, at).unwrap();
}

fn node(path: &Path, kind: FileType, device: u64) -> Result<(), &'static str> {
    let mode = Mode::from_raw_mode(0o644);
    mknodat(CWD, path, kind, mode, device).map_err(|_| "no such file can be made here")
}

pub fn fifo(path: impl AsRef<Path>) {
    node(path.as_ref(), FileType::Fifo, 0).unwrap();
}

pub fn socket(path: impl AsRef<Path>) {
    node(path.as_ref(), FileType::Socket, 0).unwrap();
}

/// What `/dev/zero` is, for root.
pub fn device(path: impl AsRef<Path>) -> Result<(), &'static str> {
    node(path.as_ref(), FileType::CharacterDevice, makedev(1, 5))
}

/// A file of a terabyte that takes no space.
pub fn sparse(path: impl AsRef<Path>) {
    File::create(path).unwrap().set_len(1 << 40).unwrap();
}

/// A directory with a file in it that nobody else may remove.
pub fn full_directory(path: impl AsRef<Path>) {
    fs::create_dir(&path).unwrap();
    fs::write(path.as_ref().join(PRECIOUS), b"precious\n").unwrap();
}

/// A directory in a directory, three thousand times: its path is longer than a path may be.
pub fn deep(path: impl AsRef<Path>) {
    let (mode, flags) = (
        Mode::from_raw_mode(0o755),
        OFlags::RDONLY | OFlags::DIRECTORY,
    );
    fs::create_dir(&path).unwrap();
    let mut at: OwnedFd = File::open(path).unwrap().into();
    for _ in 0..3000 {
        mkdirat(at.as_fd(), "d", mode).unwrap();
        at = openat(at.as_fd(), "d", flags, Mode::empty()).unwrap();
    }
}

/// Gives something to somebody else, for root.
pub fn give_away(path: impl AsRef<Path>) -> Result<(), &'static str> {
    match rustix::process::geteuid().is_root() {
        true => chown(path, Some(65534), Some(65534)).map_err(|_| "no owner can be changed here"),
        false => Err("only root can make files of somebody else"),
    }
}

/// Words that begin a command which sees something else mounted at a path: a directory or file that is
/// there, or with `None` an empty file system.
pub fn mounted(what: Option<&Path>, at: &Path) -> Made {
    let script = match what {
        Some(_) => "mount --bind \"$1\" \"$2\" && shift 2 && exec \"$@\"",
        None => "mount -t tmpfs none \"$2\" && shift 2 && exec \"$@\"",
    };
    let words = |what: &Path| {
        let mut words: Vec<OsString> = [
            "unshare",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
        ]
        .map(Into::into)
        .to_vec();
        words.push(what.into());
        words.push(at.into());
        words
    };
    let words = words(what.unwrap_or(Path::new("/")));
    let tried = Command::new(&words[0])
        .args(&words[1..])
        .arg("true")
        .output();
    match tried.is_ok_and(|output| output.status.success()) {
        true => Ok(words),
        false => Err("nothing can be mounted here"),
    }
}
