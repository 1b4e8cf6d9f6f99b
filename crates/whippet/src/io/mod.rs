//! Reading and writing: the traits of `futures-io`, with tokio's methods on them.
//!
//! The traits are those that runtime-independent crates know. The extension traits [`AsyncReadExt`], [`AsyncWriteExt`],
//! [`AsyncBufReadExt`] and [`AsyncSeekExt`] have tokio's names and return types: `read_exact` gives the count,
//! `shutdown` ends the writing direction, `lines().next_line()` gives lines. A `poll_read` that a program writes itself
//! takes a `&mut [u8]` here; that is the one difference.
//!
//! | to | take |
//! |---|---|
//! | make small reads and writes cheap | [`BufReader`], [`BufWriter`], [`BufStream`] |
//! | read lines, or segments between delimiters | [`AsyncBufReadExt::lines`], [`AsyncBufReadExt::split`] |
//! | copy one stream into another | [`copy()`], [`copy_buf`], [`copy_bidirectional`] |
//! | read and write one stream in two tasks | [`split`], or the `split` of the socket |
//! | bound what is read | [`AsyncReadExt::take`] |
//! | read and write memory as a stream | `&[u8]`, `Vec<u8>`, [`Cursor`] |
//! | take the place of a connection in a test | [`duplex`], [`simplex`] |
//! | read and write the process's standard streams | [`stdin`], [`stdout`], [`stderr`] |
//! | wait for a descriptor of the program's own | [`unix::AsyncFd`] |
//! | read or write nothing in particular | [`empty`], [`repeat`], [`sink`] |
//!
//! Each function says what is lost when its future is dropped before it completes: nothing, if it is *cancel safe*.

/// Descriptors of the program's own.
pub mod unix {
    pub use crate::fd::{
        AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdRegisterError, TryIoError,
    };
}

mod append_buffer;
mod buf_read;
mod buf_reader;
mod buf_stream;
mod buf_writer;
mod chain;
mod copy;
mod copy_bidirectional;
mod copy_buffer;
mod cursor;
mod duplex;
mod empty;
mod fill_buf;
mod join;
mod lines;
mod numbers;
mod pipe;
mod read;
mod read_exact;
mod read_until;
mod repeat;
mod seek;
mod simplex;
mod sink;
mod split;
mod split_delimited;
mod stdio;
mod stdio_fds;
mod take;
mod utf8_guard;
mod write;
mod write_all;

pub use self::append_buffer::AppendBuffer;
pub(crate) use self::append_buffer::append_now;
pub use self::buf_read::AsyncBufReadExt;
pub use self::buf_reader::BufReader;
pub use self::buf_stream::BufStream;
pub use self::buf_writer::BufWriter;
pub use self::chain::Chain;
pub use self::copy::{copy, copy_buf};
pub use self::copy_bidirectional::{copy_bidirectional, copy_bidirectional_with_sizes};
pub use self::cursor::Cursor;
pub use self::duplex::{DuplexStream, duplex};
pub use self::empty::{Empty, empty};
pub use self::join::{Join, join};
pub use self::lines::Lines;
pub use self::read::AsyncReadExt;
pub use self::repeat::{Repeat, repeat};
pub use self::seek::AsyncSeekExt;
pub use self::simplex::{SimplexStream, simplex};
pub use self::sink::{Sink, sink};
pub use self::split::{ReadHalf, WriteHalf, split};
pub use self::split_delimited::Split;
pub use self::stdio::{Stderr, Stdin, Stdout, stderr, stdin, stdout};
pub use self::take::Take;
pub use self::write::AsyncWriteExt;
pub use crate::fd::{Interest, Ready};
pub use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};
pub use std::io::{Error, ErrorKind, Result, SeekFrom};
