//! What must hold for any bytes of strangers: one function a fuzz target, which panics where something does not hold. Built for
//! the fuzzer (`--cfg fuzzing`) and for tests.
//!
//! The references in the modules are simple and slow, look at all of the input at once and have no state to lose. The fuzzer
//! calls these functions millions of times; a test calls them for every input in `fuzz/corpus/`, so that `cargo test` holds what
//! the fuzzer has reached.

#[cfg(test)]
mod corpus;
mod decoder;
mod editor;
mod proxy;
mod script;
mod telnet;
mod words;

/// The decoder of lines.
pub fn decoder(input: &[u8]) {
    decoder::check(input);
}

/// The line editor.
pub fn editor(input: &[u8]) {
    editor::check(input);
}

/// The reader of PROXY headers.
pub fn proxy(input: &[u8]) {
    proxy::check(input);
}

/// The parser of telnet.
pub fn telnet(input: &[u8]) {
    telnet::check(input);
}

/// Commands, names and messages.
pub fn words(input: &[u8]) {
    words::check(input);
}
