//! Addresses, and names that stand for them.

use crate::runtime::Handle;
use crate::task::blocking_error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// What can be turned into addresses: addresses themselves, and names with a port, which are looked up on a thread
/// that may block.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use std::net::Ipv4Addr;
/// use whippet::net::{TcpListener, TcpStream};
/// let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
/// let address = listener.local_addr()?;
/// // An address, its text, and a name with a port.
/// TcpStream::connect(address).await?;
/// TcpStream::connect(address.to_string()).await?;
/// let stream = TcpStream::connect(("localhost", address.port())).await?;
/// assert_eq!(stream.peer_addr()?, address);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub trait ToSocketAddrs: sealed::Sealed {}

/// What a name or an address stands for.
#[derive(Debug)]
pub enum LookupTarget {
    /// Addresses.
    Addresses(Vec<SocketAddr>),
    /// A host and a port.
    Host(String, u16),
    /// A host and a port in one text.
    Text(String),
}

mod sealed {
    /// Gives what is to be looked up.
    pub trait Sealed {
        /// What it stands for.
        fn target(&self) -> super::LookupTarget;
    }
}

/// Looks a name up, on a thread that may block, and gives the addresses that stand for it.
///
/// # Errors
/// Those of the look-up; `InvalidInput` when there is no address.
///
/// # Cancel safety
/// Cancel safe; a look-up that has begun goes on, and its result is dropped.
///
/// # Panics
/// If this thread has entered no runtime and a name has to be looked up.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut addresses = whippet::net::lookup_host("localhost:80").await?;
/// assert!(addresses.all(|address| address.ip().is_loopback() && address.port() == 80));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn lookup_host<T: ToSocketAddrs>(
    host: T,
) -> io::Result<impl Iterator<Item = SocketAddr>> {
    Ok(resolve(host).await?.into_iter())
}

/// The addresses of what was asked for, at least one.
///
/// # Errors
/// Those of the look-up; `InvalidInput` when there is no address.
pub(super) async fn resolve(addresses: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    use std::net::ToSocketAddrs as Resolve;
    /// What a look-up is called where it finds no runtime, for all callers.
    const CALL: &str = "net::lookup_host";
    let found = match addresses.target() {
        LookupTarget::Addresses(found) => found,
        LookupTarget::Host(host, port) => Handle::of_call(CALL)
            .spawn_own_blocking(move || (host.as_str(), port).to_socket_addrs().map(Vec::from_iter))
            .await
            .map_err(blocking_error)??,
        LookupTarget::Text(text) => Handle::of_call(CALL)
            .spawn_own_blocking(move || text.to_socket_addrs().map(Vec::from_iter))
            .await
            .map_err(blocking_error)??,
    };
    if found.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "no address was given or found; give at least one, or a host that has one",
        ));
    }
    Ok(found)
}

/// What comes of the first of the addresses for which `attempt` succeeds.
///
/// # Errors
/// Those of the last address.
pub(super) fn first_ok<T>(
    addresses: Vec<SocketAddr>,
    mut attempt: impl FnMut(&SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut last = Err(io::ErrorKind::InvalidInput.into());
    for address in addresses {
        last = attempt(&address);
        if last.is_ok() {
            break;
        }
    }
    last
}

macro_rules! impl_to_socket_addrs {
    ($($type:ty),*) => {
        $(
            impl ToSocketAddrs for $type {}
            impl sealed::Sealed for $type {
                fn target(&self) -> LookupTarget {
                    LookupTarget::Addresses(vec![SocketAddr::from(*self)])
                }
            }
        )*
    };
}

impl_to_socket_addrs!(
    SocketAddr,
    SocketAddrV4,
    SocketAddrV6,
    (IpAddr, u16),
    (Ipv4Addr, u16),
    (Ipv6Addr, u16)
);

impl ToSocketAddrs for &[SocketAddr] {}
impl sealed::Sealed for &[SocketAddr] {
    fn target(&self) -> LookupTarget {
        LookupTarget::Addresses(self.to_vec())
    }
}

impl ToSocketAddrs for str {}
impl sealed::Sealed for str {
    fn target(&self) -> LookupTarget {
        match self.parse() {
            Ok(address) => LookupTarget::Addresses(vec![address]),
            Err(_) => LookupTarget::Text(self.to_owned()),
        }
    }
}

impl ToSocketAddrs for String {}
impl sealed::Sealed for String {
    fn target(&self) -> LookupTarget {
        self.as_str().target()
    }
}

impl ToSocketAddrs for (&str, u16) {}
impl sealed::Sealed for (&str, u16) {
    fn target(&self) -> LookupTarget {
        match self.0.parse::<IpAddr>() {
            Ok(address) => LookupTarget::Addresses(vec![SocketAddr::new(address, self.1)]),
            Err(_) => LookupTarget::Host(self.0.to_owned(), self.1),
        }
    }
}

impl ToSocketAddrs for (String, u16) {}
impl sealed::Sealed for (String, u16) {
    fn target(&self) -> LookupTarget {
        (self.0.as_str(), self.1).target()
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {}
impl<T: ToSocketAddrs + ?Sized> sealed::Sealed for &T {
    fn target(&self) -> LookupTarget {
        (**self).target()
    }
}
