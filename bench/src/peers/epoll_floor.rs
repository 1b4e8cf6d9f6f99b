//! The floor: one thread, one epoll, no runtime, one write a client a turn. What is left of a chat server when
//! everything but the kernel's part is taken away; no limits, no flow control, no names.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};

/// Bytes of one read.
const READ: usize = 64 << 10;
/// Events of one turn.
const EVENTS: usize = 1024;
/// The token of the listening socket.
const LISTENER: u64 = u64::MAX;

struct Client {
    stream: TcpStream,
    /// A line that has no end yet.
    partial: Vec<u8>,
    /// What is to be written.
    due: Vec<u8>,
    /// How much of it was written.
    written: usize,
    prefix: Vec<u8>,
}

/// Serves until the process ends.
pub fn serve(listener: TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    // SAFETY: the call takes no pointer.
    let epoll = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
    register(epoll, listener.as_raw_fd(), LISTENER)?;
    let mut clients: Vec<Option<Client>> = Vec::new();
    let mut events = vec![libc::epoll_event { events: 0, u64: 0 }; EVENTS];
    let mut buffer = vec![0; READ];
    loop {
        // SAFETY: `events` has room for as many events as the call is told.
        let count = unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), EVENTS as i32, -1) };
        for event in &events[..check(count)? as usize] {
            match event.u64 {
                LISTENER => accept(&listener, epoll, &mut clients)?,
                index => read(&mut clients, index as usize, &mut buffer),
            }
        }
        clients.iter_mut().for_each(write);
    }
}

fn accept(
    listener: &TcpListener,
    epoll: RawFd,
    clients: &mut Vec<Option<Client>>,
) -> io::Result<()> {
    while let Ok((stream, _)) = listener.accept() {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let index = clients.iter().position(Option::is_none).unwrap_or(clients.len());
        register(epoll, stream.as_raw_fd(), index as u64)?;
        let due = format!("* welcome, you are user-{index}\r\n").into_bytes();
        let prefix = format!("user-{index}: ").into_bytes();
        let client = Some(Client { stream, partial: Vec::new(), due, written: 0, prefix });
        if index == clients.len() { clients.push(client) } else { clients[index] = client }
    }
    Ok(())
}

fn read(clients: &mut [Option<Client>], index: usize, buffer: &mut [u8]) {
    loop {
        let Some(client) = &mut clients[index] else { return };
        match client.stream.read(buffer) {
            Ok(0) => return clients[index] = None,
            Ok(count) => broadcast(clients, index, &buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(_) => return clients[index] = None,
        }
    }
}

fn broadcast(clients: &mut [Option<Client>], index: usize, bytes: &[u8]) {
    let Some(sender) = &mut clients[index] else { return };
    sender.partial.extend_from_slice(bytes);
    let Some(end) = sender.partial.iter().rposition(|&byte| byte == b'\n') else { return };
    let rest = sender.partial.split_off(end + 1);
    let lines = std::mem::replace(&mut sender.partial, rest);
    let mut frame = Vec::with_capacity(lines.len() * 2);
    for line in lines.split_inclusive(|&byte| byte == b'\n') {
        frame.extend_from_slice(&sender.prefix);
        frame.extend_from_slice(line);
    }
    for (other, client) in clients.iter_mut().enumerate() {
        if let Some(client) = client.as_mut().filter(|_| other != index) {
            client.due.extend_from_slice(&frame);
        }
    }
}

fn write(slot: &mut Option<Client>) {
    let Some(client) = slot else { return };
    while client.written < client.due.len() {
        match client.stream.write(&client.due[client.written..]) {
            Ok(count) => client.written += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(_) => return *slot = None,
        }
    }
    client.due.clear();
    client.written = 0;
}

fn register(epoll: RawFd, descriptor: RawFd, token: u64) -> io::Result<()> {
    let interest = (libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET) as u32;
    let mut event = libc::epoll_event { events: interest, u64: token };
    // SAFETY: `event` lives through the call, which keeps no pointer to it.
    check(unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, descriptor, &mut event) }).map(drop)
}

fn check(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
