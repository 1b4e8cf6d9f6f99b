//! Rows 9 to 16: long polls, blocking calls, shutdown, cancellation, tasks, channels.

use super::table::Mutation;
use super::table::Test::{File, Model, Schedule, Unit};

/// The guards.
pub(super) const GUARDS: &[Mutation] = &[
    Mutation {
        row: "9",
        guard: "any worker waits in the reactor while another runs a task",
        file: "crates/whippet/src/executor/worker.rs",
        from: "        self.unwrap_turn(self.shared.driver.turn(timeout, wakers))
",
        to: "        if self.index > 0 {
            crate::sys::thread::pause(LIFO_STEAL_DELAY);
            return Turn::default();
        }
        self.unwrap_turn(self.shared.driver.turn(timeout, wakers))
",
        tests: &[Unit("runtime::regression_tests::regression_09_timers_go_on_beside_a_poll_that_does_not_end")],
    },
    Mutation {
        row: "9",
        guard: "reactor and timers are polled between tasks",
        file: "crates/whippet/src/executor/worker.rs",
        from: "        if self.until_events.count() {
",
        to: "        if self.until_events.count() && false {
",
        tests: &[Unit("runtime::regression_tests::regression_09_a_worker_that_is_never_idle_looks_at_sockets_and_timers")],
    },
    Mutation {
        row: "10",
        guard: "a job goes to a thread that is not claimed yet",
        file: "crates/whippet/src/executor/blocking.rs",
        from: "        if state.waiting > state.claims {
",
        to: "        if state.waiting > 0 {
",
        tests: &[
            Model("executor::blocking_loom::loom_regression_10_two_jobs_meet_one_thread_that_waits"),
            Schedule("blocking::shuttle_blocking_jobs_that_wait_for_each_other_have_threads"),
        ],
    },
    Mutation {
        row: "10",
        guard: "a thread leaves in the same hold of the lock in which it found no claim",
        file: "crates/whippet/src/executor/blocking.rs",
        from: "            if !go_on {
                break;
            }
",
        to: "            if !go_on {
                drop(state);
                state = self.state.lock();
                break;
            }
",
        tests: &[
            Model("executor::blocking_loom::loom_regression_10_a_job_meets_a_thread_that_leaves"),
            Schedule("blocking::shuttle_blocking_jobs_that_bring_jobs_are_all_run"),
        ],
    },
    Mutation {
        row: "10",
        guard: "a thread that never came to its work is counted out",
        file: "crates/whippet/src/executor/blocking.rs",
        from: "            pool.thread_not_started();
",
        to: "            drop(pool);
",
        tests: &[Unit("runtime::tests::regression_10_a_thread_that_does_not_start_orphans_no_job")],
    },
    Mutation {
        row: "11",
        guard: "the closed injector takes no task",
        file: "crates/whippet/src/executor/injector.rs",
        from: "        let mut queue = self.queue.lock();
        if queue.closed {
            return Err(task);
        }
",
        to: "        let mut queue = self.queue.lock();
",
        tests: &[
            Model("executor::shutdown_loom::loom_regression_11_a_spawn_meets_the_end"),
            Schedule("shutdown::shuttle_a_spawn_meets_the_end"),
        ],
    },
    Mutation {
        row: "11",
        guard: "shutdown cancels waiting tasks",
        file: "crates/whippet/src/executor/owned_tasks.rs",
        from: "            idle.extend(shard.tasks.iter().filter_map(OwnedRef::cancel));
",
        to: "",
        tests: &[Unit("runtime::tests::regression_11_runtimes_start_and_stop_with_tasks_in_every_state")],
    },
    Mutation {
        row: "11",
        guard: "a worker cancels what is in its queues",
        file: "crates/whippet/src/runtime/threads.rs",
        from: "    worker.cancel_queued();
",
        to: "    std::mem::forget(worker);
",
        tests: &[Unit("runtime::tests::regression_11_runtimes_start_and_stop_with_tasks_in_every_state")],
    },
    Mutation {
        row: "11",
        guard: "a task that waits on a socket is woken at shutdown",
        file: "crates/whippet/src/reactor/registry.rs",
        from: "        self.pages().iter().flat_map(|page| &page.slots).for_each(|slot| slot.end(wakers));
",
        to: "        let _ = wakers;
",
        tests: &[File("tcp", "regression_11_no_wait_on_a_socket_outlives_its_runtime")],
    },
    Mutation {
        row: "12",
        guard: "permits that were given and not collected go to the next",
        file: "crates/whippet/src/sync/fair_permits.rs",
        from: "        self.release(if removed.chosen { removed.data } else { 0 }, wakers);
",
        to: "        self.release(0, wakers);
",
        tests: &[
            Unit("sync::semaphore::tests::regression_12_a_dropped_acquire_passes_its_permits_on"),
            Unit("sync::mpsc::tests::regression_12_a_cancelled_send_passes_its_place_on"),
            Unit("sync::lock::tests::regression_12_a_cancelled_lock_passes_the_mutex_on"),
            Model("sync::semaphore::loom_tests::loom_a_cancelled_acquire_beside_a_release_and_another"),
        ],
    },
    Mutation {
        row: "12",
        guard: "a waiter after a large request gets its permits when that leaves",
        file: "crates/whippet/src/sync/fair_permits.rs",
        from: "        self.release(if removed.chosen { removed.data } else { 0 }, wakers);
",
        to: "        if removed.chosen {
            self.release(removed.data, wakers);
        }
",
        tests: &[Unit("sync::mpsc::tests::regression_12_a_large_request_that_leaves_lets_others_in")],
    },
    Mutation {
        row: "12",
        guard: "a notification whose waiter was not polled is passed on",
        file: "crates/whippet/src/sync/notify/mod.rs",
        from: "            Notification::One | Notification::Last => {
                self.notify_or_store_locked(waiters, removed.data, &mut wakers)
            }
",
        to: "            Notification::One | Notification::Last => self.update_if_empty(waiters),
",
        tests: &[
            Unit("sync::notify::tests::regression_12_a_dropped_chosen_waiter_passes_it_on"),
            Model("sync::notify::loom_tests::loom_a_cancelled_waiter_beside_notify_one_and_another"),
        ],
    },
    Mutation {
        row: "12",
        guard: "slots of a wait list are taken back at once only when no waiter was chosen before",
        file: "crates/whippet/src/sync/wait_list.rs",
        from: "        if self.tickets as usize != tickets {
            return false;
        }
",
        to: "        let _ = tickets;
",
        tests: &[
            Unit("sync::notify::tests::regression_12_it_passes_it_on_after_notify_waiters_too"),
            Unit("sync::wait_list::tests::memory_is_freed_when_all_tickets_are_invalidated"),
        ],
    },
    Mutation {
        row: "12",
        guard: "a waiter checks again under the lock whether its ticket is invalid before it returns it",
        file: "crates/whippet/src/sync/notify/mod.rs",
        from: "        if self.drain_generation() != generation {
            return;
        }
",
        to: "",
        tests: &[Model("sync::notify::loom_tests::loom_a_waiter_dropped_while_its_ticket_is_invalidated")],
    },
    Mutation {
        row: "13",
        guard: "an unwanted output is dropped by the completer",
        file: "crates/whippet/src/executor/task/cell.rs",
        from: "            CompleteResult::Detached => self.discard_output(),
",
        to: "            CompleteResult::Detached => self.stage.with_mut(|stage| {
                // SAFETY: as in `discard_output`.
                std::mem::forget(unsafe { stage.replace(Stage::Consumed) });
            }),
",
        tests: &[
            Unit("executor::task::tests::regression_13_every_sequence_of_five_drops_future_and_output_once"),
            Model("executor::task::loom_tests::loom_complete_and_drop_of_the_handle_drop_the_output_once"),
        ],
    },
    Mutation {
        row: "13",
        guard: "only the wake-up that finds the task idle gets a runnable",
        file: "crates/whippet/src/executor/task/state.rs",
        from: "        before < WAKE && before & COMPLETE == 0
",
        to: "        before & COMPLETE == 0
",
        tests: &[
            Unit("executor::task::tests::regression_13_every_sequence_of_five_drops_future_and_output_once"),
        ],
    },
    Mutation {
        row: "13",
        guard: "a wake-up during the poll keeps the runnable",
        file: "crates/whippet/src/executor/task/state.rs",
        from: "        before - seen.0 < WAKE
",
        to: "        before - seen.0 < WAKE || true
",
        tests: &[
            Unit("executor::task::state::tests::a_wake_during_the_poll_keeps_the_runnable"),
            Model("executor::task::loom_tests::loom_wake_and_poll_lose_no_wake_up"),
        ],
    },
    Mutation {
        row: "14",
        guard: "a waker works without the thread's locals",
        file: "crates/whippet/src/executor/context.rs",
        from: "    let done = CONTEXT.try_with(|context| {
        let worker = context.worker.borrow();
        f.take().map(|f| f(worker.as_deref()))
    });
",
        to: "    let done = CONTEXT.with(|context| {
        let worker = context.worker.borrow();
        Ok::<_, ()>(f.take().map(|f| f(worker.as_deref())))
    });
",
        tests: &[Unit("runtime::regression_tests::regression_14_a_waker_works_while_the_thread_ends")],
    },
    Mutation {
        row: "15",
        guard: "the reader of lines owns what it read in part",
        file: "crates/whippet/src/io/lines.rs",
        from: "        ready!(poll_read_until(this.reader, cx, b'\\n', this.partial))?;
        let mut line = std::mem::take(this.partial);
",
        to: "        let mut line = std::mem::take(this.partial);
        ready!(poll_read_until(this.reader, cx, b'\\n', &mut line))?;
",
        tests: &[
            File("io", "reading::regression_15_a_dropped_next_line_loses_nothing"),
            File("io", "reading::regression_15_select_does_not_throw_away_a_half_read_line"),
        ],
    },
    Mutation {
        row: "16",
        guard: "all waiters are woken outside of the lock",
        file: "crates/whippet/src/sync/notify/mod.rs",
        from: "            (NOTIFY_WAITERS_CALL, if phase == WAITING { EMPTY } else { phase })
        });
    }
",
        to: "            (NOTIFY_WAITERS_CALL, if phase == WAITING { EMPTY } else { phase })
        });
        wakers.wake_all();
    }
",
        tests: &[
            Unit("sync::watch::tests::regression_16_a_thousand_watchers_are_woken_once_each"),
            Unit("sync::broadcast::tests::regression_16_a_thousand_receivers_are_woken_once_each"),
        ],
    },
    Mutation {
        row: "16",
        guard: "a waiter that was woken has left the queue, and is not woken again",
        file: "crates/whippet/src/sync/wait_list.rs",
        from: "            if let Some(waker) = slot.waker.take() {
                wakers.push(waker);
            }
            slot.data = data;",
        to: "            if let Some(waker) = slot.waker.clone() {
                wakers.push(waker.clone());
                wakers.push(waker);
            }
            slot.data = data;",
        tests: &[
            Unit("sync::watch::tests::regression_16_a_thousand_watchers_are_woken_once_each"),
            Unit("sync::broadcast::tests::regression_16_a_thousand_receivers_are_woken_once_each"),
            Unit("sync::notify::tests::regression_16_waking_many_costs_each_one_wake"),
        ],
    },
];
