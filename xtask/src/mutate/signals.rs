//! Signals.

use super::table::Mutation;
use super::table::Test::{File, Model};

/// The guards.
pub(super) const GUARDS: &[Mutation] = &[
    Mutation {
        row: "-",
        guard: "bytes of handlers are taken before the marks",
        file: "crates/whippet/src/driver/signals.rs",
        from: "        if let Some(source) = &state.source {
            source.drain();
        }
        for kind in &mut state.kinds {
            if kind.hook.as_ref().is_some_and(Hook::take) {
                kind.announced = kind.announced.wrapping_add(1);
                kind.take_wakers(wakers);
            }
        }
",
        to: "        for kind in &mut state.kinds {
            if kind.hook.as_ref().is_some_and(Hook::take) {
                kind.announced = kind.announced.wrapping_add(1);
                kind.take_wakers(wakers);
            }
        }
        if let Some(source) = &state.source {
            source.drain();
        }
",
        tests: &[Model(
            "driver::signals_loom::loom_two_signals_are_announced_by_this_turn_or_the_next",
        )],
    },
    Mutation {
        row: "-",
        guard: "a byte without a mark is no signal: a forked process wrote it",
        file: "crates/whippet/src/driver/signals.rs",
        from: "kind.hook.as_ref().is_some_and(Hook::take)",
        to: "kind.hook.is_some()",
        tests: &[File("signals", "a_signal_of_a_forked_process_is_not_its_parents")],
    },
    Mutation {
        row: "-",
        guard: "a new listener does not receive signals from before it",
        file: "crates/whippet/src/driver/signals.rs",
        from: "heard: kind.announced }",
        to: "heard: kind.announced.wrapping_sub(1) }",
        tests: &[File("signals", "one_listener_kept_across_turns_loses_none")],
    },
    Mutation {
        row: "-",
        guard: "a signal that was not announced yet is received by a new listener",
        file: "crates/whippet/src/driver/signals.rs",
        from: "        let key = kind.listeners.insert(None);
",
        to: "        let key = kind.listeners.insert(None);
        kind.hook.as_ref().map(Hook::take);
",
        tests: &[File("signals", "a_new_ctrl_c_hears_what_was_not_announced_before_it")],
    },
    Mutation {
        row: "-",
        guard: "shutdown wakes tasks that wait for a signal",
        file: "crates/whippet/src/driver/signals.rs",
        from: "        state.kinds.iter_mut().for_each(|kind| kind.take_wakers(&mut wakers));
",
        to: "",
        tests: &[File("signals", "the_end_of_a_runtime_ends_the_wait_for_its_signals")],
    },
    Mutation {
        row: "-",
        guard: "a signal that must not be caught is an error",
        file: "crates/whippet/src/sys/signal/handled.rs",
        from: "        if FORBIDDEN.contains(&signal) {
            return Err(io::Error::other(format!(\"signal {signal} must not be caught\")));
        }
",
        to: "",
        tests: &[File("signals", "a_signal_that_no_program_may_catch_is_an_error")],
    },
];
