//! Reading and writing, and the timers' edges.

use super::table::Mutation;
use super::table::Test::{File, Unit};

/// The guards.
pub(super) const GUARDS: &[Mutation] = &[
    Mutation {
        row: "-",
        guard: "a timer's waker is told from others by the clone that is kept, not by the one that was lent",
        file: "crates/whippet/src/wakers.rs",
        from: "        let name = Self::of(&kept);
",
        to: "        let name = Self::of(lent);
",
        tests: &[Unit("time::tests::by_hand::a_waker_whose_clone_differs_is_told_from_others")],
    },
    Mutation {
        row: "-",
        guard: "a sleep that was never polled is not elapsed",
        file: "crates/whippet/src/time/sleep.rs",
        from: "            State::Fresh => false,
",
        to: "            State::Fresh => self.is_due(),
",
        tests: &[Unit("time::tests::by_hand::a_sleep_is_elapsed_once_it_was_polled_or_has_fired")],
    },
    Mutation {
        row: "-",
        guard: "a sleep is elapsed when its timer has fired, not when the clock has passed it",
        file: "crates/whippet/src/time/sleep.rs",
        from: "                    && self.timers.has_fired(&wait.key)
",
        to: "",
        tests: &[Unit("time::tests::by_hand::what_is_elapsed_is_ready_and_what_is_not_waits")],
    },
    Mutation {
        row: "-",
        guard: "a duration that no clock counts to ends in thirty years",
        file: "crates/whippet/src/time/instant.rs",
        from: "self.saturating_add(FAR)",
        to: "self.saturating_add(duration)",
        tests: &[File("time_paused", "what_cannot_be_counted_comes_in_thirty_years")],
    },
    Mutation {
        row: "-",
        guard: "a deadline that timers cannot count is the last that comes",
        file: "crates/whippet/src/time/sleep.rs",
        from: "const LAST: u64 = u64::MAX - 1;",
        to: "const LAST: u64 = u64::MAX;",
        tests: &[File("time_paused", "what_std_counts_and_timers_do_not_comes_last")],
    },
];
