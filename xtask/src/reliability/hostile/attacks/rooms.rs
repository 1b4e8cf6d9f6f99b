//! Rooms and private lines: whoever is slow in one place must hold nobody up in another.

use super::super::attack::{
    ATTACK, Attack, Bystanders, From, LOAD, Load, MARK, ROOM, Reads, SPEECH, enter, long_line,
};
use std::time::Duration;

/// Bytes a second of somebody who reads as fast as the pace of a room wants, and no faster.
const SLOW: usize = 300_000;

/// Until rooms are full and readers behind.
const WARM_UP: Duration = Duration::from_secs(1);

/// 16 who fill the attacked room with long lines.
const SPEAKERS: Load = Load { opening: enter, then: Some(|_, _| long_line()), ..LOAD };

/// The attacks.
pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        name: "slow-room",
        warm_up: WARM_UP,
        what: "140 of 9 addresses speak in a room with two slow readers",
        loads: &[
            Load { peers: 140, from: From::Addresses(9), ..SPEAKERS },
            Load { peers: 2, opening: enter, reads: Reads::Rate(2 * SLOW), ..LOAD },
        ],
        ..ATTACK
    },
    Attack {
        name: "slow-rooms",
        warm_up: WARM_UP,
        what: "140 of 9 addresses speak in 20 rooms in turn, each with two slow readers",
        loads: &[
            Load {
                peers: 140,
                from: From::Addresses(9),
                then: Some(|_, turn| {
                    [format!("/join #trap{}\n", turn % 20).into_bytes(), long_line()].concat()
                }),
                ..LOAD
            },
            Load {
                peers: 40,
                from: From::Addresses(3),
                opening: |number| format!("/join #trap{}\n", number % 20).into_bytes(),
                reads: Reads::Rate(SLOW),
                ..LOAD
            },
        ],
        ..ATTACK
    },
    Attack {
        name: "long-lines",
        what: "16 of an address say lines of 4 KB as fast as they may",
        bounds: &[SPEECH],
        loads: &[SPEAKERS],
        ..ATTACK
    },
    Attack {
        name: "me-flood",
        what: "16 of an address do things as fast as they may",
        bounds: &[SPEECH],
        loads: &[Load {
            opening: enter,
            then: Some(|_, _| format!("/me {MARK}\n").repeat(64).into_bytes()),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "slow-partner",
        warm_up: WARM_UP,
        what: "each of the pairs writes to somebody who hardly reads, and speaks on",
        bystanders: Bystanders::Saying("/msg mallory hi\n"),
        may_wait: true,
        loads: &[
            SPEAKERS,
            Load {
                peers: 1,
                opening: |_| format!("/nick mallory\n/join {ROOM}\n").into_bytes(),
                then: Some(|_, _| b"/history 200\n".to_vec()),
                reads: Reads::Rate(SLOW),
                ..LOAD
            },
        ],
        ..ATTACK
    },
    Attack {
        name: "history-debt",
        warm_up: WARM_UP,
        what: "three slow readers of an address, owed the history of another room, sit in the pair's",
        bystanders: Bystanders::Among,
        loads: &[
            SPEAKERS,
            Load {
                peers: 3,
                opening: |_| format!("/join #quiet0\n/join {ROOM}\n").into_bytes(),
                then: Some(|_, _| b"/history 200\n".to_vec()),
                reads: Reads::Rate(SLOW),
                ..LOAD
            },
        ],
        ..ATTACK
    },
    Attack {
        name: "frozen-readers",
        warm_up: WARM_UP,
        what: "16 never read while 16 others of another address fill their room",
        loads: &[SPEAKERS, Load { opening: enter, reads: Reads::Never, ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "frozen-askers",
        warm_up: WARM_UP,
        what: "16 ask for the history of a full room, and never read it",
        loads: &[
            SPEAKERS,
            Load {
                opening: enter,
                then: Some(|_, _| b"/history 200\n".repeat(64)),
                reads: Reads::Never,
                ..LOAD
            },
        ],
        ..ATTACK
    },
    Attack {
        name: "byte-readers",
        warm_up: WARM_UP,
        what: "16 in the pair's room read a byte a second, of a history of 64 KiB",
        bystanders: Bystanders::Among,
        loads: &[
            SPEAKERS,
            Load {
                opening: |_| format!("/join #quiet0\n/join {ROOM}\n/history 200\n").into_bytes(),
                reads: Reads::Rate(1),
                ..LOAD
            },
        ],
        ..ATTACK
    },
    Attack {
        name: "private-flood",
        what: "16 of an address write long private lines to one of the pair",
        loads: &[Load {
            then: Some(|_, _| [b"/msg calm0 ".to_vec(), long_line().split_off(64)].concat()),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "private-many",
        what: "16 of an address write to all of 500 people in turn",
        crowd: 500,
        loads: &[Load {
            then: Some(|_, turn| format!("/msg user-{} {MARK}\n", 8 + turn % 100).into_bytes()),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "full-rooms",
        what: "128 of 8 addresses are in 20 rooms each, and come back to them: more than there may be",
        loads: &[Load {
            peers: 128,
            from: From::Addresses(8),
            opening: |number| {
                (0..20).map(|it| format!("/join #of-{number}-{it}\n")).collect::<String>().into()
            },
            then: Some(|number, turn| {
                let room = format!("#of-{number}-{}", turn % 20);
                format!("/part {room}\n/join {room}\n").into_bytes()
            }),
            ..LOAD
        }],
        ..ATTACK
    },
];
