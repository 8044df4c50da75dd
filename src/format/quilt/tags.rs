//! Tags of a patch.

use std::fmt;

use crate::format::error::{Error, Result};
use crate::format::quilt_reasons::QuiltLimit;
use crate::format::wire::{Reader, put_bytes, put_uleb};
use crate::support::memory::{catch_out_of_memory, push, try_with_capacity, with_capacity};

/// Maximum length of the tags of one patch in bytes, serialised.
const MAX_LEN: usize = u16::MAX as usize;

/// Maximum length of a length in bytes.
const MAX_ULEB_LEN: usize = 10;

/// Length of the shortest tag: an empty key and an empty value.
const MIN_TAG_LEN: usize = 2;

/// Tags of a patch: keys and values, both any text.
///
/// Keys are unique. Tags are ordered by the bytes of the serialised key, whose length comes first:
/// a shorter key is before a longer one. Tags are kept in serialised form, at most 65,535 bytes.
///
/// # Example
///
/// ```
/// use walrus_accel::quilt::QuiltTags;
///
/// let tags = QuiltTags::new([("type", "text/plain"), ("lang", "en"), ("v", "")])?;
/// let keys: Vec<_> = tags.iter().map(|(key, _)| key).collect();
/// assert_eq!(keys, ["v", "lang", "type"]);
/// assert_eq!(tags.get("lang"), Some("en"));
/// assert!(QuiltTags::new([("a", "1"), ("a", "2")]).is_err());
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct QuiltTags {
    /// Serialised tags, valid and in order.
    bytes: Vec<u8>,
}

impl QuiltTags {
    /// Creates tags from keys and values in any order.
    ///
    /// # Errors
    ///
    /// [`Error::QuiltRefused`] if two keys are equal or the tags are longer than 65,535 bytes.
    pub fn new<K: AsRef<str>, V: AsRef<str>>(
        tags: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self> {
        catch_out_of_memory(|| Self::new_uncaught(tags))
    }

    /// [`QuiltTags::new`], which unwinds if memory is missing.
    fn new_uncaught<K: AsRef<str>, V: AsRef<str>>(
        tags: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self> {
        let refused = |reason| Err(Error::QuiltRefused { reason });
        let mut sorted = Vec::new();
        let mut length = 0u64;
        for (key, value) in tags {
            let (given, value) = (key.as_ref().as_bytes(), value.as_ref().as_bytes());
            let mut bytes = with_capacity(given.len() + value.len() + 2 * MAX_ULEB_LEN);
            put_bytes(given, &mut bytes);
            let key_len = bytes.len();
            put_bytes(value, &mut bytes);
            length += bytes.len() as u64;
            // No more is kept than the limit and one tag.
            if length <= MAX_LEN as u64 {
                push(&mut sorted, (bytes, key_len, key));
            }
        }
        sorted.sort_unstable_by(|(a, a_key, _), (b, b_key, _)| a[..*a_key].cmp(&b[..*b_key]));
        let text = |number: usize| sorted[number].2.as_ref();
        if let Some(number) = (1..sorted.len()).find(|&number| text(number - 1) == text(number)) {
            let key = text(number).to_owned();
            return refused(QuiltLimit::DuplicateTag { key });
        }
        let most = usize::try_from(length).map_or(MAX_LEN, |length| length.min(MAX_LEN));
        let mut bytes = with_capacity(most + MAX_ULEB_LEN);
        put_uleb(sorted.len() as u64, &mut bytes);
        length += bytes.len() as u64;
        if length > MAX_LEN as u64 {
            let maximum = MAX_LEN as u64;
            return refused(QuiltLimit::TagsTooLong { length, maximum });
        }
        for (tag, _, _) in &sorted {
            bytes.extend_from_slice(tag);
        }
        Ok(Self { bytes })
    }

    /// Returns true if there are no tags.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        let mut tags = self.iter();
        tags.find_map(|(found, value)| (found == key).then_some(value))
    }

    /// Returns keys and values in the order of the format.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut reader = Reader::new("tags", &self.bytes);
        let limit = (self.bytes.len(), "");
        let count = reader.count(MIN_TAG_LEN, limit).unwrap_or(0);
        // The bytes were checked when the tags were made.
        (0..count).map_while(move |_| Some((reader.text().ok()?, reader.text().ok()?)))
    }

    /// Returns a copy of the tags.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] with `ErrorKind::OutOfMemory`.
    #[cfg(feature = "capi")]
    pub(crate) fn try_clone(&self) -> Result<Self> {
        let mut bytes = try_with_capacity(self.bytes.len())?;
        bytes.extend_from_slice(&self.bytes);
        Ok(Self { bytes })
    }

    /// Serialised tags.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads serialised tags. Memory use is their length.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let at = reader.offset();
        let tags = reader.bytes_of(|reader| {
            let limit = (MAX_LEN, "the tags of a patch have more than 65535 bytes");
            let count = reader.count(MIN_TAG_LEN, limit)?;
            let mut before: Option<&[u8]> = None;
            for _ in 0..count {
                let at = reader.offset();
                let key = reader.bytes_of(|reader| reader.text().map(drop))?;
                if before.is_some_and(|before| before >= key) {
                    return Err(reader.malformed(at, "the tags' keys are not in ascending order"));
                }
                before = Some(key);
                reader.text()?;
            }
            Ok(())
        })?;
        if tags.len() > MAX_LEN {
            return Err(reader.malformed(at, "the tags of a patch have more than 65535 bytes"));
        }
        let mut bytes = try_with_capacity(tags.len())?;
        bytes.extend_from_slice(tags);
        Ok(Self { bytes })
    }
}

impl Default for QuiltTags {
    /// Returns no tags.
    fn default() -> Self {
        Self { bytes: vec![0] }
    }
}

impl fmt::Debug for QuiltTags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
