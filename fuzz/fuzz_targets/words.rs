//! The fuzz target `chinwag::fuzzing::words`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chinwag::fuzzing::words(input));
