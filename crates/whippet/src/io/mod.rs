//! Reading and writing: the traits of `futures-io`, with tokio's methods on them.
//!
//! The traits are those that runtime-independent crates know. The extension traits [`AsyncReadExt`], [`AsyncWriteExt`]
//! and [`AsyncBufReadExt`] have tokio's names and return types: `read_exact` gives the count, `shutdown` ends the
//! writing direction, `lines().next_line()` gives lines. A `poll_read` that a program writes itself takes a
//! `&mut [u8]` here; that is the one difference.
//!
//! [`BufReader`] is what makes small reads cheap and gives lines; [`copy`] pumps one stream into another.

mod buf_reader;
mod copy;
mod lines;
mod read;
mod write;

pub use self::buf_reader::BufReader;
pub use self::copy::copy;
pub use self::lines::{AsyncBufReadExt, Lines};
pub use self::read::AsyncReadExt;
pub use self::write::AsyncWriteExt;
pub use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};
pub use std::io::{Error, ErrorKind, Result};
