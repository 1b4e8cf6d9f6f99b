//! The adapters: each runtime by the same names, tokio's where tokio has the thing. The workloads use these alone.

pub(super) mod smol;
pub(super) mod tokio;
pub(super) mod whippet;

/// What two runtimes with tokio's names need beside their names: the calls in which smol differs.
macro_rules! like_tokio {
    ($runtime:ident) => {
        /// A handle of a task.
        pub(crate) type Task<T> = $runtime::task::JoinHandle<T>;

        /// Spawns a task that is not waited for.
        #[inline]
        pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
            drop($runtime::spawn(future));
        }

        /// Spawns a task from outside of the runtime.
        #[inline]
        pub(crate) fn spawn_on(
            runtime: &Runtime,
            future: impl Future<Output = ()> + Send + 'static,
        ) {
            drop(runtime.spawn(future));
        }

        /// Spawns a task to be waited for.
        #[inline]
        pub(crate) fn spawn_joined<T: Send + 'static>(
            future: impl Future<Output = T> + Send + 'static,
        ) -> Task<T> {
            $runtime::spawn(future)
        }

        /// The output of a task.
        #[inline]
        pub(crate) async fn join<T>(task: Task<T>) -> T {
            task.await.expect("a task does not panic")
        }

        /// The value of a oneshot.
        #[inline]
        pub(crate) async fn receive<T>(receiver: oneshot::Receiver<T>) -> T {
            receiver.await.expect("the sender sends")
        }

        /// The next value of a broadcast.
        #[inline]
        pub(crate) async fn recv_broadcast<T: Clone>(
            receiver: &mut broadcast::Receiver<T>,
        ) -> Option<T> {
            receiver.recv().await.ok()
        }

        /// Sends a value to all receivers.
        #[inline]
        pub(crate) async fn send_broadcast<T>(sender: &broadcast::Sender<T>, value: T) {
            assert!(sender.send(value).is_ok(), "there is a receiver");
        }

        /// Permits.
        pub(crate) type Semaphore = $runtime::sync::Semaphore;

        /// A permit.
        #[inline]
        pub(crate) async fn acquire(semaphore: &Semaphore) -> $runtime::sync::SemaphorePermit<'_> {
            semaphore.acquire().await.expect("it is never closed")
        }

        /// Sets a timer again.
        #[inline]
        pub(crate) fn reset_timer(timer: Pin<&mut Sleep>, after: Duration) {
            timer.reset($runtime::time::Instant::now() + after);
        }
    };
}
use like_tokio;
