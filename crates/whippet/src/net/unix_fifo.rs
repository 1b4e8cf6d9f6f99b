//! How pipes with a name are opened.

use super::unix_pipe::{Receiver, Sender, check};
use crate::sys::pipe as kernel;
use crate::sys::pipe::Access;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// How a pipe with a name (a FIFO) is opened.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::{AsyncReadExt, AsyncWriteExt};
/// use whippet::net::unix::pipe;
/// # let path = std::env::temp_dir().join(format!("whippet-fifo-{}", std::process::id()));
/// // As `mkfifo` does.
/// rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU)?;
/// let mut receiver = pipe::OpenOptions::new().open_receiver(&path)?;
/// let mut sender = pipe::OpenOptions::new().open_sender(&path)?;
/// # std::fs::remove_file(&path)?;
/// sender.write_all(b"hello").await?;
/// drop(sender);
/// let mut words = String::new();
/// receiver.read_to_string(&mut words).await?;
/// assert_eq!(words, "hello");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Whether either end is opened for both directions.
    read_write: bool,
    /// Whether what is opened is taken for a pipe unseen.
    unchecked: bool,
}

impl OpenOptions {
    /// One direction, and a look whether it is a pipe.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::unix::pipe::OpenOptions;
    /// let error = OpenOptions::new().open_receiver("/dev/null").unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens an end for both directions, as Linux allows: a sender then needs no reader to be opened, and a receiver comes to
    /// no end when the last sender is gone.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::unix::pipe::OpenOptions;
    /// # let path = std::env::temp_dir().join(format!("whippet-fifo-both-{}", std::process::id()));
    /// rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU)?;
    /// // Nobody reads.
    /// let one_way = OpenOptions::new().open_sender(&path);
    /// let both_ways = OpenOptions::new().read_write(true).open_sender(&path);
    /// # std::fs::remove_file(&path)?;
    /// assert!(one_way.is_err() && both_ways.is_ok());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn read_write(&mut self, value: bool) -> &mut Self {
        self.read_write = value;
        self
    }

    /// Spares the look whether it is a pipe.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::io::ErrorKind;
    /// use whippet::net::unix::pipe::OpenOptions;
    /// let error = OpenOptions::new().open_receiver("/dev/null").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::InvalidInput);
    /// // Now it is the kernel that fails: it watches no such thing.
    /// let error = OpenOptions::new().unchecked(true).open_receiver("/dev/null").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn unchecked(&mut self, value: bool) -> &mut Self {
        self.unchecked = value;
        self
    }

    /// Opens the reading end. It does not wait for a sender.
    ///
    /// # Errors
    /// Any error of the system call; `InvalidInput` for what is no pipe.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncReadExt;
    /// use whippet::net::unix::pipe::OpenOptions;
    /// # let path = std::env::temp_dir().join(format!("whippet-fifo-receiver-{}", std::process::id()));
    /// rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU)?;
    /// let mut receiver = OpenOptions::new().open_receiver(&path)?;
    /// // As any program does.
    /// std::fs::write(&path, "hello")?;
    /// # std::fs::remove_file(&path)?;
    /// let mut words = String::new();
    /// receiver.read_to_string(&mut words).await?;
    /// assert_eq!(words, "hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn open_receiver<P: AsRef<Path>>(&self, path: P) -> io::Result<Receiver> {
        Receiver::from_owned_fd_unchecked(self.open(path.as_ref(), Access::Read)?)
    }

    /// Opens the writing end. It does not wait for a receiver: without one it fails, unless it is opened for
    /// [both directions](Self::read_write).
    ///
    /// # Errors
    /// Any error of the system call (`ENXIO` when there is no reader); `InvalidInput` for what is no pipe.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::unix::pipe::OpenOptions;
    /// # let path = std::env::temp_dir().join(format!("whippet-fifo-sender-{}", std::process::id()));
    /// rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU)?;
    /// assert!(OpenOptions::new().open_sender(&path).is_err());
    /// let receiver = OpenOptions::new().open_receiver(&path)?;
    /// let sender = OpenOptions::new().open_sender(&path)?;
    /// # std::fs::remove_file(&path)?;
    /// sender.writable().await?;
    /// sender.try_write(b"hello")?;
    /// receiver.readable().await?;
    /// assert_eq!(receiver.try_read(&mut [0; 16])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn open_sender<P: AsRef<Path>>(&self, path: P) -> io::Result<Sender> {
        Sender::from_owned_fd_unchecked(self.open(path.as_ref(), Access::Write)?)
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<OwnedFd> {
        let end = kernel::open(path, if self.read_write { Access::Both } else { access })?;
        if !self.unchecked {
            check(&end, access)?;
        }
        Ok(end)
    }
}
