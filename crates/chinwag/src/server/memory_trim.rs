//! After many clients have left: the memory that the allocator keeps for the next ones goes back to the system.
//!
//! That takes some milliseconds, in which tasks that allocate may have to wait. So it is done once the number of connections is stable
//! again, and not before half of them have gone since the last time: a connect storm costs one trim.

use crate::limits::{TRIM_MAX_CHECKS, TRIM_QUIET};
use crate::server::connection_limiter::ConnectionLimiter;
use std::sync::Arc;
use whippet::memory;
use whippet::time::sleep;

/// Trims the heap each time that half of the connections have gone. Ends when it is aborted.
pub(crate) async fn run(limiter: Arc<ConnectionLimiter>) {
    loop {
        limiter.half_left().await;
        wait_until_stable(&limiter).await;
        memory::trim().await;
        limiter.reset_peak();
    }
}

/// Waits until nobody leaves any more, or has left for long enough.
async fn wait_until_stable(limiter: &ConnectionLimiter) {
    let mut last = limiter.active();
    for _ in 0..TRIM_MAX_CHECKS {
        sleep(TRIM_QUIET).await;
        let now = limiter.active();
        if now >= last {
            return;
        }
        last = now;
    }
}
