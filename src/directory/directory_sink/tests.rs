use super::*;

#[test]
fn a_journal_is_that_of_one_source() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("blob");
    fs::write(&path, [1; 100]).unwrap();
    let mut sink = DirectorySink::new(directory.path().join("out"));
    sink = sink.source(&FileSource::open(&path).unwrap());
    let source = sink.source.clone().unwrap();
    let job = |len| {
        let (shape, pairs) = (Shape::new(10, len).unwrap(), PairSet::all(10));
        source.clone().job(&shape, Commitment::Blake3, &pairs)
    };
    let identity = job(100).unwrap();
    assert_eq!((identity.shards, identity.length), (10, 100));
    assert_eq!(identity.commitment, "blake3");
    // The identity does not apply to another blob, whether of another length or the next one in
    // the sink.
    assert_eq!(job(99), None);
    let shape = Shape::new(10, 100).unwrap();
    drop(sink.begin(&shape, Commitment::Blake3, &PairSet::all(10)));
    assert!(sink.source.is_none());
}
