//! What programs see of a runtime: names, metrics, errors and panic messages.

use super::table::Mutation;
use super::table::Test::File;

/// The guards.
pub(super) const GUARDS: &[Mutation] = &[
    Mutation {
        row: "-",
        guard: "time asleep is not counted as busy",
        file: "crates/whippet/src/executor/worker.rs",
        from: "        count(&self.remote().park_unparks);
        self.begin_busy();
",
        to: "        count(&self.remote().park_unparks);
",
        tests: &[File("runtime_identity", "time_asleep_is_not_busy")],
    },
    Mutation {
        row: "-",
        guard: "a worker that never sleeps counts its busy time, too",
        file: "crates/whippet/src/executor/worker.rs",
        from: "    pub(crate) fn poll_driver(&self) {
        self.count_busy();
",
        to: "    pub(crate) fn poll_driver(&self) {
",
        tests: &[File("runtime_identity", "a_worker_that_never_sleeps_is_seen_to_be_busy")],
    },
    Mutation {
        row: "-",
        guard: "a worker that nobody drives is not busy",
        file: "crates/whippet/src/executor/context.rs",
        from: "    worker.begin_busy();
",
        to: "",
        tests: &[File("runtime_identity", "no_time_between_two_calls_of_block_on_is_busy")],
    },
    Mutation {
        row: "-",
        guard: "the error of an ended runtime is told by its type, not by its words",
        file: "crates/whippet/src/shutdown_error.rs",
        from: "inner.is::<ShutdownError>()",
        to: "inner.to_string() == ShutdownError.to_string()",
        tests: &[File("runtime_identity", "other_errors_do_not_say_that_a_runtime_has_ended")],
    },
    Mutation {
        row: "-",
        guard: "a look-up that its runtime has cancelled says that the runtime has ended",
        file: "crates/whippet/src/task/spawn.rs",
        from: "    if error.is_cancelled() { shutdown_error() } else { error.into() }
",
        to: "    error.into()
",
        tests: &[File("runtime_identity", "calls_on_an_ended_runtime_report_that_it_has_ended")],
    },
    Mutation {
        row: "-",
        guard: "a call that finds no runtime says which call",
        file: "crates/whippet/src/runtime/handle.rs",
        from: "panic!(\"`{call}`: {error}\")",
        to: "panic!(\"`Handle::current`: {error} {call:.0}\")",
        tests: &[File("no_runtime", "every_call_names_what_is_missing")],
    },
    Mutation {
        row: "-",
        guard: "a blocking call inside of a task names the call, and the way out",
        file: "crates/whippet/src/sync/blocking.rs",
        from: "        \"`{call}`: this thread polls",
        to: "        \"{call} this thread polls",
        tests: &[File("panic_messages", "of_blocking_calls_in_a_task")],
    },
    Mutation {
        row: "-",
        guard: "two buffers that become one stream keep what they hold",
        file: "crates/whippet/src/io/buf_reader.rs",
        from: "        (BufReader { inner, buffer, start, end }, former)
",
        to: "        let _ = start;
        (BufReader { inner, buffer, start: end, end }, former)
",
        tests: &[File("conversions", "two_buffers_become_one_stream_and_keep_what_they_hold")],
    },
];
