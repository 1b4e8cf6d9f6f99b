//! The workloads on tokio.

use super::rt::tokio as rt;

#[path = "workloads/memory.rs"]
mod memory;
#[path = "workloads/messages.rs"]
mod messages;
#[path = "workloads/network.rs"]
mod network;
#[path = "workloads/sharing.rs"]
mod sharing;
#[path = "workloads/support.rs"]
mod support;
#[path = "workloads/tasks.rs"]
mod tasks;
#[path = "workloads/timers.rs"]
mod timers;
#[path = "workloads/tokio_only.rs"]
mod tokio_only;

/// One sample of a workload, in the unit of its case; `None`: tokio has nothing to do it with.
pub(super) fn sample(name: &str, size: super::size::Size) -> Option<f64> {
    let all = [memory::ALL, messages::ALL, network::ALL, sharing::ALL, tasks::ALL, timers::ALL];
    let all = all.concat().into_iter().chain(tokio_only::ALL.iter().copied());
    let (_, work) = all.into_iter().find(|(known, _)| *known == name)?;
    Some(work(&rt::start(super::WORKERS), size))
}
