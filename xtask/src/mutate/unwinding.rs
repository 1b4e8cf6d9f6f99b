//! User code that unwinds through a step: the guards of row 34. docs/UNWINDING.md lists all places.

use super::table::Mutation;
use super::table::Test::File;

/// The guards.
pub(super) const GUARDS: &[Mutation] = &[
    Mutation {
        row: "34",
        guard: "a hook that panics ends there, and its thread goes on",
        file: "crates/whippet/src/runtime/hooks.rs",
        from: "        let _ = catch_panic(|| hook());
",
        to: "        hook();
",
        tests: &[
            File("unwinding", "hooks::a_panic_in_on_thread_park_loses_no_task"),
            File("unwinding", "hooks::a_panic_in_on_thread_unpark_loses_no_task"),
            File("unwinding", "hooks::a_panic_in_on_thread_start_loses_no_thread"),
            File("unwinding", "hooks::a_panic_in_the_parks_of_block_on_does_not_end_it"),
        ],
    },
    Mutation {
        row: "34",
        guard: "an unnamed thread starts all the same",
        file: "crates/whippet/src/runtime/threads.rs",
        from: "catch_panic(|| (self.name)())",
        to: "Some((self.name)())",
        tests: &[File("unwinding", "hooks::a_thread_name_fn_that_panics_costs_the_name_alone")],
    },
    Mutation {
        row: "34",
        guard: "receivers of all shards are chosen before the first is woken",
        file: "crates/whippet/src/sync/sharded_notify.rs",
        from: "                shard.choose_waiters(&mut wakers);
",
        to: "                shard.choose_waiters(&mut wakers);
                wakers.wake_all();
",
        tests: &[File("unwinding", "wakers::receivers_on_several_threads_are_all_woken")],
    },
    Mutation {
        row: "34",
        guard: "a receiver of a broadcast passes all values it leaves",
        file: "crates/whippet/src/sync/broadcast/shared.rs",
        from: "        let _ = panicked.call(|| drop_all(&mut pass));
",
        to: "        while pass().is_some() {}
        drop_all(|| None::<()>);
",
        tests: &[
            File("unwinding", "values::a_receiver_of_a_broadcast_passes_all_values_it_leaves"),
            File("unwinding", "values::a_receiver_of_a_broadcast_goes_by_a_panic"),
        ],
    },
    Mutation {
        row: "34",
        guard: "messages are dropped one by one with their receiver",
        file: "crates/whippet/src/sync/mpsc/chan.rs",
        from: "            let _ = panicked.call(|| drop_all(next));
",
        to: "            let _ = panicked.call(|| drop_all(|| None::<T>));
            let _unused = next;
",
        tests: &[File(
            "unwinding",
            "values::messages_that_panic_are_all_dropped_with_their_receiver",
        )],
    },
    Mutation {
        row: "34",
        guard: "a message is returned whatever a sender's waker does",
        file: "crates/whippet/src/sync/mpsc/chan.rs",
        from: "        wakers.wake_all_catching();
        result
",
        to: "        wakers.wake_all();
        result
",
        tests: &[File(
            "unwinding",
            "wakers::a_message_is_handed_out_although_a_sender_s_waker_panics",
        )],
    },
    Mutation {
        row: "34",
        guard: "so is one of a batch",
        file: "crates/whippet/src/sync/mpsc/chan.rs",
        from: "        // The message at hand must not be lost by a panic of a sender's waker.
        wakers.wake_all_catching();
",
        to: "        wakers.wake_all();
",
        tests: &[File("unwinding", "wakers::messages_taken_in_one_go_survive_a_sender_s_waker")],
    },
    Mutation {
        row: "34",
        guard: "a waker that is not needed is dropped without harm to the result of the poll",
        file: "crates/whippet/src/sync/poll_waker.rs",
        from: "        drop_waker(self.cloned.take());
",
        to: "        drop(self.cloned.take());
        drop_waker(None);
",
        tests: &[
            File("unwinding", "wakers::a_clone_that_is_not_needed_costs_no_permit"),
            File("unwinding", "wakers::a_displaced_waker_that_panics_when_dropped_costs_nothing"),
        ],
    },
    Mutation {
        row: "34",
        guard: "all timers are closed at the end of a runtime",
        file: "crates/whippet/src/driver/shard.rs",
        from: "            wakers.wake_all_catching();
",
        to: "            wakers.wake_all();
",
        tests: &[File(
            "unwinding",
            "runtime_end::a_waker_of_a_timer_that_panics_keeps_nothing_open",
        )],
    },
    Mutation {
        row: "34",
        guard: "a socket's waker that panics does not stop the shutdown of a runtime",
        file: "crates/whippet/src/reactor/mod.rs",
        from: "        wakers.wake_all_catching();
",
        to: "        wakers.wake_all();
",
        tests: &[File(
            "unwinding",
            "runtime_end::a_waker_of_a_socket_that_panics_keeps_nothing_open",
        )],
    },
    Mutation {
        row: "34",
        guard: "a count of bytes is returned whatever the other side's waker does",
        file: "crates/whippet/src/io/pipe.rs",
        from: "            wake_catching(writer);
",
        to: "            crate::wake_list::wake(writer);
",
        tests: &[File("unwinding", "wakers::both_sides_of_a_pipe_learn_of_its_end")],
    },
    Mutation {
        row: "34",
        guard: "a half returns the result of its poll",
        file: "crates/whippet/src/io/split.rs",
        from: "        wake_catching(waiter);
",
        to: "        waiter.into_iter().for_each(Waker::wake);
        wake_catching(None);
",
        tests: &[File("unwinding", "wakers::a_half_that_waits_for_the_other_survives_its_waker")],
    },
    Mutation {
        row: "34",
        guard: "a lone waker that panics in a drop by a panic ends no process",
        file: "crates/whippet/src/wake_list.rs",
        from: "    if std::thread::panicking() {
        let _ = catch_panic(wake);
",
        to: "    if false {
        let _ = catch_panic(wake);
",
        tests: &[File("unwinding", "wakers::a_value_sent_beside_a_receiver_s_waker_arrives")],
    },
    Mutation {
        row: "34",
        guard: "what was not read is truncated after a panic",
        file: "crates/whippet/src/io/append_buffer.rs",
        from: "                        self.buffer.truncate(self.end);
",
        to: "                        if !std::thread::panicking() {
                            self.buffer.truncate(self.end);
                        }
",
        tests: &[
            File("unwinding", "io::a_read_that_panics_appends_nothing"),
            File("unwinding", "io::halves_have_their_stream_back"),
        ],
    },
    Mutation {
        row: "34",
        guard: "all tasks of a set are aborted",
        file: "crates/whippet/src/task/join_set/mod.rs",
        from: "            let _ = panicked.call(|| task.abort());
",
        to: "            task.abort();
            let _ = panicked.call(|| ());
",
        tests: &[File(
            "unwinding",
            "wakers::the_tasks_of_a_set_are_all_aborted_whatever_a_waker_does",
        )],
    },
    Mutation {
        row: "34",
        guard: "an output that nobody takes ends no shutdown of its set",
        file: "crates/whippet/src/task/join_set/mod.rs",
        from: "            drop_catching(joined);
",
        to: "            drop(joined);
            drop_catching(());
",
        tests: &[File("unwinding", "values::panics_of_unwanted_outputs_end_where_they_are")],
    },
    Mutation {
        row: "34",
        guard: "a descriptor that panics gives its slot back",
        file: "crates/whippet/src/reactor/registration.rs",
        from: "            let descriptor = catch_panic(|| io.as_fd());
",
        to: "            let descriptor = Some(io.as_fd());
            let _ = catch_panic(|| ());
",
        tests: &[File(
            "unwinding",
            "closures::a_descriptor_that_panics_at_its_end_gives_its_slot_back",
        )],
    },
    Mutation {
        row: "34",
        guard: "a displaced waker of a join handle is no answer",
        file: "crates/whippet/src/executor/task/join.rs",
        from: "        drop_waker(former);
",
        to: "        drop(former);
",
        tests: &[File("unwinding", "wakers::a_join_handle_survives_the_wakers_of_its_awaiters")],
    },
    Mutation {
        row: "34",
        guard: "a displaced waker of a oneshot changes no result",
        file: "crates/whippet/src/sync/oneshot/inner.rs",
        from: "        drop_waker(former);
",
        to: "        drop(former);
",
        tests: &[File("unwinding", "wakers::the_ends_of_a_oneshot_survive_clone_and_drop")],
    },
    Mutation {
        row: "34",
        guard: "a displaced waker of a timer is no answer",
        file: "crates/whippet/src/driver/shard.rs",
        from: "                drop_waker(Some(former));
",
        to: "                drop(former);
",
        tests: &[File("unwinding", "wakers::timers_survive_the_wakers_of_waiters")],
    },
];
