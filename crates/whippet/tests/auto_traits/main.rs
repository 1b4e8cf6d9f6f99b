//! Which auto traits each public type and each public future has, for every kind of `T`: decided when this is compiled.
//!
//! A wrong line does not compile: "`RwLockWriteGuard<'_, NotSync>`, `dyn Send`: the table says `False`, the compiler `True`".

mod check;
mod channels;
mod fd;
mod locks;

#[test]
fn auto_traits_are_those_of_the_tables() {
    // It was compiled.
}
