//! Which auto traits each public type and each public future has, for every kind of `T`: decided when this is compiled.
//!
//! A wrong line does not compile: "`RwLockWriteGuard<'_, NotSync>`, `dyn Send`: the table says `False`, the compiler `True`".

mod channels;
mod check;
mod fd;
mod locks;
mod runtime;

#[test]
fn auto_traits_are_those_of_the_tables() {
    // It was compiled.
}
