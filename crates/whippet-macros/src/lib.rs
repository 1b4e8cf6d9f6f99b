//! The attributes `#[whippet::main]` and `#[whippet::test]`.
#![forbid(unsafe_code)]
