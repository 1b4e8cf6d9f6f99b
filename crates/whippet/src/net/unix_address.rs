//! How Unix sockets are named.

use rustix::net::{SocketAddrAny, SocketAddrUnix};
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The name of a Unix socket: a path, an abstract name (Linux), or none.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::net::{UnixListener, UnixStream};
/// # let name = format!("whippet-address-{}", std::process::id());
/// let listener = UnixListener::bind(format!("\0{name}"))?;
/// let address = listener.local_addr()?;
/// assert_eq!(format!("{address:?}"), format!("\"{name}\" (abstract)"));
/// let client = UnixStream::connect_addr(&address).await?;
/// assert_eq!(client.peer_addr()?, address);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SocketAddr(SocketAddrUnix);

impl SocketAddr {
    /// The path, if that is what names it.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UnixListener;
    /// # let path = std::env::temp_dir().join(format!("whippet-pathname-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path)?;
    /// # std::fs::remove_file(&path)?;
    /// assert_eq!(listener.local_addr()?.as_pathname(), Some(&*path));
    /// assert_eq!(listener.local_addr()?.as_abstract_name(), None);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn as_pathname(&self) -> Option<&Path> {
        self.0.path_bytes().map(|path| Path::new(OsStr::from_bytes(path)))
    }

    /// The abstract name, without the zero byte before it, if that is what names it.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UnixListener;
    /// # let name = format!("whippet-abstract-{}", std::process::id());
    /// let listener = UnixListener::bind(format!("\0{name}"))?;
    /// assert_eq!(listener.local_addr()?.as_abstract_name(), Some(name.as_bytes()));
    /// assert_eq!(listener.local_addr()?.as_pathname(), None);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn as_abstract_name(&self) -> Option<&[u8]> {
        // rustix reads a socket without a name as one with an empty abstract name.
        self.0.abstract_name().filter(|name| !name.is_empty())
    }

    /// Whether it has no name, as the sockets of most clients.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{UnixListener, UnixStream};
    /// # let name = format!("\0whippet-unnamed-{}", std::process::id());
    /// let _listener = UnixListener::bind(&name)?;
    /// let client = UnixStream::connect(&name).await?;
    /// assert!(client.local_addr()?.is_unnamed());
    /// assert!(!client.peer_addr()?.is_unnamed());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn is_unnamed(&self) -> bool {
        self.as_pathname().is_none() && self.as_abstract_name().is_none()
    }

    /// The name as calls take it.
    pub(super) fn as_arg(&self) -> &SocketAddrUnix {
        &self.0
    }

    /// The name that the kernel returned.
    pub(super) fn from_raw(address: Option<SocketAddrAny>) -> Self {
        let address = address.and_then(|address| SocketAddrUnix::try_from(address).ok());
        Self(address.unwrap_or_else(SocketAddrUnix::new_unnamed))
    }
}

impl From<std::os::unix::net::SocketAddr> for SocketAddr {
    fn from(address: std::os::unix::net::SocketAddr) -> Self {
        use std::os::linux::net::SocketAddrExt;
        let name = match (address.as_pathname(), address.as_abstract_name()) {
            (Some(path), _) => SocketAddrUnix::new(path).ok(),
            (None, Some(name)) => SocketAddrUnix::new_abstract_name(name).ok(),
            (None, None) => None,
        };
        // What std holds fits: it took the same limits from the kernel.
        Self(name.unwrap_or_else(SocketAddrUnix::new_unnamed))
    }
}

impl fmt::Debug for SocketAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.as_pathname(), self.as_abstract_name()) {
            (Some(path), _) => write!(f, "{path:?} (pathname)"),
            (None, Some(name)) => write!(f, "\"{}\" (abstract)", name.escape_ascii()),
            (None, None) => f.write_str("(unnamed)"),
        }
    }
}

/// The name that a path stands for: a path, or, after a zero byte, an abstract name.
///
/// # Errors
/// The path is longer than 107 bytes, or has a zero byte within.
pub(super) fn parse_path(path: &Path) -> io::Result<SocketAddrUnix> {
    Ok(match path.as_os_str().as_bytes() {
        [0, name @ ..] => SocketAddrUnix::new_abstract_name(name)?,
        _ => SocketAddrUnix::new(path)?,
    })
}
