//! A room whose users are behind waits, and no other does.

use super::harness::Harness;
use crate::chat::event::{ClientId, Control, Event, LeaveReason};
use crate::limits::{MAX_DEFERRED_EVENTS, MAX_DEFERRED_PER_ROOM, QUEUE_HARD, QUEUE_SOFT};
use std::time::Duration;

/// A line that with its overhead is charged 2 KiB.
fn two_kib(start: &str) -> String {
    format!("{start} {}", "x".repeat(2048 - 64 - start.len() - "alice: \r\n".len() - 1))
}

/// Alice and bob are in #slow, where bob does not read but counts; cy and dora are in the lobby.
struct Scenario {
    harness: Harness,
    alice: u64,
    bob: u64,
    cy: u64,
    dora: u64,
}

fn scenario() -> Scenario {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    let (cy, dora) = (harness.join_as("cy"), harness.join_as("dora"));
    for id in [alice, bob] {
        harness.send(id, "/join #slow");
        harness.send(id, "/part #lobby");
    }
    harness.discard_all();
    harness.advance(Duration::from_secs(1));
    Scenario { harness, alice, bob, cy, dora }
}

impl Scenario {
    /// Alice sends until #slow waits, and then so many lines more. Says how many she had sent before.
    fn send_until_it_waits(&mut self, more: usize) -> usize {
        let mut sent = 0;
        while self.harness.metrics().pauses == 0 {
            assert!(sent <= QUEUE_HARD as usize / 2048, "it never waits");
            self.harness.send(self.alice, &two_kib(&sent.to_string()));
            sent += 1;
        }
        (sent..sent + more).for_each(|at| self.harness.send(self.alice, &two_kib(&at.to_string())));
        sent
    }

    /// The numbers of alice's lines that bob has read by now.
    fn read_numbers(&mut self) -> Vec<usize> {
        let number = |line: &String| line.strip_prefix("alice: ")?.split(' ').next()?.parse().ok();
        self.harness.read(self.bob).iter().filter_map(number).collect()
    }
}

#[test]
fn while_one_room_waits_another_goes_on() {
    let mut scenario = scenario();
    let sent = scenario.send_until_it_waits(3);
    assert!(scenario.harness.broker.accepts_events(), "lines of others are wanted");
    for number in 0..100 {
        scenario.harness.send(scenario.cy, &number.to_string());
    }
    assert_eq!(scenario.harness.read(scenario.dora).len(), 100);
    assert_eq!(scenario.read_numbers(), (0..sent).collect::<Vec<_>>(), "the rest waits");
    scenario.harness.broker.handle_drain_notice(scenario.harness.now);
    assert_eq!(
        scenario.read_numbers(),
        [sent, sent + 1, sent + 2],
        "in order, and nothing is lost"
    );
}

#[test]
fn deferred_events_and_leaves_keep_their_order() {
    let mut scenario = scenario();
    let sent = scenario.send_until_it_waits(1);
    scenario.harness.submit(scenario.alice, &["/nick anna", "last words"]);
    scenario.harness.leave(scenario.alice, LeaveReason::Quit(Some("bye".into())));
    assert!(scenario.harness.read(scenario.dora).is_empty());
    assert_eq!(scenario.harness.metrics().users, 4, "she has not left yet");
    scenario.harness.read(scenario.bob);
    scenario.harness.broker.handle_drain_notice(scenario.harness.now);
    let seen = scenario.harness.read(scenario.bob);
    assert!(seen[0].starts_with(&format!("alice: {sent} ")), "{seen:?}");
    assert_eq!(seen[1..], ["* alice is now anna", "anna: last words", "* anna left (\"bye\")"]);
}

#[test]
fn a_paused_room_cannot_be_passed_through_another() {
    let mut scenario = scenario();
    scenario.harness.send(scenario.alice, "/join #side");
    scenario.harness.send(scenario.alice, "/join #slow");
    scenario.harness.send(scenario.cy, "/join #slow");
    scenario.harness.send(scenario.cy, "/join #lobby");
    scenario.harness.discard_all();
    let sent = scenario.send_until_it_waits(0);
    scenario.harness.send(scenario.alice, "/join #side");
    assert!(scenario.harness.read(scenario.alice).is_empty(), "that waits, too");
    // Another user who begins in a room that takes lines.
    scenario.harness.submit(scenario.cy, &["in the lobby", "/join #slow", "in the slow room"]);
    scenario.harness.flush();
    assert_eq!(scenario.harness.read(scenario.dora), ["cy: in the lobby"]);
    assert_eq!(scenario.read_numbers().len(), sent);
    scenario.harness.read(scenario.cy);
    scenario.harness.broker.handle_drain_notice(scenario.harness.now);
    assert!(scenario.harness.read(scenario.bob).contains(&"cy: in the slow room".to_owned()));
}

#[test]
fn a_room_without_readers_pauses_half_a_second_at_most() {
    let mut scenario = scenario();
    let sent = scenario.send_until_it_waits(2);
    scenario.harness.advance(Duration::from_millis(390));
    scenario.harness.read(scenario.alice);
    assert_eq!(
        scenario.harness.clients[&scenario.bob].receiver.state().pending() / 2048,
        sent as u64
    );
    scenario.harness.advance(Duration::from_millis(310));
    assert_eq!(
        scenario.harness.clients[&scenario.bob].receiver.state().pending().div_ceil(2048),
        sent as u64 + 2
    );
}

#[test]
fn what_waits_for_a_room_is_bounded_and_goes_on_in_order() {
    let mut scenario = scenario();
    let sent = scenario.send_until_it_waits(0);
    let more = MAX_DEFERRED_PER_ROOM + 100;
    for number in sent..sent + more {
        scenario.harness.submit(scenario.alice, &[&format!("{number} .")]);
        assert!(scenario.harness.broker.accepts_events());
        assert!(scenario.harness.broker.deferred_events() <= MAX_DEFERRED_PER_ROOM);
    }
    assert_eq!(scenario.harness.broker.deferred_events(), MAX_DEFERRED_PER_ROOM);
    scenario.harness.flush();
    assert_eq!(
        scenario.read_numbers().len(),
        sent + 100,
        "the oldest were handled before their time"
    );
    scenario.harness.broker.handle_drain_notice(scenario.harness.now);
    assert!(
        scenario.harness.broker.deferred_events() > MAX_DEFERRED_PER_ROOM / 2,
        "a few at a time"
    );
    scenario.harness.advance(Duration::ZERO);
    assert_eq!(scenario.harness.broker.deferred_events(), 0);
    assert_eq!(scenario.read_numbers(), (sent + 100..sent + more).collect::<Vec<_>>());
}

#[test]
fn the_queue_waits_when_all_senders_are_paused() {
    let mut scenario = scenario();
    for id in [scenario.cy, scenario.dora] {
        scenario.harness.leave(id, LeaveReason::Eof);
    }
    scenario.send_until_it_waits(0);
    assert!(!scenario.harness.broker.accepts_events());
}

#[test]
fn private_lines_wait_for_a_lagging_reader() {
    let mut scenario = scenario();
    let line = two_kib("x");
    let mut sent = 0;
    // Dora reads nothing, and has little pending: she counts.
    for _ in 0..3 * QUEUE_SOFT / 2048 {
        scenario.harness.send(scenario.cy, &format!("/msg dora {line}"));
        scenario.harness.read(scenario.cy);
        sent += 1;
    }
    let pending = scenario.harness.clients[&scenario.dora].receiver.state().pending();
    assert!(pending <= QUEUE_SOFT + 4096, "{pending}");
    scenario.harness.send(scenario.alice, "meanwhile");
    assert_eq!(scenario.harness.read(scenario.bob), ["alice: meanwhile"]);
    let mut read = 0;
    for _ in 0..200 {
        scenario.harness.advance(Duration::from_millis(20));
        read += scenario.harness.read(scenario.dora).len();
    }
    assert_eq!(read, sent);
}

#[test]
fn private_lines_disconnect_no_slow_reader() {
    let mut scenario = scenario();
    let line = two_kib("x");
    let many: Vec<_> = (0..16).map(|_| scenario.harness.join()).collect();
    scenario.harness.discard_all();
    // More each second than the hard limit. Dora reads too little to count in flow control.
    for round in 0..100 {
        for &id in &many {
            scenario
                .harness
                .submit(id, &[&format!("/msg dora {line}"), &format!("/msg dora {line}")]);
        }
        scenario.harness.flush();
        scenario.harness.clients.get_mut(&scenario.dora).expect("they are here").read_bytes(1024);
        scenario.harness.advance(Duration::from_millis(100));
        assert!(!scenario.harness.clients[&scenario.dora].is_disconnected(), "round {round}");
        many.iter().for_each(|&id| drop(scenario.harness.read(id)));
    }
    scenario.harness.send(scenario.cy, "/msg dora psst");
    scenario.harness.advance(Duration::from_secs(1));
    assert_eq!(scenario.harness.read(scenario.cy), ["! dora is not reading, so nobody gets that"]);
}

#[test]
fn a_stop_delivers_what_waits() {
    let mut scenario = scenario();
    let sent = scenario.send_until_it_waits(3);
    let deadline = scenario.harness.now + Duration::from_secs(5);
    scenario.harness.broker.handle_control(Control::Shutdown { deadline }, scenario.harness.now);
    for id in [scenario.alice, scenario.bob, scenario.cy, scenario.dora] {
        scenario
            .harness
            .broker
            .handle_event(Event::Drained { id: ClientId::new(id) }, scenario.harness.now);
    }
    assert!(!scenario.harness.broker.is_finished(), "alice has not handed over all");
    scenario.harness.advance(Duration::from_millis(4_500));
    let numbers = scenario.read_numbers();
    assert_eq!(numbers, (0..sent + 3).collect::<Vec<_>>());
    assert!(scenario.harness.broker.is_finished());
}

#[test]
fn a_room_that_waits_and_empties_is_gone() {
    let mut scenario = scenario();
    scenario.send_until_it_waits(0);
    let (alice, bob) = (scenario.alice, scenario.bob);
    scenario.harness.leave(bob, LeaveReason::ConnectionLost);
    scenario.harness.leave(alice, LeaveReason::ConnectionLost);
    assert_eq!(scenario.harness.metrics().rooms, 1);
    scenario.harness.broker.handle_drain_notice(scenario.harness.now);
    scenario.harness.send(scenario.cy, "on");
    assert_eq!(scenario.harness.read(scenario.dora), ["cy: on"]);
}

#[test]
fn a_room_with_much_that_waits_stops_no_other() {
    let mut scenario = scenario();
    let many: Vec<_> = (0..140).map(|_| scenario.harness.join()).collect();
    many.iter().for_each(|&id| scenario.harness.send(id, "/join #slow"));
    scenario.harness.discard_all();
    scenario.send_until_it_waits(0);
    for round in 0..16 {
        for &id in &many {
            scenario.harness.submit(id, &[&format!("more {round}")]);
            assert!(scenario.harness.broker.accepts_events(), "no events are taken: round {round}");
            assert!(scenario.harness.broker.deferred_events() <= MAX_DEFERRED_EVENTS);
        }
    }
    scenario.harness.flush();
    scenario.harness.read(scenario.dora);
    scenario.harness.send(scenario.cy, "hello");
    assert_eq!(scenario.harness.read(scenario.dora).last().map(String::as_str), Some("cy: hello"));
}

#[test]
fn senders_of_a_paused_room_are_not_read() {
    let mut scenario = scenario();
    let held = |scenario: &Scenario, id: u64| {
        scenario.harness.clients[&id].receiver.state().is_reading_blocked()
    };
    scenario.send_until_it_waits(0);
    assert!(!held(&scenario, scenario.bob), "nothing waits for it yet");
    scenario.harness.submit(scenario.alice, &["one"]);
    assert!(held(&scenario, scenario.alice) && held(&scenario, scenario.bob));
    assert!(
        !held(&scenario, scenario.cy) && !held(&scenario, scenario.dora),
        "they speak elsewhere"
    );
    scenario.harness.read(scenario.bob);
    scenario.harness.broker.handle_drain_notice(scenario.harness.now);
    let everybody = [scenario.alice, scenario.bob, scenario.cy, scenario.dora];
    assert!(everybody.iter().all(|&id| !held(&scenario, id)));
}

#[test]
fn users_kicked_from_a_paused_room_are_read_again() {
    let mut scenario = scenario();
    scenario.harness.promote(scenario.cy);
    scenario.harness.send(scenario.cy, "/join #slow");
    scenario.harness.discard_all();
    scenario.send_until_it_waits(0);
    scenario.harness.discard_except(scenario.bob);
    scenario.harness.submit(scenario.cy, &["/kick alice"]);
    (0..MAX_DEFERRED_PER_ROOM / 2).for_each(|_| scenario.harness.submit(scenario.alice, &["more"]));
    assert!(scenario.harness.clients[&scenario.alice].receiver.state().is_reading_blocked());
    // So much that the oldest, which is the kick, is handled before its time.
    (0..MAX_DEFERRED_PER_ROOM / 2).for_each(|_| scenario.harness.submit(scenario.bob, &["more"]));
    scenario.harness.advance(Duration::ZERO);
    let told = scenario.harness.read(scenario.alice);
    assert_eq!(told[0], "! cy kicked you out of #slow");
    assert_eq!(told.len(), 2 + MAX_DEFERRED_PER_ROOM / 2, "all of hers was answered");
    assert!(!scenario.harness.clients[&scenario.alice].receiver.state().is_reading_blocked());
    assert!(scenario.harness.clients[&scenario.bob].receiver.state().is_reading_blocked());
}

#[test]
fn a_private_line_waits_a_second_and_is_refused() {
    let mut scenario = scenario();
    let second = Duration::from_secs(1);
    // Dora asks for more than she reads, and reads enough to count.
    let slow = |scenario: &mut Scenario| {
        while scenario.harness.clients[&scenario.dora].receiver.state().pending() < 4 * QUEUE_SOFT {
            scenario.harness.submit(scenario.dora, &["/help", "/help", "/help", "/help"]);
            scenario.harness.flush();
        }
        scenario
            .harness
            .clients
            .get_mut(&scenario.dora)
            .expect("they are here")
            .read_bytes(32 * 1024);
        scenario.harness.advance(Duration::from_millis(100));
    };
    (0..10).for_each(|_| slow(&mut scenario));
    scenario.harness.send(scenario.dora, "/msg cy hello");
    scenario.harness.discard_except(scenario.dora);
    let start = scenario.harness.now;
    scenario.harness.submit(scenario.cy, &["/msg dora psst"]);
    for at in 0..20 {
        let private = if at % 2 == 0 { "/msg dora more" } else { "/reply more" };
        scenario.harness.submit(scenario.cy, &[private, &at.to_string()]);
    }
    scenario.harness.flush();
    while scenario.harness.now - start < second {
        assert!(scenario.harness.read(scenario.cy).is_empty(), "it waits");
        slow(&mut scenario);
    }
    slow(&mut scenario);
    let told = scenario.harness.read(scenario.cy);
    assert_eq!(told, vec!["! dora is not reading, so nobody gets that"; 21]);
    let line = |at: usize| format!("cy: {at}");
    let heard = scenario
        .harness
        .clients
        .get_mut(&scenario.dora)
        .map(|dora| dora.read())
        .unwrap_or_default();
    let heard: Vec<_> = heard.into_iter().filter(|line| line.starts_with("cy: ")).collect();
    assert_eq!(heard, (0..20).map(line).collect::<Vec<_>>(), "the others of his go on");
}

/// Erin's line is taken up and must wait for the room again, which makes it one too many: the first is handled for that, and
/// it puts her out of the room.
#[test]
fn a_kick_during_a_requeue_leaves_one_queue_entry() {
    let mut scenario = scenario();
    let (erin, operator) = (scenario.harness.join_as("erin"), scenario.harness.join_as("olga"));
    scenario.harness.promote(operator);
    for id in [erin, operator] {
        scenario.harness.send(id, "/join #slow");
    }
    scenario.harness.discard_all();
    while scenario.harness.clients[&scenario.dora].receiver.state().pending() <= QUEUE_SOFT {
        scenario.harness.send(scenario.dora, "/help");
    }
    scenario.harness.submit(erin, &["/msg dora psst"]);
    scenario.send_until_it_waits(0);
    scenario.harness.submit(operator, &["/kick erin"]);
    (1..MAX_DEFERRED_PER_ROOM).for_each(|_| scenario.harness.submit(scenario.alice, &["more"]));
    assert_eq!(scenario.harness.broker.max_deferred_in_a_room(), MAX_DEFERRED_PER_ROOM);
    scenario.harness.read(scenario.dora);
    scenario.harness.broker.handle_timeout(scenario.harness.now);
    assert_eq!(scenario.harness.read(scenario.dora), ["[from erin] psst"]);
    assert!(
        scenario.harness.read(erin).iter().any(|line| line.contains("kicked you out of #slow"))
    );
    assert_eq!(scenario.harness.broker.max_deferred_in_a_room(), MAX_DEFERRED_PER_ROOM - 1);
}
