//! Limits of an address, however often it connects.

use super::super::attack::{
    ATTACK, Attack, From, LINES, LOAD, Limit, Load, MARK, Metric, ROOM, Reads, Reconnect, join,
};
use std::time::Duration;

/// Connects of an address.
const CONNECTS: Limit = Limit { metric: Metric::Welcomes, burst: 32, per_second: 4 };
/// The same of a /48, which has those of 16 networks.
const CONNECTS_48: Limit = Limit { metric: Metric::Welcomes, burst: 16 * 32, per_second: 16 * 4 };
/// Wrong secrets of an address: three, then one in 1, 2, 4 … seconds.
const SECRETS: Limit = Limit { metric: Metric::Secrets, burst: 4, per_second: 1 };

/// 16 at a time, which connect, send something and leave, again and again.
const RECONNECTING: Load = Load { reconnect: Reconnect::AfterClose, ..LOAD };

/// The attacks.
pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        name: "reconnect-lines",
        what: "16 at a time of an address connect, send 10 lines and leave",
        limits: &[LINES, CONNECTS],
        cpu: None,
        loads: &[Load {
            opening: |_| format!("/join {ROOM}\n{}", format!("{MARK}\n").repeat(9)).into_bytes(),
            ..RECONNECTING
        }],
        ..ATTACK
    },
    Attack {
        name: "reconnect-oper",
        what: "16 at a time of an address connect, guess the secret twice and leave",
        limits: &[SECRETS],
        cpu: None,
        loads: &[Load { opening: |_| b"/oper guess\n/oper guess\n".to_vec(), ..RECONNECTING }],
        ..ATTACK
    },
    Attack {
        name: "oper-flood",
        what: "16 of an address guess the secret as fast as they can",
        limits: &[SECRETS],
        loads: &[Load { then: Some(|_, _| b"/oper guess\n".to_vec()), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "reconnect-slow",
        what: "one at a time of an address joins a slow room, sends a line and leaves",
        observer: "/oper correct horse battery staple\n/slow 10m\n",
        limits: &[Limit { metric: Metric::Lines, burst: 1, per_second: 0 }],
        cpu: None,
        loads: &[Load { connections: 1, opening: one_line, ..RECONNECTING }],
        ..ATTACK
    },
    Attack {
        name: "reconnect-muted",
        what: "one is muted, and another connection of the address joins, sends a line and leaves, again and again",
        observer: "/oper correct horse battery staple\n",
        mutes: true,
        warm_up: Duration::from_millis(500),
        limits: &[Limit { metric: Metric::LinesOfMuted, burst: 0, per_second: 0 }],
        cpu: None,
        loads: &[
            Load {
                connections: 1,
                opening: join,
                then: Some(|_, _| format!("{MARK}\n").into_bytes()),
                ..LOAD
            },
            Load { connections: 1, from: From::AddressOf(0), opening: one_line, ..RECONNECTING },
        ],
        ..ATTACK
    },
    Attack {
        name: "connect-storm",
        what: "64 at a time of an address connect, and leave",
        limits: &[CONNECTS],
        cpu: None,
        loads: &[Load { connections: 64, ..RECONNECTING }],
        ..ATTACK
    },
    Attack {
        name: "connect-storm-48",
        what: "128 at a time of 64 networks of an IPv6 /48 connect, send a line, and leave",
        limits: &[CONNECTS_48],
        cpu: None,
        loads: &[Load {
            connections: 128,
            from: From::Networks(64),
            opening: one_line,
            ..RECONNECTING
        }],
        ..ATTACK
    },
    Attack {
        name: "resets",
        what: "64 at a time of an address connect and reset at once",
        limits: &[CONNECTS],
        cpu: None,
        loads: &[Load { connections: 64, reconnect: Reconnect::AfterReset, ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "said-and-reset",
        what: "16 at a time of an address send 64 lines and reset at once",
        limits: &[LINES],
        cpu: None,
        loads: &[Load {
            opening: |_| [join(0), format!("{MARK}\n").repeat(64).into_bytes()].concat(),
            reconnect: Reconnect::AfterReset,
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "held-idle",
        what: "400 of 20 addresses take all slots that they may, and send nothing",
        limits: &[Limit { metric: Metric::Welcomes, burst: 20 * 16, per_second: 0 }],
        loads: &[Load { connections: 400, from: From::Addresses(20), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "held-idle-48",
        what: "600 of 64 networks of an IPv6 /48 take all slots that they may",
        limits: &[Limit { metric: Metric::Welcomes, burst: 16 * 16, per_second: 0 }],
        loads: &[Load { connections: 600, from: From::Networks(64), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "half-closed",
        what: "16 of an address close their side at once and never read, again and again",
        limits: &[CONNECTS],
        cpu: None,
        loads: &[Load { reads: Reads::Never, opening: one_line, ..RECONNECTING }],
        ..ATTACK
    },
    Attack {
        name: "hellos",
        what: "32 at a time of an address begin as browsers, TLS and ssh do",
        limits: &[CONNECTS, Limit { metric: Metric::Lines, burst: 0, per_second: 0 }],
        cpu: None,
        loads: &[Load { connections: 32, opening: hello, ..RECONNECTING }],
        ..ATTACK
    },
];

/// A line in the attacked room.
fn one_line(_: usize) -> Vec<u8> {
    format!("/join {ROOM}\n{MARK}\n").into_bytes()
}

/// The first bytes of other protocols.
fn hello(number: usize) -> Vec<u8> {
    match number % 3 {
        0 => format!("POST /{MARK} HTTP/1.1\r\nHost: here\r\n\r\n/join {ROOM}\n{MARK}\n").into(),
        1 => [b"\x16\x03\x01\x02\x00\x01\x00".as_slice(), &[0; 512]].concat(),
        _ => format!("SSH-2.0-{MARK}\r\n/join {ROOM}\n{MARK}\n").into(),
    }
}
