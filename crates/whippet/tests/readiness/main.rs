//! Readiness that several tasks share: guards, polls through `&self`, short reads, and announcements that no call can use.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panics as the test does")]

mod guards;
mod shared_polls;
mod short_reads;
mod unusable;

use std::time::Duration;
use whippet::runtime::Builder;
use whippet::time::timeout;

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

/// Runs a test on two workers.
fn block_on<F: Future<Output = ()>>(test: F) {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(within(test));
}

/// Waits for an event, which must come.
async fn within<F: Future>(future: F) -> F::Output {
    timeout(DEADLINE, future).await.expect("the event came in time")
}
