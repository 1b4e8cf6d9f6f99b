//! The servers that chinwag is compared with: the same protocol (`nick: text` to all others), written for this.

pub mod epoll_floor;
pub mod tokio_plain;
pub mod tokio_tuned;
