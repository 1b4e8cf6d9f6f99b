//! An allocator that counts what it gives out, while that is enabled.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicI64};

/// The system's allocator, and a count beside it.
#[derive(Debug)]
pub struct CountingAllocator;

/// Whether it counts. If not, an allocation costs a load more.
static ENABLED: AtomicBool = AtomicBool::new(false);
/// Bytes given out less those given back; written by every thread that allocates.
static BYTES: AtomicI64 = AtomicI64::new(0);
/// How often bytes were given out.
static ALLOCATIONS: AtomicI64 = AtomicI64::new(0);
/// The allocator's own bytes before each block.
const BLOCK_OVERHEAD: i64 = 8;

/// What was counted.
#[derive(Clone, Copy, Debug)]
pub struct Allocated {
    /// Bytes that are out, with what the allocator adds to each block.
    pub bytes: i64,
    /// How often bytes were given out.
    pub allocations: i64,
}

/// What all threads allocate while `work` goes on.
pub fn count_during(work: impl FnOnce()) -> Allocated {
    let before = (BYTES.load(Relaxed), ALLOCATIONS.load(Relaxed));
    ENABLED.store(true, Relaxed);
    work();
    ENABLED.store(false, Relaxed);
    Allocated {
        bytes: BYTES.load(Relaxed) - before.0,
        allocations: ALLOCATIONS.load(Relaxed) - before.1,
    }
}

/// Bytes of a block.
fn size(block: *mut u8) -> i64 {
    // SAFETY: `block` is one that the system's allocator gave out and has not taken back.
    (unsafe { libc::malloc_usable_size(block.cast()) }) as i64 + BLOCK_OVERHEAD
}

// SAFETY: everything is the system's allocator's; what is counted changes nothing.
unsafe impl GlobalAlloc for CountingAllocator {
    /// # Safety
    /// The trait's duties.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's duties are passed on.
        let block = unsafe { System.alloc(layout) };
        if ENABLED.load(Relaxed) && !block.is_null() {
            BYTES.fetch_add(size(block), Relaxed);
            ALLOCATIONS.fetch_add(1, Relaxed);
        }
        block
    }

    /// # Safety
    /// The trait's duties.
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if ENABLED.load(Relaxed) {
            BYTES.fetch_sub(size(block), Relaxed);
        }
        // SAFETY: the caller's duties are passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::count_during;

    #[test]
    fn what_stays_is_counted() {
        let mut kept = Vec::new();
        let counted = count_during(|| {
            drop(vec![0_u8; 1_000_000]);
            kept = vec![0_u8; 2_000_000];
        });
        // Other tests may allocate meanwhile.
        assert!(counted.allocations >= 2, "{counted:?}");
        assert!((1_500_000..2_900_000).contains(&counted.bytes), "{counted:?}");
    }
}
