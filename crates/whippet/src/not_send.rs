//! A mark for what belongs to its thread.

use std::marker::PhantomData;
use std::sync::MutexGuard;

/// A field that keeps a value from being sent to another thread, and not from being shared: so are the guards of std's locks.
pub(crate) type NotSend = PhantomData<MutexGuard<'static, ()>>;
