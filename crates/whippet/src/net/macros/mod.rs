//! The methods that several kinds of sockets have, by macros over their `socket()`.

mod datagram;
mod peek;
mod readiness;
mod socket_option;
mod stream;

pub(super) use self::datagram::impl_datagram_methods;
pub(super) use self::peek::impl_peek_methods;
pub(super) use self::readiness::impl_readiness_methods;
pub(super) use self::socket_option::impl_socket_options;
pub(super) use self::stream::{
    impl_async_read, impl_async_write, impl_futures_io, impl_stream_methods,
};
