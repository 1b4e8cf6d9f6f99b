//! Channels.

use crate::check::{any, check};

check! {
    [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe] {
        whippet::sync::mpsc::error::TryRecvError;
        whippet::sync::oneshot::error::RecvError;
        whippet::sync::oneshot::error::TryRecvError;
        whippet::sync::broadcast::error::RecvError;
        whippet::sync::broadcast::error::TryRecvError;
        whippet::sync::watch::error::RecvError;
    }
    [Send if Send, Sync if Send, Unpin, UnwindSafe, RefUnwindSafe] {
        whippet::sync::mpsc::Sender<T>;
        whippet::sync::mpsc::WeakSender<T>;
        whippet::sync::mpsc::Receiver<T>;
        whippet::sync::mpsc::Permit<'static, T>;
        whippet::sync::mpsc::PermitIterator<'static, T>;
        whippet::sync::mpsc::OwnedPermit<T>;
        whippet::sync::mpsc::UnboundedSender<T>;
        whippet::sync::mpsc::WeakUnboundedSender<T>;
        whippet::sync::mpsc::UnboundedReceiver<T>;
        whippet::sync::broadcast::Sender<T>;
        whippet::sync::broadcast::WeakSender<T>;
        whippet::sync::broadcast::Receiver<T>;
    }
    [Send if Send + Sync, Sync if Send + Sync, Unpin, UnwindSafe, RefUnwindSafe] {
        whippet::sync::watch::Sender<T>;
        whippet::sync::watch::Receiver<T>;
    }
    [Send if Send, Sync if Send, !Unpin, UnwindSafe, RefUnwindSafe] {
        fn whippet::sync::mpsc::Sender::<T>::closed(any());
        fn whippet::sync::mpsc::Sender::<T>::reserve(any());
        fn whippet::sync::mpsc::Sender::<T>::reserve_many(any(), any());
        fn whippet::sync::mpsc::Sender::<T>::reserve_owned(any());
        fn whippet::sync::mpsc::UnboundedSender::<T>::closed(any());
    }
    [Send if Send, Sync if Send, !Unpin, !UnwindSafe, RefUnwindSafe] {
        fn whippet::sync::mpsc::Receiver::<T>::recv(any());
        fn whippet::sync::mpsc::UnboundedReceiver::<T>::recv(any());
        fn whippet::sync::broadcast::Sender::<T>::closed(any());
        fn whippet::sync::broadcast::Receiver::<T>::recv(any());
    }
    [Send if Send, Sync if Send, Unpin, !UnwindSafe, !RefUnwindSafe] {
        whippet::sync::oneshot::Sender<T>;
        whippet::sync::oneshot::Receiver<T>;
    }
    [Send if Send + Sync, Sync if Send + Sync, !Unpin, !UnwindSafe, RefUnwindSafe] {
        fn whippet::sync::watch::Sender::<T>::closed(any());
        fn whippet::sync::watch::Receiver::<T>::changed(any());
        fn whippet::sync::watch::Receiver::<T>::wait_for(any(), any::<fn(&T) -> bool>());
    }
    [Send if Send, Sync if Send, !Unpin, !UnwindSafe, !RefUnwindSafe] {
        fn whippet::sync::oneshot::Sender::<T>::closed(any());
    }
    [!Send, Sync if Sync, Unpin, UnwindSafe if RefUnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        whippet::sync::watch::Ref<'static, T>;
    }
    [Send if Send, Sync if Send + Sync, !Unpin, !UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        fn whippet::sync::mpsc::Receiver::<T>::recv_many(any(), any(), any());
        fn whippet::sync::mpsc::UnboundedReceiver::<T>::recv_many(any(), any(), any());
    }
    [Send if Send, Sync if Send + Sync, !Unpin, UnwindSafe if UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        fn whippet::sync::mpsc::Sender::<T>::send(any(), any());
        fn whippet::sync::mpsc::Sender::<T>::send_timeout(any(), any(), any());
    }
    [Send if Send, Sync if Sync, Unpin if Unpin, UnwindSafe if UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        whippet::sync::mpsc::error::SendError<T>;
        whippet::sync::mpsc::error::TrySendError<T>;
        whippet::sync::mpsc::error::SendTimeoutError<T>;
        whippet::sync::broadcast::error::SendError<T>;
        whippet::sync::watch::error::SendError<T>;
    }
}
