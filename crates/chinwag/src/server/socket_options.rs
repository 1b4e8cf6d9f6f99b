//! The options of each client's socket, and why.
//!
//! They are set on the listeners: each accepted connection inherits them, which spares eight calls for each.

use crate::limits::{
    KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, KEEPALIVE_PROBES, SO_SNDBUF_BYTES, USER_TIMEOUT,
};
use std::io;
use std::time::Duration;
use whippet::net::SockRef;

/// The options of each client's socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// Bytes that the kernel may hold for a client; it doubles the number.
    pub send_buffer: usize,
    /// Silence after which the kernel asks whether the peer is still there.
    pub keepalive_idle: Duration,
    /// Time between such questions.
    pub keepalive_interval: Duration,
    /// Unanswered questions that end a connection.
    pub keepalive_probes: u32,
    /// How long sent bytes may stay unacknowledged.
    pub user_timeout: Duration,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            send_buffer: SO_SNDBUF_BYTES,
            keepalive_idle: KEEPALIVE_IDLE,
            keepalive_interval: KEEPALIVE_INTERVAL,
            keepalive_probes: KEEPALIVE_PROBES,
            user_timeout: USER_TIMEOUT,
        }
    }
}

/// Sets the options that a listener's connections are to have.
///
/// # Errors
/// Any error of `setsockopt(2)`.
pub(crate) fn apply(listener: SockRef<'_>, options: &SocketOptions) -> io::Result<()> {
    // A line leaves at once; we write whole batches, so there is nothing for Nagle to gather.
    listener.set_nodelay(true)?;
    // A peer that vanished is noticed, whether or not something is on its way to it.
    let SocketOptions { keepalive_idle, keepalive_interval, keepalive_probes, .. } = *options;
    listener.set_keepalive(keepalive_idle, keepalive_interval, keepalive_probes)?;
    listener.set_user_timeout(options.user_timeout)?;
    // Telnet marks the last byte of an interruption as urgent: left out of its place, it would leave half a command.
    listener.set_out_of_band_inline(true)?;
    // Pending bytes wait here, where they are shared and counted, not in the kernel.
    listener.set_send_buffer_size(options.send_buffer)
}

#[cfg(test)]
mod tests {
    use crate::limits::{
        KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, KEEPALIVE_PROBES, SO_SNDBUF_BYTES, USER_TIMEOUT,
    };
    use crate::server::Server;
    use crate::server::config::Config;
    use crate::server::listen::listen;
    use crate::server::socket_options::SocketOptions;
    use rustix::net::sockopt;
    use std::time::Duration;
    use whippet::net::TcpStream;

    #[test]
    fn what_is_set_is_what_each_connection_has() {
        let second = Duration::from_secs(1);
        let options = SocketOptions {
            send_buffer: 32 * 1024,
            keepalive_idle: 5 * second,
            keepalive_interval: second,
            keepalive_probes: 7,
            user_timeout: 9 * second,
        };
        let runtime = whippet::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            let listeners = listen(&["127.0.0.1:0".parse().unwrap()]).unwrap();
            let config = Config { sockets: options, ..Config::default() };
            let server = Server::new(listeners, config).unwrap();
            let listener = &server.listeners()[0];
            let address = listener.local_addr().unwrap();
            let (person, accepted) = whippet::join!(TcpStream::connect(address), listener.accept());
            let (_person, (accepted, _)) = (person.unwrap(), accepted.unwrap());
            assert_eq!(sockopt::tcp_keepidle(&accepted).unwrap(), options.keepalive_idle);
            assert_eq!(sockopt::tcp_keepintvl(&accepted).unwrap(), options.keepalive_interval);
            assert_eq!(sockopt::tcp_keepcnt(&accepted).unwrap(), options.keepalive_probes);
            assert_eq!(sockopt::tcp_user_timeout(&accepted).unwrap(), 9_000);
            let buffer = sockopt::socket_send_buffer_size(&accepted).unwrap();
            assert_eq!(buffer, 2 * options.send_buffer);
        });
    }

    #[test]
    fn each_connection_inherits_what_was_set_on_its_listener() {
        let runtime = whippet::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            let anywhere = ["127.0.0.1:0".parse().unwrap()];
            let listeners = listen(&anywhere).unwrap();
            let address = listeners[0].local_addr().unwrap();
            let (person, accepted) =
                whippet::join!(TcpStream::connect(address), listeners[0].accept());
            let (_person, (accepted, _)) = (person.unwrap(), accepted.unwrap());
            assert!(sockopt::tcp_nodelay(&accepted).unwrap());
            assert!(sockopt::socket_keepalive(&accepted).unwrap());
            assert_eq!(sockopt::tcp_keepidle(&accepted).unwrap(), KEEPALIVE_IDLE);
            assert_eq!(sockopt::tcp_keepintvl(&accepted).unwrap(), KEEPALIVE_INTERVAL);
            assert_eq!(sockopt::tcp_keepcnt(&accepted).unwrap(), KEEPALIVE_PROBES);
            let timeout = u128::from(sockopt::tcp_user_timeout(&accepted).unwrap());
            assert_eq!(timeout, USER_TIMEOUT.as_millis());
            assert!(sockopt::socket_oobinline(&accepted).unwrap());
            // The kernel doubles it.
            let buffer = sockopt::socket_send_buffer_size(&accepted).unwrap();
            assert_eq!(buffer, 2 * SO_SNDBUF_BYTES);
        });
    }
}
