//! The fuzz target `chinwag::fuzzing::decoder`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chinwag::fuzzing::decoder(input));
