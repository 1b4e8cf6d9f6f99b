//! The parts of a load generator for line-based chat servers that need no runtime: what a line looks like and how
//! deliveries are checked, what /proc tells of a server, how a server is started, what a report looks like.
#![expect(dead_code, reason = "the people who put load on a server are not here yet")]

mod args;
mod check;
mod child;
mod lanes;
mod line;
mod procfs;
mod report;
mod split;

pub use self::args::{Args, Workload};
