//! Tasks by key, and tasks that stay on a thread.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::io;
use whippet::runtime::LocalRuntime;
use whippet::sync::{mpsc, oneshot};
use whippet::task::{AbortHandle, Id, JoinError, JoinSet, TaskTracker};

/// As `task::JoinMap` of tokio-util: a set of tasks with a key each.
#[derive(Debug)]
pub struct JoinMap<K, V> {
    tasks: JoinSet<V>,
    aborts: HashMap<K, AbortHandle>,
    keys: HashMap<Id, K>,
}

impl<K, V> Default for JoinMap<K, V> {
    fn default() -> Self {
        Self { tasks: JoinSet::new(), aborts: HashMap::new(), keys: HashMap::new() }
    }
}

impl<K: Hash + Eq + Clone, V: Send + 'static> JoinMap<K, V> {
    /// Spawns a task. Another one of this key is aborted, and its end is not told.
    pub fn spawn(&mut self, key: K, future: impl Future<Output = V> + Send + 'static) {
        let abort = self.tasks.spawn(future);
        self.keys.insert(abort.id(), key.clone());
        if let Some(former) = self.aborts.insert(key, abort) {
            former.abort();
            self.keys.remove(&former.id());
        }
    }

    /// Aborts the task of a key. False: there is none.
    pub fn abort(&self, key: &K) -> bool {
        self.aborts.get(key).map(AbortHandle::abort).is_some()
    }

    /// The next task that ends, with its key; none when there are no more.
    pub async fn join_next(&mut self) -> Option<(K, Result<V, JoinError>)> {
        loop {
            let (id, joined) = match self.tasks.join_next_with_id().await? {
                Ok((id, value)) => (id, Ok(value)),
                Err(error) => (error.id(), Err(error)),
            };
            if let Some(key) = self.keys.remove(&id) {
                self.aborts.remove(&key);
                return Some((key, joined));
            }
        }
    }
}

/// What a thread is given to do: begins a task there.
type Begin = Box<dyn FnOnce(&TaskTracker) + Send>;

/// As `task::LocalPoolHandle` of tokio-util: threads for tasks that are not `Send`. They end with the last clone, when their
/// tasks have ended.
#[derive(Debug, Clone)]
pub struct LocalPool {
    threads: Vec<mpsc::UnboundedSender<Begin>>,
}

impl LocalPool {
    /// So many threads, with a runtime each.
    ///
    /// # Errors
    /// No thread or descriptor left.
    pub fn new(threads: usize) -> io::Result<Self> {
        let start = |number| {
            let (sender, mut receiver) = mpsc::unbounded_channel::<Begin>();
            std::thread::Builder::new().name(format!("local-{number}")).spawn(move || {
                let runtime = LocalRuntime::new()?;
                runtime.block_on(async {
                    let tasks = TaskTracker::new();
                    while let Some(begin) = receiver.recv().await {
                        begin(&tasks);
                    }
                    tasks.close();
                    tasks.wait().await;
                });
                io::Result::Ok(())
            })?;
            Ok(sender)
        };
        Ok(Self { threads: (0..threads).map(start).collect::<io::Result<_>>()? })
    }

    /// Has a thread make a future and run it to its end. It goes on when what this gives is dropped.
    ///
    /// # Errors
    /// From what it gives: the task panicked, or its thread has ended.
    pub fn spawn_on<F>(
        &self,
        thread: usize,
        make: impl FnOnce() -> F + Send + 'static,
    ) -> oneshot::Receiver<F::Output>
    where
        F: Future<Output: Send> + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let begin = move |tasks: &TaskTracker| {
            let future = make();
            tasks.spawn_local(async move {
                let _ = sender.send(future.await);
            });
        };
        let _ = self.threads[thread % self.threads.len()].send(Box::new(begin));
        receiver
    }
}
