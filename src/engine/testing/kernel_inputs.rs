//! Inputs for tests of kernels: random numbers, and memory between guard pages.

#![allow(unsafe_code)]

/// Generator of random numbers (xorshift64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Returns the next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Returns a number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        ((self.next() >> 11) % limit as u64) as usize
    }

    /// Returns one of the choices.
    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Fills bytes with random values.
    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        for word in bytes.chunks_mut(8) {
            word.copy_from_slice(&self.next().to_le_bytes()[..word.len()]);
        }
    }

    /// Returns `len` random bytes.
    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.fill(&mut bytes);
        bytes
    }
}

/// Memory with a guard page on either side. An access to a guard page ends the test run with a
/// segmentation fault.
#[cfg(unix)]
pub(crate) struct Guarded {
    /// Start of the accessible memory.
    start: *mut u8,
    len: usize,
}

#[cfg(unix)]
impl Guarded {
    /// A multiple of every page size.
    const PAGE: usize = 1 << 16;

    /// Allocates at least `len` bytes.
    pub(crate) fn new(len: usize) -> Self {
        use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect};

        let len = len.next_multiple_of(Self::PAGE);
        // SAFETY: the mapping is new, so nothing else refers to it, and `mprotect` stays within the
        // mapping.
        let start = unsafe {
            let whole = len + 2 * Self::PAGE;
            let none = std::ptr::null_mut();
            let map = mmap_anonymous(none, whole, ProtFlags::empty(), MapFlags::PRIVATE).unwrap();
            let start = map.cast::<u8>().add(Self::PAGE);
            let rights = MprotectFlags::READ | MprotectFlags::WRITE;
            mprotect(start.cast(), len, rights).unwrap();
            start
        };
        Self { start, len }
    }

    /// Returns the first `len` bytes.
    pub(crate) fn at_start(&mut self, len: usize) -> &mut [u8] {
        &mut self.all()[..len]
    }

    /// Returns the last `len` bytes.
    pub(crate) fn at_end(&mut self, len: usize) -> &mut [u8] {
        let start = self.len - len;
        &mut self.all()[start..]
    }

    /// Returns all bytes.
    fn all(&mut self) -> &mut [u8] {
        // SAFETY: `new` made these bytes readable and writable, and `self` owns them.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.len) }
    }
}

#[cfg(unix)]
impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: `new` mapped this range, and no reference to it outlives `self`.
        unsafe {
            let start = self.start.sub(Self::PAGE).cast();
            rustix::mm::munmap(start, self.len + 2 * Self::PAGE).unwrap();
        }
    }
}

/// Guard pages, as the system reports them.
#[cfg(target_os = "linux")]
#[test]
fn there_are_guards() {
    let mut memory = Guarded::new(1);
    memory.at_end(1)[0] = 1;
    let (start, len) = (memory.start as usize, memory.len);
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let rights = |address: usize| {
        let found = maps.lines().find_map(|line| {
            let (range, rest) = line.split_once(' ')?;
            let (from, to) = range.split_once('-')?;
            let parse = |text| usize::from_str_radix(text, 16).unwrap();
            (parse(from)..parse(to))
                .contains(&address)
                .then_some(&rest[..2])
        });
        found.unwrap_or("no")
    };
    assert_eq!(rights(start - 1), "--");
    assert_eq!(rights(start), "rw");
    assert_eq!(rights(start + len - 1), "rw");
    assert_eq!(rights(start + len), "--");
}
