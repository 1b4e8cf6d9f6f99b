//! The workloads on smol.

use super::rt::smol as rt;

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

/// One sample of a workload, in the unit of its case; `None`: smol has nothing to do it with.
pub(super) fn sample(name: &str, size: super::size::Size) -> Option<f64> {
    let all = [memory::ALL, messages::ALL, network::ALL, sharing::ALL, tasks::ALL, timers::ALL];
    let (_, work) = all.concat().into_iter().find(|(known, _)| *known == name)?;
    Some(work(&rt::start(super::WORKERS), size))
}
