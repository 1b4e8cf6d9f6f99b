//! The servers that chinwag is measured beside: the same protocol (`nick: text` to all others), written for this.

pub mod epoll_floor;
pub mod tokio_plain;
pub mod tokio_tuned;
