//! The process: its log, its signals, and its monitoring.

use super::super::attack::{
    ATTACK, Attack, From, LOAD, Load, Probe, Process, Reads, Reconnect, To, join, long_line,
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
        what: "the process stops for 11 s while four read at 200 KB/s what 16 others send: they must stay",
        process: Process::Stops(Duration::from_secs(11)),
        loads: &[
            // With the answers to `/history` it is less than the four read, however long it takes.
            Load { opening: join, then: Some(|_, _| kilobyte()), ..LOAD },
            Load {
                connections: 4,
                from: From::Loopback,
                opening: join,
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
        what: "a log of everything goes into a pipe that is never read, and 16 send lines",
        process: Process::LogIsFull("trace"),
        // Every trace is written, or dropped and counted.
        cpu: None,
        loads: &[Load { opening: join, then: Some(|_, _| long_line()), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "full-log-storm",
        what: "the same, at the default level, and all connect, guess the secret and are rejected",
        process: Process::LogIsFull("info"),
        cpu: None,
        loads: &[Load {
            connections: 64,
            opening: |_| b"/oper guess\n".to_vec(),
            reconnect: Reconnect::AfterClose,
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "idle-metrics",
        what: "64 connections to the listener for metrics send nothing",
        probe: Some(Probe::Health),
        loads: &[Load { connections: 64, from: From::Loopback, to: To::Metrics, ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "drip-metrics",
        what: "64 connections to the listener for metrics send a request without an end, byte by byte",
        probe: Some(Probe::Health),
        cpu: None,
        loads: &[Load {
            connections: 64,
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
        what: "40 connections to the admin socket send nothing",
        probe: Some(Probe::Admin),
        loads: &[Load { connections: 40, from: From::Loopback, to: To::Admin, ..LOAD }],
        ..ATTACK
    },
];
