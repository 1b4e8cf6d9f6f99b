//! Tests of the API: polled by hand on a driver of their own, and in whole runtimes.

mod by_hand;
mod in_runtime;
