//! The broker at the level of events: no sockets, no tasks, and a clock moved by hand.

#[path = "../../../../tests/support/checker.rs"]
mod checker;
mod harness;

mod admin;
mod backpressure;
mod bells;
mod checker_selftest;
mod copies;
mod event_loop;
mod limits;
mod lines;
mod moderation;
mod pending_by_room;
mod private;
mod random_backpressure;
mod random_runs;
mod regressions;
mod renames;
mod rooms;
mod standstill;

#[test]
fn the_checker_knows_when_joins_are_counted() {
    assert_eq!(checker::MAX_ANNOUNCED, crate::limits::MAX_ANNOUNCED);
}
