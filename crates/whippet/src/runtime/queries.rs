//! What can be asked without a handle.

use crate::executor::context;
use crate::executor::worker::Worker;
use crate::shutdown_error::is_shutdown_error;
use std::io;

/// Whether an error says that the runtime has ended to which a socket, a pipe, an [`AsyncFd`](crate::io::unix::AsyncFd) or a
/// look-up of a host belongs: then nothing waits for it any more, and it is not the peer that failed.
///
/// # Examples
/// ```
/// use whippet::net::UdpSocket;
/// use whippet::runtime::{Builder, is_rt_shutdown_err};
///
/// let ended = Builder::new_current_thread().build()?;
/// let socket = ended.block_on(UdpSocket::bind("127.0.0.1:0"))?;
/// drop(ended);
/// let other = Builder::new_current_thread().build()?;
/// let error = other.block_on(socket.recv(&mut [0; 8])).unwrap_err();
/// assert!(is_rt_shutdown_err(&error));
/// # std::io::Result::Ok(())
/// ```
#[must_use]
pub fn is_rt_shutdown_err(err: &io::Error) -> bool {
    is_shutdown_error(err)
}

/// The number of the worker that calls, as [`RuntimeMetrics`](super::RuntimeMetrics) counts them. None elsewhere: in a
/// `block_on` beside worker threads, in blocking calls (of `block_in_place`, too), on a thread that stands in for a worker
/// which blocks in place, and on a thread of no runtime. It may be another after each `await`.
///
/// # Examples
/// ```
/// use whippet::runtime::{Builder, worker_index};
///
/// let runtime = Builder::new_multi_thread().worker_threads(2).build()?;
/// let index = runtime.block_on(runtime.spawn(async { worker_index() })).unwrap();
/// assert!(index.is_some_and(|index| index < runtime.metrics().num_workers()));
/// assert_eq!(worker_index(), None);
/// # std::io::Result::Ok(())
/// ```
#[must_use]
pub fn worker_index() -> Option<usize> {
    context::with_worker(|worker| worker.map(Worker::index))
}
