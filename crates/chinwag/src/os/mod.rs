//! What the program asks of the operating system, and what it may not trust there. Knows nothing of chat.

pub mod controlling_terminal;
pub(crate) mod create_dir;
pub(crate) mod files;
pub mod output;
pub mod printing;
pub mod process_stats;
pub mod serving_clock;
