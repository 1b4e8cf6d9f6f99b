//! Memory that the allocator keeps after a peak.

use crate::loom::{Mutex, MutexGuard};
use crate::runtime::Handle;
use crate::sys::malloc::{self, Kept};
use crate::task::{spawn, yield_now};
use crate::time::sleep;
use std::sync::Arc;
use std::thread::{self, ThreadId};
use std::time::Duration;

/// Gives memory back to the system that the C library's allocator keeps although nobody uses it. To everybody else it
/// is as if nothing had happened: no value moves.
///
/// After a storm of connections GNU's allocator keeps most of what it took, for the next one. A server that wants the
/// machine to have it calls this once the storm has gone: from each worker it takes what that thread keeps for
/// itself (some 10 µs each), and then gives all whole pages back, on a thread for blocking calls. That takes some
/// milliseconds for some ten megabytes, in which other allocations may have to wait, so it is nothing to do after each
/// small drain. A worker that is busy for long is left out.
///
/// With another C library it does nothing, and with another allocator nothing of use.
///
/// # Cancel safety
/// What is done is done; the rest is not.
///
/// # Panics
/// Outside of a task of a runtime.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// whippet::memory::trim().await;
/// # });
/// ```
#[doc(alias = "malloc_trim")]
pub async fn trim() {
    if !malloc::GIVES_BACK {
        return;
    }
    let runtime = Handle::of_call("memory::trim");
    let workers = runtime.metrics().num_workers();
    let pass = Arc::new(TrimPass { workers, visited: Mutex::default() });
    let visits: Vec<_> = (1..workers).map(|_| spawn(visit(Arc::clone(&pass)))).collect();
    visit(Arc::clone(&pass)).await;
    for visit in visits {
        // It fails only where the runtime ends.
        let _ = visit.await;
    }
    let kept = std::mem::take(&mut *pass.visited());
    let kept = kept.into_iter().map(|(_, kept)| kept).collect();
    let _ = runtime.spawn_own_blocking(move || malloc::give_back(kept)).await;
}

/// Turns that a visitor takes in a row in the hope that an idle worker wakes up and steals one of its kind: as long as
/// that takes.
const TURNS: usize = 500;

/// How often a visitor tries, before it gives a worker up that is busy for long.
const TRIES: usize = 20;

/// How long it sleeps in between. It may wake up on any worker.
const PAUSE: Duration = Duration::from_millis(1);

/// One pass over all workers.
#[derive(Debug)]
struct TrimPass {
    /// How many there are.
    workers: usize,
    /// Those that were visited, and what they kept.
    visited: Mutex<Vec<(ThreadId, Kept)>>,
}

impl TrimPass {
    /// Those that were visited.
    fn visited(&self) -> MutexGuard<'_, Vec<(ThreadId, Kept)>> {
        self.visited.lock()
    }

    /// Takes what the worker of this thread keeps, if it was not visited before. Returns whether all were visited.
    fn visit_worker(&self) -> bool {
        let thread = thread::current().id();
        if !self.visited().iter().any(|(other, _)| *other == thread) {
            let kept = malloc::take_kept();
            self.visited().push((thread, kept));
        }
        self.visited().len() >= self.workers
    }
}

/// Takes turns until all workers were visited: where there are as many of these as workers, those who have nothing to do
/// come and steal one.
async fn visit(pass: Arc<TrimPass>) {
    for _ in 0..TRIES {
        for _ in 0..TURNS {
            if pass.visit_worker() {
                return;
            }
            yield_now().await;
        }
        sleep(PAUSE).await;
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::{TrimPass, visit};
    use crate::loom::Mutex;
    use crate::runtime::Builder;
    use std::sync::Arc;
    use std::time::Duration;

    /// How long the machine may be busy.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// Pages of this process in memory, of 4 KiB.
    fn resident() -> usize {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap();
        text.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    #[test]
    fn every_idle_worker_is_visited() {
        let workers = 4;
        let runtime = Builder::new_multi_thread().worker_threads(workers).enable_all().build();
        runtime.unwrap().block_on(async move {
            let pass = || async {
                let pass = Arc::new(TrimPass { workers, visited: Mutex::default() });
                let visits: Vec<_> =
                    (0..workers).map(|_| crate::spawn(visit(Arc::clone(&pass)))).collect();
                for visit in visits {
                    visit.await.unwrap();
                }
                pass.visited().len()
            };
            // A machine that is busy with other tests may keep a worker from coming in time.
            let began = crate::time::Instant::now();
            while pass().await < workers {
                assert!(began.elapsed() < PATIENCE, "some are never visited");
            }
        });
    }

    #[test]
    #[cfg(target_env = "gnu")]
    fn what_lies_free_between_what_is_used_goes_back_to_the_system() {
        let blocks = 64 * 1024;
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(async move {
            let storm = crate::spawn(async move {
                let mut storm: Vec<_> = (0..blocks).map(|_| vec![1_u8; 1024]).collect();
                // One in a thousand lives on, so that the allocator cannot just cut the end off.
                let mut number = 0;
                storm.retain(|_| {
                    number += 1;
                    number % 1000 == 0
                });
                storm
            });
            let left = storm.await.unwrap();
            let before = resident();
            super::trim().await;
            let fallen = before.saturating_sub(resident());
            // 16,384 pages, were it not for other tests that take some meanwhile.
            assert!(fallen > 10_000, "{before} pages before, {fallen} less after");
            drop(left);
        });
    }

    #[test]
    fn a_runtime_of_one_thread_can_do_it_too() {
        Builder::new_current_thread().enable_all().build().unwrap().block_on(super::trim());
    }
}
