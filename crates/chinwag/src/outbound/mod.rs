//! The send queue of one client, from the broker to the task that writes to the socket: bounded, and its bytes counted as long
//! as anything holds them.

pub mod backpressure;
pub(crate) mod client_id;
pub mod frame;
pub mod latency;
pub mod queue;
pub mod side_message;
