//! What tokio-stream and tokio-util have, on whippet: functions to copy, for the rows of docs/FROM-TOKIO.md that are
//! longer than a line. `tests/one_line.rs` has those that are not, and `tests/page.rs` holds the page to both.
#![forbid(unsafe_code)]

pub mod codec;
pub mod delay_queue;
pub mod io;
pub mod net;
pub mod stream;
pub mod task;
