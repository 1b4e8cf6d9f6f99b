//! The macros that await several futures in one task: [`select!`](crate::select), [`join!`](crate::join),
//! [`try_join!`](crate::try_join).
//!
//! Each reads its branches one by one, gives each a name and a number of the list in `branches`, and then writes one
//! wait, which keeps the futures and polls them (`futures`). Nothing is allocated.

#[macro_use]
mod branches;
#[macro_use]
mod join;
#[macro_use]
mod pin;
#[macro_use]
mod select;
#[macro_use]
mod try_join;

mod futures;
mod maybe_done;

pub mod support;
