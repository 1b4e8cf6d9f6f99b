//! What the program asks of the operating system, and what it may not trust there. Knows nothing of chat.

pub(crate) mod clock;
pub(crate) mod controlling_terminal;
pub(crate) mod create_dir;
pub(crate) mod files;
pub(crate) mod output;
pub(crate) mod printing;
pub(crate) mod process_stats;
pub(crate) mod serving_clock;
