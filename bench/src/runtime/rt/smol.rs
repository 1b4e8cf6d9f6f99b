//! smol by the names that the workloads use, with the crates that its users take for what it lacks: async-channel,
//! async-lock and async-io come with it; async-broadcast and event-listener beside it. Where it has no oneshot, a channel of
//! capacity 1 takes its place.

pub(crate) use smol::future::yield_now;
pub(crate) use smol::io::{AsyncReadExt, AsyncWriteExt};
pub(crate) use smol::lock::{Mutex, Semaphore, SemaphoreGuard};
pub(crate) use smol::net::{TcpListener, TcpStream};

use smol::future::FutureExt as _;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// smol's executor is a static; its threads are as many as `SMOL_THREADS` says.
#[derive(Debug)]
pub(crate) struct Runtime;

/// The executor; `main` has set `SMOL_THREADS`.
pub(crate) fn start(_workers: usize) -> Runtime {
    Runtime
}

impl Runtime {
    /// Waits for a future on this thread.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        smol::block_on(future)
    }
}

/// A handle of a task.
pub(crate) type Task<T> = smol::Task<T>;

/// Spawns a task that is not waited for.
#[inline]
pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    smol::spawn(future).detach();
}

/// Spawns a task from outside of the runtime.
#[inline]
pub(crate) fn spawn_on(_runtime: &Runtime, future: impl Future<Output = ()> + Send + 'static) {
    smol::spawn(future).detach();
}

/// Spawns a task to be waited for.
#[inline]
pub(crate) fn spawn_joined<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> Task<T> {
    smol::spawn(future)
}

/// The output of a task.
#[inline]
pub(crate) async fn join<T>(task: Task<T>) -> T {
    task.await
}

/// Bounded channels.
pub(crate) mod mpsc {
    use super::{Receiver, Sender};

    /// A channel of this capacity.
    pub(crate) fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = smol::channel::bounded(capacity);
        (sender, Receiver(receiver))
    }

    /// A channel without a bound.
    pub(crate) fn unbounded_channel<T>() -> (UnboundedSender<T>, Receiver<T>) {
        let (sender, receiver) = smol::channel::unbounded();
        (UnboundedSender(sender), Receiver(receiver))
    }

    /// The sending end of a channel without a bound.
    #[derive(Clone, Debug)]
    pub(crate) struct UnboundedSender<T>(smol::channel::Sender<T>);

    impl<T> UnboundedSender<T> {
        /// Sends a value.
        #[inline]
        pub(crate) fn send(&self, value: T) -> Result<(), smol::channel::TrySendError<T>> {
            self.0.try_send(value)
        }
    }
}

/// The sending end of a channel.
pub(crate) type Sender<T> = smol::channel::Sender<T>;

/// The receiving end of a channel.
#[derive(Debug)]
pub(crate) struct Receiver<T>(smol::channel::Receiver<T>);

impl<T> Receiver<T> {
    /// The next value.
    #[inline]
    pub(crate) async fn recv(&mut self) -> Option<T> {
        self.0.recv().await.ok()
    }
}

/// Channels for one value.
pub(crate) mod oneshot {
    /// The sending end.
    #[derive(Debug)]
    pub(crate) struct Sender<T>(smol::channel::Sender<T>);
    /// The receiving end.
    #[derive(Debug)]
    pub(crate) struct Receiver<T>(pub(super) smol::channel::Receiver<T>);

    /// A channel for one value.
    #[inline]
    pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = smol::channel::bounded(1);
        (Sender(sender), Receiver(receiver))
    }

    impl<T> Sender<T> {
        /// Sends the value.
        #[inline]
        pub(crate) fn send(self, value: T) -> Result<(), T> {
            self.0.try_send(value).map_err(smol::channel::TrySendError::into_inner)
        }
    }
}

/// The value of a oneshot.
#[inline]
pub(crate) async fn receive<T>(receiver: oneshot::Receiver<T>) -> T {
    receiver.0.recv().await.expect("the sender sends")
}

/// Channels in which every receiver gets every value.
pub(crate) mod broadcast {
    pub(crate) use async_broadcast::Receiver;

    /// The sending end.
    #[derive(Debug)]
    pub(crate) struct Sender<T>(pub(super) async_broadcast::Sender<T>);

    /// A channel of this capacity.
    pub(crate) fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = async_broadcast::broadcast(capacity);
        (Sender(sender), receiver)
    }

    impl<T> Sender<T> {
        /// One more receiver.
        pub(crate) fn subscribe(&self) -> Receiver<T> {
            self.0.new_receiver()
        }
    }
}

/// The next value of a broadcast.
#[inline]
pub(crate) async fn recv_broadcast<T: Clone>(receiver: &mut broadcast::Receiver<T>) -> Option<T> {
    receiver.recv_direct().await.ok()
}

/// Sends a value to all receivers.
#[inline]
pub(crate) async fn send_broadcast<T: Clone>(sender: &broadcast::Sender<T>, value: T) {
    assert!(sender.0.broadcast_direct(value).await.is_ok(), "there is a receiver");
}

/// Wakes tasks that wait.
#[derive(Debug, Default)]
pub(crate) struct Notify(event_listener::Event);

impl Notify {
    /// A notification without waiters.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A wait that begins with this call.
    #[inline]
    pub(crate) fn notified(&self) -> event_listener::EventListener {
        self.0.listen()
    }

    /// Wakes all waiters.
    #[inline]
    pub(crate) fn notify_waiters(&self) {
        self.0.notify(usize::MAX);
    }
}

/// A permit.
#[inline]
pub(crate) async fn acquire(semaphore: &Semaphore) -> SemaphoreGuard<'_> {
    semaphore.acquire().await
}

/// A timer.
pub(crate) type Sleep = smol::Timer;

/// Waits for so long.
#[inline]
pub(crate) fn sleep(duration: Duration) -> Sleep {
    smol::Timer::after(duration)
}

/// A future, or nothing when it takes longer.
#[inline]
pub(crate) async fn timeout<T>(
    duration: Duration,
    future: impl Future<Output = T>,
) -> Result<T, ()> {
    let late = async {
        smol::Timer::after(duration).await;
        Err(())
    };
    async { Ok(future.await) }.or(late).await
}

/// Sets a timer again.
#[inline]
pub(crate) fn reset_timer(timer: Pin<&mut Sleep>, after: Duration) {
    timer.get_mut().set_after(after);
}
