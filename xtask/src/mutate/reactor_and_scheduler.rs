//! Rows 1 to 8: sockets, sleep, queues, wakers, timers.

use super::table::Mutation;
use super::table::Test::{File, Model, Schedule, Unit};

/// The guards.
pub(super) const GUARDS: &[Mutation] = &[
    Mutation {
        row: "1",
        guard: "readiness is cleared before the call",
        file: "crates/whippet/src/reactor/io_call.rs",
        from: "        let restore = RestoreOnDrop { slot: self, cleared: self.clear(interest) };
        let result = match call() {",
        to: "        let called = call();
        let restore = RestoreOnDrop { slot: self, cleared: self.clear(interest) };
        let result = match called {",
        tests: &[
            Unit("reactor::tests::regression_01_an_edge_between_the_clear_and_the_end_of_the_call_stays"),
            Unit("reactor::tests::regression_01_an_edge_between_would_block_and_the_wait_stays"),
            Model("reactor::loom_tests::loom_regression_01_no_edge_is_swallowed_between_the_call_and_the_wait"),
        ],
    },
    Mutation {
        row: "1",
        guard: "a short read at the mark of urgent data is not the last",
        file: "crates/whippet/src/reactor/io_call.rs",
        from: "Ok((result, Remaining::None)) if !restore.cleared.is_urgent() => {",
        to: "Ok((result, Remaining::None)) => {",
        tests: &[
            File("tcp", "regression_01_bytes_behind_urgent_data_are_announced"),
            Model("reactor::loom_tests::loom_regression_01_a_short_read_at_the_mark_of_urgent_data_is_not_the_last"),
        ],
    },
    Mutation {
        row: "2",
        guard: "an event of another generation is dropped",
        file: "crates/whippet/src/reactor/slot.rs",
        from: "            if generation(word) != generation_of_event {
                return None;
            }
",
        to: "            let _ = generation_of_event;
",
        tests: &[
            Unit("reactor::tests::regression_02_an_event_of_the_batch_does_not_reach_the_successor_of_its_descriptor"),
            Model("reactor::loom_tests::loom_regression_02_a_stale_event_does_not_touch_the_successor"),
        ],
    },
    Mutation {
        row: "3",
        guard: "a descriptor leaves the epoll before it is closed",
        file: "crates/whippet/src/reactor/mod.rs",
        from: "        let _ = descriptor.map(|descriptor| self.poller.delete(descriptor));
",
        to: "        let _ = descriptor;
",
        tests: &[
            Unit("reactor::tests::regression_03_a_closed_descriptor_with_a_living_duplicate_brings_no_events"),
            Unit("reactor::tests::regression_03_a_descriptor_that_is_handed_over_can_be_watched_again"),
        ],
    },
    Mutation {
        row: "4",
        guard: "a worker checks all queues once more before it sleeps",
        file: "crates/whippet/src/executor/worker.rs",
        from: "if self.shared.has_work() || self.shared.is_ending() || has_more() {",
        to: "if self.shared.is_ending() || has_more() {",
        tests: &[
            Unit("executor::worker_tests::regression_04_a_worker_that_goes_to_sleep_looks_at_all_queues_once_more"),
            Schedule("scheduling::shuttle_tasks_from_outside_meet_workers_that_go_to_sleep"),
        ],
    },
    Mutation {
        row: "4",
        guard: "the fence between a push and the check for sleepers",
        file: "crates/whippet/src/executor/idle.rs",
        from: "        // let the look pass the push. A fence, as loom models SeqCst accesses as AcqRel only.
        fence(SeqCst);
",
        to: "",
        tests: &[Model("executor::loom_tests::loom_park_and_push_lose_no_task")],
    },
    Mutation {
        row: "4",
        guard: "the fence between the announcement of sleep and the last check of the queues",
        file: "crates/whippet/src/executor/idle.rs",
        from: "        // SeqCst fence: the sleeper's side of the handshake (the pusher's is in `claim_search`).
        fence(SeqCst);
",
        to: "",
        tests: &[Model("executor::loom_tests::loom_park_and_push_lose_no_task")],
    },
    Mutation {
        row: "4",
        guard: "the last searcher that finds work wakes another",
        file: "crates/whippet/src/executor/idle.rs",
        from: "        before % SLEEPING == SEARCHING
",
        to: "        before == 0
",
        tests: &[
            Model("executor::loom_tests::loom_the_last_searcher_passes_on_what_was_left_to_it"),
            Schedule("blocking::shuttle_polls_that_wait_for_each_other_have_a_worker_each"),
        ],
    },
    Mutation {
        row: "4",
        guard: "a push into the ring wakes a sleeper",
        file: "crates/whippet/src/executor/schedule.rs",
        from: "                        worker.shared().wake_one();
",
        to: "",
        tests: &[
            Unit("runtime::regression_tests::regression_04_a_task_in_the_ring_waits_for_no_other_poll"),
            Schedule("blocking::shuttle_a_task_in_the_ring_waits_for_no_other_poll"),
        ],
    },
    Mutation {
        row: "5",
        guard: "at most three polls from the LIFO slot in a row",
        file: "crates/whippet/src/executor/worker.rs",
        from: "if lifo_polls < MAX_LIFO_POLLS {",
        to: "if lifo_polls <= MAX_LIFO_POLLS || true {",
        tests: &[Unit("runtime::regression_tests::regression_05_two_tasks_that_wake_each_other_do_not_starve_a_third")],
    },
    Mutation {
        row: "5",
        guard: "a searcher steals from the LIFO slot of a worker in a long poll",
        file: "crates/whippet/src/executor/worker.rs",
        from: "                if lifo_candidate == Some(seen) {
                    return remote.lifo.take();
                }
",
        to: "                let _ = lifo_candidate;
",
        tests: &[Unit("runtime::regression_tests::regression_05_a_task_in_the_slot_of_an_endless_poll_is_stolen")],
    },
    Mutation {
        row: "5",
        guard: "a LIFO slot is stolen from only after the same poll was observed twice",
        file: "crates/whippet/src/executor/worker.rs",
        from: "                if lifo_candidate == Some(seen) {
",
        to: "                if lifo_candidate == Some(seen) || true {
",
        tests: &[Unit("executor::worker_tests::regression_05_a_lifo_slot_is_left_alone_until_a_poll_is_seen_twice")],
    },
    Mutation {
        row: "6",
        guard: "entries are claimed by one compare-and-swap after they were copied",
        file: "crates/whippet/src/executor/queue.rs",
        from: "        let claimed = self.head.compare_exchange(head, moved, AcqRel, Relaxed).is_ok();
",
        to: "        let claimed = true;
        self.head.store(moved, Release);
",
        tests: &[
            Model("executor::loom_tests::loom_ring_two_thieves"),
            Model("executor::loom_tests::loom_ring_overflow_meets_a_thief"),
            Schedule("scheduling::shuttle_tasks_that_flood_a_ring_are_all_run_once"),
        ],
    },
    Mutation {
        row: "6",
        guard: "indices do not come round while a thief hesitates",
        file: "crates/whippet/src/executor/queue.rs",
        from: "        let moved = head.wrapping_add(count);
",
        to: "        let moved = head.wrapping_add(count);
        if self.head.load(Relaxed) % CAPACITY == head % CAPACITY {
            batch.len = count;
            self.head.store(moved, Release);
            return true;
        }
",
        tests: &[Model("executor::loom_tests::loom_ring_two_thieves")],
    },
    Mutation {
        row: "6",
        guard: "what overflows a ring goes to the injector whole",
        file: "crates/whippet/src/executor/queue.rs",
        from: "Some(older) => return overflow(older.chain(std::iter::once(task))),",
        to: "Some(mut older) => {
                    drop(older.next());
                    return overflow(older.chain(std::iter::once(task)));
                }",
        tests: &[
            Unit("runtime::regression_tests::regression_06_a_flood_of_tasks_overflows_rings_and_is_stolen_without_loss"),
            Model("executor::loom_tests::loom_ring_overflow_meets_a_thief"),
        ],
    },
    Mutation {
        row: "7",
        guard: "the reactor wakes no task under the lock of a slot",
        file: "crates/whippet/src/reactor/slot.rs",
        from: "        waiters.notify(bits, self.edges(), |waker| wakers.push(waker));
",
        to: "        waiters.notify(bits, self.edges(), Waker::wake);
        let _ = wakers;
",
        tests: &[Unit("reactor::tests::regression_07_a_woken_task_may_use_the_socket_at_once")],
    },
    Mutation {
        row: "7",
        guard: "a waker is cloned outside of the lock of a slot",
        file: "crates/whippet/src/reactor/slot.rs",
        from: "        let waker = waker.clone();
        let mut waiters = self.waiters.lock();
        if let",
        to: "        let mut waiters = self.waiters.lock();
        let waker = waker.clone();
        if let",
        tests: &[Unit("reactor::tests::regression_07_wakers_are_cloned_and_dropped_outside_of_the_lock_of_a_slot")],
    },
    Mutation {
        row: "7",
        guard: "mpsc wakes its receiver outside of its lock",
        file: "crates/whippet/src/sync/mpsc/chan.rs",
        from: "        let receiver = state.receiver.take();
        drop(state);
        wake(receiver);
        // Without",
        to: "        let receiver = state.receiver.take();
        wake(receiver);
        drop(state);
        // Without",
        tests: &[Unit("sync::mpsc::tests::regression_07_a_waker_may_use_the_same_channel")],
    },
    Mutation {
        row: "7",
        guard: "futures of `sync` clone wakers outside of their locks",
        file: "crates/whippet/src/sync/poll_waker.rs",
        from: "        if self.cloned.is_none() {
            return Locked::NeedsWaker;
        }
",
        to: "        if self.cloned.is_none() {
            self.clone_waker();
        }
",
        tests: &[
            Unit("sync::waker_tests::regression_07_wakers_of_a_channel_use_it_in_clone_and_drop"),
            Unit("sync::waker_tests::regression_07_wakers_of_a_semaphore_use_it_in_clone_and_drop"),
        ],
    },
    Mutation {
        row: "7",
        guard: "a waker that panics keeps no other task asleep",
        file: "crates/whippet/src/wake_list.rs",
        from: "            let _ = panicked.call(|| waker.wake());
",
        to: "            waker.wake();
            let _ = panicked.call(|| ());
",
        tests: &[
            Unit("sync::notify::tests::regression_07_a_waker_may_notify_or_panic"),
            Unit("wake_list::tests::regression_07_a_waker_that_panics_while_the_thread_panics_ends_nothing_and_keeps_nobody_asleep"),
        ],
    },
    Mutation {
        row: "7",
        guard: "no second panic while the thread panics",
        file: "crates/whippet/src/unwind.rs",
        from: "    if std::thread::panicking() {
        drop_panic_payload(payload);
    } else {",
        to: "    if false {
        drop_panic_payload(payload);
    } else {",
        tests: &[Unit("wake_list::tests::regression_07_a_waker_that_panics_while_the_thread_panics_ends_nothing_and_keeps_nobody_asleep")],
    },
    Mutation {
        row: "8",
        guard: "an earlier timer sets the alarm forward",
        file: "crates/whippet/src/driver/alarm.rs",
        from: "        if next < self.alarm.load(Relaxed) {
            self.set_alarm(next);
",
        to: "        if self.alarm.load(Relaxed) == NEVER {
            self.set_alarm(next);
",
        tests: &[
            Unit("driver::tests::regression_08_an_earlier_timer_added_during_the_wait_fires"),
            Schedule("timers::shuttle_an_earlier_timer_comes_first"),
            Model("driver::loom_tests::loom_regression_08_an_earlier_timer_meets_the_answer_to_an_alarm"),
        ],
    },
    Mutation {
        row: "8",
        guard: "the alarm is cleared before the shards are looked at",
        file: "crates/whippet/src/driver.rs",
        from: "        self.shared.clear_alarm_if(|alarm| went_off || alarm <= now);
        let nexts = self.shards.iter().map(|shard| shard.expire(now, wakers));
        let next = nexts.min().unwrap_or(alarm::NEVER);
",
        to: "        let nexts = self.shards.iter().map(|shard| shard.expire(now, wakers));
        let next = nexts.min().unwrap_or(alarm::NEVER);
        self.shared.clear_alarm_if(|alarm| went_off || alarm <= now);
",
        tests: &[
            Schedule("timers::shuttle_timers_of_several_workers_all_fire"),
            Model("driver::loom_tests::loom_regression_08_an_earlier_timer_meets_the_answer_to_an_alarm"),
            Model("driver::loom_tests::loom_regression_08_the_first_timer_meets_the_answer_to_an_alarm"),
        ],
    },
    Mutation {
        row: "8",
        guard: "the look at the alarm follows the change of the shard",
        file: "crates/whippet/src/driver/shard.rs",
        from: "        let key = wheel.timers.insert(deadline, waker);
        self.unlock_and_set_alarm(wheel);
        Ok(key)
",
        to: "        self.base.advance_alarm(deadline);
        drop(wheel);
        let mut wheel = self.wheel.lock();
        let key = wheel.timers.insert(deadline, waker);
        drop(wheel);
        Ok(key)
",
        tests: &[
            Schedule("timers::shuttle_timers_of_several_workers_all_fire"),
            Model("driver::loom_tests::loom_regression_08_the_first_timer_meets_the_answer_to_an_alarm"),
        ],
    },
    Mutation {
        row: "8",
        guard: "the last tick is due at the end of the count",
        file: "crates/whippet/src/timers/wheel.rs",
        from: "        let over = (now >> TICK_BITS) + u64::from(now & TICK_MASK == TICK_MASK);
",
        to: "        let over = now >> TICK_BITS;
",
        tests: &[Unit("timers::tests::single::regression_08_the_wheel_agrees_with_a_heap")],
    },
    Mutation {
        row: "8",
        guard: "a timer that fires while its waker is exchanged is seen",
        file: "crates/whippet/src/timers/wheel.rs",
        from: "            None => Err(waker),
        }
    }

    /// Gives a waiting timer another deadline",
        to: "            None => Ok(waker),
        }
    }

    /// Gives a waiting timer another deadline",
        tests: &[Model("timers::tests::model::loom_change_of_waker_fire")],
    },
];
