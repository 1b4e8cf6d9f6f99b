//! The fuzzer's way into `chinwag_fuzz::proxy`, where what must hold is said.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chinwag_fuzz::proxy::check(input));
