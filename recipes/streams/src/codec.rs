//! Codecs with a limit, for `asynchronous_codec::Framed` and its kin.

use asynchronous_codec::{BytesMut, Decoder, Encoder};
use bytes::Buf;
use std::io::{Error, ErrorKind};

/// Bytes of a frame's length.
const HEAD: usize = 4;

/// As `LinesCodec::new_with_max_length` of tokio-util, and with another delimiter as `AnyDelimiterCodec`: pieces that end in a byte,
/// which is taken off. A piece that is too long is an error.
#[derive(Debug, Clone)]
pub struct Delimited {
    delimiter: u8,
    longest: usize,
    /// How far the buffer was looked at.
    seen: usize,
}

impl Delimited {
    /// Pieces of so many bytes at the most.
    pub const fn new(delimiter: u8, longest: usize) -> Self {
        Self { delimiter, longest, seen: 0 }
    }
}

impl Decoder for Delimited {
    type Item = BytesMut;
    type Error = Error;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<BytesMut>, Error> {
        let found = source[self.seen..].iter().position(|byte| *byte == self.delimiter);
        let length = found.map_or(source.len(), |at| self.seen + at);
        if length > self.longest {
            return Err(Error::new(ErrorKind::InvalidData, "a piece is too long"));
        }
        self.seen = if found.is_some() { 0 } else { length };
        Ok(found.map(|_| {
            let mut piece = source.split_to(length + 1);
            piece.truncate(length);
            piece
        }))
    }

    fn decode_eof(&mut self, source: &mut BytesMut) -> Result<Option<BytesMut>, Error> {
        match self.decode(source)? {
            Some(piece) => Ok(Some(piece)),
            None if source.is_empty() => Ok(None),
            None => {
                self.seen = 0;
                Ok(Some(source.split()))
            }
        }
    }
}

/// As `LengthDelimitedCodec` of tokio-util: frames behind their length, four bytes of it, the highest first. A frame that is
/// too long is an error before it is read.
#[derive(Debug, Clone)]
pub struct LengthDelimited {
    longest: usize,
}

impl LengthDelimited {
    /// Frames of so many bytes at the most.
    pub const fn new(longest: usize) -> Self {
        Self { longest }
    }

    fn check(&self, length: usize) -> Result<(), Error> {
        match length > self.longest {
            true => Err(Error::new(ErrorKind::InvalidData, "a frame is too long")),
            false => Ok(()),
        }
    }
}

impl Decoder for LengthDelimited {
    type Item = BytesMut;
    type Error = Error;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<BytesMut>, Error> {
        let Some(head) = source.first_chunk::<HEAD>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
        self.check(length)?;
        if source.len() - HEAD < length {
            source.reserve(HEAD + length - source.len());
            return Ok(None);
        }
        source.advance(HEAD);
        Ok(Some(source.split_to(length)))
    }

    fn decode_eof(&mut self, source: &mut BytesMut) -> Result<Option<BytesMut>, Error> {
        match self.decode(source)? {
            None if !source.is_empty() => Err(ErrorKind::UnexpectedEof.into()),
            frame => Ok(frame),
        }
    }
}

impl Encoder for LengthDelimited {
    type Item<'a> = &'a [u8];
    type Error = Error;

    fn encode(&mut self, frame: &[u8], target: &mut BytesMut) -> Result<(), Error> {
        self.check(frame.len())?;
        let length = u32::try_from(frame.len()).map_err(Error::other)?;
        target.extend_from_slice(&length.to_be_bytes());
        target.extend_from_slice(frame);
        Ok(())
    }
}
