//! Text that is read into a `String`, whose bytes may be no text until all of them have come.

use std::io;

/// A string that is read into: its bytes, which go back into it at the end.
///
/// When this is dropped before the end, by an error or a panic too, the string holds what it held before. If parts count,
/// what was read stands behind it, unless that is no text.
#[derive(Debug)]
pub(super) struct Text<'a> {
    /// The string; empty until its bytes go back.
    text: &'a mut String,
    /// Bytes that it held.
    before: usize,
    /// Whether a part of what is to be read is worth keeping.
    parts_count: bool,
    /// What it held, and behind it what was read. `None`: they went back.
    bytes: Option<Vec<u8>>,
}

impl<'a> Text<'a> {
    /// A string that is to hold all of what is read, or nothing of it.
    pub(super) fn whole(text: &'a mut String) -> Self {
        Self::new(text, false)
    }

    /// A string that is to hold what was read, as far as it came.
    pub(super) fn in_parts(text: &'a mut String) -> Self {
        Self::new(text, true)
    }

    fn new(text: &'a mut String, parts_count: bool) -> Self {
        let bytes = std::mem::take(text).into_bytes();
        Self { text, before: bytes.len(), parts_count, bytes: Some(bytes) }
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
        self.put_back()
    }

    fn put_back(&mut self) -> io::Result<usize> {
        let Some(bytes) = self.bytes.take() else { return Ok(0) };
        let read = bytes.len() - self.before;
        match String::from_utf8(bytes) {
            Ok(whole) => {
                *self.text = whole;
                Ok(read)
            }
            Err(error) => {
                let invalid = error.utf8_error();
                let mut bytes = error.into_bytes();
                bytes.truncate(self.before);
                // It was a string's.
                *self.text = String::from_utf8(bytes).unwrap_or_default();
                Err(io::Error::new(io::ErrorKind::InvalidData, invalid))
            }
        }
    }
}

impl Drop for Text<'_> {
    fn drop(&mut self) {
        if !self.parts_count
            && let Some(bytes) = &mut self.bytes
        {
            bytes.truncate(self.before);
        }
        // Whether what was read is text is said by `finish` alone.
        let _ = self.put_back();
    }
}
