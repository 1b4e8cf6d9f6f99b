//! What is in no row: found by reading, and put right.

use super::table::Mutation;
use super::table::Test::{File, Model, Unit};

/// The guards.
pub(super) const GUARDS: &[Mutation] = &[
    Mutation {
        row: "-",
        guard: "a set without tasks is polled for the next one",
        file: "crates/whippet/src/executor/local/mod.rs",
        from: "        this.tasks.give_turns();
        // Whether tasks are left or not, it is the future that is waited for, and the next task may come from elsewhere.
        this.tasks.wait(cx);
",
        to: "        let _ = this.tasks.poll(cx);
",
        tests: &[File("local_set", "a_set_that_had_no_task_is_polled_for_the_next_one")],
    },
    Mutation {
        row: "-",
        guard: "whoever does not want the seat any more leaves the line, by a panic too",
        file: "crates/whippet/src/runtime/block_on.rs",
        from: "        if !self.lined_up.get() {
            return;
        }
",
        to: "        if !self.lined_up.get() || std::thread::panicking() {
            return;
        }
",
        tests: &[Unit(
            "runtime::seat_tests::a_thread_that_panics_while_it_waits_for_the_seat_keeps_no_other_from_it",
        )],
    },
    Mutation {
        row: "-",
        guard: "whoever takes the seat unasked leaves the line",
        file: "crates/whippet/src/runtime/block_on.rs",
        from: "            self.leave_line(&mut state);
        } else if",
        to: "            self.lined_up.set(false);
        } else if",
        tests: &[Unit(
            "runtime::seat_tests::a_thread_that_takes_the_seat_unasked_leaves_it_to_the_next",
        )],
    },
    Mutation {
        row: "-",
        guard: "a call that panics uses no readiness up",
        file: "crates/whippet/src/reactor/calls.rs",
        from: "        self.slot.put_back(self.cleared);
    }
}
",
        to: "        if !std::thread::panicking() {
            self.slot.put_back(self.cleared);
        }
    }
}
",
        tests: &[Unit("reactor::tests::a_call_that_panics_uses_no_readiness_up")],
    },
    Mutation {
        row: "-",
        guard: "a wake-up past the limit is not taken back",
        file: "crates/whippet/src/executor/task/state.rs",
        from: "        let before = self.word.fetch_add(WAKE, AcqRel);
        if before >= MANY_WAKES {
            slow_down(before);
        }
",
        to: "        let before = self.word.fetch_add(WAKE, AcqRel);
        if before >= MANY_WAKES {
            self.word.fetch_sub(WAKE, Relaxed);
        }
",
        tests: &[Model("executor::task::state::loom_tests::loom_a_flood_of_wakes_meets_the_polls_that_end_it")],
    },
    Mutation {
        row: "-",
        guard: "a thread of the pool does not wait for its own job",
        file: "crates/whippet/src/executor/blocking.rs",
        from: "        if !cfg!(loom) && THREAD_OF.get() == std::ptr::from_ref(self) {
            return true;
        }
",
        to: "",
        tests: &[Unit("runtime::tests::a_runtime_that_its_own_blocking_call_ends_does_not_wait_for_that_call")],
    },
    Mutation {
        row: "-",
        guard: "a thread lives until its last hook has ended",
        file: "crates/whippet/src/runtime/threads.rs",
        from: "            let _life = life;
            if let Some(hook) = on_start {
                hook();
            }
            body();
",
        to: "            if let Some(hook) = on_start {
                hook();
            }
            body();
            drop(life);
",
        tests: &[Unit("runtime::tests::the_end_waits_for_a_hook_no_longer_than_it_is_told_to")],
    },
];
