//! Blobs of more than 2^31 and 2^32 bytes, from a file, on both engines: `make large`.

mod common;

use std::io::{BufWriter, Write};

use common::{Random, hex, vectors};
use walrus_accel::io::FileSource;
use walrus_accel::{EngineKind, Runtime};

#[test]
fn blobs_beyond_32_bits_have_the_network_s_ids() {
    for case in vectors("large.json") {
        let len = case["unencoded_length"].as_u64().unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut random = Random(case["seed"].as_u64().unwrap());
        let mut writer = BufWriter::with_capacity(1 << 20, file.as_file_mut());
        for _ in 0..len {
            writer.write_all(&[random.byte()]).unwrap();
        }
        writer.flush().unwrap();
        drop(writer);
        for engine in [EngineKind::Cpu, EngineKind::Reference] {
            let started = std::time::Instant::now();
            let n_shards = case["n_shards"].as_u64().unwrap() as u16;
            let builder = Runtime::builder().engine(engine);
            let source = FileSource::open(file.path()).unwrap();
            let encoded = builder
                .build()
                .unwrap()
                .encoder(n_shards)
                .unwrap()
                .metadata(&source)
                .unwrap();
            println!(
                "{len} bytes, {engine}: {:.1} s",
                started.elapsed().as_secs_f64()
            );
            assert_eq!(
                encoded.blob_id.to_string(),
                case["blob_id"].as_str().unwrap()
            );
            let root = hex(&encoded.metadata.root_hash());
            assert_eq!(root, case["root_hash"].as_str().unwrap());
        }
    }
}
