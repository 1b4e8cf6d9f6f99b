//! Values that are reached through a guard alone: what [`Mutex`] and [`RwLock`] are made of.
//!
//! ```text
//!   lock ── all permits ──► WriteAccess, DowngradableAccess ── map ──► those of a part
//!                             │ DowngradableAccess, downgrade: all permits but one are returned
//!                             ▼
//!   lock ── one permit ───► ReadAccess ── map ──► ReadAccess of a part
//! ```
//!
//! # Who may reach the value
//! A lock has a fixed number of permits, and they are given out here only. A holder of all of them (a [`WriteAccess`], a
//! [`DowngradableAccess`]) may change the value, for there is no other holder; a holder of one (a [`ReadAccess`]) may read it, for no one holds all.
//! Permits go back when the guard is dropped, and not before: a [`HeldPermits`] is made with the permits it has, is never
//! cloned, and parts with them in its `drop` or to the `HeldPermits` that replaces it. A guard that is forgotten keeps them.
//!
//! The structs of both locks are in this file, with that argument; their methods have modules of their own.

use crate::loom::{UnsafeCell, const_fn};
use crate::sync::fair_permits::AcquireFailure;
use crate::sync::semaphore::raw::RawSemaphore;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

/// A value that one task at a time may reach, across awaits too.
///
/// It is fair: the lock goes to waiting tasks in the order of their arrival. A holder that panics does not poison it.
///
/// A lock that is never held across an await is better kept in a [`std::sync::Mutex`], which is faster.
///
/// ```
/// use std::sync::Arc;
/// use whippet::sync::Mutex;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let log = Arc::new(Mutex::new(Vec::new()));
/// let task = whippet::spawn({
///     let log = Arc::clone(&log);
///     async move {
///         let mut lines = log.lock().await;
///         lines.push("before");
///         whippet::task::yield_now().await;
///         lines.push("after");
///     }
/// });
/// task.await.unwrap();
/// assert_eq!(*log.lock().await, ["before", "after"]);
/// # });
/// ```
pub struct Mutex<T: ?Sized> {
    /// The value and its one permit.
    pub(super) inner: LockInner<T>,
}

/// A value that many tasks may read, or one may change.
///
/// It is fair: tasks are served in the order of their arrival, readers and writers alike, so a reader that comes
/// behind a waiting writer waits too, and neither is starved. A task that holds a read guard and asks for another may
/// therefore wait for itself. A holder that panics does not poison the lock.
///
/// ```
/// use whippet::sync::RwLock;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let lock = RwLock::new(5);
/// {
///     let (one, other) = (lock.read().await, lock.read().await);
///     assert_eq!(*one + *other, 10);
/// }
/// *lock.write().await += 1;
/// assert_eq!(*lock.read().await, 6);
/// # });
/// ```
pub struct RwLock<T: ?Sized> {
    /// The value, and a permit for each reader there may be.
    pub(super) inner: LockInner<T>,
}

// SAFETY: through a shared reference of the lock the value is reached by one thread at a time (its one permit is all
// permits), which may take it out: it moves between threads, and is never shared.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

// SAFETY: as above for the holder of all permits; holders of one read the value from several threads at once.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

/// A value and its permits.
pub(crate) struct LockInner<T: ?Sized> {
    /// The permits that are not out, and their waiters.
    permits: RawSemaphore,
    /// How many permits there are in all; at least one.
    total: u32,
    /// The value.
    value: UnsafeCell<T>,
}

impl<T> LockInner<T> {
    const_fn! {
        /// `value`, with a permit for each of `total` readers at once.
        #[track_caller]
        pub(super) fn new(value: T, total: u32) -> Self {
            assert!(total > 0, "`RwLock::with_max_readers`: zero readers; give at least 1");
            Self { permits: RawSemaphore::new(total as usize), total, value: UnsafeCell::new(value) }
        }
    }

    /// The value: there are no guards, since those borrow the lock or keep it alive.
    pub(super) fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> LockInner<T> {
    /// The value, through an exclusive reference.
    pub(super) fn get_mut(&mut self) -> &mut T {
        let value = self.value.with_mut(|value| value);
        // SAFETY: guards borrow the lock or are in an `Arc` with it, so an exclusive reference means there is none.
        unsafe { &mut *value }
    }
}

/// A lock of this file.
pub(crate) trait Lock {
    /// What it guards.
    type Value: ?Sized;

    /// The value and its permits: always the same, for as long as the lock is not moved.
    fn inner(&self) -> &LockInner<Self::Value>;
}

impl<T: ?Sized> Lock for Mutex<T> {
    type Value = T;

    fn inner(&self) -> &LockInner<T> {
        &self.inner
    }
}

impl<T: ?Sized> Lock for RwLock<T> {
    type Value = T;

    fn inner(&self) -> &LockInner<T> {
        &self.inner
    }
}

/// Where permits go back to: a pointer that keeps the lock where it is, by a borrow or a count. All there are follow.
pub(crate) trait PermitSource {
    /// The permits of the lock.
    fn permits(&self) -> &RawSemaphore;
}

impl PermitSource for &RawSemaphore {
    fn permits(&self) -> &RawSemaphore {
        self
    }
}

impl<L: Lock + ?Sized> PermitSource for &L {
    fn permits(&self) -> &RawSemaphore {
        &self.inner().permits
    }
}

impl<L: Lock + ?Sized> PermitSource for Arc<L> {
    fn permits(&self) -> &RawSemaphore {
        &self.inner().permits
    }
}

/// Permits that are out, and go back when this is dropped.
pub(crate) struct HeldPermits<H: PermitSource> {
    /// Where they go back to.
    source: H,
    /// How many they are.
    count: u32,
}

impl<H: PermitSource> HeldPermits<H> {
    /// Takes `count` permits at once, or none.
    fn try_acquire(source: H, count: u32) -> Result<Self, AcquireFailure> {
        source.permits().try_acquire(count as usize)?;
        Ok(Self { source, count })
    }

    /// Waits for `count` permits.
    async fn acquire(source: H, count: u32) -> Self {
        let taken = source.permits().acquire(count as usize).await;
        taken.expect("the permits of a lock are never closed");
        Self { source, count }
    }

    /// Gives all permits back but one.
    fn release_all_but_one(&mut self) {
        let returned = std::mem::replace(&mut self.count, 1) - 1;
        self.source.permits().release(returned as usize);
    }
}

impl<'a, L: Lock + ?Sized> HeldPermits<&'a L> {
    /// The same permits, without the type of what they guard.
    fn erase_lock(mut self) -> HeldPermits<&'a RawSemaphore> {
        HeldPermits { source: &self.source.inner().permits, count: std::mem::take(&mut self.count) }
    }
}

impl<H: PermitSource> Drop for HeldPermits<H> {
    fn drop(&mut self) {
        if self.count > 0 {
            self.source.permits().release(self.count as usize);
        }
    }
}

/// The only access there is to a guarded value, or to a part of it.
pub(crate) struct WriteAccess<H: PermitSource, U: ?Sized> {
    /// The part. It lies in the value that `held` has all permits of.
    part: NonNull<U>,
    /// All permits.
    held: HeldPermits<H>,
    /// As an exclusive reference it is invariant.
    variance: PhantomData<*mut U>,
}

// SAFETY: it is an exclusive reference of the part and a pointer to the lock, and moves as these do. It never becomes a
// shared one on another thread: a `DowngradableAccess` does, and has its own argument.
unsafe impl<H: PermitSource + Send, U: ?Sized + Send> Send for WriteAccess<H, U> {}
// SAFETY: a shared one gives shared references of the part alone.
unsafe impl<H: PermitSource + Sync, U: ?Sized + Sync> Sync for WriteAccess<H, U> {}

impl<H, L> WriteAccess<H, L::Value>
where
    H: PermitSource + Deref<Target = L>,
    L: Lock + ?Sized,
{
    /// Takes the lock if it is free and has no waiters.
    pub(super) fn try_acquire(source: H) -> Result<Self, AcquireFailure> {
        let total = source.inner().total;
        HeldPermits::try_acquire(source, total).map(Self::new)
    }

    /// Waits for the lock.
    pub(super) async fn acquire(source: H) -> Self {
        let total = source.inner().total;
        Self::new(HeldPermits::acquire(source, total).await)
    }

    /// Access to the value that `held` has all permits of.
    fn new(held: HeldPermits<H>) -> Self {
        let value = held.source.inner().value.with_mut(|value| value);
        // SAFETY: the cell lies in a lock, which is somewhere.
        let part = unsafe { NonNull::new_unchecked(value) };
        Self { part, held, variance: PhantomData }
    }
}

impl<H: PermitSource, U: ?Sized> WriteAccess<H, U> {
    /// Where the lock is.
    pub(super) fn source(&self) -> &H {
        &self.held.source
    }

    /// The part.
    #[inline]
    pub(super) fn get(&self) -> &U {
        // SAFETY: `held` has all permits, so no other holder reaches the value, and a shared borrow of this one only reads.
        unsafe { self.part.as_ref() }
    }

    /// The part, to be changed.
    #[inline]
    pub(super) fn get_mut(&mut self) -> &mut U {
        // SAFETY: `held` has all permits, so no other holder reaches the value, and this one is borrowed exclusively.
        unsafe { self.part.as_mut() }
    }

    /// Narrows the access to what `choose` takes of the part.
    pub(super) fn map<V: ?Sized>(
        mut self,
        choose: impl FnOnce(&mut U) -> &mut V,
    ) -> WriteAccess<H, V> {
        let part = NonNull::from(choose(self.get_mut()));
        WriteAccess { part, held: self.held, variance: PhantomData }
    }

    /// Narrows the access to what `choose` finds in the part; whole again if it finds nothing.
    pub(super) fn try_map<V: ?Sized>(
        mut self,
        choose: impl FnOnce(&mut U) -> Option<&mut V>,
    ) -> Result<WriteAccess<H, V>, Self> {
        match choose(self.get_mut()).map(NonNull::from) {
            Some(part) => Ok(WriteAccess { part, held: self.held, variance: PhantomData }),
            None => Err(self),
        }
    }
}

impl<'a, L: Lock + ?Sized, U: ?Sized> WriteAccess<&'a L, U> {
    /// The same access, without the type of the lock.
    pub(super) fn erase_lock(self) -> WriteAccess<&'a RawSemaphore, U> {
        WriteAccess { part: self.part, held: self.held.erase_lock(), variance: PhantomData }
    }
}

/// A [`WriteAccess`] that may become a [`ReadAccess`]: what the writers of a [`RwLock`] hold.
///
/// The holder may send it to another thread, let others read the value there, and read it too. So it is `Send`
/// only where a `ReadAccess` is as well: for values that are `Send` and `Sync`. The compiler finds that out by the field.
pub(crate) struct DowngradableAccess<H: PermitSource, U: ?Sized> {
    /// What it is now.
    access: WriteAccess<H, U>,
    /// What it may become.
    downgrades_to: PhantomData<ReadAccess<H, U>>,
}

impl<H, L> DowngradableAccess<H, L::Value>
where
    H: PermitSource + Deref<Target = L>,
    L: Lock + ?Sized,
{
    /// Takes the lock if it is free and has no waiters.
    pub(super) fn try_acquire(source: H) -> Result<Self, AcquireFailure> {
        WriteAccess::try_acquire(source).map(Self::new)
    }

    /// Waits for the lock.
    pub(super) async fn acquire(source: H) -> Self {
        Self::new(WriteAccess::acquire(source).await)
    }
}

impl<H: PermitSource, U: ?Sized> DowngradableAccess<H, U> {
    fn new(access: WriteAccess<H, U>) -> Self {
        Self { access, downgrades_to: PhantomData }
    }

    /// Where the lock is.
    pub(super) fn source(&self) -> &H {
        self.access.source()
    }

    /// The part.
    #[inline]
    pub(super) fn get(&self) -> &U {
        self.access.get()
    }

    /// The part, to be changed.
    #[inline]
    pub(super) fn get_mut(&mut self) -> &mut U {
        self.access.get_mut()
    }

    /// Narrows the access to what `choose` takes of the part.
    pub(super) fn map<V: ?Sized>(
        self,
        choose: impl FnOnce(&mut U) -> &mut V,
    ) -> DowngradableAccess<H, V> {
        DowngradableAccess::new(self.access.map(choose))
    }

    /// Narrows the access to what `choose` finds in the part; whole again if it finds nothing.
    pub(super) fn try_map<V: ?Sized>(
        self,
        choose: impl FnOnce(&mut U) -> Option<&mut V>,
    ) -> Result<DowngradableAccess<H, V>, Self> {
        self.access.try_map(choose).map(DowngradableAccess::new).map_err(Self::new)
    }

    /// Lets others read the value too, without a moment in which it could be changed.
    pub(super) fn downgrade(self) -> ReadAccess<H, U> {
        self.downgrade_map(|part| part)
    }

    /// As [`downgrade`](Self::downgrade), to what `choose` takes of the part. `choose` has the value to itself: others
    /// are let in after it returned, and if it panics the lock is free.
    pub(super) fn downgrade_map<V: ?Sized>(
        self,
        choose: impl FnOnce(&U) -> &V,
    ) -> ReadAccess<H, V> {
        let part = NonNull::from(choose(self.get()));
        self.share(part)
    }

    /// As [`downgrade_map`](Self::downgrade_map), to what `choose` finds in the part; stays as it was if it finds
    /// nothing.
    pub(super) fn try_downgrade_map<V: ?Sized>(
        self,
        choose: impl FnOnce(&U) -> Option<&V>,
    ) -> Result<ReadAccess<H, V>, Self> {
        match choose(self.get()).map(NonNull::from) {
            Some(part) => Ok(self.share(part)),
            None => Err(self),
        }
    }

    /// Gives all permits back but one, for `part`, which lies in the part that this has.
    fn share<V: ?Sized>(self, part: NonNull<V>) -> ReadAccess<H, V> {
        let mut held = self.access.held;
        held.release_all_but_one();
        ReadAccess { part, held }
    }
}

impl<'a, L: Lock + ?Sized, U: ?Sized> DowngradableAccess<&'a L, U> {
    /// The same access, without the type of the lock.
    pub(super) fn erase_lock(self) -> DowngradableAccess<&'a RawSemaphore, U> {
        DowngradableAccess::new(self.access.erase_lock())
    }
}

/// One of several accesses to a guarded value, or to a part of it.
pub(crate) struct ReadAccess<H: PermitSource, U: ?Sized> {
    /// The part. It lies in the value that `held` has a permit of.
    part: NonNull<U>,
    /// One permit.
    held: HeldPermits<H>,
}

// SAFETY: it is a shared reference of the part and a pointer to the lock, and moves as these do.
unsafe impl<H: PermitSource + Send, U: ?Sized + Sync> Send for ReadAccess<H, U> {}
// SAFETY: as above.
unsafe impl<H: PermitSource + Sync, U: ?Sized + Sync> Sync for ReadAccess<H, U> {}

impl<H, L> ReadAccess<H, L::Value>
where
    H: PermitSource + Deref<Target = L>,
    L: Lock + ?Sized,
{
    /// Takes a permit if one is there and there are no waiters.
    pub(super) fn try_acquire(source: H) -> Result<Self, AcquireFailure> {
        HeldPermits::try_acquire(source, 1).map(Self::new)
    }

    /// Waits for a permit.
    pub(super) async fn acquire(source: H) -> Self {
        Self::new(HeldPermits::acquire(source, 1).await)
    }

    /// Access to the value that `held` has a permit of.
    fn new(held: HeldPermits<H>) -> Self {
        let value = held.source.inner().value.with(|value| value);
        // SAFETY: the cell lies in a lock, which is somewhere.
        let part = unsafe { NonNull::new_unchecked(value.cast_mut()) };
        Self { part, held }
    }
}

impl<H: PermitSource, U: ?Sized> ReadAccess<H, U> {
    /// Where the lock is.
    pub(super) fn source(&self) -> &H {
        &self.held.source
    }

    /// The part.
    #[inline]
    pub(super) fn get(&self) -> &U {
        // SAFETY: `held` has a permit, so no one has all of them, and the value is not changed.
        unsafe { self.part.as_ref() }
    }

    /// Narrows the access to what `choose` takes of the part.
    pub(super) fn map<V: ?Sized>(self, choose: impl FnOnce(&U) -> &V) -> ReadAccess<H, V> {
        ReadAccess { part: NonNull::from(choose(self.get())), held: self.held }
    }

    /// Narrows the access to what `choose` finds in the part; whole again if it finds nothing.
    pub(super) fn try_map<V: ?Sized>(
        self,
        choose: impl FnOnce(&U) -> Option<&V>,
    ) -> Result<ReadAccess<H, V>, Self> {
        match choose(self.get()).map(NonNull::from) {
            Some(part) => Ok(ReadAccess { part, held: self.held }),
            None => Err(self),
        }
    }
}

impl<'a, L: Lock + ?Sized, U: ?Sized> ReadAccess<&'a L, U> {
    /// The same access, without the type of the lock.
    pub(super) fn erase_lock(self) -> ReadAccess<&'a RawSemaphore, U> {
        ReadAccess { part: self.part, held: self.held.erase_lock() }
    }
}
