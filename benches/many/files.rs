//! Files of the benchmark: 1 KB to 1 MB, the same in every run.

use std::path::{Path, PathBuf};

/// Smallest and largest file in bytes.
const LENGTHS: [f64; 2] = [1e3, 1e6];

/// Makes `count` files in a directory, unless the directory has them, and returns their paths and
/// bytes. Small files are more frequent: the logarithm of a length is the root of a uniform number.
pub fn make(directory: &Path, count: usize) -> Vec<(PathBuf, Vec<u8>)> {
    std::fs::create_dir_all(directory).expect("a directory for the files");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        // Splitmix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = state;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    };
    (0..count)
        .map(|number| {
            let uniform = next() as f64 / u64::MAX as f64;
            let [least, most] = LENGTHS;
            let length = (least * (most / least).powf(uniform.powf(1.5))) as usize;
            let mut bytes = Vec::with_capacity(length + 8);
            while bytes.len() < length {
                bytes.extend_from_slice(&next().to_le_bytes());
            }
            bytes.truncate(length);
            let path = directory.join(format!("{number:05}.bin"));
            if std::fs::read(&path).ok().as_ref() != Some(&bytes) {
                std::fs::write(&path, &bytes).expect("memory on the disk for the files");
            }
            (path, bytes)
        })
        .collect()
}
