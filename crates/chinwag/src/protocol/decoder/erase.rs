//! What the erasing keys remove from a line.

/// Removes the last character of a line, or one byte where it is not UTF-8.
pub(super) fn erase_character(line: &mut Vec<u8>) {
    let is_inside = |byte: &u8| byte & 0xc0 == 0x80;
    let inside = line.iter().rev().take(3).take_while(|byte| is_inside(byte)).count();
    line.truncate(line.len().saturating_sub(inside + 1));
    if line.is_empty() {
        *line = Vec::new();
    }
}

/// Removes the last word of a line, and the blanks after it.
pub(super) fn erase_word(line: &mut Vec<u8>) {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let word = line.iter().rposition(|byte| !is_blank(byte)).unwrap_or(0);
    let start = line[..word].iter().rposition(is_blank).map_or(0, |blank| blank + 1);
    line.truncate(start);
    if line.is_empty() {
        *line = Vec::new();
    }
}
