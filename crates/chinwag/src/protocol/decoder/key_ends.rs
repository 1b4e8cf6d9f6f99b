//! Which bytes may end a key that ends a line, for the decoder, which knows bytes and no keys.

use super::{END, INTERRUPT};

/// Whether a byte may end the last key that an editor looks at for now. The letter is that of the keypad's Enter, ESC `O` `M`.
pub(super) fn is_stop(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | b'\t' | INTERRUPT | END | ENTER_LETTER)
}

/// The last byte of what the keypad's Enter sends, ESC `O` `M` or ESC `[` `M`.
const ENTER_LETTER: u8 = b'M';
/// The first byte of a key's sequence.
const ESC: u8 = 0x1b;
/// Bytes that may stand between that letter and its ESC, and the ESC.
const ENTER_BEFORE: usize = 10;

/// Whether keys end a line at this place, or may.
pub(super) fn may_end_line(keys: &[u8], at: usize) -> bool {
    match keys[at] {
        b'\r' | b'\n' => true,
        // Its ESC may have been taken before.
        ENTER_LETTER => at < ENTER_BEFORE || keys[at - ENTER_BEFORE..at].contains(&ESC),
        _ => false,
    }
}
