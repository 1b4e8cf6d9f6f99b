//! Row 33, auto traits, and what panics and arithmetic ask of callers.

use super::table::Mutation;
use super::table::Test::{Table, Unit};

/// The guards.
pub(super) const GUARDS: &[Mutation] = &[
    Mutation {
        row: "33",
        guard: "a writer's guard is sent only where the reader's that it may become is",
        file: "crates/whippet/src/sync/lock/guarded.rs",
        from: "    becomes: PhantomData<View<H, U>>,
",
        to: "    becomes: PhantomData<()>,
",
        tests: &[Table("auto_traits")],
    },
    Mutation {
        row: "-",
        guard: "`downgrade_map` calls its closure before it lets readers in",
        file: "crates/whippet/src/sync/lock/guarded.rs",
        from: "        let part = NonNull::from(choose(self.get()));
        self.share(part)
",
        to: "        let mut this = self;
        this.edit.hold.keep_one();
        let part = NonNull::from(choose(this.get()));
        View { part, hold: this.edit.hold }
",
        tests: &[Unit("sync::lock::tests::readers_are_let_in_after_the_closure_of_downgrade_map")],
    },
];
