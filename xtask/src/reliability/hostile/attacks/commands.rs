//! Commands: each must cost what it makes the server do.

use super::super::attack::{ATTACK, Attack, From, LOAD, Limit, Load, MARK, Metric, join};

/// The attacks.
pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        name: "who-many",
        what: "16 of an address ask who is in a room, of 5,000 users",
        idle_clients: 5_000,
        loads: &[Load { opening: join, then: Some(|_, _| b"/who #trap\n".repeat(64)), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "who-pages",
        what: "16 of an address ask for all pages of 5,000 users",
        idle_clients: 5_000,
        loads: &[Load {
            opening: |_| b"/join #lobby\n".to_vec(),
            then: Some(|_, turn| format!("/who {}\n", 1 + turn % 20).repeat(16).into_bytes()),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "rooms-list",
        what: "16 of an address list the rooms that 16 others have made, as many as an address may",
        loads: &[
            Load {
                opening: |number| {
                    let join = |it| format!("/join #of-{number}-{it}\n");
                    (0..19).map(join).collect::<String>().into()
                },
                ..LOAD
            },
            Load { then: Some(|_, _| b"/rooms\n/rooms 9\n".repeat(64)), ..LOAD },
        ],
        ..ATTACK
    },
    Attack {
        name: "nick-shared",
        what: "16 of an address, in two rooms with the observer, change their nicks",
        observer: "/join #lobby\n",
        limits: &[Limit { metric: Metric::Renames, burst: 80, per_second: 80 }],
        loads: &[Load {
            opening: join,
            then: Some(|number, turn| format!("/nick m{number}-{}\n", turn % 1_000).into()),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "join-part",
        what: "16 of an address join and leave a room of 500 users",
        idle_clients: 500,
        loads: &[Load { then: Some(|_, _| b"/part #lobby\n/join #lobby\n".repeat(32)), ..LOAD }],
        ..ATTACK
    },
    Attack {
        name: "join-quit",
        what: "16 at a time of an address join 8 rooms and quit",
        cpu: None,
        loads: &[Load {
            opening: |_| {
                let joins: String = (0..7).map(|it| format!("/join #shared{it}\n")).collect();
                format!("{joins}/quit {}\n", MARK.repeat(90)).into()
            },
            reconnect: super::super::attack::Reconnect::AfterClose,
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "topic-flood",
        what: "16 of an address set the topic of a room",
        loads: &[Load {
            opening: |_| b"/join #topics\n".to_vec(),
            then: Some(|_, turn| format!("/topic {MARK}{turn}{}\n", MARK.repeat(80)).into()),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "away-flood",
        what: "16 of an address go away and come back",
        loads: &[Load {
            opening: join,
            then: Some(|_, _| format!("/away {}\n/away\n", MARK.repeat(80)).repeat(16).into()),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "ignore-hundred",
        what: "16 of an address ignore and unignore 100 users, of 500, and receive lines",
        idle_clients: 500,
        loads: &[
            Load {
                opening: join,
                then: Some(|_, turn| {
                    let verb = if turn / 100 % 2 == 0 { "ignore" } else { "unignore" };
                    format!("/{verb} user-{}\n", 10 + turn % 100).into_bytes()
                }),
                ..LOAD
            },
            Load { opening: join, then: Some(|_, _| format!("{MARK}\n").into()), ..LOAD },
        ],
        ..ATTACK
    },
    Attack {
        name: "history-flood",
        what: "16 of an address ask for the history of a room that 16 others fill",
        loads: &[
            Load { opening: join, then: Some(|_, _| super::super::attack::long_line()), ..LOAD },
            Load { opening: join, then: Some(|_, _| b"/history 200\n".repeat(64)), ..LOAD },
        ],
        ..ATTACK
    },
    Attack {
        name: "views",
        what: "16 of an address turn time stamps, colours and joins on and off, and send lines",
        loads: &[Load {
            opening: join,
            then: Some(|_, _| {
                let commands = "/time on\n/quiet on\n/color on\n";
                format!("{commands}{MARK}\n{}", commands.replace("on", "off")).repeat(16).into()
            }),
            ..LOAD
        }],
        ..ATTACK
    },
    Attack {
        name: "unknown-commands",
        what: "100 of 7 addresses send /help and unknown commands",
        loads: &[Load {
            connections: 100,
            from: From::Addresses(7),
            then: Some(|_, _| b"/help\n/halp\n/whoami\n/bans 2\n/ban x\n".repeat(32)),
            ..LOAD
        }],
        ..ATTACK
    },
];
