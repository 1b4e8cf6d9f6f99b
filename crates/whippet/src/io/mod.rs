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
//! | read lines, or pieces between delimiters | [`AsyncBufReadExt::lines`], [`AsyncBufReadExt::split`] |
//! | pump one stream into another | [`copy()`], [`copy_buf`], [`copy_bidirectional`] |
//! | read and write one stream in two tasks | [`split`], or the `split` of the socket |
//! | bound what is read | [`AsyncReadExt::take`] |
//! | read and write memory as a stream | `&[u8]`, `Vec<u8>`, [`Cursor`] |
//! | stand in for a connection in a test | [`duplex`], [`simplex`] |
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

mod append;
mod buf_read;
mod buf_reader;
mod buf_stream;
mod buf_writer;
mod chain;
mod copy;
mod copy_bidirectional;
mod cursor;
mod duplex;
mod empty;
mod fill_buf;
mod halves;
mod join;
mod lines;
mod numbers;
mod pipe;
mod pump;
mod read;
mod repeat;
mod seek;
mod segments;
mod simplex;
mod sink;
mod stdio;
mod stdio_fds;
mod take;
mod text;
mod until;
mod whole;
mod write;

pub use self::append::AppendBuffer;
pub(crate) use self::append::append_now;
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
pub use self::halves::{ReadHalf, WriteHalf, split};
pub use self::join::{Join, join};
pub use self::lines::Lines;
pub use self::read::AsyncReadExt;
pub use self::repeat::{Repeat, repeat};
pub use self::seek::AsyncSeekExt;
pub use self::segments::Split;
pub use self::simplex::{SimplexStream, simplex};
pub use self::sink::{Sink, sink};
pub use self::stdio::{Stderr, Stdin, Stdout, stderr, stdin, stdout};
pub use self::take::Take;
pub use self::write::AsyncWriteExt;
pub use crate::fd::{Interest, Ready};
pub use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};
pub use std::io::{Error, ErrorKind, Result, SeekFrom};
