//! Channels, locks and signals between tasks.
//!
//! | to | take |
//! |---|---|
//! | hand many values to one task | [`mpsc`] |

pub mod mpsc;

mod blocking;
mod caller;
mod permits;
mod wait_list;

#[cfg(all(test, not(loom)))]
mod test_support;
