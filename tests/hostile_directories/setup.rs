//! Setup of a case: a blob, its directory, and files of a victim that no run may change.

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

/// Number of shards: enough for a blob that is encoded in stripes.
pub const SHARDS: &str = "40";
pub const BLOB_LEN: usize = 30_000;

/// Name of files that no run may remove.
pub const PRECIOUS: &str = "precious";

/// Directories and files of the cases, created once.
pub struct Place {
    root: TempDir,
    id: String,
    /// Name of the working directory of an encode of the blob that can be resumed.
    working: String,
}

impl Place {
    pub fn new() -> Self {
        let root = fast_directory();
        let file = root.path().join("blob");
        // The name depends on the path of the source alone, so it can be read off an encode of a
        // long blob.
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

    /// Restores the state of before a case.
    pub fn renew(&self) {
        // The directories may have any depth and any owner.
        for name in ["out", "victim", "to"] {
            let removed = Command::new("rm").arg("-rf").arg(self.path(name)).status();
            assert!(removed.unwrap().success());
        }
        fs::create_dir(self.path("out")).unwrap();
        fs::create_dir(self.path("to")).unwrap();
        copy(&self.honest(), &self.directory());
        // Some of the victim's files would fit into a blob's directory.
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

    /// Returns the blob's directory as an encode creates it.
    pub fn honest(&self) -> PathBuf {
        self.path("honest").join(&self.id)
    }

    /// Returns the hostile directory.
    pub fn directory(&self) -> PathBuf {
        self.out().join(&self.id)
    }

    /// Returns the output directory of encodes.
    pub fn out(&self) -> PathBuf {
        self.path("out")
    }

    /// Returns the directory of the victim, which no run may change.
    pub fn victim(&self) -> PathBuf {
        self.path("victim")
    }

    /// Returns the working directory of an encode in `out`.
    pub fn working(&self) -> PathBuf {
        self.out().join(&self.working)
    }

    /// Removes an entry of the hostile directory, if any, and returns its path.
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

/// Creates a directory for many runs: in `/dev/shm` if it has enough free space.
fn fast_directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let is_large = |found: rustix::fs::StatVfs| found.f_bavail * found.f_frsize > 1 << 30;
    if rustix::fs::statvfs(memory).is_ok_and(is_large)
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

/// Runs an encode and returns the name of its working directory.
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

/// Copies a directory with its contents to `to`, which must not exist.
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

/// First words of a command that runs on a case, or the reason why the case cannot be created here.
pub type Made = Result<Vec<OsString>, &'static str>;

/// Result for a case whose command needs no first words.
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

/// Creates a device like `/dev/zero`. Only root can.
pub fn device(path: impl AsRef<Path>) -> Result<(), &'static str> {
    node(path.as_ref(), FileType::CharacterDevice, makedev(1, 5))
}

/// Creates a sparse file of one terabyte.
pub fn sparse(path: impl AsRef<Path>) {
    File::create(path).unwrap().set_len(1 << 40).unwrap();
}

/// Creates a directory with a file that no run may remove.
pub fn full_directory(path: impl AsRef<Path>) {
    fs::create_dir(&path).unwrap();
    fs::write(path.as_ref().join(PRECIOUS), b"precious\n").unwrap();
}

/// Creates 3,000 nested directories. The path of the innermost exceeds the limit for paths.
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

/// Changes the owner of an entry. Only root can.
pub fn give_away(path: impl AsRef<Path>) -> Result<(), &'static str> {
    match rustix::process::geteuid().is_root() {
        true => chown(path, Some(65534), Some(65534)).map_err(|_| "no owner can be changed here"),
        false => Err("only root can make files of somebody else"),
    }
}

/// Returns the first words of a command for which something else is mounted at a path: a directory
/// or file, or an empty file system for `None`.
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
