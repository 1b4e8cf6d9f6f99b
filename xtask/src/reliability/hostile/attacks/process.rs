//! The process itself: its log, its signals, and those who watch it.

use super::super::attack::{
    ATTACK, Again, Attack, From, LOAD, Load, Probe, Process, Reads, To, enter, long_line,
};
use std::time::Duration;

/// A line of a thousand bytes.
fn kilobyte() -> Vec<u8> {
    let mut line = vec![b'x'; 1_000];
    line.push(b'\n');
    line
}

/// The attacks.
pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        name: "suspended",
        warm_up: Duration::from_secs(1),
        what: "the process stops for 11 s while four read at 200 KB/s what 16 others say: they must stay",
        process: Process::Stops(Duration::from_secs(11)),
        loads: &[
            // With the answers to `/history` it is less than the four read, however long it goes on.
            Load { opening: enter, then: Some(|_, _| kilobyte()), ..LOAD },
            Load {
                peers: 4,
                from: From::Loopback,
                opening: enter,
                then: Some(|_, _| b"/history 200\n".to_vec()),
                reads: Reads::Rate(200_000),
                innocent: true,
                ..LOAD
            },
        ],
        ..ATTACK
    },
    Attack {
        name: "full-log",
        what: "the log of all that happens goes into a pipe that nobody reads, and 16 speak",
        process: Process::LogIsFull("trace"),
        // What is traced is written, or dropped and counted.
        cpu: None,
        loads: &[Load { opening: enter, then: Some(|_, _| long_line()), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "full-log-storm",
        what: "the same, at the usual level, and all connect, guess at the secret and are refused",
        process: Process::LogIsFull("info"),
        cpu: None,
        loads: &[Load {
            peers: 64,
            opening: |_| b"/oper guess\n".to_vec(),
            again: Again::Orderly,
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "idle-metrics",
        what: "64 connections to the listener for metrics ask nothing",
        probe: Some(Probe::Health),
        loads: &[Load { peers: 64, from: From::Loopback, to: To::Metrics, ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "drip-metrics",
        what: "64 connections to the listener for metrics ask for ever, byte by byte",
        probe: Some(Probe::Health),
        cpu: None,
        loads: &[Load {
            peers: 64,
            from: From::Loopback,
            to: To::Metrics,
            opening: |_| b"GET /metrics HTTP/1.1\r\n".to_vec(),
            then: Some(|_, _| b"X-Header: y\r\n".to_vec()),
            chunk: 1,
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "idle-admin",
        what: "40 connections to the admin socket ask nothing",
        probe: Some(Probe::Admin),
        loads: &[Load { peers: 40, from: From::Loopback, to: To::Admin, ..LOAD }],
        ..ATTACK
    },
];
