//! Compiled shaders that a driver keeps between processes, in a file of the user's cache directory.
//!
//! A driver trusts the file, so the file must be its own. A file begins with a hash of the adapter,
//! the driver and the version of the program, then a hash of the driver's bytes; a file that
//! differs is ignored and replaced. The hashes find damage and other drivers' files. They don't
//! keep out a program that may write to the user's directory.

#![allow(unsafe_code)]

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::engine::device_info::DeviceInfo;
use crate::format::commitment::{Commitment, Digest};
use crate::support::user_cache::{cache_path, read_bounded, replace_file};

/// Bytes of the file at most.
const MOST: u64 = 32 << 20;

/// Bytes before the driver's.
const HEADER: usize = 2 * size_of::<Digest>();

/// Cache of a device's compiled shaders.
pub(crate) struct PipelineCache {
    pub(crate) cache: wgpu::PipelineCache,
    file: CacheFile,
    /// Hash of the driver's bytes in the file.
    saved: Mutex<Option<Digest>>,
}

/// File of a device's compiled shaders.
#[derive(Clone, Debug)]
pub(crate) struct CacheFile {
    path: PathBuf,
    /// Hash of what the driver's bytes are good for.
    identity: Digest,
}

fn hash(parts: &[&[u8]]) -> Digest {
    Commitment::Blake3.hash(parts)
}

impl CacheFile {
    /// Returns the user's file for a device: one per adapter, whatever its driver. `None` without a
    /// cache directory. Unit tests have none.
    pub(crate) fn of_user(info: &DeviceInfo) -> Option<Self> {
        let adapter = format!("{}\n{}", info.backend, info.name);
        let number = hash(&[adapter.as_bytes()]);
        let number: String = number[..8].iter().map(|it| format!("{it:02x}")).collect();
        let path = cache_path(&format!("pipelines-{number}.bin"))?;
        (!cfg!(test)).then(|| Self::at(path, info))
    }

    /// Returns a file for a device.
    pub(crate) fn at(path: PathBuf, info: &DeviceInfo) -> Self {
        let identity = format!(
            "{}\n{}\n{}\n{}\n{}",
            env!("CARGO_PKG_VERSION"),
            usize::BITS,
            info.backend,
            info.name,
            info.driver
        );
        let identity = hash(&[identity.as_bytes()]);
        Self { path, identity }
    }

    /// Returns the driver's bytes. `None` if there is no file, or if the file is damaged, too long
    /// or of another device, driver or version.
    fn read(&self) -> Option<Vec<u8>> {
        let mut bytes = read_bounded(&self.path, MOST)?;
        let (header, data) = bytes.split_at_checked(HEADER)?;
        let is_own = *header == *[self.identity, hash(&[data])].as_flattened();
        is_own.then(|| bytes.split_off(HEADER))
    }

    /// Replaces the file, unless the driver's bytes are too long.
    fn write(&self, data: &[u8]) -> std::io::Result<()> {
        if (HEADER + data.len()) as u64 > MOST {
            return Ok(());
        }
        replace_file(&self.path, &[&self.identity, &hash(&[data]), data])
    }
}

impl PipelineCache {
    /// Creates the cache with the content of the file. The device must have
    /// [`wgpu::Features::PIPELINE_CACHE`].
    pub(crate) fn new(device: &wgpu::Device, file: CacheFile) -> Self {
        let data = file.read();
        // SAFETY: `CacheFile::read` returns bytes that `save` has written for the same adapter,
        // driver and version, unless another program of the user has forged them. wgpu compares its
        // own header and the driver's, and the driver gets no bytes if one differs.
        let cache = unsafe {
            device.create_pipeline_cache(&wgpu::PipelineCacheDescriptor {
                label: Some("walrus-accel"),
                data: data.as_deref(),
                fallback: true,
            })
        };
        let saved = Mutex::new(data.map(|data| hash(&[&data])));
        Self { cache, file, saved }
    }

    /// Writes what the driver has compiled to the file, if it differs. Without a file, the next
    /// process compiles again.
    pub(crate) fn save(&self) {
        let Some(data) = self.cache.get_data() else {
            return;
        };
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Some(hash(&[&data]));
        if *saved != now && self.file.write(&data).is_ok() {
            *saved = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::engine::device_info::DeviceKind;

    fn device() -> DeviceInfo {
        DeviceInfo {
            index: 0,
            name: "a card".to_owned(),
            backend: "vulkan",
            kind: DeviceKind::Discrete,
            driver: "of today".to_owned(),
            bus: String::new(),
            memory: None,
            largest_binding: 1 << 30,
            workgroup_memory: 32 << 10,
            has_64_bit_words: true,
            unusable: None,
        }
    }

    #[test]
    fn a_file_of_the_same_driver_alone_is_read() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("cache/pipelines");
        let file = CacheFile::at(path.clone(), &device());
        assert_eq!(file.read(), None);
        file.write(b"compiled").unwrap();
        assert_eq!(file.read(), Some(b"compiled".to_vec()));
        // Each damaged byte, and each shorter file.
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&path, &damaged).unwrap();
            assert_eq!(file.read(), None, "byte {at}");
            fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(file.read(), None, "{at} bytes");
        }
        fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
        assert_eq!(file.read(), None);
        fs::write(&path, &whole).unwrap();
        let others = [
            DeviceInfo {
                driver: "of tomorrow".to_owned(),
                ..device()
            },
            DeviceInfo {
                name: "a cart".to_owned(),
                ..device()
            },
        ];
        for other in others {
            assert_eq!(CacheFile::at(path.clone(), &other).read(), None);
        }
        assert_eq!(file.read(), Some(b"compiled".to_vec()));
    }

    #[test]
    fn a_file_is_no_longer_than_the_limit() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("pipelines");
        let file = CacheFile::at(path.clone(), &device());
        let longest = vec![7; MOST as usize - HEADER];
        file.write(&longest).unwrap();
        assert_eq!(file.read().map(|data| data.len()), Some(longest.len()));
        file.write(&vec![8; longest.len() + 1]).unwrap();
        assert_eq!(file.read().map(|data| data[0]), Some(7));
        fs::write(&path, vec![0; MOST as usize + 1]).unwrap();
        assert_eq!(file.read(), None);
    }
}
