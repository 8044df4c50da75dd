use std::fs;
use std::sync::Arc;

use super::*;
use crate::directory::input_files::InputFiles;

#[test]
fn the_journal_takes_a_small_share_of_the_time() {
    let now = Instant::now();
    let due = |took, since| {
        let took = Duration::from_millis(took);
        let last = Some(now);
        Pace { last, took }.is_due(now + Duration::from_millis(since))
    };
    assert!(!due(0, 999) && due(0, 1000));
    assert!(!due(100, 999) && due(100, 1000));
    assert!(!due(500, 4999) && due(500, 5000));
    let first = Pace {
        last: None,
        took: Duration::ZERO,
    };
    assert!(first.is_due(now));
}

#[test]
fn only_what_is_complete_gets_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let out = Arc::new(Dir::open(directory.path()).unwrap());
    let pairs = out.create_dir("pairs", false).unwrap();
    let job = Job {
        target: Target {
            out,
            force: false,
            threads: 1,
            sources: Vec::new(),
            inputs: InputFiles::default(),
        },
        shape: Shape::new(10, 1000).unwrap(),
        pairs: PairSet::parse("2-3", 10).unwrap(),
    };
    let path = |name: &str| directory.path().join("pairs").join(name);
    let write = |pair: u16, axis, more: u64| {
        let len = job.shape.sliver_data_len(axis) + more;
        let name = sliver_file_name(crate::format::index::SliverPairIndex(pair), axis);
        fs::write(path(&name), vec![0; len as usize]).unwrap();
    };
    for pair in 2..4 {
        Axis::BOTH.into_iter().for_each(|axis| write(pair, axis, 0));
    }
    job.check_complete(&pairs).unwrap();
    write(3, Axis::Primary, 1);
    let error = job.check_complete(&pairs).unwrap_err().to_string();
    assert!(
        error.contains("0003.primary.bcs: it was changed"),
        "{error}"
    );
    fs::remove_file(path("0003.primary.bcs")).unwrap();
    job.check_complete(&pairs).unwrap_err();
    write(3, Axis::Primary, 0);
    for foreign in ["0004.primary.bcs", "0003.primary.part", "notes"] {
        fs::write(path(foreign), b"").unwrap();
        let error = job.check_complete(&pairs).unwrap_err().to_string();
        assert!(error.contains(foreign), "{error}");
        fs::remove_file(path(foreign)).unwrap();
    }
    job.check_complete(&pairs).unwrap();
}
