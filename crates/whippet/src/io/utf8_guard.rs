//! Text that is read into a `String`, whose bytes may be no text until all of them have come.

use std::io;

/// A string that is read into: its bytes, which go back into it at the end.
///
/// When this is dropped before the end, by an error or a panic too, the string holds what it held before. If parts count,
/// what was read follows it, unless that is no UTF-8.
#[derive(Debug)]
pub(super) struct Utf8Guard<'a> {
    /// The string; empty until its bytes go back.
    text: &'a mut String,
    /// Bytes that it held.
    original_len: usize,
    /// Whether a part of what is to be read is worth keeping.
    keeps_partial: bool,
    /// What it held, and after it what was read. `None`: they went back.
    bytes: Option<Vec<u8>>,
}

impl<'a> Utf8Guard<'a> {
    /// A string that is to hold all of what is read, or nothing of it.
    pub(super) fn all_or_nothing(text: &'a mut String) -> Self {
        Self::new(text, false)
    }

    /// A string that is to hold what was read, as far as it came.
    pub(super) fn keeping_partial(text: &'a mut String) -> Self {
        Self::new(text, true)
    }

    fn new(text: &'a mut String, keeps_partial: bool) -> Self {
        let bytes = std::mem::take(text).into_bytes();
        Self { text, original_len: bytes.len(), keeps_partial, bytes: Some(bytes) }
    }

    /// Where to append what is read.
    pub(super) fn bytes(&mut self) -> &mut Vec<u8> {
        self.bytes.get_or_insert_default()
    }

    /// Ends the reading; the count of bytes that were read.
    ///
    /// # Errors
    /// `InvalidData` when they are no text.
    pub(super) fn finish(mut self) -> io::Result<usize> {
        self.restore()
    }

    fn restore(&mut self) -> io::Result<usize> {
        let Some(bytes) = self.bytes.take() else { return Ok(0) };
        let read = bytes.len() - self.original_len;
        match String::from_utf8(bytes) {
            Ok(text) => {
                *self.text = text;
                Ok(read)
            }
            Err(error) => {
                let invalid = error.utf8_error();
                let mut bytes = error.into_bytes();
                bytes.truncate(self.original_len);
                // It was a string's.
                *self.text = String::from_utf8(bytes).unwrap_or_default();
                Err(io::Error::new(io::ErrorKind::InvalidData, invalid))
            }
        }
    }
}

impl Drop for Utf8Guard<'_> {
    fn drop(&mut self) {
        if !self.keeps_partial
            && let Some(bytes) = &mut self.bytes
        {
            bytes.truncate(self.original_len);
        }
        // Whether what was read is text is said by `finish` alone.
        let _ = self.restore();
    }
}
