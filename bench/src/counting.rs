//! An allocator that counts what it gives out, while somebody wants to know.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicI64};

/// The system's allocator, and a count beside it.
#[derive(Debug)]
pub struct Counting;

/// Whether anybody wants to know. Outside of that an allocation costs a load more.
static IS_WANTED: AtomicBool = AtomicBool::new(false);
/// Bytes given out less those given back; written by whoever allocates.
static BYTES: AtomicI64 = AtomicI64::new(0);
/// How often bytes were given out.
static ALLOCATIONS: AtomicI64 = AtomicI64::new(0);
/// The allocator's own bytes before each block.
const HEAD: i64 = 8;

/// What was counted.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// Bytes that are out, with what the allocator adds to each block.
    pub bytes: i64,
    /// How often bytes were given out.
    pub allocations: i64,
}

/// What all threads allocate while `work` goes on.
pub fn during(work: impl FnOnce()) -> Counted {
    let before = (BYTES.load(Relaxed), ALLOCATIONS.load(Relaxed));
    IS_WANTED.store(true, Relaxed);
    work();
    IS_WANTED.store(false, Relaxed);
    Counted {
        bytes: BYTES.load(Relaxed) - before.0,
        allocations: ALLOCATIONS.load(Relaxed) - before.1,
    }
}

/// Bytes of a block.
fn size(block: *mut u8) -> i64 {
    // SAFETY: `block` is one that the system's allocator gave out and has not taken back.
    (unsafe { libc::malloc_usable_size(block.cast()) }) as i64 + HEAD
}

// SAFETY: everything is the system's allocator's; what is counted changes nothing.
unsafe impl GlobalAlloc for Counting {
    /// # Safety
    /// The trait's duties.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's duties are passed on.
        let block = unsafe { System.alloc(layout) };
        if IS_WANTED.load(Relaxed) && !block.is_null() {
            BYTES.fetch_add(size(block), Relaxed);
            ALLOCATIONS.fetch_add(1, Relaxed);
        }
        block
    }

    /// # Safety
    /// The trait's duties.
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if IS_WANTED.load(Relaxed) {
            BYTES.fetch_sub(size(block), Relaxed);
        }
        // SAFETY: the caller's duties are passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::during;

    #[test]
    fn what_stays_is_counted() {
        let mut kept = Vec::new();
        let counted = during(|| {
            drop(vec![0_u8; 1_000_000]);
            kept = vec![0_u8; 2_000_000];
        });
        // Other tests may allocate meanwhile.
        assert!(counted.allocations >= 2, "{counted:?}");
        assert!((1_500_000..2_900_000).contains(&counted.bytes), "{counted:?}");
    }
}
