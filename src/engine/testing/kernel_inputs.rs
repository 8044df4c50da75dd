//! What the tests of kernels share: numbers that look random, and memory between pages that nobody
//! may touch.

#![allow(unsafe_code)]

/// Numbers that look random (xorshift64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        ((self.next() >> 11) % limit as u64) as usize
    }

    /// One of the choices.
    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        for word in bytes.chunks_mut(8) {
            word.copy_from_slice(&self.next().to_le_bytes()[..word.len()]);
        }
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.fill(&mut bytes);
        bytes
    }
}

/// Memory with a page before it and one behind it that may not be touched: doing so ends the test
/// run with a segmentation fault.
#[cfg(unix)]
pub(crate) struct Guarded {
    /// Where the first page that may be touched begins.
    start: *mut u8,
    len: usize,
}

#[cfg(unix)]
impl Guarded {
    /// A multiple of every page size.
    const PAGE: usize = 1 << 16;

    /// Memory for `len` bytes or more.
    pub(crate) fn new(len: usize) -> Self {
        use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect};

        let len = len.next_multiple_of(Self::PAGE);
        // SAFETY: new memory that nobody else knows of; the middle of it is given rights.
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

    /// The first `len` bytes.
    pub(crate) fn at_start(&mut self, len: usize) -> &mut [u8] {
        &mut self.all()[..len]
    }

    /// The last `len` bytes.
    pub(crate) fn at_end(&mut self, len: usize) -> &mut [u8] {
        let start = self.len - len;
        &mut self.all()[start..]
    }

    /// All bytes.
    fn all(&mut self) -> &mut [u8] {
        // SAFETY: the memory is this value's, readable and writable.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.len) }
    }
}

#[cfg(unix)]
impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the memory was mapped so, and no reference to it is left.
        unsafe {
            let start = self.start.sub(Self::PAGE).cast();
            rustix::mm::munmap(start, self.len + 2 * Self::PAGE).unwrap();
        }
    }
}

/// Pages that may not be touched, as the system sees them.
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
