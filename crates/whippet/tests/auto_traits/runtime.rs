//! Runtimes, time, signals, memory.

use crate::check::{any, check};

check! {
    [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe] {
        whippet::runtime::Handle;
        whippet::runtime::Id;
        whippet::runtime::Runtime;
        whippet::runtime::RuntimeFlavor;
        whippet::runtime::RuntimeMetrics;
        whippet::runtime::TryCurrentError;
        whippet::runtime::LocalOptions;
        whippet::runtime::Dump;
        whippet::runtime::TaskDump;
        whippet::runtime::TaskState;
        whippet::runtime::Stall;
        whippet::time::Instant;
        whippet::time::Interval;
        whippet::time::MissedTickBehavior;
        whippet::time::Sleep;
        whippet::time::error::Elapsed;
        whippet::signal::unix::Signal;
        whippet::signal::unix::SignalKind;
    }
    [Send, Sync, Unpin, !UnwindSafe, !RefUnwindSafe] {
        whippet::runtime::Builder;
    }
    [!Send, Sync, Unpin, UnwindSafe, RefUnwindSafe] {
        whippet::runtime::EnterGuard<'static>;
    }
    [!Send, !Sync, Unpin, UnwindSafe, RefUnwindSafe] {
        whippet::runtime::LocalRuntime;
    }
    [Send, Sync, !Unpin, !UnwindSafe, RefUnwindSafe] {
        fn whippet::time::Interval::tick(any());
        fn whippet::time::advance(any());
        fn whippet::signal::unix::Signal::recv(any());
        fn whippet::memory::trim();
    }
    [Send, Sync, !Unpin, !UnwindSafe, !RefUnwindSafe] {
        fn whippet::signal::ctrl_c();
    }
    [Send if Send, Sync if Sync, Unpin if Unpin, UnwindSafe if UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        whippet::time::Timeout<T>;
    }
}
