//! The fuzz target `chinwag::fuzzing::telnet`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chinwag::fuzzing::telnet(input));
