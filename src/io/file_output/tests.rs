#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn write(output: FileOutput) -> Result<()> {
    write_meanwhile(output, || {})
}

/// Writes six bytes, and does something before the file takes its name.
fn write_meanwhile(mut output: FileOutput, meanwhile: impl FnOnce()) -> Result<()> {
    let shape = Shape::new(10, 6).unwrap();
    let session = output.begin(&shape)?;
    session.put(0, b"walrus")?;
    meanwhile();
    session.finish()
}

fn replacing(path: impl Into<PathBuf>) -> FileOutput {
    FileOutput::new(path).force(true)
}

fn count(directory: &Path) -> usize {
    fs::read_dir(directory).unwrap().count()
}

#[track_caller]
fn assert_is_input(result: Result<()>, expected: &Path) {
    match result {
        Err(Error::OutputIsInput { input, .. }) => assert_eq!(input, expected),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_exists(result: &Result<()>) {
    assert!(
        matches!(result, Err(Error::OutputExists { .. })),
        "{result:?}"
    );
}

#[test]
fn a_file_is_replaced_with_force_alone_and_a_directory_never() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new");
    write(FileOutput::new(&path)).unwrap();
    fs::write(&path, b"old").unwrap();
    assert_exists(&FileOutput::new(&path).check());
    assert_exists(&write(FileOutput::new(&path)));
    assert_eq!(fs::read(&path).unwrap(), b"old");
    replacing(&path).check().unwrap();
    write(replacing(&path)).unwrap();
    assert_eq!(fs::read(path).unwrap(), b"walrus");
    for force in [false, true] {
        let output = FileOutput::new(directory.path()).force(force);
        let error = write(output).unwrap_err().to_string();
        assert!(error.contains("it is a directory"), "{error}");
    }
    write(replacing(directory.path().join("no/"))).unwrap_err();
    assert_eq!(count(directory.path()), 1);
}

#[test]
fn a_file_that_came_meanwhile_is_replaced_with_force_alone() {
    let directory = tempfile::tempdir().unwrap();
    for force in [false, true] {
        let path = directory.path().join(format!("{force}"));
        let output = FileOutput::new(&path).force(force);
        let result = write_meanwhile(output, || fs::write(&path, b"precious").unwrap());
        let expected: &[u8] = if force { b"walrus" } else { b"precious" };
        assert_eq!(fs::read(&path).unwrap(), expected);
        match force {
            true => result.unwrap(),
            false => assert_exists(&result),
        }
    }
    assert_eq!(count(directory.path()), 2);
}

/// Each way to take a name only if it is free: past the look before it.
#[test]
fn a_name_is_taken_only_if_it_is_free() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("name");
    let file = || {
        let file = NamedTempFile::new_in(directory.path()).unwrap();
        fs::write(file.path(), b"walrus").unwrap();
        file
    };
    for persist in [persist_new, persist_over_own] {
        persist(file(), &path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"walrus");
        fs::write(&path, b"precious").unwrap();
        let error = persist(file(), &path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"precious");
        assert_eq!(count(directory.path()), 1);
        fs::remove_file(&path).unwrap();
    }
    // A renaming that fails gives the name back.
    let gone = file();
    fs::remove_file(gone.path()).unwrap();
    persist_over_own(gone, &path).unwrap_err();
    assert_eq!(count(directory.path()), 0);
}

#[test]
fn an_input_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::create_dir_all(path("blob/pairs")).unwrap();
    for name in ["sliver", "blob/metadata.bcs", "blob/pairs/0000.primary.bcs"] {
        fs::write(path(name), b"precious").unwrap();
    }
    let inputs = ["missing", "sliver", "blob"].map(path);
    let output = |name: &str| replacing(path(name)).inputs(&inputs);
    let sliver = path("blob/../sliver");
    assert_is_input(write(replacing(sliver).inputs(&inputs)), &path("sliver"));
    for name in [
        "blob/metadata.bcs",
        "blob/pairs/0000.primary.bcs",
        "blob/new",
        "blob/pairs/0001.primary.bcs",
    ] {
        assert_is_input(output(name).check(), &path("blob"));
        assert_is_input(write(output(name)), &path("blob"));
        // Without force it is not the file in the way that is named.
        assert_is_input(output(name).force(false).check(), &path("blob"));
    }
    for name in ["missing", "other"] {
        write(output(name)).unwrap();
    }
    assert_eq!(fs::read(path("sliver")).unwrap(), b"precious");
    let kept = path("blob/pairs/0000.primary.bcs");
    assert_eq!(fs::read(kept).unwrap(), b"precious");
    assert_eq!(
        (count(&path("blob/pairs")), count(directory.path())),
        (1, 4)
    );
}

#[cfg(unix)]
#[test]
fn an_input_is_not_replaced_by_another_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::create_dir_all(path("blob/pairs")).unwrap();
    let pair = path("blob/pairs/0000.primary.bcs");
    fs::write(path("sliver"), b"precious").unwrap();
    fs::write(&pair, b"precious").unwrap();
    symlink("sliver", path("link")).unwrap();
    symlink("blob/pairs", path("below")).unwrap();
    fs::hard_link(path("sliver"), path("hard")).unwrap();
    fs::hard_link(&pair, path("hard pair")).unwrap();
    symlink("hard pair", path("link to hard pair")).unwrap();
    // What is named as an input may be a link itself.
    for sliver in ["sliver", "link", "hard"].map(path) {
        for name in ["sliver", "link", "hard"].map(path) {
            let output = replacing(name).inputs([&sliver, &path("blob")]);
            assert_is_input(write(output), &sliver);
        }
    }
    let output = |name: &str| replacing(path(name)).inputs([path("blob")]);
    assert_is_input(write(output("below/new")), &path("blob"));
    assert_is_input(write(output("hard pair")), &pair);
    assert_is_input(write(output("link to hard pair")), &pair);
    for file in [path("sliver"), pair] {
        assert_eq!(fs::read(file).unwrap(), b"precious");
    }
    assert_eq!(count(directory.path()), 7);
}

#[cfg(unix)]
#[test]
fn an_input_that_took_the_place_meanwhile_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    for file in ["sliver", "old"].map(path) {
        fs::write(file, b"precious").unwrap();
    }
    let inputs = [path("sliver")];
    let result = write_meanwhile(replacing(path("old")).inputs(&inputs), || {
        fs::rename(path("sliver"), path("old")).unwrap();
        symlink("old", path("sliver")).unwrap();
    });
    assert_is_input(result, &inputs[0]);
    assert_eq!(fs::read(path("old")).unwrap(), b"precious");
    // Nor does a link that leads elsewhere since.
    fs::write(path("other"), b"precious").unwrap();
    symlink("old", path("link")).unwrap();
    let result = write_meanwhile(replacing(path("link")), || {
        fs::remove_file(path("link")).unwrap();
        symlink("other", path("link")).unwrap();
    });
    assert!(matches!(result, Err(Error::Io { .. })), "{result:?}");
    for name in ["old", "other"] {
        assert_eq!(fs::read(path(name)).unwrap(), b"precious");
    }
    assert_eq!(count(directory.path()), 4);
}

#[cfg(unix)]
#[test]
fn a_link_stays_and_its_file_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::create_dir(path("below")).unwrap();
    fs::write(path("below/file"), b"old").unwrap();
    symlink("below/file", path("link")).unwrap();
    assert_exists(&write(FileOutput::new(path("link"))));
    write(replacing(path("link"))).unwrap();
    assert!(path("link").is_symlink() && !path("below/file").is_symlink());
    assert_eq!(fs::read(path("below/file")).unwrap(), b"walrus");
    symlink("nowhere", path("dangling")).unwrap();
    for force in [false, true] {
        let output = FileOutput::new(path("dangling")).force(force);
        let error = write(output).unwrap_err().to_string();
        assert!(error.contains("a file that does not exist"), "{error}");
    }
    assert!(!path("nowhere").exists());
    assert_eq!(count(directory.path()), 3);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let (socket, link) = (directory.path().join("a"), directory.path().join("b"));
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    symlink(&socket, &link).unwrap();
    for path in [&socket, &link] {
        let error = write(replacing(path)).unwrap_err().to_string();
        assert!(error.contains("not a regular file"), "{error}");
    }
    // Nor what becomes one meanwhile.
    let path = directory.path().join("c");
    let result = write_meanwhile(replacing(&path), || fs::create_dir(&path).unwrap());
    assert!(result.unwrap_err().to_string().contains("a directory"));
    assert_eq!(count(directory.path()), 3);
}

#[cfg(unix)]
#[test]
fn the_permission_bits_of_a_replaced_file_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
    let set = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    for bits in [0o600, 0o666, 0o751, 0o400] {
        fs::write(&path, b"old").unwrap();
        set(bits);
        write(replacing(&path)).unwrap();
        assert_eq!(mode(), bits);
        fs::remove_file(&path).unwrap();
    }
    // Those that it has in the end, without the right to run as its owner.
    fs::write(&path, b"old").unwrap();
    write_meanwhile(replacing(&path), || set(0o4700)).unwrap();
    assert_eq!(mode(), 0o700);
}

#[test]
fn what_was_put_is_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new");
    let mut output = FileOutput::new(&path);
    // Pieces long enough to be written to disk at once.
    let piece = vec![7; WRITEBACK_LEN];
    let shape = Shape::new(10, 2 * piece.len() as u64).unwrap();
    let session = output.begin(&shape).unwrap();
    for offset in [0, piece.len() as u64] {
        session.put(offset, &piece).unwrap();
    }
    let written = session.written().unwrap();
    assert_eq!(written.len(), shape.unencoded_length());
    let mut back = vec![0; piece.len()];
    written.read_at(100, &mut back).unwrap();
    assert_eq!(back, piece);
    let beyond = written.read_at(2 * piece.len() as u64 - 1, &mut back);
    assert!(matches!(beyond, Err(Error::Io { action: "read", .. })));
    session.finish().unwrap();
    assert_eq!(fs::read(path).unwrap(), [piece.clone(), piece].concat());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_found_before_the_work() {
    let directory = tempfile::tempdir().unwrap();
    let mut output = FileOutput::new(directory.path().join("new"));
    // More than any disk has. A file system without reservations begins nevertheless.
    let shape = Shape::new(40_000, 1 << 43).unwrap();
    if let Err(error) = output.begin(&shape) {
        let error = error.to_string();
        assert!(error.contains("cannot write"), "{error}");
        assert!(
            error.contains("8796093022208 bytes are needed") || error.contains("too large"),
            "{error}"
        );
    }
    assert_eq!(count(directory.path()), 0);
}
