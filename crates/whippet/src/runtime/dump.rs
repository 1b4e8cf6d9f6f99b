//! What every task of a runtime is at, at one moment.

use crate::executor::shared::Shared;
use crate::executor::task::{Id, TaskInfo};
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// Every live task of a runtime, at one moment: see [`Handle::dump`](super::Handle::dump).
///
/// It is shown as a line a task, the oldest first; the name of the runtime, if it has [one](super::Builder::name), stands
/// before:
///
/// ```text
/// 2 tasks: 1 running, 0 queued, 1 waiting
/// task 1  waiting  age 12.35s  polls 3  at src/main.rs:10:5  server::accept::{{closure}}
/// task 7  running  age 0.02s  polls 1  at src/main.rs:22:9  server::client::{{closure}}
/// ```
///
/// ```
/// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
/// let _tasks = [(); 2].map(|()| runtime.spawn(std::future::pending::<()>()));
/// let shown = runtime.handle().dump().to_string();
/// assert!(shown.starts_with("2 tasks: 0 running, 2 queued, 0 waiting\n"));
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Clone)]
pub struct Dump {
    /// What the program calls the runtime.
    runtime: Option<Box<str>>,
    /// The tasks, the oldest first.
    tasks: Vec<TaskDump>,
}

/// One task, at one moment.
///
/// ```
/// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
/// let task = runtime.spawn(std::future::pending::<()>());
/// let dump = runtime.handle().dump();
/// assert!(dump.tasks()[0].to_string().starts_with(&format!("task {}  queued  age ", task.id())));
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Clone)]
pub struct TaskDump {
    /// What its own allocation tells.
    look: TaskInfo,
    /// What it is at.
    state: TaskState,
}

/// What a task is at.
///
/// ```
/// use whippet::runtime::{Handle, TaskState};
///
/// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
/// let task = runtime.spawn(async { Handle::current().dump().tasks()[0].state() });
/// assert_eq!(runtime.block_on(task).unwrap(), TaskState::Running);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskState {
    /// A worker polls it.
    Running,
    /// It was woken, and waits for its turn.
    Queued,
    /// It waits to be woken.
    Waiting,
}

impl Dump {
    /// Looks at all tasks. What happens meanwhile is seen or not.
    pub(super) fn take(shared: &Shared) -> Self {
        let looks = shared.owned.task_infos();
        let polled = shared.remotes.iter().filter_map(|remote| remote.polling.read()?.0);
        let running: Vec<Id> = polled.collect();
        let state = |look: &TaskInfo| match look.is_woken {
            false => TaskState::Waiting,
            true if running.contains(&look.id) => TaskState::Running,
            true => TaskState::Queued,
        };
        let tasks = looks.into_iter().map(|look| TaskDump { state: state(&look), look });
        let mut tasks: Vec<TaskDump> = tasks.collect();
        tasks.sort_by_key(|task| std::cmp::Reverse(task.age()));
        Self { runtime: shared.name.clone(), tasks }
    }

    /// The tasks, the oldest first.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let task = runtime.spawn(std::future::pending::<()>());
    /// let dump = runtime.handle().dump();
    /// assert!(dump.tasks().iter().map(|task| task.id()).eq([task.id()]));
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn tasks(&self) -> &[TaskDump] {
        &self.tasks
    }

    /// How many tasks are in this state.
    fn count(&self, state: TaskState) -> usize {
        self.tasks.iter().filter(|task| task.state == state).count()
    }
}

impl TaskDump {
    /// The task's name.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let task = runtime.spawn(std::future::pending::<()>());
    /// assert_eq!(runtime.handle().dump().tasks()[0].id(), task.id());
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn id(&self) -> Id {
        self.look.id
    }

    /// Where it was spawned.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let (_task, line) = (runtime.spawn(std::future::pending::<()>()), line!());
    /// assert_eq!(runtime.handle().dump().tasks()[0].spawned_at().line(), line);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.look.spawned_at
    }

    /// The name of its future's type, as of [`type_name`](std::any::type_name): for people.
    ///
    /// ```
    /// async fn serve() {
    ///     std::future::pending().await
    /// }
    ///
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let _task = runtime.spawn(serve());
    /// assert!(runtime.handle().dump().tasks()[0].future_name().contains("serve"));
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn future_name(&self) -> &'static str {
        self.look.future_name
    }

    /// What it is at.
    ///
    /// ```
    /// use whippet::runtime::TaskState;
    ///
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let _task = runtime.spawn(std::future::pending::<()>());
    /// assert_eq!(runtime.handle().dump().tasks()[0].state(), TaskState::Queued);
    /// runtime.block_on(whippet::task::yield_now());
    /// assert_eq!(runtime.handle().dump().tasks()[0].state(), TaskState::Waiting);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn state(&self) -> TaskState {
        self.state
    }

    /// The time since it was spawned, to some 10 ms, by the system's clock even when the runtime's is paused. (It comes
    /// round after 248 days.)
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let before = Instant::now();
    /// let _task = runtime.spawn(std::future::pending::<()>());
    /// let age = runtime.handle().dump().tasks()[0].age();
    /// assert!(age <= before.elapsed() + Duration::from_millis(20));
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn age(&self) -> Duration {
        self.look.age
    }

    /// How often it was polled; no more than [`u32::MAX`] is counted.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let _task = runtime.spawn(async {
    ///     whippet::task::yield_now().await;
    ///     std::future::pending::<()>().await;
    /// });
    /// assert_eq!(runtime.handle().dump().tasks()[0].polls(), 0);
    /// # runtime.block_on(async { for _ in 0..4 { whippet::task::yield_now().await } });
    /// // After some turns:
    /// assert_eq!(runtime.handle().dump().tasks()[0].polls(), 2);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn polls(&self) -> u32 {
        self.look.polls
    }
}

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [running, queued, waiting] =
            [TaskState::Running, TaskState::Queued, TaskState::Waiting]
                .map(|state| self.count(state));
        let all = self.tasks.len();
        let tasks = if all == 1 { "task" } else { "tasks" };
        if let Some(name) = &self.runtime {
            write!(f, "runtime {name:?}: ")?;
        }
        writeln!(f, "{all} {tasks}: {running} running, {queued} queued, {waiting} waiting")?;
        self.tasks.iter().try_for_each(|task| writeln!(f, "{task}"))
    }
}

impl fmt::Display for TaskDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TaskInfo { id, spawned_at, future_name, age, polls, .. } = &self.look;
        let (state, age) = (self.state, age.as_secs_f64());
        write!(
            f,
            "task {id}  {state}  age {age:.2}s  polls {polls}  at {spawned_at}  {future_name}"
        )
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Queued => "queued",
            Self::Waiting => "waiting",
        })
    }
}
