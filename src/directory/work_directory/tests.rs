use std::fs;
use std::path::PathBuf;

use super::*;
use crate::directory::journal::tests::identity;

fn open(parent: &Path, commitment: &str, resume: bool) -> Result<WorkDirectory> {
    WorkDirectory::open(open_parent(parent)?, Some(identity(commitment)), resume)
}

fn names(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn one_process_at_a_time_works_in_a_directory() {
    use std::sync::atomic::{AtomicUsize, Ordering};

    let parent = tempfile::tempdir().unwrap();
    let (inside, entered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        for _ in 0..1000 {
            let work = match open(parent.path(), "a", false) {
                Ok(work) => work,
                Err(Error::Busy { .. }) => continue,
                Err(error) => panic!("{error}"),
            };
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
            entered.fetch_add(1, Ordering::SeqCst);
            work.blob().unwrap();
            assert!(work.dir.has(JOB_FILE));
            inside.fetch_sub(1, Ordering::SeqCst);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(work);
        }
    });
    assert!(entered.into_inner() > 0);
    assert_eq!(names(parent.path()).len(), 0);
}

#[test]
fn what_a_killed_process_left_is_cleared() {
    let parent = tempfile::tempdir().unwrap();
    let repair = || WorkDirectory::for_repair(open_parent(parent.path()).unwrap());
    let work = repair().unwrap();
    let path = work.dir.path().to_owned();
    fs::create_dir(path.join("blob")).unwrap();
    fs::write(path.join("blob/metadata.bcs"), b"a").unwrap();
    fs::write(path.join("manifest.json"), b"b").unwrap();
    assert!(matches!(repair(), Err(Error::Busy { .. })));
    work.lock.unlock().unwrap();
    std::mem::forget(work);
    let work = repair().unwrap();
    assert_eq!(names(work.dir.path()).len(), 1);
    drop(work);
    assert_eq!(names(parent.path()).len(), 0);
}

#[cfg(unix)]
#[test]
fn a_name_that_is_taken_is_left_alone() {
    use std::os::unix::fs::symlink;

    let name = format!(".walrus-accel-{}.partial", identity("a").key());
    let fifo = |path: &Path| {
        use rustix::fs::{CWD, Mode, mkfifoat};
        mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).unwrap();
    };
    let victim = tempfile::tempdir().unwrap();
    fs::write(victim.path().join("job.json"), b"precious").unwrap();
    type Taking<'t> = &'t dyn Fn(&Path);
    let ways: [Taking<'_>; 5] = [
        &|path| symlink(victim.path(), path).unwrap(),
        &|path| fs::write(path, b"precious").unwrap(),
        &|path| fifo(path),
        &|path| {
            fs::create_dir(path).unwrap();
            symlink(victim.path().join("job.json"), path.join("lock")).unwrap();
        },
        &|path| {
            fs::create_dir(path).unwrap();
            fifo(&path.join("lock"));
        },
    ];
    for take in ways {
        let parent = tempfile::tempdir().unwrap();
        for name in [&*name, ".walrus-accel-repair.partial"] {
            take(&parent.path().join(name));
        }
        let work = open(parent.path(), "a", false).unwrap();
        work.blob().unwrap();
        let shared = open_parent(parent.path()).unwrap();
        let repair = WorkDirectory::for_repair(shared).unwrap();
        assert_eq!(names(parent.path()).len(), 4);
        drop((work, repair));
        assert_eq!(names(parent.path()).len(), 2);
        let error = open(parent.path(), "a", true).map(drop).unwrap_err();
        assert!(error.to_string().contains("move it away"), "{error}");
    }
    let left = fs::read(victim.path().join("job.json")).unwrap();
    assert_eq!(left, b"precious");
}

#[test]
fn a_directory_that_was_being_replaced_comes_back() {
    let id = "A".repeat(43);
    let parent = tempfile::tempdir().unwrap();
    for resume in [false, true] {
        let work = open(parent.path(), "a", resume).unwrap();
        fs::create_dir(work.dir.at(&id)).unwrap();
        fs::write(work.dir.at(&id).join("metadata.bcs"), b"old").unwrap();
        // Killed between the two renamings.
        work.lock.unlock().unwrap();
        std::mem::forget(work);
        drop(open(parent.path(), "a", resume).unwrap());
        let back = parent.path().join(&id);
        assert_eq!(fs::read(back.join("metadata.bcs")).unwrap(), b"old");
        assert_eq!(names(parent.path()).len(), 1);
        fs::remove_dir_all(back).unwrap();
    }
    // If another directory has the name, the old directory was replaced.
    let work = open(parent.path(), "a", false).unwrap();
    fs::create_dir(work.dir.at(&id)).unwrap();
    fs::create_dir(parent.path().join(&id)).unwrap();
    drop(work);
    assert_eq!(names(parent.path()), [parent.path().join(&id)]);
}

#[test]
fn what_others_put_there_stays() {
    let parent = tempfile::tempdir().unwrap();
    let work = open(parent.path(), "a", false).unwrap();
    let path = work.dir.path().to_owned();
    fs::write(path.join("notes"), b"precious").unwrap();
    drop(work);
    assert_eq!(fs::read(path.join("notes")).unwrap(), b"precious");
    // The next run uses another directory.
    drop(open(parent.path(), "a", false).unwrap());
    assert_eq!(fs::read(path.join("notes")).unwrap(), b"precious");
    let error = open(parent.path(), "a", true).map(drop).unwrap_err();
    assert!(error.to_string().contains("notes"), "{error}");
}

#[test]
fn a_checkpoint_is_that_of_its_job_alone() {
    let parent = tempfile::tempdir().unwrap();
    let open = |commitment| open(parent.path(), commitment, true).unwrap();
    let work = open("blake2b");
    let position = Position::Stripes(vec![128, 384]);
    work.save(&position, b"state", &[]).unwrap();
    let checkpoint = work.dir.at(CHECKPOINT_FILE);
    drop(work);
    let work = open("blake2b");
    assert_eq!(work.load(1000), Some((position, b"state".to_vec())));
    assert_eq!(work.load(10), None);
    let other = open("blake3");
    fs::copy(&checkpoint, other.dir.at(CHECKPOINT_FILE)).unwrap();
    assert_eq!(other.load(1000), None);
}
