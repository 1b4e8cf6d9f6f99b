//! Rows 32, 35 and 36, continued: tasks that share a descriptor meet end of stream, back-off and displaced wakers.

use super::table::Mutation;
use super::table::Test::{File, Model, Unit};

/// The guards.
pub(super) const GUARDS: &[Mutation] = &[
    Mutation {
        row: "32",
        guard: "one tick wakes a bounded number of displaced wakers",
        file: "crates/whippet/src/reactor/retries.rs",
        from: "waiting.wakers.len().min(WAKERS_OF_TICK);
",
        to: "waiting.wakers.len();
",
        tests: &[Unit("reactor::retries::tests::many_displaced_wakers_are_woken_by_several_ticks")],
    },
    Mutation {
        row: "32",
        guard: "a waker that is displaced after the end of the runtime is woken",
        file: "crates/whippet/src/reactor/retries.rs",
        from: "        waiting.closed = true;
",
        to: "",
        tests: &[Unit("reactor::retries::tests::displaced_wakers_wait_for_a_tick_and_are_bounded")],
    },
    Mutation {
        row: "35",
        guard: "readers and writers look again after another call took an end",
        file: "crates/whippet/src/reactor/slot.rs",
        from: "        if looks != 0 {
",
        to: "        if looks != 0 && false {
",
        tests: &[
            Unit("reactor::tests::a_call_for_another_kind_takes_no_end_from_readers"),
            File(
                "readiness",
                "short_reads::the_end_behind_a_short_read_outlives_a_call_for_priority",
            ),
            Model("reactor::loom_tests::loom_regression_35_an_end_that_another_call_takes_is_read"),
        ],
    },
    Mutation {
        row: "35",
        guard: "a short read counts as none after another call took the end",
        file: "crates/whippet/src/reactor/slot.rs",
        from: "{ READ | URGENT } else { 0 };
",
        to: "{ READ } else { 0 };
",
        tests: &[Unit("reactor::tests::a_call_for_another_kind_takes_no_end_from_readers")],
    },
    Mutation {
        row: "36",
        guard: "a back-off that ends in silence ends the row of edges",
        file: "crates/whippet/src/reactor/slot.rs",
        from: "            self.unused.reset(back_off.hides);
",
        to: "",
        tests: &[Unit("reactor::tests::a_backoff_that_ends_in_silence_is_forgotten")],
    },
    Mutation {
        row: "36",
        guard: "a back-off that ends announces nothing by itself",
        file: "crates/whippet/src/reactor/slot.rs",
        from: "self.change(generation, 0, back_off.hides, wakers);
",
        to: "self.change(generation, back_off.hides & (READ | WRITE), back_off.hides, wakers);
",
        tests: &[Unit("reactor::tests::a_backoff_that_ends_in_silence_is_forgotten")],
    },
    Mutation {
        row: "36",
        guard: "the end of a datagram socket stays when a call blocks at it",
        file: "crates/whippet/src/net/datagram.rs",
        from: "assume_ready(IoInterest::WRITE).keep_ends()",
        to: "assume_ready(IoInterest::WRITE)",
        tests: &[File(
            "readiness",
            "unusable::the_end_of_a_datagram_socket_outlives_calls_that_block",
        )],
    },
    Mutation {
        row: "-",
        guard: "a select! without budget yields",
        file: "crates/whippet/src/macros/support.rs",
        from: "    coop::yield_task(cx.waker(), Yield::Forced);
",
        to: "    crate::wake_list::wake_by_ref(cx.waker());
",
        tests: &[File("poll_order", "a_select_without_budget_takes_turns_with_block_on")],
    },
    Mutation {
        row: "-",
        guard: "the end of a local runtime puts no task of its own off",
        file: "crates/whippet/src/executor/worker.rs",
        from: "                RunQueue::Unshared(_) => drop(task),
",
        to: "                RunQueue::Unshared(_) => cancel_unscheduled(task),
",
        tests: &[File("shutdown", "a_local_runtime_ends_inside_the_end_of_another")],
    },
];
