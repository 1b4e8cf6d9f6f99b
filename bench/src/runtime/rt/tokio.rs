//! tokio by the names that the workloads use.

pub(crate) use tokio::io::{AsyncReadExt, AsyncWriteExt};
pub(crate) use tokio::net::{TcpListener, TcpStream};
pub(crate) use tokio::runtime::Runtime;
pub(crate) use tokio::sync::mpsc::{self, Receiver, Sender};
pub(crate) use tokio::sync::{Mutex, Notify, broadcast, oneshot, watch};
pub(crate) use tokio::task::yield_now;
pub(crate) use tokio::time::Sleep;
pub(crate) use tokio::time::{sleep, timeout};

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A runtime of so many workers.
pub(crate) fn start(workers: usize) -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(workers).enable_all().build().expect("a runtime starts")
}

super::like_tokio!(tokio);
