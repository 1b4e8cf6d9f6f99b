//! TLS on whippet needs no adapter: see `examples/tls.rs`.
#![forbid(unsafe_code)]
