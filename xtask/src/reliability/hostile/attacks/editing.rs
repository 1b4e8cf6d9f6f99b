//! Keys of the editor: the cost of one must not grow with the line or the width, and keys have a limit of their own.

use super::super::attack::{ATTACK, Attack, From, LINE, LOAD, Load, filled, long_line};

/// The attacks.
pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        name: "wide-editor",
        what: "2 in a window of 65,535 columns move to and fro in a line of 4,095 characters",
        loads: &[Load {
            connections: 2,
            opening: wide,
            then: Some(|_, _| filled(b"\x02\x06")),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "combining-editor",
        what: "2 move to and fro among 1,300 combining marks",
        loads: &[Load {
            connections: 2,
            opening: combining,
            then: Some(|_, _| filled(b"\x02\x06")),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "paste-editor",
        what: "100 of 7 addresses paste lines of 4 KB in edit mode",
        loads: &[Load {
            connections: 100,
            from: From::Addresses(7),
            opening: |_| editor(&[0, 80]),
            then: Some(|_, _| long_line()),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "recall-editor",
        what: "16 recall long lines, erase them and bring them back",
        loads: &[Load {
            opening: recall,
            then: Some(|_, _| filled(b"\x10\x10\x15\x19\x01\x05\x0e\x17")),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "resize-editor",
        what: "16 resize a window that shows a line of 4,095 characters, all the time",
        loads: &[Load { opening: wide, then: Some(|_, _| filled(&sizes())), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "insert-editor",
        what: "16 type and erase a character at the start of a line of 4,000",
        loads: &[Load { opening: start_of_line, then: Some(|_, _| filled(b"a\x7f")), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "tab-editor",
        what: "16 complete a nick of 1,000 users, all the time",
        idle_clients: 1_000,
        loads: &[Load {
            opening: |_| [editor(&[0, 80]), b"user-".to_vec()].concat(),
            then: Some(|_, _| filled(b"\t")),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "deaf-editor",
        what: "16 type in edit mode and never read what is drawn",
        loads: &[Load {
            opening: wide,
            then: Some(|_, _| filled(b"\x02\x06\x0c")),
            reads: super::super::attack::Reads::Never,
            ..LOAD
        }],
        ..ATTACK
    },
];

/// Edit mode, for a terminal that echoes nothing and has so many columns.
fn editor(columns: &[u8]) -> Vec<u8> {
    [b"/edit on\n\xff\xfd\x01\xff\xfb\x1f\xff\xfa\x1f".as_slice(), columns, b"\x00\x18\xff\xf0"]
        .concat()
}

/// The widest window, and a line.
fn wide(_: usize) -> Vec<u8> {
    // In a subnegotiation 255 is doubled.
    [editor(&[0xff; 4]), vec![b'a'; LINE - 1]].concat()
}

/// The usual window, and a line of combining marks.
fn combining(_: usize) -> Vec<u8> {
    [editor(&[0, 80]), "e\u{301}".repeat(1_300).into_bytes()].concat()
}

/// The usual window, and two long lines that are sent.
fn recall(_: usize) -> Vec<u8> {
    [editor(&[0, 80]), long_line(), long_line()].concat()
}

/// The cursor at the start of a line.
fn start_of_line(_: usize) -> Vec<u8> {
    [editor(&[0, 80]), vec![b'a'; LINE - 96], b"\x01".to_vec()].concat()
}

/// One size of a window and another.
fn sizes() -> Vec<u8> {
    b"\xff\xfa\x1f\x01\xf4\x00\x18\xff\xf0\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0".to_vec()
}
