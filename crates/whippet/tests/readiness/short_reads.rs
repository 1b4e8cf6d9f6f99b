//! A read that gave less than it could have does not always mean that nothing is left.

use crate::{block_on, within};
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::io::{ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use whippet::io::{AsyncReadExt, AsyncWriteExt, Interest};
use whippet::net::unix::pipe::Receiver;
use whippet::net::{TcpListener, TcpStream, UnixStream};
use whippet::task::yield_now;

/// Sends bytes with a descriptor beside them.
fn send_with_descriptor(socket: impl AsFd, bytes: &[u8], passed: impl AsFd) {
    let descriptors = [passed.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
    let sent = sendmsg(socket, &[IoSlice::new(bytes)], &mut control, SendFlags::empty()).unwrap();
    assert_eq!(sent, bytes.len());
}

#[test]
fn bytes_behind_a_passed_descriptor_are_read() {
    block_on(async {
        let (mut near, far) = UnixStream::pair().unwrap();
        far.writable().await.unwrap();
        for _ in 0..100 {
            send_with_descriptor(&far, b"first", std::io::stderr());
            rustix::net::send(&far, b"behind", SendFlags::empty()).unwrap();
            let mut all = [0; 11];
            // Each read has room for all, and the first stops behind the descriptor.
            let mut count = 0;
            while count < all.len() {
                let mut room = [0; 64];
                let read = within(near.read(&mut room)).await.unwrap();
                all[count..count + read].copy_from_slice(&room[..read]);
                count += read;
            }
            assert_eq!(&all, b"firstbehind");
        }
    });
}

#[test]
fn try_read_goes_on_behind_a_passed_descriptor() {
    block_on(async {
        let (near, far) = UnixStream::pair().unwrap();
        send_with_descriptor(&far, b"first", std::io::stderr());
        rustix::net::send(&far, b"behind", SendFlags::empty()).unwrap();
        within(near.readable()).await.unwrap();
        assert_eq!(near.try_read(&mut [0; 64]).unwrap(), 5);
        within(near.readable()).await.unwrap();
        assert_eq!(near.try_read(&mut [0; 64]).unwrap(), 6);
    });
}

/// A pipe in packet mode gives one packet a read.
#[test]
fn packets_of_a_pipe_are_all_read() {
    block_on(async {
        let flags = rustix::pipe::PipeFlags::DIRECT | rustix::pipe::PipeFlags::CLOEXEC;
        let (near, far) = rustix::pipe::pipe_with(flags).unwrap();
        rustix::io::write(&far, b"one").unwrap();
        rustix::io::write(&far, b"three").unwrap();
        let mut near = Receiver::from_owned_fd(near).unwrap();
        assert_eq!(within(near.read(&mut [0; 64])).await.unwrap(), 3);
        assert_eq!(within(near.read(&mut [0; 64])).await.unwrap(), 5);
    });
}

#[test]
fn the_end_behind_a_short_read_outlives_a_call_for_priority() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connects = TcpStream::connect(listener.local_addr().unwrap());
        let mut far = within(connects).await.unwrap();
        let (mut near, _) = within(listener.accept()).await.unwrap();
        far.write_all(b"last").await.unwrap();
        drop(far);
        while !within(near.ready(Interest::READABLE)).await.unwrap().is_read_closed() {
            yield_now().await;
        }
        // No urgent data is there, and none will come.
        let urgent = near.try_io(Interest::PRIORITY, || {
            rustix::net::recv(&near, &mut [0; 4][..], RecvFlags::OOB)
                .map_err(|_| ErrorKind::WouldBlock.into())
        });
        assert_eq!(urgent.unwrap_err().kind(), ErrorKind::WouldBlock);
        let mut all = Vec::new();
        assert_eq!(within(near.read_to_end(&mut all)).await.unwrap(), 4);
    });
}
