//! Values that are reached through a guard alone: what [`Mutex`] and [`RwLock`] are made of.
//!
//! ```text
//!   lock ── all permits ──► Edit, Write ── map ──► those of a part
//!                             │ Write, downgrade: all permits but one go back
//!                             ▼
//!   lock ── one permit ───► View ── map ──► View of a part
//! ```
//!
//! # Who may reach the value
//! A lock has a fixed number of permits, and they are given out here only. Whoever holds all of them (an [`Edit`], a [`Write`]) may
//! change the value, for nobody else holds one; whoever holds one (a [`View`]) may look at it, for nobody else holds all.
//! Permits go back when the guard is dropped, and not before: a [`Hold`] is made with the permits it has, is never
//! cloned, and parts with them in its `drop` or to the `Hold` that takes its place. A guard that is forgotten keeps them.
//!
//! The structs of both locks stand here beside that argument; their doors have modules of their own.

use crate::loom::{UnsafeCell, const_fn};
use crate::sync::permits::Refused;
use crate::sync::semaphore::raw::RawSemaphore;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

/// A value that one task at a time may reach, across awaits too.
///
/// It is fair: the lock goes to those who wait in the order of their arrival. A holder that panics does not poison it.
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
    pub(super) guarded: Guarded<T>,
}

/// A value that many tasks may look at, or one may change.
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
    pub(super) guarded: Guarded<T>,
}

// SAFETY: through a shared reference of the lock the value is reached by one thread at a time (its one permit is all
// permits), which may take it out: it moves between threads, and is never shared.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

// SAFETY: as above for whoever holds all permits; those who hold one look at the value from several threads at once.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

/// A value and its permits.
pub(crate) struct Guarded<T: ?Sized> {
    /// The permits that are not out, and who waits for some.
    permits: RawSemaphore,
    /// How many permits there are in all; at least one.
    all: u32,
    /// The value.
    value: UnsafeCell<T>,
}

impl<T> Guarded<T> {
    const_fn! {
        /// `value`, with a permit for each of `all` who may look at it at once.
        #[track_caller]
        pub(super) fn new(value: T, all: u32) -> Self {
            assert!(all > 0, "`RwLock::with_max_readers`: zero readers; give at least 1");
            Self { permits: RawSemaphore::new(all as usize), all, value: UnsafeCell::new(value) }
        }
    }

    /// The value: nobody holds a guard, since those borrow the lock or keep it alive.
    pub(super) fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Guarded<T> {
    /// The value, for the one who has the lock to itself.
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
    fn guarded(&self) -> &Guarded<Self::Value>;
}

impl<T: ?Sized> Lock for Mutex<T> {
    type Value = T;

    fn guarded(&self) -> &Guarded<T> {
        &self.guarded
    }
}

impl<T: ?Sized> Lock for RwLock<T> {
    type Value = T;

    fn guarded(&self) -> &Guarded<T> {
        &self.guarded
    }
}

/// Where permits go back to: a pointer that keeps the lock where it is, by a borrow or a count. All there are follow.
pub(crate) trait Home {
    /// The permits of the lock.
    fn permits(&self) -> &RawSemaphore;
}

impl Home for &RawSemaphore {
    fn permits(&self) -> &RawSemaphore {
        self
    }
}

impl<L: Lock + ?Sized> Home for &L {
    fn permits(&self) -> &RawSemaphore {
        &self.guarded().permits
    }
}

impl<L: Lock + ?Sized> Home for Arc<L> {
    fn permits(&self) -> &RawSemaphore {
        &self.guarded().permits
    }
}

/// Permits that are out, and go back when this is dropped.
pub(crate) struct Hold<H: Home> {
    /// Where they go back to.
    home: H,
    /// How many they are.
    count: u32,
}

impl<H: Home> Hold<H> {
    /// Takes `count` permits at once, or none.
    fn try_take(home: H, count: u32) -> Result<Self, Refused> {
        home.permits().try_acquire(count as usize)?;
        Ok(Self { home, count })
    }

    /// Waits for `count` permits.
    async fn take(home: H, count: u32) -> Self {
        let taken = home.permits().acquire(count as usize).await;
        taken.expect("the permits of a lock are never closed");
        Self { home, count }
    }

    /// Gives all permits back but one.
    fn keep_one(&mut self) {
        let returned = std::mem::replace(&mut self.count, 1) - 1;
        self.home.permits().release(returned as usize);
    }
}

impl<'a, L: Lock + ?Sized> Hold<&'a L> {
    /// The same permits, without the type of what they guard.
    fn detach(mut self) -> Hold<&'a RawSemaphore> {
        Hold { home: &self.home.guarded().permits, count: std::mem::take(&mut self.count) }
    }
}

impl<H: Home> Drop for Hold<H> {
    fn drop(&mut self) {
        if self.count > 0 {
            self.home.permits().release(self.count as usize);
        }
    }
}

/// The only access there is to a guarded value, or to a part of it.
pub(crate) struct Edit<H: Home, U: ?Sized> {
    /// The part. It lies in the value that `hold` has all permits of.
    part: NonNull<U>,
    /// All permits.
    hold: Hold<H>,
    /// As an exclusive reference it is invariant.
    variance: PhantomData<*mut U>,
}

// SAFETY: it is an exclusive reference of the part and a pointer to the lock, and moves as these do. It never becomes a
// shared one on another thread: a `Write` does, and has its own say.
unsafe impl<H: Home + Send, U: ?Sized + Send> Send for Edit<H, U> {}
// SAFETY: a shared one gives shared references of the part alone.
unsafe impl<H: Home + Sync, U: ?Sized + Sync> Sync for Edit<H, U> {}

impl<H, L> Edit<H, L::Value>
where
    H: Home + Deref<Target = L>,
    L: Lock + ?Sized,
{
    /// Takes the lock if nobody holds it or waits for it.
    pub(super) fn try_take(home: H) -> Result<Self, Refused> {
        let all = home.guarded().all;
        Hold::try_take(home, all).map(Self::of)
    }

    /// Waits for the lock.
    pub(super) async fn take(home: H) -> Self {
        let all = home.guarded().all;
        Self::of(Hold::take(home, all).await)
    }

    /// Access to the value that `hold` has all permits of.
    fn of(hold: Hold<H>) -> Self {
        let value = hold.home.guarded().value.with_mut(|value| value);
        // SAFETY: the cell lies in a lock, which is somewhere.
        let part = unsafe { NonNull::new_unchecked(value) };
        Self { part, hold, variance: PhantomData }
    }
}

impl<H: Home, U: ?Sized> Edit<H, U> {
    /// Where the lock is.
    pub(super) fn home(&self) -> &H {
        &self.hold.home
    }

    /// The part.
    #[inline]
    pub(super) fn get(&self) -> &U {
        // SAFETY: the hold has all permits, so nobody else reaches the value, and who borrows this one only looks.
        unsafe { self.part.as_ref() }
    }

    /// The part, to be changed.
    #[inline]
    pub(super) fn get_mut(&mut self) -> &mut U {
        // SAFETY: the hold has all permits, so nobody else reaches the value, and this one is borrowed for itself.
        unsafe { self.part.as_mut() }
    }

    /// Narrows the access to what `choose` takes of the part.
    pub(super) fn map<V: ?Sized>(mut self, choose: impl FnOnce(&mut U) -> &mut V) -> Edit<H, V> {
        let part = NonNull::from(choose(self.get_mut()));
        Edit { part, hold: self.hold, variance: PhantomData }
    }

    /// Narrows the access to what `choose` finds in the part; whole again if it finds nothing.
    pub(super) fn try_map<V: ?Sized>(
        mut self,
        choose: impl FnOnce(&mut U) -> Option<&mut V>,
    ) -> Result<Edit<H, V>, Self> {
        match choose(self.get_mut()).map(NonNull::from) {
            Some(part) => Ok(Edit { part, hold: self.hold, variance: PhantomData }),
            None => Err(self),
        }
    }
}

impl<'a, L: Lock + ?Sized, U: ?Sized> Edit<&'a L, U> {
    /// The same access, without the type of the lock.
    pub(super) fn detach(self) -> Edit<&'a RawSemaphore, U> {
        Edit { part: self.part, hold: self.hold.detach(), variance: PhantomData }
    }
}

/// An [`Edit`] that may become a [`View`]: what the writers of a [`RwLock`] hold.
///
/// The holder may send it to another thread, let others look at the value there, and look at it too. So it is `Send`
/// only where a `View` is as well: for values that are `Send` and `Sync`. The compiler finds that out by the field.
pub(crate) struct Write<H: Home, U: ?Sized> {
    /// What it is now.
    edit: Edit<H, U>,
    /// What it may become.
    becomes: PhantomData<View<H, U>>,
}

impl<H, L> Write<H, L::Value>
where
    H: Home + Deref<Target = L>,
    L: Lock + ?Sized,
{
    /// Takes the lock if nobody holds it or waits for it.
    pub(super) fn try_take(home: H) -> Result<Self, Refused> {
        Edit::try_take(home).map(Self::of)
    }

    /// Waits for the lock.
    pub(super) async fn take(home: H) -> Self {
        Self::of(Edit::take(home).await)
    }
}

impl<H: Home, U: ?Sized> Write<H, U> {
    fn of(edit: Edit<H, U>) -> Self {
        Self { edit, becomes: PhantomData }
    }

    /// Where the lock is.
    pub(super) fn home(&self) -> &H {
        self.edit.home()
    }

    /// The part.
    #[inline]
    pub(super) fn get(&self) -> &U {
        self.edit.get()
    }

    /// The part, to be changed.
    #[inline]
    pub(super) fn get_mut(&mut self) -> &mut U {
        self.edit.get_mut()
    }

    /// Narrows the access to what `choose` takes of the part.
    pub(super) fn map<V: ?Sized>(self, choose: impl FnOnce(&mut U) -> &mut V) -> Write<H, V> {
        Write::of(self.edit.map(choose))
    }

    /// Narrows the access to what `choose` finds in the part; whole again if it finds nothing.
    pub(super) fn try_map<V: ?Sized>(
        self,
        choose: impl FnOnce(&mut U) -> Option<&mut V>,
    ) -> Result<Write<H, V>, Self> {
        self.edit.try_map(choose).map(Write::of).map_err(Self::of)
    }

    /// Lets others look at the value too, without a moment in which somebody could change it.
    pub(super) fn downgrade(self) -> View<H, U> {
        self.downgrade_map(|part| part)
    }

    /// As [`downgrade`](Self::downgrade), to what `choose` takes of the part. `choose` has the value to itself: others
    /// are let in after it returned, and if it panics the lock is free.
    pub(super) fn downgrade_map<V: ?Sized>(self, choose: impl FnOnce(&U) -> &V) -> View<H, V> {
        let part = NonNull::from(choose(self.get()));
        self.share(part)
    }

    /// As [`downgrade_map`](Self::downgrade_map), to what `choose` finds in the part; stays as it was if it finds
    /// nothing.
    pub(super) fn try_downgrade_map<V: ?Sized>(
        self,
        choose: impl FnOnce(&U) -> Option<&V>,
    ) -> Result<View<H, V>, Self> {
        match choose(self.get()).map(NonNull::from) {
            Some(part) => Ok(self.share(part)),
            None => Err(self),
        }
    }

    /// Gives all permits back but one, for `part`, which lies in the part that this has.
    fn share<V: ?Sized>(self, part: NonNull<V>) -> View<H, V> {
        let mut hold = self.edit.hold;
        hold.keep_one();
        View { part, hold }
    }
}

impl<'a, L: Lock + ?Sized, U: ?Sized> Write<&'a L, U> {
    /// The same access, without the type of the lock.
    pub(super) fn detach(self) -> Write<&'a RawSemaphore, U> {
        Write::of(self.edit.detach())
    }
}

/// One of several accesses to a guarded value, or to a part of it.
pub(crate) struct View<H: Home, U: ?Sized> {
    /// The part. It lies in the value that `hold` has a permit of.
    part: NonNull<U>,
    /// One permit.
    hold: Hold<H>,
}

// SAFETY: it is a shared reference of the part and a pointer to the lock, and moves as these do.
unsafe impl<H: Home + Send, U: ?Sized + Sync> Send for View<H, U> {}
// SAFETY: as above.
unsafe impl<H: Home + Sync, U: ?Sized + Sync> Sync for View<H, U> {}

impl<H, L> View<H, L::Value>
where
    H: Home + Deref<Target = L>,
    L: Lock + ?Sized,
{
    /// Takes a permit if one is there and nobody waits for it.
    pub(super) fn try_take(home: H) -> Result<Self, Refused> {
        Hold::try_take(home, 1).map(Self::of)
    }

    /// Waits for a permit.
    pub(super) async fn take(home: H) -> Self {
        Self::of(Hold::take(home, 1).await)
    }

    /// Access to the value that `hold` has a permit of.
    fn of(hold: Hold<H>) -> Self {
        let value = hold.home.guarded().value.with(|value| value);
        // SAFETY: the cell lies in a lock, which is somewhere.
        let part = unsafe { NonNull::new_unchecked(value.cast_mut()) };
        Self { part, hold }
    }
}

impl<H: Home, U: ?Sized> View<H, U> {
    /// Where the lock is.
    pub(super) fn home(&self) -> &H {
        &self.hold.home
    }

    /// The part.
    #[inline]
    pub(super) fn get(&self) -> &U {
        // SAFETY: the hold has a permit, so nobody has all of them, and nobody changes the value.
        unsafe { self.part.as_ref() }
    }

    /// Narrows the access to what `choose` takes of the part.
    pub(super) fn map<V: ?Sized>(self, choose: impl FnOnce(&U) -> &V) -> View<H, V> {
        View { part: NonNull::from(choose(self.get())), hold: self.hold }
    }

    /// Narrows the access to what `choose` finds in the part; whole again if it finds nothing.
    pub(super) fn try_map<V: ?Sized>(
        self,
        choose: impl FnOnce(&U) -> Option<&V>,
    ) -> Result<View<H, V>, Self> {
        match choose(self.get()).map(NonNull::from) {
            Some(part) => Ok(View { part, hold: self.hold }),
            None => Err(self),
        }
    }
}

impl<'a, L: Lock + ?Sized, U: ?Sized> View<&'a L, U> {
    /// The same access, without the type of the lock.
    pub(super) fn detach(self) -> View<&'a RawSemaphore, U> {
        View { part: self.part, hold: self.hold.detach() }
    }
}
