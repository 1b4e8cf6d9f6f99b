//! Waiting for a descriptor of the program's own: what gives guards.

use super::async_fd::AsyncFd;
use super::guard::{AsyncFdReadyGuard, AsyncFdReadyMutGuard};
use super::interest::Interest;
use crate::reactor::IoInterest;
use std::io;
use std::os::fd::AsFd;
use std::task::{Context, Poll, ready};

impl<T: AsFd> AsyncFd<T> {
    /// Waits until a read may succeed.
    ///
    /// # Errors
    /// The runtime has ended.
    ///
    /// # Cancel safety
    /// Cancel safe: readiness stays until a call finds it used up.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let near = AsyncFd::new(near)?;
    /// far.write_all(b"hello")?;
    /// let mut guard = near.readable().await?;
    /// let mut word = [0; 8];
    /// let count = guard.try_io(|near| near.get_ref().read(&mut word)).unwrap()?;
    /// assert_eq!(&word[..count], b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn readable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::READABLE).await
    }

    /// As [`readable`](Self::readable), for a call that changes what is inside.
    ///
    /// # Errors
    /// The runtime has ended.
    ///
    /// # Cancel safety
    /// As [`readable`](Self::readable).
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// far.write_all(b"hello")?;
    /// let mut guard = near.readable_mut().await?;
    /// let mut word = [0; 8];
    /// let count = guard.try_io(|near| near.get_mut().read(&mut word)).unwrap()?;
    /// assert_eq!(&word[..count], b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn readable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::READABLE).await
    }

    /// Waits until a write may succeed.
    ///
    /// # Errors
    /// The runtime has ended.
    ///
    /// # Cancel safety
    /// As [`readable`](Self::readable).
    ///
    /// ```
    /// use std::io::Write;
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, _far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let near = AsyncFd::new(near)?;
    /// let mut guard = near.writable().await?;
    /// assert_eq!(guard.try_io(|near| near.get_ref().write(b"hello")).unwrap()?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn writable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::WRITABLE).await
    }

    /// As [`writable`](Self::writable), for a call that changes what is inside.
    ///
    /// # Errors
    /// The runtime has ended.
    ///
    /// # Cancel safety
    /// As [`readable`](Self::readable).
    ///
    /// ```
    /// use std::io::Write;
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, _far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// let mut guard = near.writable_mut().await?;
    /// assert_eq!(guard.try_io(|near| near.get_mut().write(b"hello")).unwrap()?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn writable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::WRITABLE).await
    }

    /// Waits until something of `interest` is there; the guard has what.
    ///
    /// # Errors
    /// The runtime has ended.
    ///
    /// # Cancel safety
    /// As [`readable`](Self::readable).
    ///
    /// ```
    /// use std::io::Write;
    /// use whippet::io::{Interest, unix::AsyncFd};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let near = AsyncFd::new(near)?;
    /// far.write_all(b"hello")?;
    /// let guard = near.ready(Interest::READABLE).await?;
    /// assert!(guard.ready().is_readable());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        let announced = self.registration().ready(interest.0).await?;
        Ok(AsyncFdReadyGuard::new(self, interest.0, announced))
    }

    /// As [`ready`](Self::ready), for a call that changes what is inside.
    ///
    /// # Errors
    /// The runtime has ended.
    ///
    /// # Cancel safety
    /// As [`readable`](Self::readable).
    ///
    /// ```
    /// use std::io::Write;
    /// use whippet::io::{Interest, unix::AsyncFd};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// far.write_all(b"hello")?;
    /// let guard = near.ready_mut(Interest::READABLE).await?;
    /// assert!(guard.ready().is_readable());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn ready_mut(
        &mut self,
        interest: Interest,
    ) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        let announced = self.registration().ready(interest.0).await?;
        Ok(AsyncFdReadyMutGuard::new(self, interest.0, announced))
    }

    /// Polls for [`readable`](Self::readable). Several tasks may poll at once, and each is woken.
    ///
    /// # Errors
    /// The runtime has ended.
    ///
    /// ```
    /// use std::future::poll_fn;
    /// use std::io::{Read, Write};
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let near = AsyncFd::new(near)?;
    /// far.write_all(b"hello")?;
    /// let mut guard = poll_fn(|cx| near.poll_read_ready(cx)).await?;
    /// assert_eq!(guard.try_io(|near| near.get_ref().read(&mut [0; 8])).unwrap()?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_read_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let announced = ready!(self.registration().poll_ready(cx, IoInterest::READ))?;
        Poll::Ready(Ok(AsyncFdReadyGuard::new(self, IoInterest::READ, announced)))
    }

    /// Polls for [`readable_mut`](Self::readable_mut). Several tasks may poll at once, and each is woken.
    ///
    /// # Errors
    /// The runtime has ended.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use std::task::Poll;
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// far.write_all(b"hello")?;
    /// // The guard borrows what is polled: the call is made in the closure.
    /// let count = std::future::poll_fn(|cx| loop {
    ///     let mut guard = std::task::ready!(near.poll_read_ready_mut(cx))?;
    ///     if let Ok(result) = guard.try_io(|near| near.get_mut().read(&mut [0; 8])) {
    ///         return Poll::Ready(result);
    ///     }
    /// });
    /// assert_eq!(count.await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_read_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let announced = ready!(self.registration().poll_ready(cx, IoInterest::READ))?;
        Poll::Ready(Ok(AsyncFdReadyMutGuard::new(self, IoInterest::READ, announced)))
    }

    /// Polls for [`writable`](Self::writable). Several tasks may poll at once, and each is woken.
    ///
    /// # Errors
    /// The runtime has ended.
    ///
    /// ```
    /// use std::future::poll_fn;
    /// use std::io::Write;
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, _far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let near = AsyncFd::new(near)?;
    /// let mut guard = poll_fn(|cx| near.poll_write_ready(cx)).await?;
    /// assert_eq!(guard.try_io(|near| near.get_ref().write(b"hello")).unwrap()?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_write_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let announced = ready!(self.registration().poll_ready(cx, IoInterest::WRITE))?;
        Poll::Ready(Ok(AsyncFdReadyGuard::new(self, IoInterest::WRITE, announced)))
    }

    /// Polls for [`writable_mut`](Self::writable_mut). Several tasks may poll at once, and each is woken.
    ///
    /// # Errors
    /// The runtime has ended.
    ///
    /// ```
    /// use std::io::Write;
    /// use std::task::Poll;
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, _far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// // The guard borrows what is polled: the call is made in the closure.
    /// let count = std::future::poll_fn(|cx| loop {
    ///     let mut guard = std::task::ready!(near.poll_write_ready_mut(cx))?;
    ///     if let Ok(result) = guard.try_io(|near| near.get_mut().write(b"hello")) {
    ///         return Poll::Ready(result);
    ///     }
    /// });
    /// assert_eq!(count.await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_write_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let announced = ready!(self.registration().poll_ready(cx, IoInterest::WRITE))?;
        Poll::Ready(Ok(AsyncFdReadyMutGuard::new(self, IoInterest::WRITE, announced)))
    }

    /// As [`async_io`](Self::async_io), for a call that changes what is inside.
    ///
    /// # Errors
    /// As [`async_io`](Self::async_io).
    ///
    /// # Cancel safety
    /// As [`async_io`](Self::async_io).
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use whippet::io::{Interest, unix::AsyncFd};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// far.write_all(b"hello")?;
    /// let mut word = [0; 8];
    /// let count = near.async_io_mut(Interest::READABLE, |near| near.read(&mut word)).await?;
    /// assert_eq!(&word[..count], b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn async_io_mut<R>(
        &mut self,
        interest: Interest,
        mut call: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            let mut guard = self.ready_mut(interest).await?;
            if let Ok(result) = guard.try_io(|descriptor| call(descriptor.get_mut())) {
                return result;
            }
        }
    }

    /// As [`try_io`](Self::try_io), for a call that changes what is inside.
    ///
    /// # Errors
    /// As [`try_io`](Self::try_io).
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use whippet::io::{Interest, unix::AsyncFd};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// far.write_all(b"hello")?;
    /// near.readable().await?.retain_ready();
    /// let count = near.try_io_mut(Interest::READABLE, |near| near.read(&mut [0; 8]))?;
    /// assert_eq!(count, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_io_mut<R>(
        &mut self,
        interest: Interest,
        call: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let announced = self.registration().ready_event();
        if !announced.readiness.intersects(interest.0) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mut guard = AsyncFdReadyMutGuard::new(self, interest.0, announced);
        guard
            .try_io(|descriptor| call(descriptor.get_mut()))
            .unwrap_or_else(|_| Err(io::ErrorKind::WouldBlock.into()))
    }
}
