//! The table of attacks, by subject.

mod budgets;
mod bytes;
mod commands;
mod editing;
mod process;
mod rooms;

use super::attack::Attack;

/// All of them.
pub(super) fn all() -> impl Iterator<Item = &'static Attack> {
    // The longest is the first, so that others run at the same time.
    [
        process::ATTACKS,
        editing::ATTACKS,
        rooms::ATTACKS,
        budgets::ATTACKS,
        commands::ATTACKS,
        bytes::ATTACKS,
    ]
    .into_iter()
    .flatten()
}
