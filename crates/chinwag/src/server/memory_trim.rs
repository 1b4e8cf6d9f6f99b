//! After a crowd has gone: the memory that the allocator keeps for the next one goes back to the system.
//!
//! Giving back takes some milliseconds, in which whoever allocates may have to wait. So it is done once an ebb has come
//! to its end, and not before half of the people have gone since the last time: a storm costs one of these.

use crate::limits::{TRIM_MAX_CHECKS, TRIM_QUIET};
use crate::server::connection_limiter::Places;
use std::sync::Arc;
use whippet::memory;
use whippet::time::sleep;

/// Gives memory back after each ebb. Ends when it is aborted.
pub(crate) async fn run(places: Arc<Places>) {
    loop {
        places.ebb().await;
        end_of_ebb(&places).await;
        memory::trim().await;
        places.next_tide();
    }
}

/// Waits until nobody leaves any more, or has left for long enough.
async fn end_of_ebb(places: &Places) {
    let mut last = places.taken();
    for _ in 0..TRIM_MAX_CHECKS {
        sleep(TRIM_QUIET).await;
        let now = places.taken();
        if now >= last {
            return;
        }
        last = now;
    }
}
