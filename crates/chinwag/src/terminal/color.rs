//! Colors for those who asked for them (`/color on`): the server's lines and the names of who speaks stand out, and that
//! is all.
//!
//! It looks at lines as they are sent, for how a line begins says what it is, and no person can type a beginning
//! of the server's. So one encoding is shared by all, and who wants colors pays for them alone.

use crate::limits::MAX_NICK;

/// What speaks of the server: cyan.
const CYAN: &str = "\x1b[36m";
/// What was refused: yellow, which is seen on black and white.
const YELLOW: &str = "\x1b[33m";
/// Who speaks: bold.
const BOLD: &str = "\x1b[1m";
/// What is past, and where something comes from: faint.
const FAINT: &str = "\x1b[2m";
/// As usual again.
const RESET: &str = "\x1b[0m";

/// Appends whole lines, in colors.
pub(crate) fn colorize(lines: &[u8], out: &mut Vec<u8>) {
    for line in lines.split_inclusive(|&byte| byte == b'\n') {
        let text = line.strip_suffix(b"\r\n").unwrap_or(line);
        colorize_line(text, MAX_PREFIXES, out);
        out.extend_from_slice(&line[text.len()..]);
    }
}

/// What may stand before a line as asides: a time stamp, and another room's name.
const MAX_PREFIXES: usize = 2;

/// Appends one line without its end, which may begin with so many asides. (Words that the server did not put together, as a
/// message of the day has them, may look like a thousand.)
fn colorize_line(line: &[u8], asides: usize, out: &mut Vec<u8>) {
    match line {
        // A time stamp: no name begins with a digit. What comes from another room stands behind its name.
        [b'0'..=b'9' | b'#', ..] if asides > 0 => {
            let aside = end_after(b' ', line);
            put(FAINT, &line[..aside], out);
            colorize_line(&line[aside..], asides - 1, out);
        }
        [b'*', b' ', ..] => put(CYAN, line, out),
        [b'!', b' ', ..] => put(YELLOW, line, out),
        [b'|', b' ', ..] => put(FAINT, line, out),
        [b'~', b' ', rest @ ..] => {
            out.extend_from_slice(b"~ ");
            let name = rest.iter().position(|&byte| byte == b' ').unwrap_or(rest.len());
            put(BOLD, &rest[..name], out);
            out.extend_from_slice(&rest[name..]);
        }
        // What is private stands behind its direction.
        [b'[', ..] => {
            let aside = end_after(b']', line);
            put(BOLD, &line[..aside], out);
            out.extend_from_slice(&line[aside..]);
        }
        _ => {
            let name = line.iter().take(MAX_NICK + 1).position(|&byte| byte == b':').unwrap_or(0);
            put(BOLD, &line[..name], out);
            out.extend_from_slice(&line[name..]);
        }
    }
}

/// Where what stands behind this byte begins; at the line's end if there is none.
fn end_after(end: u8, line: &[u8]) -> usize {
    line.iter().position(|&byte| byte == end).map_or(line.len(), |at| at + 1)
}

/// Appends text in a color.
fn put(color: &str, text: &[u8], out: &mut Vec<u8>) {
    if !text.is_empty() {
        out.extend_from_slice(color.as_bytes());
        out.extend_from_slice(text);
        out.extend_from_slice(RESET.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn painted(lines: &str) -> String {
        let mut out = Vec::new();
        colorize(lines.as_bytes(), &mut out);
        String::from_utf8(out).expect("lines are UTF-8")
    }

    #[test]
    fn each_kind_of_line_has_its_colour() {
        assert_eq!(painted("* bob left\r\n"), "\x1b[36m* bob left\x1b[0m\r\n");
        assert_eq!(painted("! no\r\n"), "\x1b[33m! no\x1b[0m\r\n");
        assert_eq!(painted("bob: * hi: x\r\n"), "\x1b[1mbob\x1b[0m: * hi: x\r\n");
        assert_eq!(painted("~ bob waves\r\n"), "~ \x1b[1mbob\x1b[0m waves\r\n");
        assert_eq!(painted("| bob: hi\r\n"), "\x1b[2m| bob: hi\x1b[0m\r\n");
        assert_eq!(painted("#dev bob: hi\r\n"), "\x1b[2m#dev \x1b[0m\x1b[1mbob\x1b[0m: hi\r\n");
        assert_eq!(
            painted("#dev * bob left\r\n"),
            "\x1b[2m#dev \x1b[0m\x1b[36m* bob left\x1b[0m\r\n"
        );
        assert_eq!(painted("12:34 ! no\r\n"), "\x1b[2m12:34 \x1b[0m\x1b[33m! no\x1b[0m\r\n");
        assert_eq!(painted("[from bob] a: b\r\n"), "\x1b[1m[from bob]\x1b[0m a: b\r\n");
    }

    #[test]
    fn more_than_two_prefixes_are_text() {
        assert_eq!(painted("1 2 3 4\r\n"), "\x1b[2m1 \x1b[0m\x1b[2m2 \x1b[0m3 4\r\n");
        let long = painted(&"1 ".repeat(10_000));
        assert_eq!(long.len(), 20_000 + 2 * (FAINT.len() + RESET.len()));
    }

    proptest! {
        #[test]
        fn without_its_colours_a_line_is_what_it_was(lines in prop::collection::vec("[-*!~|#\\[\\]: a-z0-9é]{0,40}", 0..5)) {
            let text: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let mut plain = painted(&text);
            for color in [CYAN, YELLOW, BOLD, FAINT, RESET] {
                plain = plain.replace(color, "");
            }
            prop_assert_eq!(plain, text);
        }
    }
}
