//! Which task runs next, which state a thread is in, and how a runtime shuts down.

use super::table::Mutation;
use super::table::Test::{File, Model, Unit};

/// The guards.
pub(super) const GUARDS: &[Mutation] = &[
    Mutation {
        row: "-",
        guard: "a current-thread runtime has no LIFO slot",
        file: "crates/whippet/src/executor/worker.rs",
        from: "        if let RunQueue::Unshared(_) = self.own {
            self.push_back(task);
            return false;
        }
",
        to: "",
        tests: &[
            File("poll_order", "tasks_of_a_current_thread_run_in_the_order_of_spawn"),
            File("poll_order", "tasks_of_a_current_thread_run_in_the_order_of_wakes"),
            File("poll_order", "tasks_of_a_local_runtime_run_in_the_order_of_spawn"),
        ],
    },
    Mutation {
        row: "-",
        guard: "a worker looks at the driver before a task that yielded comes again",
        file: "crates/whippet/src/executor/worker.rs",
        from: "            if self.yields.get() {
                self.note_yielded();
            }
",
        to: "",
        tests: &[
            File("poll_order", "a_task_that_yields_and_block_on_take_turns"),
            File("poll_order", "what_a_socket_brings_is_seen_beside_a_task_that_yields"),
        ],
    },
    Mutation {
        row: "-",
        guard: "a spent budget yields",
        file: "crates/whippet/src/coop.rs",
        from: "            yield_task(cx.waker(), Yield::Forced);
",
        to: "            cx.waker().wake_by_ref();
",
        tests: &[
            File("poll_order", "a_task_that_yields_and_block_on_take_turns"),
            File("poll_order", "what_a_socket_brings_is_seen_beside_a_task_that_yields"),
        ],
    },
    Mutation {
        row: "-",
        guard: "a local task that yields lets its owner yield",
        file: "crates/whippet/src/executor/local/mod.rs",
        from: "                if why != Yield::No {
                    ahead.get_or_insert(before);
                }
",
        to: "                if why != Yield::No {
                    ahead = None::<usize>.filter(|_| before > 0);
                }
",
        tests: &[File("poll_order", "a_local_task_that_yields_and_block_on_take_turns")],
    },
    Mutation {
        row: "-",
        guard: "tasks of a local runtime share the queue of the others",
        file: "crates/whippet/src/executor/local/shared_queue.rs",
        from: "            Some(worker) if Arc::as_ptr(worker.shared()) == self.runtime() => Destination::Local,
",
        to: "            Some(worker) if Arc::as_ptr(worker.shared()).is_null() => Destination::Local,
",
        tests: &[File("poll_order", "tasks_of_a_local_runtime_run_in_the_order_of_spawn")],
    },
    Mutation {
        row: "-",
        guard: "the end of a local runtime cancels what is in the worker's queue",
        file: "crates/whippet/src/runtime/local.rs",
        from: "        self.runtime.cancel_queued();
",
        to: "",
        tests: &[File("local_set", "a_local_runtime_drops_its_tasks_here_in_every_state")],
    },
    Mutation {
        row: "-",
        guard: "entering a local runtime on its thread enters its local tasks",
        file: "crates/whippet/src/runtime/handle.rs",
        from: "        Within { local: LocalTasks::of_runtime(&self.shared).map(|tasks| tasks.enter()), entered }
",
        to: "        Within { local: None, entered }
",
        tests: &[
            File("local_set", "spawn_local_works_in_all_of_a_local_runtime"),
            File("enter_guards", "guards_of_local_runtimes_out_of_order_are_reported"),
        ],
    },
    Mutation {
        row: "-",
        guard: "a guard that is dropped out of order takes out what it entered itself",
        file: "crates/whippet/src/executor/entries.rs",
        from: "        Some((entries.remove(place).1, is_innermost))
",
        to: "        entries.pop().map(|(_, value)| (value, is_innermost))
",
        tests: &[
            File("enter_guards", "enter_guards_dropped_out_of_order_are_reported"),
            File("enter_guards", "a_guard_that_outlives_its_block_on_is_reported_once"),
            File("enter_guards", "local_enter_guards_out_of_order_are_reported"),
        ],
    },
    Mutation {
        row: "-",
        guard: "a guard that is dropped out of order says so",
        file: "crates/whippet/src/executor/entries.rs",
        from: "        let is_innermost = place + 1 == entries.len();
",
        to: "        let is_innermost = true;
",
        tests: &[
            File("enter_guards", "enter_guards_dropped_out_of_order_are_reported"),
            File("enter_guards", "enter_guards_of_one_runtime_out_of_order_are_reported"),
            File("enter_guards", "local_enter_guards_out_of_order_are_reported"),
        ],
    },
    Mutation {
        row: "-",
        guard: "a thread that panics is not ended by a guard",
        file: "crates/whippet/src/runtime/handle.rs",
        from: "            (entered.leave() & is_innermost) || std::thread::panicking(),
",
        to: "            entered.leave() & is_innermost,
",
        tests: &[File("enter_guards", "a_thread_that_panics_is_not_ended_by_a_guard")],
    },
    Mutation {
        row: "32",
        guard: "each driver of a local set keeps a waker of its own",
        file: "crates/whippet/src/executor/local/shared_queue.rs",
        from: "            queue.waiting.push((driver, waker));
",
        to: "            queue.waiting.clear();
            queue.waiting.push((driver, waker));
",
        tests: &[
            File("local_set", "a_set_with_two_drivers_goes_on_when_one_ends"),
            Model("executor::local::loom_tests::loom_a_driver_that_goes_leaves_the_wake_to_the_other"),
        ],
    },
    Mutation {
        row: "-",
        guard: "block_in_place is refused in a local set",
        file: "crates/whippet/src/executor/block_in_place.rs",
        from: "        !local::polls_set(),
",
        to: "        local::polls_set() || !local::polls_set(),
",
        tests: &[File("block_in_place", "in_a_local_set_it_is_refused_with_the_way_out")],
    },
    Mutation {
        row: "-",
        guard: "a runtime that is shut down on one of its own threads does not wait",
        file: "crates/whippet/src/runtime/runtime.rs",
        from: "        let waits = !context::is_worker() && !works_for(shared.id);
",
        to: "        let waits = !context::is_worker();
",
        tests: &[
            File("shutdown", "a_runtime_that_its_own_task_ends_while_it_blocks_in_place"),
            File("shutdown", "a_runtime_that_its_own_blocking_call_ends"),
            File("shutdown", "a_runtime_that_a_hook_of_its_own_ends"),
            File("shutdown", "a_runtime_that_the_report_of_a_stall_ends"),
            File("shutdown", "a_runtime_that_a_drop_on_its_thread_ends"),
            Unit(
                "runtime::tests::a_runtime_that_its_own_blocking_call_ends_does_not_wait_for_that_call",
            ),
        ],
    },
    Mutation {
        row: "-",
        guard: "a thread that is named by a call that ends its runtime is not waited for",
        file: "crates/whippet/src/runtime/threads.rs",
        from: "        let _works = work_for(runtime);
        let name =",
        to: "        let name =",
        tests: &[File("shutdown", "a_runtime_that_a_hook_of_its_own_ends")],
    },
    Mutation {
        row: "-",
        guard: "a spare worker has a thread beside those for the program's calls",
        file: "crates/whippet/src/executor/block_in_place.rs",
        from: "            let pool = &shared.pools.spares;
",
        to: "            let pool = &shared.pools.calls;
",
        tests: &[File("shutdown", "a_blocking_call_inside_of_block_in_place_has_its_thread")],
    },
    Mutation {
        row: "-",
        guard: "whippet's own calls have threads beside those for the program's",
        file: "crates/whippet/src/runtime/handle.rs",
        from: "        self.spawn_job(&self.shared.pools.own, Pool::push, work)
",
        to: "        self.spawn_job(&self.shared.pools.calls, Pool::push, work)
",
        tests: &[File("shutdown", "a_blocking_call_waits_for_no_call_of_whippet_behind_itself")],
    },
    Mutation {
        row: "-",
        guard: "blocking calls that have not begun are made at the end, while there is time",
        file: "crates/whippet/src/runtime/runtime.rs",
        from: "        shared.pools.close();
",
        to: "        shared.pools.close();
        shared.pools.cancel_queued();
",
        tests: &[File("shutdown", "blocking_calls_that_have_not_begun_are_made_while_there_is_time")],
    },
    Mutation {
        row: "-",
        guard: "blocking calls that have not begun are cancelled when time is up",
        file: "crates/whippet/src/runtime/runtime.rs",
        from: "        self.handle.shared.pools.cancel_queued();
",
        to: "",
        tests: &[File("shutdown", "blocking_calls_that_have_not_begun_are_cancelled_when_time_is_up")],
    },
];
