//! Channels.

use crate::check::{any, check};
use whippet::sync::mpsc;

check! {
    [Send if Send, Sync if Send, Unpin, UnwindSafe, RefUnwindSafe] {
        mpsc::Receiver<T>;
        mpsc::UnboundedReceiver<T>;
    }
    [Send if Send, Sync if Send, !Unpin, !UnwindSafe, RefUnwindSafe] {
        fn mpsc::Receiver::<T>::recv(any());
        fn mpsc::UnboundedReceiver::<T>::recv(any());
    }
}
