//! Bytes that form no line, and lines without text.

use super::super::attack::{ATTACK, Attack, LOAD, Load, Reads, filled};

/// The attacks.
pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        name: "nul-flood",
        what: "4 of an address send NULs",
        loads: &[Load { connections: 4, then: Some(|_, _| filled(b"\0")), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "nop-flood",
        what: "4 of an address send IAC NOP",
        loads: &[Load { connections: 4, then: Some(|_, _| filled(b"\xff\xf1")), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "iac-flood",
        what: "4 of an address send 0xFF, each two of which are a character",
        loads: &[Load { connections: 4, then: Some(|_, _| filled(b"\xff")), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "ayt-flood",
        what: "16 of an address send AYT (are you there), and never read the answers",
        loads: &[Load { then: Some(|_, _| filled(b"\xff\xf6")), reads: Reads::Never, ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "option-flood",
        what: "16 of an address offer and request every option, again and again",
        loads: &[Load { then: Some(|_, _| filled(&options())), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "subnegotiation",
        what: "4 of an address are in a subnegotiation without an end",
        loads: &[Load {
            connections: 4,
            opening: |_| b"\xff\xfa\x1f".to_vec(),
            then: Some(|_, _| filled(b"x")),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "subnegotiations",
        what: "4 of an address send subnegotiations of sizes and terminals",
        loads: &[Load {
            connections: 4,
            then: Some(|_, _| {
                filled(b"\xff\xfa\x1f\0\x50\0\x18\xff\xf0\xff\xfa\x18\0xterm\xff\xf0")
            }),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "empty-lines",
        what: "4 of an address send empty lines",
        loads: &[Load { connections: 4, then: Some(|_, _| filled(b"\n")), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "cr-flood",
        what: "4 of an address send CRs, alone and with NULs",
        loads: &[Load { connections: 4, then: Some(|_, _| filled(b"\r\r\0\r\n")), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "erase-flood",
        what: "4 of an address erase letters, words and lines of 4,000 bytes",
        loads: &[Load {
            connections: 4,
            then: Some(|_, _| [vec![b'a'; 4_000], b"\x7f\x08\x17\x15".repeat(512)].concat()),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "erase-words",
        what: "4 of an address erase and type again the last letter of a long line",
        loads: &[Load {
            connections: 4,
            opening: |_| "é".repeat(2_000).into_bytes(),
            then: Some(|_, _| filled("\x7fé".as_bytes())),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "invalid-utf8",
        what: "16 of an address send lines of bytes that are no UTF-8",
        loads: &[Load { then: Some(|_, _| [vec![0xc3; 4_000], b"\n".to_vec()].concat()), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "endless-line",
        what: "4 of an address send a line without an end",
        loads: &[Load { connections: 4, then: Some(|_, _| filled(b"zz")), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "byte-packets",
        what: "16 of an address send one byte a packet, of lines of 64 bytes",
        loads: &[Load {
            then: Some(|_, _| [vec![b'y'; 63], b"\n".to_vec()].concat()),
            chunk: 1,
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "invisible",
        what: "16 of an address send lines of combining marks, controls and invisible letters",
        loads: &[Load {
            opening: super::super::attack::join,
            then: Some(|_, _| [invisible(), b"\n".to_vec()].concat()),
            ..LOAD
        }],
        ..ATTACK
    },
];

/// All options, offered and requested.
fn options() -> Vec<u8> {
    (0..=255).flat_map(|option| [255, 251, option, 255, 253, option, 255, 252, option]).collect()
}

/// Text that is not visible.
fn invisible() -> Vec<u8> {
    "e\u{301}\u{302}\u{200b}\u{202e}\x1b[2J\u{feff}".repeat(200).into_bytes()
}
