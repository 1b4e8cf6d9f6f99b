//! Rooms and private messages: a client that is slow in one room must not delay another room.

use super::super::attack::{
    ATTACK, Attack, Bystanders, From, LINES, LOAD, Load, MARK, ROOM, Reads, join, long_line,
};
use std::time::Duration;

/// Bytes a second of a client that reads as fast as a room's flow control asks for, and no faster.
const SLOW: usize = 300_000;

/// The time until rooms are full and readers lag.
const WARM_UP: Duration = Duration::from_secs(1);

/// 16 that fill the attacked room with long lines.
const SENDERS: Load = Load { opening: join, then: Some(|_, _| long_line()), ..LOAD };

/// The attacks.
pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        name: "slow-room",
        warm_up: WARM_UP,
        what: "140 of 9 addresses send in a room with two slow readers",
        loads: &[
            Load { connections: 140, from: From::Addresses(9), ..SENDERS },
            Load { connections: 2, opening: join, reads: Reads::Rate(2 * SLOW), ..LOAD },
        ],
        ..ATTACK
    },
    Attack {
        name: "slow-rooms",
        warm_up: WARM_UP,
        what: "140 of 9 addresses send in 20 rooms in turn, each with two slow readers",
        loads: &[
            Load {
                connections: 140,
                from: From::Addresses(9),
                then: Some(|_, turn| {
                    [format!("/join #trap{}\n", turn % 20).into_bytes(), long_line()].concat()
                }),
                ..LOAD
            },
            Load {
                connections: 40,
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
        what: "16 of an address send lines of 4 KB as fast as they may",
        limits: &[LINES],
        loads: &[SENDERS],
        ..ATTACK
    },
    Attack {
        name: "me-flood",
        what: "16 of an address send /me as fast as they may",
        limits: &[LINES],
        loads: &[Load {
            opening: join,
            then: Some(|_, _| format!("/me {MARK}\n").repeat(64).into_bytes()),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "slow-partner",
        warm_up: WARM_UP,
        what: "each of the pairs writes to a client that hardly reads, and goes on sending",
        bystanders: Bystanders::Saying("/msg mallory hi\n"),
        may_wait: true,
        loads: &[
            SENDERS,
            Load {
                connections: 1,
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
        what: "three slow readers of an address, with the history of another room pending, are in the pair's",
        bystanders: Bystanders::Among,
        loads: &[
            SENDERS,
            Load {
                connections: 3,
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
        loads: &[SENDERS, Load { opening: join, reads: Reads::Never, ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "frozen-askers",
        warm_up: WARM_UP,
        what: "16 ask for the history of a full room, and never read it",
        loads: &[
            SENDERS,
            Load {
                opening: join,
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
            SENDERS,
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
        what: "16 of an address write long private messages to one of the pair",
        loads: &[Load {
            then: Some(|_, _| [b"/msg calm0 ".to_vec(), long_line().split_off(64)].concat()),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "private-many",
        what: "16 of an address write to all of 500 users in turn",
        idle_clients: 500,
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
            connections: 128,
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
