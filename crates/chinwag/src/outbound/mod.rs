//! The send queue of one client, from the broker to the task that writes to the socket: bounded, and its bytes counted as long
//! as anything holds them.

pub(crate) mod backpressure;
pub(crate) mod client_id;
pub(crate) mod disconnect_reason;
pub(crate) mod frame;
pub(crate) mod latency;
pub(crate) mod queue;
pub(crate) mod side_message;
