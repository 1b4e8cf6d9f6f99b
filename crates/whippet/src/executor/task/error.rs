//! Why a task gave no output.

use super::id::Id;
use std::any::Any;
use std::fmt;
use std::sync::Mutex;

/// What a task's output is to its join handle.
pub(super) type Output<T> = Result<T, JoinError>;

/// Why awaiting a [`JoinHandle`](super::JoinHandle) gave no output: the task was cancelled, or it panicked.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let fails: whippet::task::JoinHandle<()> = whippet::spawn(async { panic!("out of cheese") });
/// let error = fails.await.unwrap_err();
/// assert!(error.is_panic() && !error.is_cancelled());
/// # });
/// ```
pub struct JoinError {
    /// The task.
    id: Id,
    /// What happened.
    cause: Cause,
}

/// What happened to the task.
enum Cause {
    /// It was aborted, or its runtime ended.
    Cancelled,
    /// Its poll or its drop panicked. The payload is `Send` alone: the lock makes the error `Sync`.
    Panic(Mutex<Box<dyn Any + Send + 'static>>),
}

impl JoinError {
    /// The error of a task that was cancelled.
    pub(crate) fn cancelled(id: Id) -> Self {
        Self { id, cause: Cause::Cancelled }
    }

    /// The error of a task that panicked with `payload`.
    pub(crate) fn panic(id: Id, payload: Box<dyn Any + Send + 'static>) -> Self {
        Self { id, cause: Cause::Panic(Mutex::new(payload)) }
    }

    /// Whether the task was cancelled: aborted, or dropped with its runtime.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let task = whippet::spawn(std::future::pending::<()>());
    /// task.abort();
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.cause, Cause::Cancelled)
    }

    /// Whether the task panicked.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let task: whippet::task::JoinHandle<()> = whippet::spawn(async { panic!("out of cheese") });
    /// let error = task.await.unwrap_err();
    /// assert!(error.is_panic());
    /// assert!(error.to_string().ends_with(r#"panicked with message "out of cheese""#));
    /// # });
    /// ```
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.cause, Cause::Panic(_))
    }

    /// The payload of the panic, to be passed on with [`std::panic::resume_unwind`].
    ///
    /// # Panics
    /// If the task was cancelled; see [`JoinError::try_into_panic`].
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let task: whippet::task::JoinHandle<()> = whippet::spawn(async { panic!("out of cheese") });
    /// let payload = task.await.unwrap_err().into_panic();
    /// assert_eq!(payload.downcast_ref::<&str>(), Some(&"out of cheese"));
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        match self.try_into_panic() {
            Ok(payload) => payload,
            Err(error) => panic!(
                "`JoinError::into_panic`: {error}; ask `is_panic` first, or use `try_into_panic`"
            ),
        }
    }

    /// The payload of the panic.
    ///
    /// # Errors
    /// The error itself, if the task was cancelled.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let task = whippet::spawn(std::future::pending::<()>());
    /// task.abort();
    /// let error = task.await.unwrap_err().try_into_panic().unwrap_err();
    /// assert!(error.is_cancelled());
    /// # });
    /// ```
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, Self> {
        match self.cause {
            Cause::Panic(payload) => {
                Ok(payload.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
            }
            Cause::Cancelled => Err(self),
        }
    }

    /// The task.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let task = whippet::spawn(std::future::pending::<()>());
    /// let id = task.id();
    /// task.abort();
    /// assert_eq!(task.await.unwrap_err().id(), id);
    /// # });
    /// ```
    #[must_use]
    pub fn id(&self) -> Id {
        self.id
    }

    /// The words of the panic, where it was made with words.
    fn panic_message(&self) -> Option<String> {
        let Cause::Panic(payload) = &self.cause else { return None };
        let payload = payload.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let words = payload.downcast_ref::<String>().cloned();
        words.or_else(|| payload.downcast_ref::<&'static str>().map(ToString::to_string))
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cause, self.panic_message()) {
            (Cause::Cancelled, _) => write!(f, "task {} was cancelled", self.id),
            (_, Some(words)) => write!(f, "task {} panicked with message {words:?}", self.id),
            (_, None) => write!(f, "task {} panicked", self.id),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cause, self.panic_message()) {
            (Cause::Cancelled, _) => write!(f, "JoinError::Cancelled({:?})", self.id),
            (_, Some(words)) => write!(f, "JoinError::Panic({:?}, {words:?}, ...)", self.id),
            (_, None) => write!(f, "JoinError::Panic({:?}, ...)", self.id),
        }
    }
}

impl std::error::Error for JoinError {}

impl From<JoinError> for std::io::Error {
    fn from(error: JoinError) -> Self {
        Self::other(error.to_string())
    }
}
