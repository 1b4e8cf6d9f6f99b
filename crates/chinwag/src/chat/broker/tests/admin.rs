//! What the operators order, at the level of events.

use super::harness::Harness;
use crate::chat::admin_command::{AdminCommand, RoomInfo};
use crate::chat::event::LeaveReason;
use crate::chat::room_creators::RoomLimit;
use crate::limits::{MAX_ROOMS, MAX_ROOMS_PER_ADDRESS, MAX_ROOMS_PER_USER};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// What is said to a line that nobody would hear.
const NO_ROOM: &str = "! you speak in no room, so nobody would hear that: /join #lobby first";
const NOTHING: [String; 0] = [];
const SECOND: Duration = Duration::from_secs(1);

/// A user joins a room, and all have read it.
fn join_room(harness: &mut Harness, id: u64, name: &str) {
    harness.send(id, &format!("/join {name}"));
    let told = harness.read(id);
    assert!(told.contains(&format!("* you joined {name}")), "{told:?}");
    harness.discard_all();
}

/// Closes a room; how many were in it, or why it stays.
fn close(harness: &mut Harness, name: &str, reason: &str) -> Result<usize, String> {
    let (name, reason) = (name.to_owned(), reason.to_owned());
    let outcome = harness.admin(|answer| AdminCommand::Close { name, reason, answer });
    outcome.map(|(_, clients)| clients).map_err(|error| error.to_string())
}

// ---- closing rooms ----

#[test]
fn a_closed_room_is_gone_and_its_members_know_why() {
    let mut harness = Harness::new();
    let (alice, bob, cy) =
        (harness.join_as("alice"), harness.join_as("bob"), harness.join_as("cy"));
    for id in [alice, bob] {
        join_room(&mut harness, id, "#dev");
    }
    harness.send(alice, "an old line");
    // Bob is in it, and speaks elsewhere.
    join_room(&mut harness, bob, "#art");
    assert_eq!(close(&mut harness, "#Dev", "too \"loud\"\u{1b}"), Ok(2));
    let closed = "! the operator closed #dev: \"too \\\"loud\\\"\"";
    assert_eq!(harness.read(alice), [closed, "* you speak in no room now: /join one"]);
    assert_eq!(harness.read(bob), [closed]);
    assert_eq!((harness.read(cy), harness.metrics().rooms), (NOTHING.into(), 2));
    harness.send(alice, "is anybody here?");
    assert_eq!(harness.read(alice), [NO_ROOM]);
    harness.send(bob, "hello");
    harness.send(alice, "/join #dev");
    assert_eq!(
        harness.read(alice),
        ["* you joined #dev", "* 1 here: alice"],
        "and nothing of the past"
    );
    assert_eq!(harness.read(bob), NOTHING, "they are not in it any more");
}

#[test]
fn the_lobby_and_what_is_no_room_are_not_closed() {
    let mut harness = Harness::new();
    let alice = harness.join_as("alice");
    for (name, reason) in [
        ("#lobby", "#lobby cannot be closed, for everybody starts there"),
        ("#nowhere", "there is no room #nowhere; `rooms` lists them"),
    ] {
        assert_eq!(close(&mut harness, name, ""), Err(reason.to_owned()));
    }
    assert!(close(&mut harness, "#a b", "").is_err_and(|reason| reason.contains("\"#a b\"")));
    assert_eq!((harness.read(alice), harness.metrics().rooms), (NOTHING.into(), 1));
}

/// What was said before the order is read, and what waits for the room is said nowhere else.
#[test]
fn lines_for_a_closed_room_go_nowhere_else() {
    let mut harness = Harness::new();
    let (alice, bob, cy) =
        (harness.join_as("alice"), harness.join_as("bob"), harness.join_as("cy"));
    for id in [alice, bob] {
        join_room(&mut harness, id, "#dev");
    }
    // Bob does not read, and the room waits for them.
    let long = "x".repeat(4000);
    let mut sent = 0;
    while harness.broker.deferred_events() < 2 {
        harness.send(alice, &long);
        sent += 1;
        assert!(sent < 1_000, "the room waits for no one");
    }
    assert_eq!(close(&mut harness, "#dev", ""), Ok(2));
    harness.advance(SECOND);
    assert_eq!((harness.broker.deferred_events(), harness.metrics().rooms), (0, 1));
    assert_eq!(harness.read(cy), NOTHING);
    let told = harness.read(alice);
    let refused = told.iter().filter(|line| *line == NO_ROOM).count();
    assert!(told.contains(&"! the operator closed #dev".to_owned()) && refused >= 2, "{told:?}");
    let read = harness.read(bob);
    assert_eq!(read.last().map(String::as_str), Some("* you speak in no room now: /join one"));
    assert!(read.iter().filter(|line| line.starts_with("alice: ")).count() <= sent - 2);
    // Both go on elsewhere.
    join_room(&mut harness, alice, "#art");
    join_room(&mut harness, bob, "#art");
    harness.send(alice, "hello");
    assert_eq!(harness.read(bob), ["alice: hello"]);
}

#[test]
fn a_room_of_thousands_closes_in_one_step() {
    let mut harness = Harness::new();
    let clients: Vec<_> = (0..2_000).map(|_| harness.join()).collect();
    for &id in &clients {
        harness.submit(id, &["/join #dev"]);
    }
    harness.flush();
    harness.discard_all();
    assert_eq!(close(&mut harness, "#dev", "enough"), Ok(2_000));
    for &id in &clients {
        assert_eq!(harness.read(id).len(), 2);
    }
    assert_eq!(harness.metrics().rooms, 1);
}

// ---- rooms and who made them ----

/// A server with the usual limit on the rooms of an address.
fn limited() -> Harness {
    let limit = RoomLimit::none();
    limit.set(Some(16));
    let mut harness = Harness::new();
    harness.broker = harness.broker.with_room_limit(Arc::new(limit));
    harness
}

/// Has users from these addresses make rooms, as many as each may be in; how many there are then, beside the lobby.
fn fill(harness: &mut Harness, clients: usize, from: impl Fn(usize) -> IpAddr) -> usize {
    for number in 0..clients {
        harness.address = from(number);
        let id = harness.join();
        for at in 1..MAX_ROOMS_PER_USER {
            let name = format!("/join #r{}-{number}-{at}", harness.metrics().joins);
            harness.submit(id, &[&name]);
        }
        harness.flush();
        harness.discard_all();
    }
    harness.metrics().rooms - 1
}

#[test]
fn one_address_takes_a_part_of_the_rooms() {
    let mut harness = limited();
    let address: IpAddr = [203, 0, 113, 9].into();
    assert_eq!(fill(&mut harness, 16, |_| address), MAX_ROOMS_PER_ADDRESS);
    harness.address = address;
    let again = harness.join();
    harness.send(again, "/join #one-more");
    let refused = "! your address has made as many rooms as it may: join one that is there, or leave one of them empty";
    assert_eq!(harness.read(again), [refused]);
    harness.send(again, "/join #r1-0-1");
    assert!(harness.read(again).contains(&"* you joined #r1-0-1".to_owned()), "others are open");
    harness.address = [203, 0, 113, 10].into();
    let other = harness.join();
    join_room(&mut harness, other, "#one-more");
}

/// The room is there when they ask, and gone when the batch before has ended.
#[test]
fn a_room_that_just_closes_counts_as_a_new_one() {
    let mut harness = limited();
    let address: IpAddr = [203, 0, 113, 9].into();
    assert_eq!(fill(&mut harness, 16, |_| address), MAX_ROOMS_PER_ADDRESS);
    harness.address = [203, 0, 113, 10].into();
    let other = harness.join();
    join_room(&mut harness, other, "#one-more");
    harness.address = address;
    let again = harness.join();
    harness.submit_leave(other, LeaveReason::ConnectionLost);
    harness.submit(again, &["/join #one-more"]);
    harness.flush();
    let read = harness.read(again);
    assert!(read.iter().any(|line| line.starts_with("! your address has made")), "{read:?}");
}

/// Fifty-three connections took all rooms, from wherever they came.
#[test]
fn loopback_leaves_half_of_the_rooms() {
    let mut harness = limited();
    assert_eq!(fill(&mut harness, 53, |_| [127, 0, 0, 1].into()), 16 * MAX_ROOMS_PER_ADDRESS);
    const { assert!(16 * MAX_ROOMS_PER_ADDRESS < MAX_ROOMS * 6 / 10) };
}

/// Leaving does not win any, for the room stays as long as a user is in it.
#[test]
fn a_room_counts_for_its_maker_until_it_goes() {
    let mut harness = limited();
    harness.address = [203, 0, 113, 9].into();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    let mut made = 0;
    for (id, rooms) in [(alice, 19), (bob, MAX_ROOMS_PER_ADDRESS - 19)] {
        for _ in 0..rooms {
            made += 1;
            join_room(&mut harness, id, &format!("#r{made}"));
        }
    }
    harness.address = [203, 0, 113, 10].into();
    let cy = harness.join_as("cy");
    join_room(&mut harness, cy, "#r1");
    harness.leave(alice, crate::chat::event::LeaveReason::ConnectionLost);
    harness.discard_all();
    // Eighteen went with her, and the one that Cy is in counts still.
    harness.address = [203, 0, 113, 9].into();
    let dora = harness.join();
    for number in 0..18 {
        join_room(&mut harness, dora, &format!("#s{number}"));
    }
    harness.send(bob, "/join #t");
    assert!(harness.read(bob)[0].starts_with("! your address has made as many rooms as it may"));
    assert_eq!(close(&mut harness, "#r1", ""), Ok(1));
    join_room(&mut harness, bob, "#t");
}

#[test]
fn rooms_are_listed_with_where_they_were_made() {
    let mut harness = Harness::new();
    harness.address = [203, 0, 113, 9].into();
    let alice = harness.join_as("alice");
    join_room(&mut harness, alice, "#dev");
    harness.send(alice, "/topic all \"good\" things");
    harness.discard_all();
    harness.promote(alice);
    harness.send(alice, "/slow 10s");
    let rooms = harness.admin(|answer| AdminCommand::Rooms { answer });
    let [dev, lobby] = &rooms[..] else { panic!("{rooms:?}") };
    let RoomInfo { name, users: clients, created_from, slow, topic } = dev;
    assert_eq!(
        (name.as_str(), *clients, *created_from),
        ("#dev", 1, Some([203, 0, 113, 9].into()))
    );
    assert_eq!((*slow, topic.as_deref()), (Some(10 * SECOND), Some("\"all \\\"good\\\" things\"")));
    assert_eq!((lobby.name.as_str(), lobby.users, lobby.created_from), ("#lobby", 1, None));
}

// ---- users ----

#[test]
fn a_kick_with_a_reason_is_announced_with_it() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    let kick = |harness: &mut Harness, nick: &str, reason: &str| {
        let (nick, reason) = (nick.to_owned(), reason.to_owned());
        harness.admin(|answer| AdminCommand::Kick { nick, reason, answer })
    };
    assert_eq!(kick(&mut harness, "nobody", "x"), None);
    let kicked = kick(&mut harness, "BOB", "spam\u{1b}\r\n* alice left").expect("they were here");
    assert_eq!(kicked.as_str(), "bob");
    let state = harness.clients[&bob].receiver.state();
    let told = state.take_disconnect_message().map(String::from);
    assert_eq!(told.as_deref(), Some("! the operator kicked you: \"spam* alice left\"\r\n"));
    assert!(harness.clients[&bob].is_disconnected());
    assert_eq!(harness.read(alice), ["* bob left (kicked, \"spam* alice left\")"]);
    let cy = harness.join_as("cy");
    assert!(kick(&mut harness, "cy", " ").is_some());
    assert!(harness.clients[&cy].receiver.state().take_disconnect_message().is_none());
    assert_eq!(harness.read(alice), ["* cy left (kicked)"]);
}

#[test]
fn a_mute_by_an_admin_is_listed_and_ended() {
    let mut harness = Harness::new();
    harness.address = "2001:db8::7".parse().expect("an address");
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    let mute = |harness: &mut Harness, typed: &str| {
        let typed = typed.to_owned();
        harness
            .admin(|answer| AdminCommand::Mute { typed, answer })
            .map_err(|error| error.to_string())
    };
    for (typed, reason) in [
        ("nobody", "nobody is called \"nobody\""),
        (
            "bob soon",
            "nobody is muted: \"soon\" is no time; a time is 30s, 10m, 2h, 7d, 1w, 1y, 1h30m or 2 hours",
        ),
    ] {
        assert_eq!(mute(&mut harness, typed), Err(reason.to_owned()));
    }
    assert_eq!(mute(&mut harness, "BOB 10m"), Ok("bob is muted for 10 minutes".to_owned()));
    let told = "! the operator muted you for 10 minutes: nobody reads what you write";
    assert_eq!(harness.read(bob), [told]);
    harness.send(bob, "can you hear me?");
    assert_eq!(harness.read(alice), NOTHING);
    harness.discard_all();
    harness.advance(60 * SECOND);
    let mutes = harness.admin(|answer| AdminCommand::Mutes { answer });
    assert_eq!(mutes.len(), 1);
    assert_eq!(mutes[0].address.as_deref(), Some("2001:db8::/64"));
    assert_eq!((mutes[0].nick.as_str(), mutes[0].rest), ("bob", Some(540 * SECOND)));
    harness.discard_all();
    let unmute = |harness: &mut Harness| {
        harness
            .admin(|answer| AdminCommand::Unmute { nick: "bob".into(), answer })
            .map_err(|error| error.to_string())
    };
    assert_eq!(unmute(&mut harness).map(|nick| nick.to_string()), Ok("bob".to_owned()));
    assert_eq!(harness.read(bob), ["* you are not muted any more"]);
    assert_eq!(unmute(&mut harness), Err("bob is not muted".to_owned()));
    assert!(harness.admin(|answer| AdminCommand::Mutes { answer }).is_empty());
}
