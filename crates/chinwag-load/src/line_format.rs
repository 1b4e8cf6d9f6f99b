//! How the lines of a run look, and how they are found again among those that a server sends.
//!
//! ```text
//! load-1a2b3c4d.00000007.0000012c.00000000123456ab abcdefghij…\n
//! └── tag ─────┘sender   sequence time stamp       padding
//! ```
//!
//! All fields have a fixed width, so that a client writes only digits into a line made once. A server may put
//! anything before the tag (`alice: `, `[alice] `) and a carriage return after the line; a line without the
//! tag is of no concern to the run. With the tag there, everything else must be as it was sent.

use std::fmt;

use memchr::memmem::Finder;

/// What comes before the run's digits in a tag.
const TAG_WORD: &[u8; 5] = b"load-";
/// Length of the tag: the word, eight digits, a dot.
const TAG_LEN: usize = 14;
/// Where the sender's digits begin.
const SENDER_AT: usize = TAG_LEN;
/// Where the sequence number's digits begin.
const SEQUENCE_AT: usize = SENDER_AT + 9;
/// Where the time stamp's digits begin.
const TIME_AT: usize = SEQUENCE_AT + 9;
/// Where the padding begins, a blank first.
const PADDING_AT: usize = TIME_AT + 16;

/// The shortest line that holds all fields and its end.
pub(crate) const MIN_SIZE: usize = PADDING_AT + 1;

/// One delivery, as its line has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// Who sent it: an index among the senders.
    pub(crate) sender: u32,
    /// Its number among that sender's lines, from 0.
    pub(crate) sequence: u32,
    /// When it was sent, in nanoseconds of the run's clock.
    pub(crate) sent: u64,
}

/// What a received line is to the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// A line of this run, whole.
    Ours(Delivery),
    /// A line with this run's tag in which something is not as it was sent.
    Garbled,
    /// A line of another run, or the server's own.
    Foreign,
}

/// How the lines of one run look.
pub(crate) struct LineFormat {
    /// A line with zeros for digits, its end included.
    template: Vec<u8>,
    /// Finds the tag where a server put something after the line.
    finder: Finder<'static>,
}

impl LineFormat {
    /// Lines of `size` bytes each, their end included, for the run of this number.
    pub(crate) fn new(run: u32, size: usize) -> Self {
        debug_assert!(size >= MIN_SIZE, "a line of {size} bytes does not hold its fields");
        let mut template = Vec::with_capacity(size);
        template.extend_from_slice(TAG_WORD);
        template.extend_from_slice(&digits8(run));
        template.extend_from_slice(b".00000000.00000000.0000000000000000");
        let padding = size.saturating_sub(MIN_SIZE);
        template.extend(std::iter::once(b' ').chain((b'a'..=b'z').cycle()).take(padding));
        template.push(b'\n');
        let finder = Finder::new(&template[..TAG_LEN]).into_owned();
        Self { template, finder }
    }

    /// A line of the run to write into, with no digits in it yet.
    pub(crate) fn blank(&self) -> Vec<u8> {
        self.template.clone()
    }

    /// Writes `delivery`'s digits into a line that came from [`blank`](Self::blank).
    pub(crate) fn fill(line: &mut [u8], delivery: Delivery) {
        let Delivery { sender, sequence, sent } = delivery;
        line[SENDER_AT..SENDER_AT + 8].copy_from_slice(&digits8(sender));
        line[SEQUENCE_AT..SEQUENCE_AT + 8].copy_from_slice(&digits8(sequence));
        line[TIME_AT..TIME_AT + 8].copy_from_slice(&digits8((sent >> 32) as u32));
        line[TIME_AT + 8..PADDING_AT].copy_from_slice(&digits8(sent as u32));
    }

    /// What `line` is to the run; its line feed must be off already.
    pub(crate) fn parse(&self, line: &[u8]) -> Received {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let length = self.template.len() - 1;
        let tag = &self.template[..TAG_LEN];
        // Nearly every server puts its prefix before the line and nothing after it.
        let usual = line.len().wrapping_sub(length);
        let at = match line.get(usual..) {
            Some(body) if body.starts_with(tag) => usual,
            _ => match self.finder.find(line) {
                Some(at) => at,
                None => return Received::Foreign,
            },
        };
        match line.get(at..at + length).and_then(|body| self.parse_body(body)) {
            Some(delivery) => Received::Ours(delivery),
            None => Received::Garbled,
        }
    }

    /// The fields of a body of the right length, if all of it is as it was sent.
    fn parse_body(&self, body: &[u8]) -> Option<Delivery> {
        let dots = body[SEQUENCE_AT - 1] == b'.' && body[TIME_AT - 1] == b'.';
        if !dots || body[PADDING_AT..] != self.template[PADDING_AT..self.template.len() - 1] {
            return None;
        }
        let sender = number(body, SENDER_AT)?;
        let sequence = number(body, SEQUENCE_AT)?;
        let sent = u64::from(number(body, TIME_AT)?) << 32 | u64::from(number(body, TIME_AT + 8)?);
        Some(Delivery { sender, sequence, sent })
    }
}

impl fmt::Debug for LineFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LineFormat({:?})", String::from_utf8_lossy(&self.template))
    }
}

/// Eight bytes of the same value.
const fn all(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// `value` as eight lower-case hexadecimal digits.
fn digits8(value: u32) -> [u8; 8] {
    let mut nibbles = u64::from(value);
    nibbles = (nibbles | nibbles << 16) & 0x0000_ffff_0000_ffff;
    nibbles = (nibbles | nibbles << 8) & 0x00ff_00ff_00ff_00ff;
    nibbles = (nibbles | nibbles << 4) & all(0x0f);
    spell(nibbles).to_be_bytes()
}

/// The ASCII digits of eight numbers below 16, one a byte: all eight at once, for a line is read far more
/// often than it is sent.
fn spell(nibbles: u64) -> u64 {
    // A nibble of ten or more carries into the fifth bit.
    let letters = ((nibbles + all(6)) >> 4) & all(1);
    nibbles + all(b'0') + letters * u64::from(b'a' - b'9' - 1)
}

/// The number that eight lower-case hexadecimal digits at `at` spell.
fn number(body: &[u8], at: usize) -> Option<u32> {
    let digits = u64::from_be_bytes(*body.get(at..)?.first_chunk::<8>()?);
    let letters = (digits >> 6) & all(1);
    let nibbles = (digits & all(0x0f)) + letters * 9;
    // What is no digit does not come out again when it is spelt, or is too large for a nibble.
    if nibbles & all(0xf0) != 0 || spell(nibbles) != digits {
        return None;
    }
    let pairs = (nibbles | nibbles >> 4) & 0x00ff_00ff_00ff_00ff;
    let quads = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    Some((quads | quads >> 16) as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(format: &LineFormat, delivery: Delivery) -> Vec<u8> {
        let mut line = format.blank();
        LineFormat::fill(&mut line, delivery);
        line
    }

    #[test]
    fn a_line_is_readable_and_of_the_size_asked() {
        let format = LineFormat::new(0x1a2b_3c4d, 64);
        let line = line(&format, Delivery { sender: 7, sequence: 300, sent: 0x1_2345_6789 });
        let shown = "load-1a2b3c4d.00000007.0000012c.0000000123456789 abcdefghijklmn\n";
        assert_eq!(String::from_utf8_lossy(&line), shown);
        assert_eq!(line.len(), 64);
    }

    #[test]
    fn lines_of_others_are_foreign() {
        let format = LineFormat::new(1, 64);
        let other = LineFormat::new(2, 64);
        let theirs = line(&other, Delivery { sender: 0, sequence: 0, sent: 0 });
        assert_eq!(format.parse(&theirs[..63]), Received::Foreign);
        for line in ["", "* alice joined", "alice: load-", "\u{fffd}"] {
            assert_eq!(format.parse(line.as_bytes()), Received::Foreign, "{line}");
        }
    }

    #[test]
    fn what_is_no_digit_is_refused() {
        for bad in [b'/', b':', b'@', b'`', b'g', b'o', b'A', b'F', b' ', 0, 0x80, 0xff] {
            let mut digits = *b"0123cdef";
            assert_eq!(number(&digits, 0), Some(0x0123_cdef));
            for at in 0..8 {
                let good = std::mem::replace(&mut digits[at], bad);
                assert_eq!(number(&digits, 0), None, "{bad:#x} at {at}");
                digits[at] = good;
            }
        }
        assert_eq!(number(b"0123456", 0), None);
    }

    proptest! {
        #[test]
        fn is_parsed_after_any_prefix(
            run: u32, sender: u32, sequence: u32, sent: u64,
            size in MIN_SIZE..300, prefix in "[a-z\\[\\]: ~-]{0,40}", tail in "\r?|\u{1b}\\[0m",
        ) {
            let format = LineFormat::new(run, size);
            let delivery = Delivery { sender, sequence, sent };
            let mut wire = prefix.into_bytes();
            wire.extend_from_slice(line(&format, delivery).strip_suffix(b"\n").unwrap());
            wire.extend_from_slice(tail.as_bytes());
            prop_assert_eq!(format.parse(&wire), Received::Ours(delivery));
        }

        #[test]
        fn any_changed_byte_is_seen(at in TAG_LEN..63usize, byte: u8) {
            let format = LineFormat::new(9, 64);
            let sent = line(&format, Delivery { sender: 1, sequence: 2, sent: 3 });
            let mut wire = sent[..63].to_vec();
            prop_assume!(wire[at] != byte);
            wire[at] = byte;
            let dot = at == SEQUENCE_AT - 1 || at == TIME_AT - 1;
            let digit = at < PADDING_AT && !dot && byte.is_ascii_hexdigit();
            // One digit for another is another delivery: the ledger finds it out.
            let another = digit && !byte.is_ascii_uppercase();
            prop_assert_eq!(format.parse(&wire) == Received::Garbled, !another);
        }

        #[test]
        fn any_shortened_line_is_seen(length in TAG_LEN..63usize) {
            let format = LineFormat::new(9, 64);
            let sent = line(&format, Delivery { sender: 1, sequence: 2, sent: 3 });
            prop_assert_eq!(format.parse(&sent[..length]), Received::Garbled);
        }
    }
}
