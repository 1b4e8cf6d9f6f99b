//! The broker at the level of events: no sockets, no tasks, and a clock moved by hand.

#[path = "../support/checker.rs"]
mod checker;
#[path = "../support/room.rs"]
mod room;

mod bells;
mod checking;
mod copies;
mod debts;
mod limits;
mod lines;
mod moderation;
mod orders;
mod private;
mod random;
mod renames;
mod rooms;
mod standstill;
mod task;
mod traps;
mod waiting;
mod waiting_random;
