//! WebSockets on whippet need no adapter: see `examples/websocket.rs`.
#![forbid(unsafe_code)]
