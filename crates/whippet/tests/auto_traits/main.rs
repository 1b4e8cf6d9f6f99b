//! Which auto traits each public type and each public future has, for every kind of `T`: decided when this is compiled.
//!
//! A wrong line does not compile: "`RwLockWriteGuard<'_, NotSync>`, `dyn Send`: the table says `False`, the compiler `True`".
//! What is expected is what tokio has; docs/FROM-TOKIO.md lists where whippet's have more. `cargo xtask tidy`
//! finds a public type or future that is in no table.

mod channels;
mod check;
mod fd;
mod io;
mod locks;
mod net;
mod runtime;
mod sync;
mod tasks;

#[test]
fn auto_traits_are_those_of_the_tables() {
    // It was compiled.
}
