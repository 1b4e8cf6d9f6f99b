//! A TCP connection.

use super::address::{ToSocketAddrs, resolve};
use super::macros::impl_socket_options;
use super::macros::impl_stream_methods;
use super::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, SplitStream, WriteHalf};
use super::stream::{Stream, StreamKind};
use crate::sys::{options, socket};
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};
use std::time::Duration;

/// A TCP connection.
///
/// Reading and writing go by the traits of `futures-io` with [`AsyncReadExt`](crate::io::AsyncReadExt) and
/// [`AsyncWriteExt`](crate::io::AsyncWriteExt), or by readiness: [`readable`](Self::readable) and
/// [`try_read`](Self::try_read), which keep no buffer while nothing comes.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::net::{TcpListener, TcpStream};
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let client = TcpStream::connect(listener.local_addr()?).await?;
/// let (server, peer) = listener.accept().await?;
/// assert_eq!(peer, client.local_addr()?);
/// server.writable().await?;
/// server.try_write(b"hello")?;
/// client.readable().await?;
/// assert_eq!(client.try_read(&mut [0; 16])?, 5);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[doc(alias = "AsyncTcpStream")]
#[derive(Debug)]
pub struct TcpStream(Stream<Self>);

impl TcpStream {
    /// Connects to the first of the addresses that answers.
    ///
    /// # Errors
    /// Those of the last address: refused, unreachable, timed out; those of the look-up of a name.
    ///
    /// # Cancel safety
    /// Dropped, it gives the connection up.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn connect<A: ToSocketAddrs>(addresses: A) -> io::Result<Self> {
        let mut failed = None;
        for address in resolve(addresses).await? {
            // A family that this system lacks is no reason to leave the other addresses out.
            let connected = match socket::tcp(&address) {
                Ok(descriptor) => Self::connect_to(descriptor, &address).await,
                Err(error) => Err(error),
            };
            match connected {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = Some(error),
            }
        }
        Err(failed.unwrap_or_else(|| io::ErrorKind::InvalidInput.into()))
    }

    pub(super) async fn connect_to(descriptor: OwnedFd, address: &SocketAddr) -> io::Result<Self> {
        // Before the registration: an unconnected socket would be announced as hung up.
        socket::connect(&descriptor, address)?;
        let stream = Stream::new("TcpStream::connect", descriptor)?;
        Ok(Self(stream.wait_connected().await?))
    }

    pub(super) const fn from_stream(stream: Stream<Self>) -> Self {
        Self(stream)
    }

    /// Takes a std stream over, which must be in non-blocking mode.
    ///
    /// # Errors
    /// Any error of registering it with the reactor.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_nonblocking(true)?;
    /// let stream = TcpStream::from_std(stream)?;
    /// let (server, _) = listener.accept().await?;
    /// server.try_write(b"hello")?;
    /// stream.readable().await?;
    /// assert_eq!(stream.try_read(&mut [0; 16])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<Self> {
        Ok(Self(Stream::from_connected("TcpStream::from_std", stream.into())?))
    }

    /// Gives the std stream back, in non-blocking mode.
    ///
    /// # Errors
    /// None at present.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::io::Read;
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (server, _) = listener.accept().await?;
    /// let mut client = client.into_std()?;
    /// client.set_nonblocking(false)?;
    /// server.try_write(b"hello")?;
    /// assert_eq!(client.read(&mut [0; 16])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_std(self) -> io::Result<std::net::TcpStream> {
        Ok(self.0.into_inner().into())
    }

    /// Reads into `buffer` and leaves the bytes where they are.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Cancel safety
    /// Cancel safe.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (server, _) = listener.accept().await?;
    /// client.writable().await?;
    /// client.try_write(b"hello")?;
    /// let mut word = [0; 16];
    /// assert_eq!(server.peek(&mut word).await?, 5);
    /// // They are still there.
    /// assert_eq!(server.try_read(&mut word)?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.peek(buffer).await
    }

    /// Polls for [`peek`](Self::peek). Several tasks may poll at once, and each is woken.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::future::poll_fn;
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (server, _) = listener.accept().await?;
    /// client.writable().await?;
    /// client.try_write(b"hello")?;
    /// let mut word = [0; 16];
    /// assert_eq!(poll_fn(|cx| server.poll_peek(cx, &mut word)).await?, 5);
    /// // They are still there.
    /// assert_eq!(server.try_read(&mut word)?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_peek(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_peek(cx, buffer)
    }

    /// Two halves that borrow the stream, to read and to write in one task.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncWriteExt};
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let mut client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (mut server, _) = listener.accept().await?;
    /// let (reader, mut writer) = server.split();
    /// client.write_all(b"hello").await?;
    /// assert_eq!(whippet::io::copy(&mut reader.take(5), &mut writer).await?, 5);
    /// let mut echo = [0; 5];
    /// client.read_exact(&mut echo).await?;
    /// assert_eq!(&echo, b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn split(&mut self) -> (ReadHalf<'_, Self>, WriteHalf<'_, Self>) {
        split::split(self)
    }

    /// Two halves that own the stream together, to read and to write in two tasks.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncWriteExt};
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (server, _) = listener.accept().await?;
    /// let (mut reader, mut writer) = client.into_split();
    /// let reads = whippet::spawn(async move {
    ///     let mut word = [0; 5];
    ///     reader.read_exact(&mut word).await.map(|_| word)
    /// });
    /// writer.write_all(b"hello").await?;
    /// drop(writer);
    /// whippet::io::copy(&mut &server, &mut &server).await?;
    /// assert_eq!(&reads.await??, b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn into_split(self) -> (OwnedReadHalf<Self>, OwnedWriteHalf<Self>) {
        split::into_split(self)
    }

    /// This end's address.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (_server, peer) = listener.accept().await?;
    /// assert_eq!(client.local_addr()?, peer);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        socket::local_address(&self.0)
    }

    /// The peer's address.
    ///
    /// # Errors
    /// Any error of the system call, such as for a connection that is gone.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// assert_eq!(client.peer_addr()?, listener.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        socket::peer_address(&self.0)
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// assert!(!stream.nodelay()?);
    /// stream.set_nodelay(true)?;
    /// assert!(stream.nodelay()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn nodelay(&self) -> io::Result<bool> {
        options::nodelay(&self.0)
    }

    /// Sets whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// stream.set_nodelay(true)?;
    /// assert!(stream.nodelay()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        options::set_nodelay(&self.0, nodelay)
    }

    /// Sets how long a close waits for what was written (`SO_LINGER`); zero resets the connection.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::time::Duration;
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// assert_eq!(stream.linger()?, None);
    /// stream.set_linger(Some(Duration::from_secs(2)))?;
    /// assert_eq!(stream.linger()?, Some(Duration::from_secs(2)));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        options::set_linger(&self.0, linger)
    }

    /// Has a close reset the connection: what was written and is not sent is lost (`SO_LINGER` of zero).
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (server, _) = listener.accept().await?;
    /// client.set_zero_linger()?;
    /// drop(client);
    /// server.readable().await?;
    /// let error = server.try_read(&mut [0; 16]).unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_zero_linger(&self) -> io::Result<()> {
        self.set_linger(Some(Duration::ZERO))
    }

    /// How long a close waits for what was written.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::time::Duration;
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// // It does not wait, unless set otherwise.
    /// assert_eq!(stream.linger()?, None);
    /// stream.set_zero_linger()?;
    /// assert_eq!(stream.linger()?, Some(Duration::ZERO));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        options::linger(&self.0)
    }

    /// Finds a peer that vanished from an idle connection: the first probe after `idle`, one each `interval`, given
    /// up after `count`. Whole seconds.
    ///
    /// # Errors
    /// Any error of the system call, such as when a value is out of its range.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::time::Duration;
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let second = Duration::from_secs(1);
    /// stream.set_keepalive(60 * second, 10 * second, 3)?;
    /// assert!(rustix::net::sockopt::socket_keepalive(&stream)?);
    /// // More than the kernel takes.
    /// assert!(stream.set_keepalive(40_000 * second, second, 3).is_err());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_keepalive(&self, idle: Duration, interval: Duration, count: u32) -> io::Result<()> {
        options::set_keepalive(&self.0, idle, interval, count)
    }

    /// Sets how long written bytes may wait for the peer's acknowledgement before the connection is given up
    /// (`TCP_USER_TIMEOUT`).
    ///
    /// # Errors
    /// Any error of the system call; `InvalidInput` for more than 49 days.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::time::Duration;
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// stream.set_user_timeout(Duration::from_secs(30))?;
    /// assert_eq!(rustix::net::sockopt::tcp_user_timeout(&stream)?, 30_000);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_user_timeout(&self, timeout: Duration) -> io::Result<()> {
        options::set_user_timeout(&self.0, timeout)
    }

    /// Caps what the kernel takes beyond what it could send at once, in bytes (`TCP_NOTSENT_LOWAT`).
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// stream.set_notsent_lowat(16 * 1024)?;
    /// // The kernel takes no more than that ahead of what it can send.
    /// stream.writable().await?;
    /// assert_eq!(stream.try_write(b"hello")?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_notsent_lowat(&self, bytes: u32) -> io::Result<()> {
        options::set_notsent_lowat(&self.0, bytes)
    }

    /// Sets the size of the kernel's buffer for writing, in bytes (it doubles the figure for its own needs).
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// stream.set_send_buffer_size(16 * 1024)?;
    /// assert_eq!(rustix::net::sockopt::socket_send_buffer_size(&stream)?, 2 * 16 * 1024);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        options::set_send_buffer(&self.0, bytes)
    }

    /// Sets the size of the kernel's buffer for reading, in bytes (it doubles the figure for its own needs).
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// stream.set_recv_buffer_size(16 * 1024)?;
    /// assert_eq!(rustix::net::sockopt::socket_recv_buffer_size(&stream)?, 2 * 16 * 1024);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_recv_buffer_size(&self, bytes: usize) -> io::Result<()> {
        options::set_receive_buffer(&self.0, bytes)
    }

    /// Sets whether the byte that the peer marks as urgent stays among the others (`SO_OOBINLINE`); else
    /// reads leave it out. Telnet marks the last byte of its "synch" so.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (server, _) = listener.accept().await?;
    /// server.set_out_of_band_inline(true)?;
    /// rustix::net::send(&client, b"!", rustix::net::SendFlags::OOB)?;
    /// server.readable().await?;
    /// assert_eq!(server.try_read(&mut [0; 16])?, 1);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_out_of_band_inline(&self, inline: bool) -> io::Result<()> {
        options::set_out_of_band_inline(&self.0, inline)
    }

    #[inline]
    const fn socket(&self) -> &Stream<Self> {
        &self.0
    }
}

impl StreamKind for TcpStream {
    const SHORT_IS_LAST: bool = true;
}

impl SplitStream for TcpStream {
    type Address = SocketAddr;

    #[inline]
    fn stream(&self) -> &Stream<Self> {
        &self.0
    }

    fn local(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    fn peer(&self) -> io::Result<SocketAddr> {
        self.peer_addr()
    }
}

impl_stream_methods!(
    TcpStream,
    "use whippet::net::{TcpListener, TcpStream};\n\
     let listener = TcpListener::bind(\"127.0.0.1:0\").await?;\n\
     let left = TcpStream::connect(listener.local_addr()?).await?;\n\
     let (right, _) = listener.accept().await?;"
);

impl_socket_options! { TcpStream:
    set set_quickack(bool) = set_quickack: "Sets whether each read is acknowledged at once (`TCP_QUICKACK`); the kernel may go back on it by itself.",
        "use whippet::net::{TcpListener, TcpStream};\n\
         let listener = TcpListener::bind(\"127.0.0.1:0\").await?;\n\
         let stream = TcpStream::connect(listener.local_addr()?).await?;\n\
         stream.set_quickack(false)?;\n\
         assert!(!stream.quickack()?);";
    set set_ttl(u32) = set_ttl: "Sets through how many routers a packet may go (`IP_TTL`).",
        "use whippet::net::{TcpListener, TcpStream};\n\
         let listener = TcpListener::bind(\"127.0.0.1:0\").await?;\n\
         let stream = TcpStream::connect(listener.local_addr()?).await?;\n\
         // To neighbours alone.\n\
         stream.set_ttl(1)?;\n\
         assert_eq!(stream.ttl()?, 1);";
    get quickack -> bool = quickack: "Whether each read is acknowledged at once (`TCP_QUICKACK`).",
        "use whippet::net::{TcpListener, TcpStream};\n\
         let listener = TcpListener::bind(\"127.0.0.1:0\").await?;\n\
         let stream = TcpStream::connect(listener.local_addr()?).await?;\n\
         stream.set_quickack(true)?;\n\
         assert!(stream.quickack()?);";
    get ttl -> u32 = ttl: "Through how many routers a packet may go (`IP_TTL`).",
        "use whippet::net::{TcpListener, TcpStream};\n\
         let listener = TcpListener::bind(\"127.0.0.1:0\").await?;\n\
         let stream = TcpStream::connect(listener.local_addr()?).await?;\n\
         assert_ne!(stream.ttl()?, 0);\n\
         stream.set_ttl(5)?;\n\
         assert_eq!(stream.ttl()?, 5);";
}
