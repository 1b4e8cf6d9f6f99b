//! Rows 31, 32, 35 and 36: readiness that several tasks share, short reads, readiness that cannot be used.

use super::table::Mutation;
use super::table::Test::{File, Model, Unit};

/// The guards.
pub(super) const GUARDS: &[Mutation] = &[
    Mutation {
        row: "31",
        guard: "a clear after a call puts back what was announced since the look",
        file: "crates/whippet/src/reactor/slot.rs",
        from: "        if found != 0 && self.edges() != edges {
",
        to: "        if found != 0 && self.edges() != edges && false {
",
        tests: &[
            File("async_fd", "an_edge_between_a_call_and_its_clear_is_not_lost"),
            Model("reactor::loom_tests::loom_regression_31_a_clear_after_a_call_swallows_no_edge"),
        ],
    },
    Mutation {
        row: "31",
        guard: "edges are counted",
        file: "crates/whippet/src/reactor/slot.rs",
        from: "        self.edges.fetch_add(1, AcqRel);
        let mut word",
        to: "        let mut word",
        tests: &[File("async_fd", "an_edge_between_a_call_and_its_clear_is_not_lost")],
    },
    Mutation {
        row: "31",
        guard: "what a waiter was told stays until it is polled",
        file: "crates/whippet/src/reactor/waiters.rs",
        from: "!waiter.key.is_shared() || matches!(waiter.state, State::Waiting(_))",
        to: "matches!(waiter.state, State::Waiting(_))",
        tests: &[File("readiness", "guards::ten_waiters_go_on_though_each_clears_readiness")],
    },
    Mutation {
        row: "32",
        guard: "the waker of each task that polls in one direction is kept",
        file: "crates/whippet/src/reactor/waiters.rs",
        from: "        let (former, displaced) = if !key.is_shared() {
",
        to: "        let (former, displaced) = if key != WaiterKey(u32::MAX) {
",
        tests: &[
            File("readiness", "shared_polls::a_poller_that_gives_up_displaces_no_other"),
            File(
                "readiness",
                "shared_polls::pollers_of_listeners_and_descriptors_displace_no_other",
            ),
            File("readiness", "shared_polls::two_tasks_write_one_tcp_stream_by_reference"),
            Model("reactor::loom_tests::loom_regression_32_two_tasks_poll_one_direction"),
        ],
    },
    Mutation {
        row: "32",
        guard: "a waker that is displaced is woken later",
        file: "crates/whippet/src/reactor/slot.rs",
        from: "            deferral.wake(waker);
",
        to: "            drop(waker);
",
        tests: &[
            Unit("reactor::tests::displaced_pollers_are_woken_by_the_next_tick"),
            File("readiness", "shared_polls::hundreds_of_readers_by_reference_are_all_served"),
        ],
    },
    Mutation {
        row: "35",
        guard: "a short read of a Unix stream is not the last",
        file: "crates/whippet/src/net/unix_stream.rs",
        from: "    const SHORT_IS_LAST: bool = false;
",
        to: "    const SHORT_IS_LAST: bool = true;
",
        tests: &[
            File("readiness", "short_reads::bytes_behind_a_passed_descriptor_are_read"),
            File("readiness", "short_reads::try_read_goes_on_behind_a_passed_descriptor"),
        ],
    },
    Mutation {
        row: "36",
        guard: "an end at which a call blocks is none",
        file: "crates/whippet/src/reactor/slot.rs",
        from: "        if ends != Readiness::NONE {
",
        to: "        if ends != Readiness::NONE && false {
",
        tests: &[
            Unit("reactor::tests::an_end_that_blocks_all_the_same_is_none"),
            File("readiness", "unusable::a_fifo_with_a_new_writer_waits_without_a_spin"),
            File("readiness", "unusable::a_guard_of_a_fifo_with_a_new_writer_waits"),
        ],
    },
    Mutation {
        row: "36",
        guard: "a direction backs off after edges of no use",
        file: "crates/whippet/src/reactor/slot.rs",
        from: "        if let Some(back_off) = self.unused.count(interest, edges) {
",
        to: "        if let Some(back_off) = self.unused.count(interest, edges).filter(|_| false) {
",
        tests: &[
            Unit("reactor::tests::edges_that_no_call_can_use_are_waited_for_longer_each_time"),
            File("readiness", "unusable::send_to_a_full_queue_backs_off_and_is_sent"),
            File("readiness", "unusable::every_way_to_send_to_a_full_queue_backs_off"),
        ],
    },
    Mutation {
        row: "36",
        guard: "a direction that backed off is tried again",
        file: "crates/whippet/src/reactor/slot.rs",
        from: "        let hidden = self.change(generation, 0, back_off.hides, wakers);
",
        to: "        let hidden = self.change(generation, 0, 0, wakers);
",
        tests: &[
            Model("reactor::loom_tests::loom_regression_36_the_end_of_a_backoff_wakes_who_waits"),
            File("readiness", "unusable::send_to_a_full_queue_backs_off_and_is_sent"),
        ],
    },
    Mutation {
        row: "36",
        guard: "an edge that another task used counts as used",
        file: "crates/whippet/src/reactor/unused_edges.rs",
        from: " || word & !COUNT == edge {
",
        to: " {
",
        tests: &[Unit("reactor::tests::edges_that_another_task_used_do_not_count")],
    },
    Mutation {
        row: "36",
        guard: "a datagram socket that is shut down ends",
        file: "crates/whippet/src/net/datagram.rs",
        from: "                    && self.0.readiness().is_read_closed() =>
",
        to: "                    && self.0.readiness().is_read_closed()
                    && false =>
",
        tests: &[
            File("readiness", "unusable::a_datagram_socket_that_is_shut_down_ends"),
            File("readiness", "unusable::a_datagram_socket_shut_down_while_it_waits_ends"),
        ],
    },
];
