//! The fuzz target `chinwag::fuzzing::proxy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chinwag::fuzzing::proxy(input));
