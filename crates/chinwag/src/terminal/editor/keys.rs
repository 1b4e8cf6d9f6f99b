//! From bytes to keys: characters of UTF-8, control characters, and the sequences that terminals send for keys which have
//! no character. Whatever is none of these is swallowed whole, so that no half of it is taken for text.

use crate::limits::PASTE_BYTES_PER_KEY;
use crate::protocol::decoder::{BACKSPACE, DELETE, KILL_WORD};

/// One key, or what was pasted of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A character, control characters excepted.
    Char(char),
    /// Bytes that are no UTF-8.
    Broken,
    /// A control character.
    Control(u8),
    /// The end of a line inside of a paste.
    PastedEnd,
    /// A paste is over.
    PasteEnds,
    /// The cursor, one up.
    Up,
    /// The cursor, one down.
    Down,
    /// The cursor, one to the left.
    Left,
    /// The cursor, one to the right.
    Right,
    /// The cursor, a word to the left.
    WordLeft,
    /// The cursor, a word to the right.
    WordRight,
    /// The cursor, to the start of the line.
    Home,
    /// The cursor, to the end of the line.
    End,
    /// Erase the character under the cursor.
    Delete,
    /// Erase the word behind the cursor.
    DeleteWord,
}

/// The first byte of a sequence.
const ESC: u8 = 0x1b;
/// Bytes of a sequence's parameters that are kept: the longest that means something has five.
const PARAMETERS: usize = 8;

/// Where in a sequence, a character or a paste the last byte left us.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    /// Where in a sequence.
    state: State,
    /// What of it was seen.
    parameters: [u8; PARAMETERS],
    /// How much.
    length: usize,
    /// The start of a character of several bytes.
    partial: [u8; 4],
    /// How many bytes of it have come.
    partial_length: usize,
    /// Whether what comes was pasted, and is text whatever it is.
    is_pasted: bool,
    /// Bytes of a paste that no key was counted for yet.
    pasted: u32,
    /// Whether a letter has come in this read.
    follows_in_read: bool,
    /// Keys that were counted (see [`take_key_count`](Self::take_key_count)).
    count: u32,
}

/// A place in a sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// In none.
    #[default]
    Ground,
    /// After ESC.
    Escape,
    /// After ESC `[`.
    Csi,
    /// After ESC `O`.
    Ss3,
}

impl Keys {
    /// Takes a byte. Two keys may come of one: what was begun and is broken off, and the byte itself.
    pub(super) fn push(&mut self, byte: u8) -> [Option<Key>; 2] {
        if self.is_pasted || (self.follows_in_read && self.is_letter(byte)) {
            self.pasted += 1;
            self.count += self.pasted / PASTE_BYTES_PER_KEY;
            self.pasted %= PASTE_BYTES_PER_KEY;
        } else if self.begins_a_key(byte) {
            self.follows_in_read |= self.is_letter(byte);
            self.count += 1;
        }
        if self.partial_length > 0 {
            return self.take_more_of_character(byte);
        }
        [self.take_first(byte), None]
    }

    /// What comes now was read later than what came before.
    pub(super) fn begin_read(&mut self) {
        self.follows_in_read = false;
    }

    /// Whether a byte is one of text, and so nothing but put in.
    fn is_letter(&self, byte: u8) -> bool {
        self.state == State::Ground && byte >= b' ' && byte != DELETE
    }

    /// How many keys the bytes were since this was asked last, as a budget counts them: one for each byte that begins a
    /// character or a sequence, whether anything comes of it or not, and for each that makes a sequence too long to mean
    /// anything. A paste counts by its bytes, and so do letters that come in one read with others.
    pub(super) fn take_key_count(&mut self) -> u32 {
        std::mem::take(&mut self.count)
    }

    /// Whether this byte begins something, or draws a sequence out. Never more than one key a byte, so that who has so many
    /// keys left may be given as many bytes.
    fn begins_a_key(&self, byte: u8) -> bool {
        if self.partial_length > 0 {
            return byte & 0xc0 != 0x80;
        }
        let is_inside = (b' '..=b'~').contains(&byte);
        match self.state {
            State::Ground => true,
            State::Escape | State::Ss3 => !is_inside,
            State::Csi => !is_inside || self.length >= PARAMETERS,
        }
    }

    /// Takes a byte of a character that has begun.
    fn take_more_of_character(&mut self, byte: u8) -> [Option<Key>; 2] {
        self.partial[self.partial_length] = byte;
        self.partial_length += 1;
        match std::str::from_utf8(&self.partial[..self.partial_length]) {
            Ok(text) => {
                let key = text.chars().next().map(Key::Char);
                self.partial_length = 0;
                [key, None]
            }
            Err(error) if error.error_len().is_none() => [None, None],
            Err(_) => {
                self.partial_length = 0;
                [Some(Key::Broken), self.take_first(byte)]
            }
        }
    }

    /// Takes a byte that does not go on with a character.
    fn take_first(&mut self, byte: u8) -> Option<Key> {
        match self.state {
            State::Ground => self.take_ground(byte),
            // Alt and the key that erases.
            State::Escape if matches!(byte, BACKSPACE | DELETE) && !self.is_pasted => {
                self.state = State::Ground;
                Some(Key::Control(KILL_WORD))
            }
            // What cannot be in a sequence ends it, and means what it means.
            _ if !(b' '..=b'~').contains(&byte) => {
                self.state = State::Ground;
                self.take_ground(byte)
            }
            State::Escape => {
                self.state = State::Ground;
                self.take_escaped(byte)
            }
            State::Csi => self.take_parameter(byte),
            State::Ss3 => {
                self.state = State::Ground;
                if self.is_pasted { None } else { of_letter(byte) }
            }
        }
    }

    /// Takes a byte outside of sequences.
    fn take_ground(&mut self, byte: u8) -> Option<Key> {
        match byte {
            ESC => {
                self.state = State::Escape;
                None
            }
            b'\r' | b'\n' if self.is_pasted => Some(Key::PastedEnd),
            b'\t' if self.is_pasted => Some(Key::Char('\t')),
            _ if byte.is_ascii_control() && self.is_pasted => None,
            _ if byte.is_ascii_control() => Some(Key::Control(byte)),
            _ if byte.is_ascii() => Some(Key::Char(byte.into())),
            0xc2..=0xf4 => {
                (self.partial[0], self.partial_length) = (byte, 1);
                None
            }
            _ => Some(Key::Broken),
        }
    }

    /// Takes the byte behind an ESC.
    fn take_escaped(&mut self, byte: u8) -> Option<Key> {
        match byte {
            b'[' => {
                (self.state, self.length) = (State::Csi, 0);
                None
            }
            b'O' => {
                self.state = State::Ss3;
                None
            }
            _ if self.is_pasted => None,
            b'b' | b'B' => Some(Key::WordLeft),
            b'f' | b'F' => Some(Key::WordRight),
            b'd' | b'D' => Some(Key::DeleteWord),
            _ => None,
        }
    }

    /// Takes a byte behind ESC `[`.
    fn take_parameter(&mut self, byte: u8) -> Option<Key> {
        if !(0x40..=0x7e).contains(&byte) {
            if self.length < PARAMETERS {
                self.parameters[self.length] = byte;
            }
            // Counted beyond what is kept, so that what is too long is known to be.
            self.length = (self.length + 1).min(PARAMETERS + 1);
            return None;
        }
        self.state = State::Ground;
        let parameters = self.parameters.get(..self.length)?;
        match (parameters, byte) {
            (b"200", b'~') => self.is_pasted = true,
            (b"201", b'~') if self.is_pasted => {
                self.is_pasted = false;
                return Some(Key::PasteEnds);
            }
            _ if self.is_pasted => {}
            (b"", letter) => return of_letter(letter),
            (b"1" | b"7", b'~') => return Some(Key::Home),
            (b"4" | b"8", b'~') => return Some(Key::End),
            (b"3", b'~') => return Some(Key::Delete),
            // With Ctrl or Alt.
            (b"1;5" | b"1;3" | b"5", b'D') => return Some(Key::WordLeft),
            (b"1;5" | b"1;3" | b"5", b'C') => return Some(Key::WordRight),
            (b"3;5" | b"3;3", b'~') => return Some(Key::DeleteWord),
            _ => {}
        }
        None
    }
}

/// The key that is told by a letter behind ESC `[` or ESC `O`.
fn of_letter(letter: u8) -> Option<Key> {
    match letter {
        b'A' => Some(Key::Up),
        b'B' => Some(Key::Down),
        b'C' => Some(Key::Right),
        b'D' => Some(Key::Left),
        b'H' => Some(Key::Home),
        b'F' => Some(Key::End),
        b'M' => Some(Key::Control(b'\r')),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut keys = Keys::default();
        bytes.iter().flat_map(|&byte| keys.push(byte)).flatten().collect()
    }

    #[test]
    fn sequences_are_keys_and_what_is_unknown_is_nothing() {
        assert_eq!(
            keys(b"\x1b[A\x1bOB\x1b[3~\x1b[1~"),
            [Key::Up, Key::Down, Key::Delete, Key::Home]
        );
        assert_eq!(
            keys(b"\x1b[1;5D\x1bf\x1b[1;3C"),
            [Key::WordLeft, Key::WordRight, Key::WordRight]
        );
        assert_eq!(
            keys(b"\x1b[15~\x1b[38;5;123;7;9mx\x1bx\x1b[?2004hy"),
            [Key::Char('x'), Key::Char('y')]
        );
        assert_eq!(keys(b"\x1b[12\rx"), [Key::Control(b'\r'), Key::Char('x')]);
        assert_eq!(keys(b"\x1b\x1b[A"), [Key::Up]);
        assert_eq!(keys(b"\x1b\x7f\x1b\x08"), [Key::Control(KILL_WORD); 2], "Alt-Backspace");
    }

    #[test]
    fn a_paste_is_text() {
        let pasted = keys(b"\x1b[200~a\tb\x03\x1b[A\x1bOA\x1bOM\rc\x1b[201~\x03");
        let expected = [
            Key::Char('a'),
            Key::Char('\t'),
            Key::Char('b'),
            Key::PastedEnd,
            Key::Char('c'),
            Key::PasteEnds,
            Key::Control(3),
        ];
        assert_eq!(pasted, expected);
    }

    /// How many keys a budget takes these bytes for.
    fn counted(bytes: &[u8]) -> u32 {
        let mut keys = Keys::default();
        for &byte in bytes {
            keys.begin_read();
            keys.push(byte);
        }
        keys.take_key_count()
    }

    #[test]
    fn a_budget_counts_what_is_pressed() {
        let family = "\u{1f468}\u{200d}\u{1f469}";
        assert_eq!(counted(b"hello\r"), 6);
        assert_eq!(counted(b"\x1b[A\x1bOB\x1b[1;5D\x1bf"), 4);
        assert_eq!(counted(family.as_bytes()), 3);
        assert_eq!(counted(b"\xc3\xc3\xff"), 3);
        // What never comes to anything is not free.
        assert_eq!(counted(&[0x1b; 100]), 100);
        assert_eq!(counted(&[0; 100]), 100);
        assert_eq!(counted(&[b"\x1b[", &[b'0'; 100][..]].concat()), 1 + 100 - 8);
        // A paste, by its bytes, its start and end included.
        let pasted = [b"\x1b[200~", &[b'x'; 4_096][..], b"\x1b[201~"].concat();
        assert_eq!(counted(&pasted), 1 + 4_102 / 64);
    }

    #[test]
    fn letters_of_one_read_count_as_a_paste() {
        let mut keys = Keys::default();
        let mut count = |bytes: &[u8]| {
            keys.begin_read();
            bytes.iter().for_each(|&byte| _ = keys.push(byte));
            keys.take_key_count()
        };
        assert_eq!(count(b"x"), 1);
        assert_eq!(count(&[b'x'; 65]), 2);
        assert_eq!(count(b"x\ry\r"), 3, "an end of a line is a key");
        assert_eq!(
            count(&[b"x", &b"\x02"[..]].concat().repeat(32)),
            1 + 32,
            "what is no letter is one"
        );
        assert_eq!(count("\u{d4}\u{f4}".repeat(16).as_bytes()), 2);
    }

    proptest! {
        #[test]
        fn no_byte_is_more_than_one_key(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(counted(&bytes) as usize <= bytes.len());
        }

        #[test]
        fn characters_are_what_a_lossy_look_finds(bytes in prop::collection::vec(prop_oneof![0x20..=0x7e_u8, 0x80..=0xff_u8], 0..60)) {
            let text: String = keys(&bytes)
                .into_iter()
                .map(|key| match key {
                    Key::Char(c) => c,
                    _ => char::REPLACEMENT_CHARACTER,
                })
                .collect();
            let whole = String::from_utf8_lossy(&bytes);
            // A character that has only begun at the end is no key yet.
            prop_assert!(whole == text || whole.strip_suffix('\u{fffd}') == Some(&text), "{whole:?} {text:?}");
        }
    }
}
