//! The C library's allocator: what it keeps although nobody uses it.
//!
//! GNU's allocator keeps freed blocks in arenas, and gives only the end of an arena back by itself. Beside that each
//! thread keeps up to seven freed blocks of each small size for itself, wherever they lie; after a storm each of them
//! holds a page. With another C library there is nothing to do here.

/// Blocks that a thread kept for itself. Dropped on the same thread they are kept again: see [`give_back`].
pub(crate) type Kept = Vec<Vec<u8>>;

/// Whether there is anything to give back.
pub(crate) const GIVES_BACK: bool = cfg!(target_env = "gnu");

/// The sizes of blocks that a thread keeps, as a program asks for them: 24 bytes, 40, and so on up to 1,032.
const SIZES: std::ops::RangeInclusive<usize> = 24..=1032;

/// The difference of two such sizes.
const STEP: usize = 16;

/// How many of a size it keeps, unless it is told otherwise by the environment.
const KEPT: usize = 7;

/// The size of a block whose freeing makes the allocator look at the end of its arena: more than 64 KiB, and less than
/// what is mapped apart from the arena.
const LARGE: usize = 96 * 1024;

/// What the allocator keeps at the end of an arena, unless it is told otherwise by the environment.
const SLACK: i32 = 128 * 1024;

/// Takes all blocks that this thread has kept for itself, and a large one of its arena. Some 10 µs.
pub(crate) fn take_kept() -> Kept {
    if !GIVES_BACK {
        return Kept::new();
    }
    let sizes = SIZES.step_by(STEP).flat_map(|size| std::iter::repeat_n(size, KEPT));
    let sizes = sizes.chain(std::iter::once(LARGE));
    sizes.map(|size| std::hint::black_box(Vec::with_capacity(size))).collect()
}

/// Frees these blocks for all, and gives the pages back that nobody uses then, those at the end of each block's arena
/// included. Blocks for some milliseconds.
pub(crate) fn give_back(kept: Vec<Kept>) {
    #[cfg(target_env = "gnu")]
    super::raw::set_malloc_slack(0);
    // A thread that ends keeps nothing. Without one the blocks are kept again, by this thread. The large ones come
    // last, and with them the look at the end of the arena.
    if let Ok(thread) = super::thread::start("whippet-trim".to_owned(), None, move || drop(kept)) {
        // It does nothing that could panic.
        let _ = thread.join();
    }
    #[cfg(target_env = "gnu")]
    {
        super::raw::malloc_trim();
        super::raw::set_malloc_slack(SLACK);
    }
}
