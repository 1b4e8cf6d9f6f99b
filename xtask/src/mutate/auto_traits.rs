//! Row 33, auto traits, and what panics and arithmetic require of callers.

use super::table::Mutation;
use super::table::Test::{File, Model, Table, Unit};

/// The guards.
pub(super) const GUARDS: &[Mutation] = &[
    Mutation {
        row: "33",
        guard: "a writer's guard is sent only where the reader's that it may become is",
        file: "crates/whippet/src/sync/lock/lock_inner.rs",
        from: "    downgrades_to: PhantomData<ReadAccess<H, U>>,
",
        to: "    downgrades_to: PhantomData<()>,
",
        tests: &[Table("auto_traits")],
    },
    Mutation {
        row: "-",
        guard: "`downgrade_map` calls its closure before it lets readers in",
        file: "crates/whippet/src/sync/lock/lock_inner.rs",
        from: "        let part = NonNull::from(choose(self.get()));
        self.share(part)
",
        to: "        let mut this = self;
        this.access.held.release_all_but_one();
        let part = NonNull::from(choose(this.get()));
        ReadAccess { part, held: this.access.held }
",
        tests: &[Unit("sync::lock::tests::readers_are_let_in_after_the_closure_of_downgrade_map")],
    },
    Mutation {
        row: "33",
        guard: "a receiver is shared between threads where its messages may be sent",
        file: "crates/whippet/src/sync/mpsc/queue.rs",
        from: "unsafe impl<T: Send> Sync for Queue<T> {}
",
        to: "unsafe impl<T: Send + Sync> Sync for Queue<T> {}
",
        tests: &[Table("auto_traits")],
    },
    Mutation {
        row: "33",
        guard: "a runtime is unwind-safe whatever its hooks are made of",
        file: "crates/whippet/src/executor/shared.rs",
        from: "impl RefUnwindSafe for Shared {}
",
        to: "",
        tests: &[Table("auto_traits")],
    },
    Mutation {
        row: "31",
        guard: "permits are added to the number that they were compared with",
        file: "crates/whippet/src/sync/semaphore/raw.rs",
        from: "            match self.word.compare_exchange_weak(word, sum * PERMIT, AcqRel, Relaxed) {
                Ok(_) => return true,
                Err(found) => word = found,
            }
",
        to: "            self.word.fetch_add((sum - word / PERMIT) * PERMIT, AcqRel);
            word = 0;
            return word == 0;
",
        tests: &[Model(
            "sync::semaphore::loom_tests::loom_two_that_add_permits_do_not_pass_the_most",
        )],
    },
    Mutation {
        row: "-",
        guard: "permits that come back never exceed the maximum",
        file: "crates/whippet/src/sync/semaphore/raw.rs",
        from: ".saturating_add(returned).min(MAX_PERMITS) * PERMIT",
        to: ".saturating_add(returned) * PERMIT",
        tests: &[Unit("sync::semaphore::tests::permits_that_come_back_do_not_pass_the_most")],
    },
    Mutation {
        row: "-",
        guard: "merged permits are counted in a word of the machine",
        file: "crates/whippet/src/sync/semaphore/permit.rs",
        from: "        self.count = self.count.saturating_add(std::mem::take(&mut other.count));
",
        to: "        self.count = (self.count as u32 + std::mem::take(&mut other.count) as u32) as usize;
",
        tests: &[Unit("sync::semaphore::tests::merged_permits_may_be_more_than_a_u32_holds")],
    },
    Mutation {
        row: "-",
        guard: "a rejected capacity names the caller",
        file: "crates/whippet/src/sync/mpsc/mod.rs",
        from: "#[track_caller]
pub fn channel<T>",
        to: "pub fn channel<T>",
        tests: &[File("caller_faults", "panic_locations::counts_and_sizes_that_are_refused_name_the_caller")],
    },
    Mutation {
        row: "-",
        guard: "a set that spawns what an iterator gives names its caller",
        file: "crates/whippet/src/task/join_set/mod.rs",
        from: "        for future in futures {
            self.spawn(future);
        }
",
        to: "        futures.into_iter().for_each(|future| drop(self.spawn(future)));
",
        tests: &[File("caller_faults", "panic_locations::calls_without_a_runtime_name_the_caller")],
    },
];
