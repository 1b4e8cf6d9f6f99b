//! Runtimes, and what others hold of them.

use crate::check::check;
use whippet::runtime::*;

check! {
    [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe] {
        Handle;
        Runtime;
        RuntimeMetrics;
    }
    [!Send, !Sync, Unpin, UnwindSafe, RefUnwindSafe] {
        LocalRuntime;
    }
}
