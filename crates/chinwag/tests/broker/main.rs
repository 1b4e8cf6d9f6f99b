//! The broker at the level of events: no sockets, no tasks, and a clock moved by hand.

#[path = "../support/room.rs"]
mod room;

mod lines;
