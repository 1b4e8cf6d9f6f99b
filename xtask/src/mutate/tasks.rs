//! Guards of tasks without a row: counts with a limit, and values that are dropped on another thread.

use super::table::Mutation;
use super::table::Test::{File, Model, Unit};

/// The guards.
pub(super) const GUARDS: &[Mutation] = &[
    Mutation {
        row: "-",
        guard: "a wake-up past the limit is taken off",
        file: "crates/whippet/src/executor/task/state.rs",
        from: "        if before >= MANY_WAKES {
            self.cap_wakes();
        }
",
        to: "",
        tests: &[
            Unit("executor::task::state::tests::a_flood_of_wakes_stops_at_the_limit"),
            Unit(
                "executor::task::tests::regression_13_every_sequence_of_five_drops_future_and_output_once",
            ),
        ],
    },
    Mutation {
        row: "-",
        guard: "a clone takes off what wake-ups by value brought past the limit",
        file: "crates/whippet/src/executor/task/state.rs",
        from: "            std::process::abort();
        }
        self.cap_wakes();
",
        to: "            std::process::abort();
        }
",
        tests: &[
            Unit("executor::task::state::tests::a_flood_of_wakes_by_value_stops_at_the_limit"),
            Model("executor::task::state::loom_tests::loom_a_flood_of_wakes_meets_the_completion"),
        ],
    },
    Mutation {
        row: "-",
        guard: "a poll leaves one of the wake-ups at the limit",
        file: "crates/whippet/src/executor/task/state.rs",
        from: "        RunAction::Poll(WakeCount((word & !(WAKE - 1)).min(MANY_WAKES - WAKE)))
",
        to: "        RunAction::Poll(WakeCount((word & !(WAKE - 1)).min(MANY_WAKES)))
",
        tests: &[
            Unit("executor::task::state::tests::a_wake_at_the_limit_is_not_lost"),
            Model(
                "executor::task::state::loom_tests::loom_a_flood_of_wakes_meets_the_polls_that_end_it",
            ),
        ],
    },
    Mutation {
        row: "-",
        guard: "what is past the limit is looked at and taken off in one step",
        file: "crates/whippet/src/executor/task/state.rs",
        from: "        let _ = self.word.fetch_update(Relaxed, Relaxed, |word| {
            (word >= MANY_WAKES + WAKE).then_some(MANY_WAKES | word & (WAKE - 1))
        });
",
        to: "        self.word.fetch_sub(WAKE, Relaxed);
",
        tests: &[Model(
            "executor::task::state::loom_tests::loom_a_flood_of_wakes_meets_the_polls_that_end_it",
        )],
    },
    Mutation {
        row: "-",
        guard: "a unit of the budget goes back in its own poll alone",
        file: "crates/whippet/src/coop.rs",
        from: "            if left.get().is_some_and(|now| now.scope == before.scope) {
                left.set(Some(before));
            }
",
        to: "            left.set(Some(before));
",
        tests: &[
            File("coop", "a_unit_dropped_after_its_poll_leaves_the_thread_alone"),
            File("coop", "a_unit_dropped_in_another_poll_gives_it_nothing"),
            File("coop", "a_unit_dropped_in_a_later_poll_of_its_task_gives_nothing"),
            File("coop", "a_unit_dropped_in_a_block_on_within_its_poll_gives_nothing"),
        ],
    },
    Mutation {
        row: "-",
        guard: "each poll has a number of its own",
        file: "crates/whippet/src/coop.rs",
        from: "next.replace(next.get().saturating_add(1))",
        to: "next.get()",
        tests: &[
            File("coop", "a_unit_dropped_in_another_poll_gives_it_nothing"),
            File("coop", "a_unit_dropped_in_a_later_poll_of_its_task_gives_nothing"),
        ],
    },
    Mutation {
        row: "-",
        guard: "what is entered in a poll is left at its end",
        file: "crates/whippet/src/executor/local/current.rs",
        from: "        drop(ENTERED.try_with(|entered| entered.leave_later(number)));
",
        to: "        let _ = number;
",
        tests: &[File("local_set", "a_guard_kept_beyond_its_poll_enters_no_set")],
    },
    Mutation {
        row: "-",
        guard: "a future whose poll panics is dropped as part of the panic",
        file: "crates/whippet/src/executor/task/cell.rs",
        from: "        self.0.drop_future();
",
        to: "        if !std::thread::panicking() {
            self.0.drop_future();
        }
",
        tests: &[
            File("task_drop", "the_future_of_a_task_that_panics_is_dropped_by_the_panic"),
            File("task_drop", "a_local_future_that_panics_is_dropped_by_the_panic"),
        ],
    },
    Mutation {
        row: "-",
        guard: "a panic of a drop during a panic does not end the process",
        file: "crates/whippet/src/unwind.rs",
        from: "        if let Some(value) = self.0.take() {
            drop_catching(value);
        }
",
        to: "",
        tests: &[
            File("task_drop", "the_first_panic_of_a_task_is_its_output_and_a_second_ends_there"),
            File("task_drop", "the_output_of_a_future_whose_drop_panics_is_dropped_by_the_panic"),
        ],
    },
    Mutation {
        row: "-",
        guard: "an unwanted output is dropped with the name of its task",
        file: "crates/whippet/src/executor/task/cell.rs",
        from: "        self.header.id.enter(|| drop_catching(stage));
",
        to: "        drop_catching(stage);
",
        tests: &[
            File("task_drop", "an_unwanted_output_is_dropped_with_its_task_s_name"),
            File("task_drop", "the_output_of_a_blocking_call_is_dropped_with_its_name"),
            File("task_drop", "local_outputs_are_dropped_with_the_name_of_their_task"),
            File("task_drop", "outputs_of_a_set_are_dropped_with_the_name_of_their_task"),
        ],
    },
    Mutation {
        row: "-",
        guard: "a large future goes through the functions that take it in a box",
        file: "crates/whippet/src/large.rs",
        from: "    size_of::<T>() > LIMIT
",
        to: "    size_of::<T>() > LIMIT && LIMIT == 0
",
        tests: &[File("large_futures", "a_large_future_fits_the_stack_of_its_spawner")],
    },
];
