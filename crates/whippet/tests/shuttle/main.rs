//! Whole runtimes under schedules that shuttle draws: workers, wakes, steals, timers, blocking calls, `block_on` and the end.
//!
//! Built under `--cfg shuttle` alone (`cargo xtask shuttle`). Each test runs many times, with another order of all steps of all
//! threads each time; the seed decides which. A task or a wake that is lost shows as a deadlock, which shuttle reports; a
//! future that is never dropped, or twice, as a count; a loop without an end as too many steps.
#![cfg(shuttle)]

mod blocking;
mod scheduling;
mod shutdown;
mod support;
mod sync;
mod timers;
