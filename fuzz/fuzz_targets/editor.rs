//! The fuzz target `chinwag::fuzzing::editor`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chinwag::fuzzing::editor(input));
