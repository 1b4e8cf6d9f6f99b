//! A room whose users are behind waits, and no other does.

use super::harness::Room;
use crate::chat::event::{ClientId, Control, Event, LeaveReason};
use crate::limits::{MAX_DEFERRED_EVENTS, MAX_DEFERRED_PER_ROOM, QUEUE_HARD, QUEUE_SOFT};
use std::time::Duration;

/// A line that with its overhead is charged 2 KiB.
fn two_kib(start: &str) -> String {
    format!("{start} {}", "x".repeat(2048 - 64 - start.len() - "alice: \r\n".len() - 1))
}

/// Alice and bob are in #slow, where bob does not read but counts; cy and dora are in the lobby.
struct House {
    room: Room,
    alice: u64,
    bob: u64,
    cy: u64,
    dora: u64,
}

fn house() -> House {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    let (cy, dora) = (room.join_as("cy"), room.join_as("dora"));
    for id in [alice, bob] {
        room.send(id, "/join #slow");
        room.send(id, "/part #lobby");
    }
    room.discard_all();
    room.pass(Duration::from_secs(1));
    House { room, alice, bob, cy, dora }
}

impl House {
    /// Alice sends until #slow waits, and then so many lines more. Says how many she had sent before.
    fn send_until_it_waits(&mut self, more: usize) -> usize {
        let mut sent = 0;
        while self.room.metrics().pauses == 0 {
            assert!(sent <= QUEUE_HARD as usize / 2048, "it never waits");
            self.room.send(self.alice, &two_kib(&sent.to_string()));
            sent += 1;
        }
        (sent..sent + more).for_each(|at| self.room.send(self.alice, &two_kib(&at.to_string())));
        sent
    }

    /// The numbers of alice's lines that bob has read by now.
    fn read_numbers(&mut self) -> Vec<usize> {
        let number = |line: &String| line.strip_prefix("alice: ")?.split(' ').next()?.parse().ok();
        self.room.read(self.bob).iter().filter_map(number).collect()
    }
}

#[test]
fn while_one_room_waits_another_goes_on() {
    let mut house = house();
    let sent = house.send_until_it_waits(3);
    assert!(house.room.broker.accepts_events(), "lines of others are wanted");
    for number in 0..100 {
        house.room.send(house.cy, &number.to_string());
    }
    assert_eq!(house.room.read(house.dora).len(), 100);
    assert_eq!(house.read_numbers(), (0..sent).collect::<Vec<_>>(), "the rest waits");
    house.room.broker.handle_drain_notice(house.room.now);
    assert_eq!(house.read_numbers(), [sent, sent + 1, sent + 2], "in order, and nothing is lost");
}

#[test]
fn deferred_events_and_leaves_keep_their_order() {
    let mut house = house();
    let sent = house.send_until_it_waits(1);
    house.room.hand_over(house.alice, &["/nick anna", "last words"]);
    house.room.leave(house.alice, LeaveReason::Quit(Some("bye".into())));
    assert!(house.room.read(house.dora).is_empty());
    assert_eq!(house.room.metrics().users, 4, "she has not left yet");
    house.room.read(house.bob);
    house.room.broker.handle_drain_notice(house.room.now);
    let seen = house.room.read(house.bob);
    assert!(seen[0].starts_with(&format!("alice: {sent} ")), "{seen:?}");
    assert_eq!(seen[1..], ["* alice is now anna", "anna: last words", "* anna left (\"bye\")"]);
}

#[test]
fn a_paused_room_cannot_be_passed_through_another() {
    let mut house = house();
    house.room.send(house.alice, "/join #side");
    house.room.send(house.alice, "/join #slow");
    house.room.send(house.cy, "/join #slow");
    house.room.send(house.cy, "/join #lobby");
    house.room.discard_all();
    let sent = house.send_until_it_waits(0);
    house.room.send(house.alice, "/join #side");
    assert!(house.room.read(house.alice).is_empty(), "that waits, too");
    // Another user who begins in a room that takes lines.
    house.room.hand_over(house.cy, &["in the lobby", "/join #slow", "in the slow room"]);
    house.room.flush();
    assert_eq!(house.room.read(house.dora), ["cy: in the lobby"]);
    assert_eq!(house.read_numbers().len(), sent);
    house.room.read(house.cy);
    house.room.broker.handle_drain_notice(house.room.now);
    assert!(house.room.read(house.bob).contains(&"cy: in the slow room".to_owned()));
}

#[test]
fn a_room_without_readers_pauses_half_a_second_at_most() {
    let mut house = house();
    let sent = house.send_until_it_waits(2);
    house.room.pass(Duration::from_millis(390));
    house.room.read(house.alice);
    assert_eq!(house.room.people[&house.bob].inbox.state().pending() / 2048, sent as u64);
    house.room.pass(Duration::from_millis(310));
    assert_eq!(
        house.room.people[&house.bob].inbox.state().pending().div_ceil(2048),
        sent as u64 + 2
    );
}

#[test]
fn what_waits_for_a_room_is_bounded_and_goes_on_in_order() {
    let mut house = house();
    let sent = house.send_until_it_waits(0);
    let more = MAX_DEFERRED_PER_ROOM + 100;
    for number in sent..sent + more {
        house.room.hand_over(house.alice, &[&format!("{number} .")]);
        assert!(house.room.broker.accepts_events());
        assert!(house.room.broker.deferred_events() <= MAX_DEFERRED_PER_ROOM);
    }
    assert_eq!(house.room.broker.deferred_events(), MAX_DEFERRED_PER_ROOM);
    house.room.flush();
    assert_eq!(house.read_numbers().len(), sent + 100, "the oldest were handled before their time");
    house.room.broker.handle_drain_notice(house.room.now);
    assert!(house.room.broker.deferred_events() > MAX_DEFERRED_PER_ROOM / 2, "a few at a time");
    house.room.pass(Duration::ZERO);
    assert_eq!(house.room.broker.deferred_events(), 0);
    assert_eq!(house.read_numbers(), (sent + 100..sent + more).collect::<Vec<_>>());
}

#[test]
fn the_queue_waits_when_all_senders_are_paused() {
    let mut house = house();
    for id in [house.cy, house.dora] {
        house.room.leave(id, LeaveReason::Eof);
    }
    house.send_until_it_waits(0);
    assert!(!house.room.broker.accepts_events());
}

#[test]
fn private_lines_wait_for_a_lagging_reader() {
    let mut house = house();
    let line = two_kib("x");
    let mut sent = 0;
    // Dora reads nothing, and has little pending: she counts.
    for _ in 0..3 * QUEUE_SOFT / 2048 {
        house.room.send(house.cy, &format!("/msg dora {line}"));
        house.room.read(house.cy);
        sent += 1;
    }
    let owed = house.room.people[&house.dora].inbox.state().pending();
    assert!(owed <= QUEUE_SOFT + 4096, "{owed}");
    house.room.send(house.alice, "meanwhile");
    assert_eq!(house.room.read(house.bob), ["alice: meanwhile"]);
    let mut read = 0;
    for _ in 0..200 {
        house.room.pass(Duration::from_millis(20));
        read += house.room.read(house.dora).len();
    }
    assert_eq!(read, sent);
}

#[test]
fn private_lines_disconnect_no_slow_reader() {
    let mut house = house();
    let line = two_kib("x");
    let crowd: Vec<_> = (0..16).map(|_| house.room.join()).collect();
    house.room.discard_all();
    // More each second than the hard limit. Dora reads too little to count for the pace of a room.
    for round in 0..100 {
        for &id in &crowd {
            house.room.hand_over(id, &[&format!("/msg dora {line}"), &format!("/msg dora {line}")]);
        }
        house.room.flush();
        house.room.people.get_mut(&house.dora).expect("she is here").take(1024);
        house.room.pass(Duration::from_millis(100));
        assert!(!house.room.people[&house.dora].is_disconnected(), "round {round}");
        crowd.iter().for_each(|&id| drop(house.room.read(id)));
    }
    house.room.send(house.cy, "/msg dora psst");
    house.room.pass(Duration::from_secs(1));
    assert_eq!(house.room.read(house.cy), ["! dora is not reading, so nobody gets that"]);
}

#[test]
fn a_stop_delivers_what_waits() {
    let mut house = house();
    let sent = house.send_until_it_waits(3);
    let deadline = house.room.now + Duration::from_secs(5);
    house.room.broker.handle_control(Control::Shutdown { deadline }, house.room.now);
    for id in [house.alice, house.bob, house.cy, house.dora] {
        house.room.broker.handle_event(Event::Drained { id: ClientId::new(id) }, house.room.now);
    }
    assert!(!house.room.broker.is_finished(), "alice has not handed over all");
    house.room.pass(Duration::from_millis(4_500));
    let numbers = house.read_numbers();
    assert_eq!(numbers, (0..sent + 3).collect::<Vec<_>>());
    assert!(house.room.broker.is_finished());
}

#[test]
fn a_room_that_waits_and_empties_is_gone() {
    let mut house = house();
    house.send_until_it_waits(0);
    let (alice, bob) = (house.alice, house.bob);
    house.room.leave(bob, LeaveReason::ConnectionLost);
    house.room.leave(alice, LeaveReason::ConnectionLost);
    assert_eq!(house.room.metrics().rooms, 1);
    house.room.broker.handle_drain_notice(house.room.now);
    house.room.send(house.cy, "on");
    assert_eq!(house.room.read(house.dora), ["cy: on"]);
}

#[test]
fn a_room_with_much_that_waits_stops_no_other() {
    let mut house = house();
    let crowd: Vec<_> = (0..140).map(|_| house.room.join()).collect();
    crowd.iter().for_each(|&id| house.room.send(id, "/join #slow"));
    house.room.discard_all();
    house.send_until_it_waits(0);
    for round in 0..16 {
        for &id in &crowd {
            house.room.hand_over(id, &[&format!("more {round}")]);
            assert!(house.room.broker.accepts_events(), "the intake closed for all: round {round}");
            assert!(house.room.broker.deferred_events() <= MAX_DEFERRED_EVENTS);
        }
    }
    house.room.flush();
    house.room.read(house.dora);
    house.room.send(house.cy, "hello");
    assert_eq!(house.room.read(house.dora).last().map(String::as_str), Some("cy: hello"));
}

#[test]
fn senders_of_a_paused_room_are_not_read() {
    let mut house = house();
    let held = |house: &House, id: u64| house.room.people[&id].inbox.state().is_reading_blocked();
    house.send_until_it_waits(0);
    assert!(!held(&house, house.bob), "nothing waits for it yet");
    house.room.hand_over(house.alice, &["one"]);
    assert!(held(&house, house.alice) && held(&house, house.bob));
    assert!(!held(&house, house.cy) && !held(&house, house.dora), "they speak elsewhere");
    house.room.read(house.bob);
    house.room.broker.handle_drain_notice(house.room.now);
    let everybody = [house.alice, house.bob, house.cy, house.dora];
    assert!(everybody.iter().all(|&id| !held(&house, id)));
}

#[test]
fn users_kicked_from_a_paused_room_are_read_again() {
    let mut house = house();
    house.room.promote(house.cy);
    house.room.send(house.cy, "/join #slow");
    house.room.discard_all();
    house.send_until_it_waits(0);
    house.room.discard_except(house.bob);
    house.room.hand_over(house.cy, &["/kick alice"]);
    (0..MAX_DEFERRED_PER_ROOM / 2).for_each(|_| house.room.hand_over(house.alice, &["more"]));
    assert!(house.room.people[&house.alice].inbox.state().is_reading_blocked());
    // So much that the oldest, which is the kick, is handled before its time.
    (0..MAX_DEFERRED_PER_ROOM / 2).for_each(|_| house.room.hand_over(house.bob, &["more"]));
    house.room.pass(Duration::ZERO);
    let told = house.room.read(house.alice);
    assert_eq!(told[0], "! cy kicked you out of #slow");
    assert_eq!(told.len(), 2 + MAX_DEFERRED_PER_ROOM / 2, "all of hers was answered");
    assert!(!house.room.people[&house.alice].inbox.state().is_reading_blocked());
    assert!(house.room.people[&house.bob].inbox.state().is_reading_blocked());
}

#[test]
fn a_private_line_waits_a_second_and_is_refused() {
    let mut house = house();
    let second = Duration::from_secs(1);
    // Dora asks for more than she reads, and reads enough to count.
    let slow = |house: &mut House| {
        while house.room.people[&house.dora].inbox.state().pending() < 4 * QUEUE_SOFT {
            house.room.hand_over(house.dora, &["/help", "/help", "/help", "/help"]);
            house.room.flush();
        }
        house.room.people.get_mut(&house.dora).expect("she is here").take(32 * 1024);
        house.room.pass(Duration::from_millis(100));
    };
    (0..10).for_each(|_| slow(&mut house));
    house.room.send(house.dora, "/msg cy hello");
    house.room.discard_except(house.dora);
    let start = house.room.now;
    house.room.hand_over(house.cy, &["/msg dora psst"]);
    for at in 0..20 {
        let private = if at % 2 == 0 { "/msg dora more" } else { "/reply more" };
        house.room.hand_over(house.cy, &[private, &at.to_string()]);
    }
    house.room.flush();
    while house.room.now - start < second {
        assert!(house.room.read(house.cy).is_empty(), "it waits");
        slow(&mut house);
    }
    slow(&mut house);
    let told = house.room.read(house.cy);
    assert_eq!(told, vec!["! dora is not reading, so nobody gets that"; 21]);
    let line = |at: usize| format!("cy: {at}");
    let heard = house.room.people.get_mut(&house.dora).map(|dora| dora.read()).unwrap_or_default();
    let heard: Vec<_> = heard.into_iter().filter(|line| line.starts_with("cy: ")).collect();
    assert_eq!(heard, (0..20).map(line).collect::<Vec<_>>(), "the others of his go on");
}

/// Erin's line is taken up and must wait for the room again, which makes it one too many: the first is handled for that, and
/// it puts her out of the room.
#[test]
fn a_kick_during_a_requeue_leaves_one_queue_entry() {
    let mut house = house();
    let (erin, operator) = (house.room.join_as("erin"), house.room.join_as("olga"));
    house.room.promote(operator);
    for id in [erin, operator] {
        house.room.send(id, "/join #slow");
    }
    house.room.discard_all();
    while house.room.people[&house.dora].inbox.state().pending() <= QUEUE_SOFT {
        house.room.send(house.dora, "/help");
    }
    house.room.hand_over(erin, &["/msg dora psst"]);
    house.send_until_it_waits(0);
    house.room.hand_over(operator, &["/kick erin"]);
    (1..MAX_DEFERRED_PER_ROOM).for_each(|_| house.room.hand_over(house.alice, &["more"]));
    assert_eq!(house.room.broker.max_deferred_in_a_room(), MAX_DEFERRED_PER_ROOM);
    house.room.read(house.dora);
    house.room.broker.handle_timeout(house.room.now);
    assert_eq!(house.room.read(house.dora), ["[from erin] psst"]);
    assert!(house.room.read(erin).iter().any(|line| line.contains("kicked you out of #slow")));
    assert_eq!(house.room.broker.max_deferred_in_a_room(), MAX_DEFERRED_PER_ROOM - 1);
}
