//! The project's own chores, one subcommand each.
#![forbid(unsafe_code)]

fn main() {}
