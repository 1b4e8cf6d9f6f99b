//! whippet by the names that the workloads use.

pub(crate) use whippet::io::{AsyncReadExt, AsyncWriteExt};
pub(crate) use whippet::net::{TcpListener, TcpStream};
pub(crate) use whippet::runtime::Runtime;
pub(crate) use whippet::sync::mpsc::{self, Receiver, Sender};
pub(crate) use whippet::sync::{Mutex, Notify, broadcast, oneshot, watch};
pub(crate) use whippet::task::yield_now;
pub(crate) use whippet::time::Sleep;
pub(crate) use whippet::time::{sleep, timeout};

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A runtime of so many workers.
pub(crate) fn start(workers: usize) -> Runtime {
    let mut builder = whippet::runtime::Builder::new_multi_thread();
    builder.worker_threads(workers).build().expect("a runtime starts")
}

super::like_tokio!(whippet);
