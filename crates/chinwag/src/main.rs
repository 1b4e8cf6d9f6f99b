//! The program `chinwag`.
#![forbid(unsafe_code)]

fn main() {}
