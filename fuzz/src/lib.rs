//! What must hold for any bytes of strangers: one function a fuzz target, which panics where something does not hold.
//!
//! The references beside them are simple and slow, look at all of the input at once and have no state to lose. The
//! fuzzer calls these functions millions of times; `crates/chinwag/tests/corpus.rs` compiles the same file and
//! calls them for every input in `corpus/`, so that `cargo test` holds what the fuzzer has reached.

pub mod decoder;
pub mod editor;
pub mod proxy;
pub mod script;
pub mod telnet;
pub mod words;
