//! shuttle's types in the shape of loom's: each use of one is a place where another thread may go on, and shuttle's scheduler
//! says which one does.
//!
//! All threads of such a run are one of the system's, taken apart by shuttle: so a cell needs no watching, and a lock of
//! std's that nobody holds across such a place is as good as one of shuttle's.

pub(crate) use super::std_types::cell;

pub(crate) mod sync {
    pub(crate) use shuttle::sync::{
        Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic,
    };
    pub(crate) use std::sync::Arc;
}
