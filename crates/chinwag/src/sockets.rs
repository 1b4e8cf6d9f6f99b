//! What is set on each person's socket, and why.
//!
//! It is set on the listeners: the kernel hands it on to each connection that comes in, which spares eight calls a
//! person.

use crate::limits::{
    KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, KEEPALIVE_PROBES, KERNEL_BUFFER, USER_TIMEOUT,
};
use std::io;
use whippet::net::SockRef;

/// Sets the options that a listener's connections are to have.
///
/// # Errors
/// The kernel's.
pub(crate) fn prepare(listener: SockRef<'_>) -> io::Result<()> {
    // A line leaves at once; we write whole batches, so there is nothing for Nagle to gather.
    listener.set_nodelay(true)?;
    // A peer that vanished is noticed, whether or not something is on its way to him.
    listener.set_keepalive(KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, KEEPALIVE_PROBES)?;
    listener.set_user_timeout(USER_TIMEOUT)?;
    // Telnet marks the last byte of an interruption as urgent: left out of its place, it would leave half a command.
    listener.set_out_of_band_inline(true)?;
    // What is owed to a person waits here, where it is shared and counted, not in the kernel.
    listener.set_send_buffer_size(KERNEL_BUFFER)
}

#[cfg(test)]
mod tests {
    use crate::limits::{
        KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, KEEPALIVE_PROBES, KERNEL_BUFFER, USER_TIMEOUT,
    };
    use crate::listen;
    use rustix::net::sockopt;
    use whippet::net::TcpStream;

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
            assert_eq!(buffer, 2 * KERNEL_BUFFER);
        });
    }
}
