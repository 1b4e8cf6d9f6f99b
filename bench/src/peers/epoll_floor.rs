//! The floor: one thread, one epoll, no runtime, one write a client after each wait. What is left of a chat server when
//! everything but the kernel's part is taken away; no limits, no flow control, no names.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};

/// Bytes of one read.
const READ_BUFFER: usize = 64 << 10;
/// Events of one `epoll_wait`.
const EVENTS: usize = 1024;
/// The backlog of the listening socket.
const BACKLOG: i32 = 4096;
/// The token of the listening socket.
const LISTENER: u64 = u64::MAX;

struct Client {
    stream: TcpStream,
    /// A line that has no end yet.
    partial: Vec<u8>,
    /// What is to be written.
    pending: Vec<u8>,
    /// How much of it was written.
    written: usize,
    prefix: Vec<u8>,
}

/// The whole server.
struct Server {
    listener: TcpListener,
    epoll: RawFd,
    clients: Vec<Option<Client>>,
    /// Free slots of clients that left.
    vacant: Vec<usize>,
    /// Clients that something may be written to after this wait.
    writable: Vec<usize>,
    /// Whether that is all clients.
    is_all: bool,
}

/// Serves until the process ends.
pub fn serve(listener: TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    // SAFETY: the call takes no pointer.
    check(unsafe { libc::listen(listener.as_raw_fd(), BACKLOG) })?;
    // SAFETY: the call takes no pointer.
    let epoll = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
    register(epoll, listener.as_raw_fd(), LISTENER)?;
    let (clients, vacant, writable) = (Vec::new(), Vec::new(), Vec::new());
    let mut server = Server { listener, epoll, clients, vacant, writable, is_all: false };
    let mut events = vec![libc::epoll_event { events: 0, u64: 0 }; EVENTS];
    let mut buffer = vec![0; READ_BUFFER];
    loop {
        // SAFETY: `events` has space for as many events as the call is told.
        let count = unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), EVENTS as i32, -1) };
        for event in &events[..check(count)? as usize] {
            match event.u64 {
                LISTENER => server.accept(),
                index => server.handle(index as usize, event.events, &mut buffer),
            }
        }
        server.write();
    }
}

impl Server {
    /// Accepts all connections that wait. One that cannot be served is closed.
    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            let index = self.vacant.pop().unwrap_or(self.clients.len());
            if index == self.clients.len() {
                self.clients.push(None);
            }
            let descriptor = stream.as_raw_fd();
            let is_ready = stream.set_nonblocking(true).is_ok()
                && stream.set_nodelay(true).is_ok()
                && register(self.epoll, descriptor, index as u64).is_ok();
            if !is_ready {
                self.vacant.push(index);
                continue;
            }
            let pending = format!("* welcome, you are user-{index}\r\n").into_bytes();
            let prefix = format!("user-{index}: ").into_bytes();
            let client = Client { stream, partial: Vec::new(), pending, written: 0, prefix };
            self.clients[index] = Some(client);
            self.writable.push(index);
        }
    }

    /// Handles the events of one client.
    fn handle(&mut self, index: usize, events: u32, buffer: &mut [u8]) {
        if events & libc::EPOLLOUT as u32 != 0 {
            self.writable.push(index);
        }
        if events & !(libc::EPOLLOUT as u32) != 0 {
            self.read(index, buffer);
        }
    }

    fn read(&mut self, index: usize, buffer: &mut [u8]) {
        loop {
            let Some(client) = &mut self.clients[index] else { return };
            match client.stream.read(buffer) {
                Ok(0) => return self.remove(index),
                Ok(count) => self.broadcast(index, &buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => return self.remove(index),
            }
        }
    }

    fn remove(&mut self, index: usize) {
        if self.clients[index].take().is_some() {
            self.vacant.push(index);
        }
    }

    fn broadcast(&mut self, index: usize, bytes: &[u8]) {
        let Some(sender) = &mut self.clients[index] else { return };
        sender.partial.extend_from_slice(bytes);
        let Some(end) = sender.partial.iter().rposition(|&byte| byte == b'\n') else { return };
        let rest = sender.partial.split_off(end + 1);
        let lines = std::mem::replace(&mut sender.partial, rest);
        let mut frame = Vec::with_capacity(lines.len() * 2);
        for line in lines.split_inclusive(|&byte| byte == b'\n') {
            frame.extend_from_slice(&sender.prefix);
            frame.extend_from_slice(line);
        }
        for (other, client) in self.clients.iter_mut().enumerate() {
            if let Some(client) = client.as_mut().filter(|_| other != index) {
                client.pending.extend_from_slice(&frame);
            }
        }
        self.is_all = true;
    }

    /// Writes what is pending.
    fn write(&mut self) {
        let mut writable = std::mem::take(&mut self.writable);
        if std::mem::take(&mut self.is_all) {
            writable.clear();
            writable.extend(0..self.clients.len());
        }
        for index in writable.drain(..) {
            if self.clients[index].as_mut().is_some_and(|client| client.write().is_err()) {
                self.remove(index);
            }
        }
        self.writable = writable;
    }
}

impl Client {
    /// Writes what is pending, as much as the kernel takes.
    fn write(&mut self) -> io::Result<()> {
        while self.written < self.pending.len() {
            match self.stream.write(&self.pending[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.pending.clear();
        self.written = 0;
        Ok(())
    }
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
