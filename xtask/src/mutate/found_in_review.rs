//! Guards without a row: faults that were found by reading.

use super::table::Mutation;
use super::table::Test::{File, Model, Schedule, Unit};

/// The guards.
pub(super) const GUARDS: &[Mutation] = &[
    Mutation {
        row: "-",
        guard: "a set without tasks is polled for the next one",
        file: "crates/whippet/src/executor/local/mod.rs",
        from: "            tasks.wait(*driver, cx);
        }
        Poll::Pending
",
        to: "            if tasks.len() > 0 {
                tasks.wait(*driver, cx);
            }
        }
        Poll::Pending
",
        tests: &[File("local_set", "a_set_that_had_no_task_is_polled_for_the_next_one")],
    },
    Mutation {
        row: "-",
        guard: "a thread that gives up waiting for the lease leaves the queue, also by a panic",
        file: "crates/whippet/src/runtime/block_on.rs",
        from: "        if !self.queued.get() {
            return;
        }
",
        to: "        if !self.queued.get() || std::thread::panicking() {
            return;
        }
",
        tests: &[Unit(
            "runtime::lease_tests::a_waiter_that_panics_leaves_the_worker_to_the_next",
        )],
    },
    Mutation {
        row: "-",
        guard: "a thread that takes the lease without being chosen leaves the queue",
        file: "crates/whippet/src/runtime/block_on.rs",
        from: "            self.leave_queue(&mut state);
        } else if",
        to: "            self.queued.set(false);
        } else if",
        tests: &[Unit(
            "runtime::lease_tests::a_waiter_that_finds_the_worker_free_wakes_the_next_later",
        )],
    },
    Mutation {
        row: "-",
        guard: "a call that panics uses no readiness up",
        file: "crates/whippet/src/reactor/io_call.rs",
        from: "        self.slot.restore_and_wake(self.cleared);
    }
}
",
        to: "        if !std::thread::panicking() {
            self.slot.restore_and_wake(self.cleared);
        }
    }
}
",
        tests: &[Unit("reactor::tests::a_call_that_panics_uses_no_readiness_up")],
    },
    Mutation {
        row: "-",
        guard: "a task that was woken during its poll is polled again",
        file: "crates/whippet/src/executor/task/state.rs",
        from: "        let before = self.word.fetch_sub(seen.0, AcqRel);
        before - seen.0 < WAKE
",
        to: "        let before = self.word.fetch_and(WAKE - 1, AcqRel);
        before >= seen.0
",
        tests: &[
            Schedule("scheduling::shuttle_wakes_from_several_threads_at_once_are_seen"),
            Schedule("sync::shuttle_a_narrow_channel_loses_and_doubles_nothing"),
        ],
    },
    Mutation {
        row: "-",
        guard: "a sleeper that takes a notification inherits its claim",
        file: "crates/whippet/src/executor/worker.rs",
        from: "        self.searching.set(turn.notified && !self.shared.is_ending());
",
        to: "        self.searching.set(false);
",
        tests: &[Schedule("scheduling::shuttle_tasks_from_outside_meet_workers_that_go_to_sleep")],
    },
    Mutation {
        row: "-",
        guard: "a worker that is not asleep passes a claim on that it finds",
        file: "crates/whippet/src/executor/worker.rs",
        from: "            self.end_search();
        }
        self.wake_for_own();
    }

    /// One turn of reactor and timers that has",
        to: "        }
        self.wake_for_own();
    }

    /// One turn of reactor and timers that has",
        tests: &[
            Schedule("blocking::shuttle_polls_that_wait_for_each_other_have_a_worker_each"),
            Schedule("timers::shuttle_timers_of_several_workers_all_fire"),
        ],
    },
    Mutation {
        row: "-",
        guard: "a thread that returns the lease wakes the next",
        file: "crates/whippet/src/runtime/block_on.rs",
        from: "        state.worker = Some(worker);
        Self::wake_next(&mut state);
",
        to: "        state.worker = Some(worker);
",
        tests: &[Schedule("scheduling::shuttle_two_threads_share_a_current_thread_runtime")],
    },
    Mutation {
        row: "-",
        guard: "the end goes from one sleeper to the next",
        file: "crates/whippet/src/runtime/threads.rs",
        from: "    shared.driver.reactor().notify();
    drop(working);
",
        to: "    drop(working);
",
        tests: &[Schedule("timers::shuttle_timers_meet_the_end")],
    },
    Mutation {
        row: "-",
        guard: "the local tasks' set waits for a runnable that is on its way",
        file: "crates/whippet/src/executor/local/mod.rs",
        from: "            if queue.owned.len() == 0 && queue.close_if_empty() {
",
        to: "            if queue.close_if_empty() {
",
        tests: &[Schedule("shutdown::shuttle_local_tasks_woken_from_elsewhere_end_with_their_set")],
    },
    Mutation {
        row: "-",
        guard: "a spare worker runs tasks for one that blocks",
        file: "crates/whippet/src/executor/blocking_counts.rs",
        from: "            starts = spares < blocked && spares < MAX_SPARES;
",
        to: "            starts = spares > blocked;
",
        tests: &[Schedule("blocking::shuttle_others_go_on_while_all_workers_block_in_place")],
    },
    Mutation {
        row: "-",
        guard: "a spare worker looks once more before it sleeps",
        file: "crates/whippet/src/executor/spare_worker.rs",
        from: "        if self.shared.has_work() || self.shared.is_ending() {
            idle.sleep_to_search();",
        to: "        if self.shared.is_ending() {
            idle.sleep_to_search();",
        tests: &[Schedule("blocking::shuttle_others_go_on_while_all_workers_block_in_place")],
    },
    Mutation {
        row: "-",
        guard: "a task that is in no list has no other's key",
        file: "crates/whippet/src/executor/task/cell.rs",
        from: "AtomicUsize::new(UNLISTED)",
        to: "AtomicUsize::new(UNLISTED - UNLISTED)",
        tests: &[Unit(
            "executor::worker_tests::a_task_that_came_behind_the_end_takes_no_other_out_of_the_list",
        )],
    },
    Mutation {
        row: "-",
        guard: "a semaphore's number goes under its lock in one step",
        file: "crates/whippet/src/sync/semaphore/raw.rs",
        from: "            let word = self.word.swap(LOCKED, AcqRel);
",
        to: "            let word = self.word.load(Ordering::Acquire);
            self.word.store(LOCKED, Release);
",
        tests: &[
            Model("sync::semaphore::loom_tests::loom_a_cancelled_acquire_beside_a_release_and_another"),
            Schedule("sync::shuttle_permits_are_never_too_many_and_all_come_back"),
        ],
    },
    Mutation {
        row: "-",
        guard: "a spare worker passes a claim on that it finds, beside its own",
        file: "crates/whippet/src/executor/spare_worker.rs",
        from: "            // The claim of a sleeper that woke up otherwise: passed on, beside the one that this thread may hold itself.
            self.end_search();
",
        to: "            self.searching.set(true);
            self.pass_claim_on();
",
        tests: &[Unit("executor::spare_worker::tests::a_spare_that_searches_passes_a_claim_on_that_it_finds")],
    },
    Mutation {
        row: "-",
        guard: "a thread lives until its last hook has ended",
        file: "crates/whippet/src/runtime/threads.rs",
        from: "            let _life = life;
            call(&on_start);
            body();
",
        to: "            call(&on_start);
            body();
            drop(life);
",
        tests: &[Unit("runtime::tests::the_end_waits_for_a_hook_no_longer_than_it_is_told_to")],
    },
    Mutation {
        row: "-",
        guard: "a waiter of a Notify checks once more whether all were notified, in the step that sets WAITING",
        file: "crates/whippet/src/sync/notify/mod.rs",
        from: "            let is_notified =
                word & STATE_MASK == NOTIFIED || word & !STATE_MASK != notify_waiters_calls;
            if is_notified { None } else { Some(notify_waiters_calls | WAITING) }
",
        to: "            let _ = notify_waiters_calls;
            if word & STATE_MASK == NOTIFIED { None } else { Some((word & !STATE_MASK) | WAITING) }
",
        tests: &[Model("sync::notify::loom_tests::loom_notify_waiters_beside_a_future_made_before")],
    },
    Mutation {
        row: "-",
        guard: "notify_waiters goes to all shards of a channel",
        file: "crates/whippet/src/sync/sharded_notify.rs",
        from: "for shard in &self.0[first..] {",
        to: "for shard in &self.0[first..=first] {",
        tests: &[Unit("sync::sharded_notify::tests::notify_waiters_reaches_all_shards")],
    },
];
