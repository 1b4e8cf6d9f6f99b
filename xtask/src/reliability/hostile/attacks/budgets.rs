//! What an address may do, however often it connects.

use super::super::attack::{
    ATTACK, Again, Attack, Bound, Counted, From, LOAD, Load, MARK, ROOM, Reads, SPEECH, enter,
};
use std::time::Duration;

/// Connects of an address.
const CONNECTS: Bound = Bound { of: Counted::Welcomes, at_once: 32, a_second: 4 };
/// The same of a /48, which has those of 16 networks.
const CONNECTS_48: Bound = Bound { of: Counted::Welcomes, at_once: 16 * 32, a_second: 16 * 4 };
/// Wrong secrets of an address: three, then one in 1, 2, 4 … seconds.
const SECRETS: Bound = Bound { of: Counted::Secrets, at_once: 4, a_second: 1 };

/// 16 at a time, who come, say something and leave, again and again.
const COMERS: Load = Load { again: Again::Orderly, ..LOAD };

/// The attacks.
pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        name: "reconnect-lines",
        what: "16 at a time of an address come, say 10 lines and leave",
        bounds: &[SPEECH, CONNECTS],
        cpu: None,
        loads: &[Load {
            opening: |_| format!("/join {ROOM}\n{}", format!("{MARK}\n").repeat(9)).into_bytes(),
            ..COMERS
        }],
        ..ATTACK
    },
    Attack {
        name: "reconnect-oper",
        what: "16 at a time of an address come, guess at the secret twice and leave",
        bounds: &[SECRETS],
        cpu: None,
        loads: &[Load { opening: |_| b"/oper guess\n/oper guess\n".to_vec(), ..COMERS }],
        ..ATTACK
    },
    Attack {
        name: "oper-flood",
        what: "16 of an address guess at the secret as fast as they can",
        bounds: &[SECRETS],
        loads: &[Load { then: Some(|_, _| b"/oper guess\n".to_vec()), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "reconnect-slow",
        what: "one of an address at a time comes to a slow room, says a line and leaves",
        listener: "/oper correct horse battery staple\n/slow 10m\n",
        bounds: &[Bound { of: Counted::Lines, at_once: 1, a_second: 0 }],
        cpu: None,
        loads: &[Load { peers: 1, opening: one_line, ..COMERS }],
        ..ATTACK
    },
    Attack {
        name: "reconnect-muted",
        what: "one is muted, and another connection of the address comes, says a line and leaves, again and again",
        listener: "/oper correct horse battery staple\n",
        mutes: true,
        warm_up: Duration::from_millis(500),
        bounds: &[Bound { of: Counted::LinesOfMuted, at_once: 0, a_second: 0 }],
        cpu: None,
        loads: &[
            Load {
                peers: 1,
                opening: enter,
                then: Some(|_, _| format!("{MARK}\n").into_bytes()),
                ..LOAD
            },
            Load { peers: 1, from: From::AddressOf(0), opening: one_line, ..COMERS },
        ],
        ..ATTACK
    },
    Attack {
        name: "connect-storm",
        what: "64 at a time of an address connect, and leave",
        bounds: &[CONNECTS],
        cpu: None,
        loads: &[Load { peers: 64, ..COMERS }],
        ..ATTACK
    },
    Attack {
        name: "connect-storm-48",
        what: "128 at a time of 64 networks of an IPv6 /48 connect, say a line, and leave",
        bounds: &[CONNECTS_48],
        cpu: None,
        loads: &[Load { peers: 128, from: From::Networks(64), opening: one_line, ..COMERS }],
        ..ATTACK
    },
    Attack {
        name: "resets",
        what: "64 at a time of an address connect and reset at once",
        bounds: &[CONNECTS],
        cpu: None,
        loads: &[Load { peers: 64, again: Again::Abrupt, ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "said-and-reset",
        what: "16 at a time of an address say 64 lines and reset at once",
        bounds: &[SPEECH],
        cpu: None,
        loads: &[Load {
            opening: |_| [enter(0), format!("{MARK}\n").repeat(64).into_bytes()].concat(),
            again: Again::Abrupt,
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "held-idle",
        what: "400 of 20 addresses take all places that they may, and say nothing",
        bounds: &[Bound { of: Counted::Welcomes, at_once: 20 * 16, a_second: 0 }],
        loads: &[Load { peers: 400, from: From::Addresses(20), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "held-idle-48",
        what: "600 of 64 networks of an IPv6 /48 take all places that they may",
        bounds: &[Bound { of: Counted::Welcomes, at_once: 16 * 16, a_second: 0 }],
        loads: &[Load { peers: 600, from: From::Networks(64), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "half-closed",
        what: "16 of an address close their side at once and never read, again and again",
        bounds: &[CONNECTS],
        cpu: None,
        loads: &[Load { reads: Reads::Never, opening: one_line, ..COMERS }],
        ..ATTACK
    },
    Attack {
        name: "hellos",
        what: "32 at a time of an address say hello as browsers, TLS and ssh do",
        bounds: &[CONNECTS, Bound { of: Counted::Lines, at_once: 0, a_second: 0 }],
        cpu: None,
        loads: &[Load { peers: 32, opening: hello, ..COMERS }],
        ..ATTACK
    },
];

/// A line in the attacked room.
fn one_line(_: usize) -> Vec<u8> {
    format!("/join {ROOM}\n{MARK}\n").into_bytes()
}

/// What others than people say first.
fn hello(number: usize) -> Vec<u8> {
    match number % 3 {
        0 => format!("POST /{MARK} HTTP/1.1\r\nHost: here\r\n\r\n/join {ROOM}\n{MARK}\n").into(),
        1 => [b"\x16\x03\x01\x02\x00\x01\x00".as_slice(), &[0; 512]].concat(),
        _ => format!("SSH-2.0-{MARK}\r\n/join {ROOM}\n{MARK}\n").into(),
    }
}
