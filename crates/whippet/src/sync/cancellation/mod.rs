//! Cancels a tree of tasks.
//!
//! ```text
//!   CancellationToken ──► Shared (the flag, its waiters)    one a token, counted by its clones
//!          └────────────► Mutex<Tree of Shared>              one for all descendants of a root
//! ```
//!
//! The lock of the tree guards which token is whose child, and the flags are set under it: a child that is added finds its
//! parent cancelled or is cancelled with it. Waiting asks only the token's own lock; the flag is looked at again
//! under it, and `cancel` empties the queue after the flag was set, so no waiter is missed.
//!
//! Lock order: the lock of a tree and the lock of a token are never held together.

mod future;
mod tree;

pub use self::future::{WaitForCancellationFuture, WaitForCancellationFutureOwned};

use self::tree::{Index, Tree};
use super::wait_list::WaitList;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::loom::atomic::{AtomicBool, AtomicUsize};
use crate::loom::{Arc, Mutex};
use crate::wake_list::WakeList;
use std::fmt;
use std::future::poll_fn;
use std::hash::{Hash, Hasher};
use std::pin::pin;
use std::task::Poll;

/// A flag that is raised once, and that tasks can wait for.
///
/// Clones are the same token. A [child](Self::child_token) is cancelled with its parent, but not the other way
/// round. A token that is dropped cancels nothing (see [`drop_guard`](Self::drop_guard)), and is forgotten.
///
/// ```
/// use whippet::sync::CancellationToken;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let token = CancellationToken::new();
/// let worker = whippet::spawn({
///     let token = token.child_token();
///     async move {
///         token.cancelled().await;
///         "stopped"
///     }
/// });
/// token.cancel();
/// assert_eq!(worker.await.unwrap(), "stopped");
/// # });
/// ```
pub struct CancellationToken {
    /// The flag and its waiters.
    shared: Arc<Shared>,
    /// The tree in which this token stands.
    family: Arc<Mutex<Tree<Arc<Shared>>>>,
    /// Where in the tree; only valid as long as the flag is not raised.
    index: Index,
}

/// What the clones of one token share.
#[derive(Debug)]
struct Shared {
    /// Whether it was cancelled. Set once, under the lock of the tree; read without it.
    cancelled: AtomicBool,
    /// Clones of the token. The last one to go takes it out of the tree. Each has a reference to this, whose count aborts
    /// the process before this one overflows (`Arc`).
    tokens: AtomicUsize,
    /// Who waits.
    waiters: Mutex<WaitList<()>>,
}

impl Shared {
    /// The first clone of a token.
    fn new(cancelled: bool) -> Arc<Self> {
        Arc::new(Self {
            cancelled: AtomicBool::new(cancelled),
            tokens: AtomicUsize::new(1),
            waiters: Mutex::new(WaitList::new()),
        })
    }

    /// Whether the flag is raised.
    #[inline]
    fn is_cancelled(&self) -> bool {
        // Acquire pairs with the Release in `cancel`: what was done before it is seen.
        self.cancelled.load(Acquire)
    }
}

impl CancellationToken {
    /// A token without a parent.
    ///
    /// ```
    /// use whippet::sync::CancellationToken;
    ///
    /// let (one, other) = (CancellationToken::new(), CancellationToken::new());
    /// one.cancel();
    /// assert!(one.is_cancelled() && !other.is_cancelled());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        let shared = Shared::new(false);
        let mut tree = Tree::new();
        let index = tree.insert_root(Arc::clone(&shared));
        Self { shared, family: Arc::new(Mutex::new(tree)), index }
    }

    /// A token that is cancelled with this one; at once, if this one is cancelled already.
    ///
    /// ```
    /// use whippet::sync::CancellationToken;
    ///
    /// let parent = CancellationToken::new();
    /// let (one, other) = (parent.child_token(), parent.child_token());
    /// one.cancel();
    /// assert!(!parent.is_cancelled() && !other.is_cancelled());
    /// parent.cancel();
    /// assert!(other.is_cancelled());
    /// ```
    #[must_use]
    pub fn child_token(&self) -> Self {
        let family = Arc::clone(&self.family);
        let mut tree = self.family.lock();
        let cancelled = self.shared.is_cancelled();
        let shared = Shared::new(cancelled);
        let index = if cancelled { 0 } else { tree.insert_child(self.index, Arc::clone(&shared)) };
        drop(tree);
        Self { shared, family, index }
    }

    /// Sets the flag of this token and of all its descendants, and wakes their waiters. Further calls do nothing.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let stop = whippet::sync::CancellationToken::new();
    /// let tasks = [(); 3].map(|()| whippet::spawn(stop.child_token().cancelled_owned()));
    /// stop.cancel();
    /// for task in tasks {
    ///     assert!(task.await.is_ok());
    /// }
    /// # });
    /// ```
    pub fn cancel(&self) {
        if self.is_cancelled() {
            return;
        }
        let mut tree = self.family.lock();
        if self.is_cancelled() {
            return;
        }
        let members = tree.remove_subtree(self.index);
        for member in &members {
            member.cancelled.store(true, Release);
        }
        drop(tree);
        let mut wakers = WakeList::new();
        for member in &members {
            let mut waiters = member.waiters.lock();
            while waiters.pop_front(&mut wakers).is_some() {}
        }
        wakers.wake_all();
    }

    /// Whether this token was cancelled, by itself or with its parent.
    ///
    /// ```
    /// let token = whippet::sync::CancellationToken::new();
    /// let child = token.child_token();
    /// assert!(!child.is_cancelled());
    /// token.cancel();
    /// assert!(child.is_cancelled());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.shared.is_cancelled()
    }

    /// Waits until this token is cancelled.
    ///
    /// # Cancel safety
    /// May be dropped and called again at will.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let token = whippet::sync::CancellationToken::new();
    /// whippet::join!(token.cancelled(), async { token.cancel() });
    /// assert!(token.is_cancelled());
    /// # });
    /// ```
    pub fn cancelled(&self) -> WaitForCancellationFuture<'_> {
        WaitForCancellationFuture::new(self)
    }

    /// As [`cancelled`](Self::cancelled), for a future that keeps the token by itself.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let token = whippet::sync::CancellationToken::new();
    /// let stopped = whippet::spawn(token.clone().cancelled_owned());
    /// token.cancel();
    /// assert!(stopped.await.is_ok());
    /// # });
    /// ```
    pub fn cancelled_owned(self) -> WaitForCancellationFutureOwned {
        WaitForCancellationFutureOwned::new(self)
    }

    /// Runs `future` until it is ready (`Some`) or this token is cancelled (`None`; the future is dropped). A token
    /// that is cancelled already wins.
    ///
    /// # Cancel safety
    /// That of `future`.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let token = whippet::sync::CancellationToken::new();
    /// assert_eq!(token.run_until_cancelled(async { 1 }).await, Some(1));
    /// token.cancel();
    /// assert_eq!(token.run_until_cancelled(async { 1 }).await, None);
    /// # });
    /// ```
    pub async fn run_until_cancelled<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut cancelled = pin!(self.cancelled());
        let mut future = pin!(future);
        poll_fn(|cx| {
            if cancelled.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            future.as_mut().poll(cx).map(Some)
        })
        .await
    }

    /// As [`run_until_cancelled`](Self::run_until_cancelled), for a future that keeps the token by itself.
    ///
    /// # Cancel safety
    /// That of `future`.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let token = whippet::sync::CancellationToken::new();
    /// let endless = std::future::pending::<()>();
    /// let task = whippet::spawn(token.clone().run_until_cancelled_owned(endless));
    /// token.cancel();
    /// assert_eq!(task.await.unwrap(), None);
    /// # });
    /// ```
    pub async fn run_until_cancelled_owned<F: Future>(self, future: F) -> Option<F::Output> {
        self.run_until_cancelled(future).await
    }

    /// A guard that cancels this token when it is dropped.
    ///
    /// ```
    /// let token = whippet::sync::CancellationToken::new();
    /// drop(token.clone().drop_guard());
    /// assert!(token.is_cancelled());
    /// ```
    #[must_use = "a guard that is dropped cancels at once"]
    pub fn drop_guard(self) -> DropGuard {
        DropGuard { token: Some(self) }
    }

    /// As [`drop_guard`](Self::drop_guard), for a guard that borrows the token.
    ///
    /// ```
    /// let token = whippet::sync::CancellationToken::new();
    /// token.drop_guard_ref().disarm();
    /// assert!(!token.is_cancelled());
    /// drop(token.drop_guard_ref());
    /// assert!(token.is_cancelled());
    /// ```
    pub fn drop_guard_ref(&self) -> DropGuardRef<'_> {
        DropGuardRef { token: Some(self) }
    }
}

impl Default for CancellationToken {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for CancellationToken {
    fn clone(&self) -> Self {
        // Relaxed: the token at hand keeps the count above zero.
        self.shared.tokens.fetch_add(1, Relaxed);
        let (shared, family) = (Arc::clone(&self.shared), Arc::clone(&self.family));
        Self { shared, family, index: self.index }
    }
}

/// Two tokens are equal if to cancel one is to cancel the other, whichever it is: clones of one token are, a token and
/// its child are not.
impl PartialEq for CancellationToken {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(&raw const *self.shared, &raw const *other.shared)
    }
}

impl Eq for CancellationToken {}

/// By what makes tokens equal, so they may be the keys of a map.
impl Hash for CancellationToken {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::hash(&raw const *self.shared, state);
    }
}

impl Drop for CancellationToken {
    fn drop(&mut self) {
        // AcqRel: what was done through the other clones happens before the removal (pairs with their decrements).
        if self.shared.tokens.fetch_sub(1, AcqRel) > 1 {
            return;
        }
        let mut tree = self.family.lock();
        // A cancelled token was taken out already, and its index may be another's.
        let removed = if self.is_cancelled() { None } else { tree.remove(self.index) };
        drop(tree);
        drop(removed);
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cancelled = self.is_cancelled();
        f.debug_struct("CancellationToken").field("cancelled", &cancelled).finish_non_exhaustive()
    }
}

/// Cancels a token when it is dropped. Made by [`CancellationToken::drop_guard`].
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let token = whippet::sync::CancellationToken::new();
/// let guard = token.clone().drop_guard();
/// let worker = whippet::spawn(async move {
///     let _guard = guard;
///     panic!("out of cheese");
/// });
/// token.cancelled().await;
/// assert!(worker.await.is_err());
/// # });
/// ```
#[derive(Debug)]
#[must_use = "a guard that is dropped cancels at once"]
pub struct DropGuard {
    /// The token, until the guard is disarmed.
    token: Option<CancellationToken>,
}

impl DropGuard {
    /// Gives the token back, not cancelled.
    ///
    /// ```
    /// let token = whippet::sync::CancellationToken::new();
    /// let guard = token.clone().drop_guard();
    /// // All went well.
    /// let same = guard.disarm();
    /// assert!(!token.is_cancelled());
    /// same.cancel();
    /// assert!(token.is_cancelled());
    /// ```
    pub fn disarm(mut self) -> CancellationToken {
        self.token.take().expect("a guard keeps its token until it is disarmed")
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = &self.token {
            token.cancel();
        }
    }
}

/// Cancels a token that it borrows when it is dropped. Made by [`CancellationToken::drop_guard_ref`].
///
/// ```
/// let token = whippet::sync::CancellationToken::new();
/// {
///     let _guard = token.drop_guard_ref();
///     assert!(!token.is_cancelled());
/// }
/// assert!(token.is_cancelled());
/// ```
#[derive(Debug)]
#[must_use = "a guard that is dropped cancels at once"]
pub struct DropGuardRef<'a> {
    /// The token, until the guard is disarmed.
    token: Option<&'a CancellationToken>,
}

impl<'a> DropGuardRef<'a> {
    /// Gives the token back, not cancelled.
    ///
    /// ```
    /// let token = whippet::sync::CancellationToken::new();
    /// let guard = token.drop_guard_ref();
    /// // All went well.
    /// assert!(!guard.disarm().is_cancelled());
    /// ```
    pub fn disarm(mut self) -> &'a CancellationToken {
        self.token.take().expect("a guard keeps its token until it is disarmed")
    }
}

impl Drop for DropGuardRef<'_> {
    fn drop(&mut self) {
        if let Some(token) = self.token {
            token.cancel();
        }
    }
}

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;
