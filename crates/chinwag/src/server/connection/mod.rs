//! One connection: a task that moves lines from its socket to the broker and frames from its send queue to the socket.
//!
//! ```text
//!             ┌─ readable ─► permit for the broker's queue ─► read, decode, send ──► broker
//!   socket ◄──┤                                                                  │
//!             └─ one vectored write ◄─ all that is pending ◄── send queue ◄────────┘
//! ```
//!
//! It never awaits while it holds a line: first there is something to read, then a permit for the broker's queue, and
//! then, with nothing awaited in between, the lines are read and sent. All waiting is done in one `select!`, so the
//! send queue is drained whatever else goes on.

pub(crate) mod interrupt;
pub(crate) mod leave_guard;
pub(crate) mod linger;
pub(crate) mod reader;
pub(crate) mod writer;

mod probe;

use self::probe::{ConnectionProbe, ProbeResult};
use crate::chat::event::{ClientId, Control, Event, LeaveReason, NewClient};
use crate::limits::{LINGER_BYTES, LINGER_BYTES_SHORT, THROTTLE_RECHECK, UNRESPONSIVE_AFTER};
use crate::os::clock::now;
use crate::os::serving_clock::{self, ServedTime};
use crate::outbound::disconnect_reason::DisconnectReason;
use crate::outbound::queue;
use crate::outbound::side_message::SideMessage;
use crate::protocol::encode::WireFormat;
use crate::server::connection::interrupt::{Interrupt, InterruptListener};
use crate::server::connection::leave_guard::LeaveGuard;
use crate::server::connection::linger::{linger_close, write_all, write_past_buffer};
use crate::server::connection::reader::{CloseReason, Limits, RateLimits, ReadOutcome, Reader};
use crate::server::connection::writer::{Flush, Writer};
use crate::server::connection_limiter::ConnectionPermit;
use crate::server::shared::Shared;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use whippet::net::{Interest, TcpStream};
use whippet::sync::SemaphorePermit;
use whippet::task::yield_now;
use whippet::time::{sleep_until, timeout};
use whippet::{select, time};

/// Drives one connection from its accept to its close. The permit is released after the socket is closed. If it comes by a
/// proxy, the proxy's header is read first.
#[expect(
    clippy::manual_async_fn,
    reason = "an async fn keeps its arguments twice, and thousands wait"
)]
pub(crate) fn run(
    stream: TcpStream,
    mut permit: ConnectionPermit,
    shared: Arc<Shared>,
) -> impl Future<Output = ()> + Send {
    async move {
        if permit.awaits_proxy_header()
            && let Err(words) = Box::pin(identify_client(&stream, &mut permit, &shared)).await
        {
            Box::pin(reject(&stream, words, &shared)).await;
            drop(stream);
            drop(permit);
            return;
        }
        let mut registered = Connection::register(&stream, &shared, &permit).await;
        let final_message = match &mut registered {
            Ok(client) => {
                let exit = client.run_loop(&stream, &shared, &permit).await;
                if let Exit::Closed(CloseReason::OtherProtocol(foreign)) = exit
                    && let Some(address) = client_address(&stream, &permit)
                {
                    shared.live.trusted_proxies().log_untrusted(foreign, address);
                }
                client.close(exit, &stream, &shared).await
            }
            Err(rejection) => Some((*rejection, LINGER_BYTES)),
        };
        drop(registered);
        if let Some((words, most)) = final_message {
            linger_close(&stream, words, most).await;
        }
        drop(stream);
        drop(permit);
    }
}

/// Reads a proxy's header. It is no part of the task of those who come by none.
///
/// # Errors
/// The connection is rejected: what the client is told.
async fn identify_client(
    stream: &TcpStream,
    permit: &mut ConnectionPermit,
    shared: &Shared,
) -> Result<(), &'static str> {
    select! {
        biased;
        () = shared.stopping.cancelled() => Err(STOPPING),
        introduced = shared.live.trusted_proxies().identify_client(stream, permit) => introduced,
    }
}

/// The final message of a connection that is closed gracefully, after those in its queue, and how many bytes are read so that it
/// arrives.
type FinalMessage = Option<(&'static str, usize)>;

/// What clients are told that connect during the shutdown.
const STOPPING: &str = "* server is shutting down\r\n";

/// One connection whose client has joined.
#[derive(Debug)]
struct Connection {
    /// The client's id.
    id: ClientId,
    /// The read half.
    reader: Reader,
    /// The write half.
    writer: Writer,
    /// Sends the leave event.
    leave_guard: LeaveGuard,
    /// How far reading has come.
    read_state: ReadState,
    /// Since when a line has been past its limit without an end, and how much of the time for it has been served; rare.
    unterminated_line: Option<Box<(Instant, ServedTime)>>,
    /// Whether the connection answers, while somebody waits for the answer; rare.
    probe: Option<Box<ConnectionProbe>>,
}

/// How far reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReadState {
    /// Waiting for the socket to have something.
    Idle,
    /// The socket has something.
    Readable,
    /// The server stops: what was read is sent to the broker, then that this was all.
    Draining,
    /// All was sent. The client only listens.
    Drained,
}

/// Why a connection ends.
#[derive(Debug)]
enum Exit {
    /// The client ended it.
    Closed(CloseReason),
    /// The connection is broken.
    IoError,
    /// The broker disconnected it.
    Disconnected(DisconnectReason),
    /// The broker closed its queue, and all of it was written.
    BrokerClosed,
}

/// What the read half waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReadInterest {
    /// Something to read.
    Readable,
    /// A permit for what there is to send to the broker.
    Permit,
    /// Nothing: it must wait, or is done.
    None,
}

impl Connection {
    /// Sniffs the protocol, and registers the client with the broker.
    ///
    /// # Errors
    /// What a client is told that cannot join.
    async fn register(
        stream: &TcpStream,
        shared: &Shared,
        admission: &ConnectionPermit,
    ) -> Result<Self, &'static str> {
        // A connection that was reset has no address any more, and no ban or mute would match what it has sent.
        let Some(address) = client_address(stream, admission) else { return Err("") };
        let mut reader = Reader::new(shared.live.rate_limit(), admission.budget(), now());
        if sniff(stream, shared).await
            && let Some(foreign) = reader.sniff(stream, now())
        {
            shared.live.trusted_proxies().log_untrusted(foreign, address);
            shared.live.connection_log().rejected(address, foreign.leave_reason());
            return Err(foreign.response());
        }
        // There is always one: the queue has more capacity than there are connections.
        let permit = shared.events.clone().try_reserve_owned().map_err(|_| STOPPING)?;
        let id = shared.next_id();
        let (sender, receiver) = queue::channel(&shared.backpressure);
        let client = NewClient { sender, format: WireFormat::Lines, address };
        let join = Control::Join { id, client };
        shared.control.send(join).await.map_err(|_| STOPPING)?;
        let (writer, leave_guard) = (Writer::new(receiver), LeaveGuard::new(id, permit));
        let read_state = ReadState::Idle;
        Ok(Self {
            id,
            reader,
            writer,
            leave_guard,
            read_state,
            unterminated_line: None,
            probe: None,
        })
    }

    /// Moves lines and frames until the connection ends.
    async fn run_loop(
        &mut self,
        stream: &TcpStream,
        shared: &Shared,
        admission: &ConnectionPermit,
    ) -> Exit {
        let mut timer = pin!(sleep_until(time::Instant::now()));
        // It lives outside of the loop, or the task would lose its place in the wait queue each time that the send queue has something.
        let mut acquiring = pin!(shared.backpressure.permits().acquire());
        let mut permit_requested = false;
        let mut interrupts =
            InterruptListener::new(Arc::clone(self.writer.queue()), &shared.stopping);
        loop {
            let now = now();
            if let Some(exit) = self.check_deadlines(shared, now) {
                return exit;
            }
            self.report_unanswered(stream, shared, now);
            let blocked = self.writer.read_blocked();
            let interest = self.read_interest(blocked, shared, now);
            if permit_requested && interest != ReadInterest::Permit {
                // A permit that is not needed would be kept from the others.
                acquiring.set(shared.backpressure.permits().acquire());
            }
            permit_requested = interest == ReadInterest::Permit;
            let deadline = self.deadline(shared, now).map(time::Instant::from_std);
            let is_timed = deadline.map(|deadline| timer.as_mut().reset(deadline)).is_some();
            select! {
                biased;
                interrupt = poll_fn(|cx| interrupts.poll(cx)) => match interrupt {
                    Interrupt::Disconnect(reason) => return Exit::Disconnected(reason),
                    Interrupt::SideMessage(message) => self.handle_side_message(*message, stream, shared, now),
                    Interrupt::Drain => self.read_state = ReadState::Draining,
                },
                flushed = self.writer.flush(stream, blocked) => match flushed {
                    Ok(Flush::Unblocked) => {}
                    Ok(Flush::Closed) => return Exit::BrokerClosed,
                    Err(_) => return Exit::IoError,
                },
                readable = poll_fn(|cx| stream.poll_read_ready(cx)), if interest == ReadInterest::Readable => match readable {
                    Ok(()) => {
                        self.read_state = ReadState::Readable;
                        // Nearly always there is a permit at once.
                        if let Ok(permit) = shared.backpressure.permits().try_acquire()
                            && let Some(close) = self.forward_input(permit, stream, shared, admission)
                        {
                            return Exit::Closed(close);
                        }
                    }
                    Err(_) => return Exit::IoError,
                },
                permit = acquiring.as_mut(), if permit_requested => {
                    acquiring.set(shared.backpressure.permits().acquire());
                    permit_requested = false;
                    // The semaphore is never closed.
                    let Ok(permit) = permit else { return Exit::BrokerClosed };
                    if let Some(close) = self.forward_input(permit, stream, shared, admission) {
                        return Exit::Closed(close);
                    }
                }
                _ = stream.ready(Interest::ERROR), if interest != ReadInterest::Readable => return Exit::IoError,
                () = timer.as_mut(), if is_timed => self.apply_rate_limit(shared, admission),
            }
            if self.reader.take_should_yield() {
                // What was read may be much work, and there may be more of it: other tasks first.
                yield_now().await;
            }
        }
    }

    /// Applies the rate limit that is set now.
    fn apply_rate_limit(&mut self, shared: &Shared, admission: &ConnectionPermit) {
        self.reader.apply_rate_limit(shared.live.rate_limit(), admission.budget(), now());
    }
    /// What the read half waits for now; `waits` says whether the write half [blocks it](Writer::read_blocked).
    fn read_interest(&self, blocked: bool, shared: &Shared, now: Instant) -> ReadInterest {
        match self.read_state {
            ReadState::Draining => ReadInterest::Permit,
            ReadState::Drained => ReadInterest::None,
            // A client that does not read may not make us produce more.
            _ if blocked => ReadInterest::None,
            _ if self.throttled_until(shared, now).is_some() => ReadInterest::None,
            ReadState::Readable => ReadInterest::Permit,
            ReadState::Idle
                if self.reader.has_buffered() || self.writer.has_completion_request() =>
            {
                ReadInterest::Permit
            }
            ReadState::Idle
                if self.reader.may_submit_queued(
                    self.writer.terminal(),
                    rate_limits(shared),
                    now,
                ) =>
            {
                ReadInterest::Permit
            }
            ReadState::Idle => ReadInterest::Readable,
        }
    }

    /// Whether the server is stopping, as far as this connection is concerned.
    fn is_draining(&self) -> bool {
        matches!(self.read_state, ReadState::Draining | ReadState::Drained)
    }

    /// Until when nothing is read because of the rate limit.
    fn throttled_until(&self, shared: &Shared, now: Instant) -> Option<Instant> {
        if self.is_draining() {
            return None;
        }
        self.reader.throttled_until(self.writer.terminal(), rate_limits(shared), now)
    }

    /// How the connection ends because of a deadline, if one is over.
    fn check_deadlines(&mut self, shared: &Shared, now: Instant) -> Option<Exit> {
        if self.is_overlong_for(shared.live.overlong_timeout(), now) {
            Some(Exit::Closed(CloseReason::UnterminatedLine))
        } else if self.shutdown_deadline(shared).is_some_and(|until| until <= now) {
            Some(Exit::Disconnected(DisconnectReason::TooSlow))
        } else {
            None
        }
    }

    /// When a stopping server will not wait for this connection any longer.
    fn shutdown_deadline(&self, shared: &Shared) -> Option<Instant> {
        if self.is_draining() { shared.shutdown_deadline() } else { None }
    }

    /// Whether a line has been past its limit for so long without an end.
    fn is_overlong_for(&mut self, within: Duration, now: Instant) -> bool {
        let Some(since) = self.reader.overlong_since() else {
            self.unterminated_line = None;
            return false;
        };
        match &mut self.unterminated_line {
            Some(overlong) if overlong.0 == since => overlong.1.is_over(within, now),
            overlong => {
                *overlong = Some(Box::new((since, ServedTime::new(now))));
                within.is_zero()
            }
        }
    }

    /// When to check next whether such a line has taken too long.
    fn overlong_deadline(&self, shared: &Shared) -> Option<Instant> {
        self.unterminated_line
            .as_ref()
            .map(|overlong| overlong.1.next_look(shared.live.overlong_timeout()))
    }

    /// The next moment at which something changes by itself.
    fn deadline(&self, shared: &Shared, now: Instant) -> Option<Instant> {
        // A wait that was long when it began may be over by a reload meanwhile.
        let silence =
            self.throttled_until(shared, now).map(|until| until.min(now + THROTTLE_RECHECK));
        let line =
            self.reader.queued_line_at(self.writer.terminal(), shared.live.rate_limit(), now);
        let line = line.map(|at| at.min(now + THROTTLE_RECHECK));
        let probe = self.probe.as_ref().map(|pending| pending.next_check());
        let moments =
            [silence, line, self.overlong_deadline(shared), self.shutdown_deadline(shared), probe];
        moments.into_iter().flatten().min()
    }

    /// Handles a side message of the broker.
    fn handle_side_message(
        &mut self,
        message: SideMessage,
        stream: &TcpStream,
        shared: &Shared,
        now: Instant,
    ) {
        let SideMessage { probe, prompt } = message;
        if let Some(prompt) = prompt
            && let Some(terminal) = self.writer.terminal_mut()
        {
            terminal.show_place(&prompt);
        }
        match (probe, &mut self.probe) {
            (Some(probe), Some(pending)) => pending.add(probe),
            (Some(probe), none) => {
                let pending = ConnectionProbe::start(probe, stream, &shared.config.sockets, now);
                *none = Some(Box::new(pending));
            }
            (None, _) => {}
        }
    }

    /// Tells the broker that the connection does not answer, if somebody asked and it is so.
    fn report_unanswered(&mut self, stream: &TcpStream, shared: &Shared, now: Instant) {
        let Some(pending) = &mut self.probe else { return };
        match pending.check(stream, now) {
            ProbeResult::Pending => return,
            ProbeResult::Answered => {}
            ProbeResult::Silent(silence) => {
                let Ok(permit) = shared.backpressure.permits().try_acquire() else {
                    return pending.postpone(UNRESPONSIVE_AFTER, now);
                };
                // The broker releases it.
                permit.forget();
                let rest = shared.config.sockets.user_timeout.saturating_sub(silence);
                let (id, probe) = (self.id, pending.probe());
                shared.send_event(Event::Unresponsive { id, probe, silence, rest });
            }
        }
        if let Some(pending) = self.probe.take() {
            pending.finish(stream, &shared.config.sockets);
        }
    }

    /// Uses a permit of the broker's queue: for what was read, or to report that this was all. No waiting in here.
    fn forward_input(
        &mut self,
        permit: SemaphorePermit<'_>,
        stream: &TcpStream,
        shared: &Shared,
        admission: &ConnectionPermit,
    ) -> Option<CloseReason> {
        let id = self.id;
        if self.is_draining() {
            self.reader.drop_unfinished_keys();
        }
        let is_all = !self.reader.has_buffered() && !self.writer.has_queued_lines();
        if self.read_state == ReadState::Draining && is_all {
            self.read_state = ReadState::Drained;
            shared.send_event(Event::Drained { id });
            return None;
        }
        if !self.is_draining() && self.writer.queue().is_reading_blocked() {
            // The broker blocked reading while the task waited for this permit.
            return None;
        }
        if let Some(event) = self.completion_request() {
            // The broker releases it.
            permit.forget();
            shared.send_event(event);
            return None;
        }
        let rates = match self.is_draining() {
            true => RateLimits { lines: None, keys: None },
            false => rate_limits(shared),
        };
        let (budget, proxied_address) = (admission.budget(), admission.proxied_address());
        let limits = Limits { rates, budget, oper_auth: shared.live.oper_auth(), proxied_address };
        let now = now();
        let terminal = self.writer.terminal_mut();
        let Some(ReadOutcome { commands, close, .. }) =
            self.reader.read_commands(stream, terminal, &limits, now)
        else {
            self.read_state = ReadState::Idle;
            return None;
        };
        if !self.is_draining() {
            self.read_state = ReadState::Idle;
        }
        if !commands.is_empty() {
            // The broker releases it.
            permit.forget();
            self.writer.queue().event_sent();
            shared.send_event(Event::Lines { id, inputs: commands.with_received_at(now) });
        }
        close
    }

    /// What the terminal wants to know for a completion.
    fn completion_request(&mut self) -> Option<Event> {
        let (id, draining) = (self.id, self.is_draining());
        let terminal = self.writer.terminal_mut().as_mut()?;
        if draining {
            // What follows the Tab is a line that was read, and is not to wait.
            terminal.cancel_completion();
        }
        let (word, answer) = terminal.send_completion()?;
        Some(Event::Complete { id, word, answer })
    }

    /// Sends the leave event, and writes what is still pending.
    async fn close(&mut self, exit: Exit, stream: &TcpStream, shared: &Shared) -> FinalMessage {
        let (leave_reason, message) = match exit {
            Exit::IoError => {
                self.leave_guard.leave(LeaveReason::ConnectionLost);
                return None;
            }
            Exit::Disconnected(reason) => {
                self.leave_guard.leave(reason.leave_reason());
                if let Some(start) = self.writer.restore_terminal(stream) {
                    let more = self.writer.queue().take_disconnect_message();
                    let words = more.as_deref().unwrap_or(reason.client_message());
                    let words = [&start, words.as_bytes()].concat();
                    write_past_buffer(stream, &words, shared.config.sockets.send_buffer);
                }
                // Of a client that does not read little is read.
                let most = if reason == DisconnectReason::TooSlow {
                    LINGER_BYTES_SHORT
                } else {
                    LINGER_BYTES
                };
                return Some(("", most));
            }
            // The broker knows.
            Exit::BrokerClosed => return Some(("", LINGER_BYTES)),
            Exit::Closed(close) => close.messages(),
        };
        self.leave_guard.leave(leave_reason);
        self.reader.clear();
        let rest = serving_clock::timeout(shared.config.queue_limits.stall_timeout, async {
            while self.writer.flush(stream, false).await? != Flush::Closed {}
            Box::pin(write_all(stream, message)).await
        });
        matches!(rest.await, Ok(Ok(()))).then_some(("", LINGER_BYTES))
    }
}

/// Rejects a client that came by a proxy. It holds a connection permit meanwhile, so no more of them linger than of those that are
/// rejected without one.
async fn reject(stream: &TcpStream, words: &str, shared: &Shared) {
    match shared.linger_permits.try_acquire() {
        Ok(_one) => linger_close(stream, words, LINGER_BYTES_SHORT).await,
        // A client that is gone need not be told.
        Err(_) => _ = stream.try_write(words.as_bytes()),
    }
}

/// The client's address; of a connection that was reset it is unknown.
fn client_address(stream: &TcpStream, admission: &ConnectionPermit) -> Option<IpAddr> {
    admission.address(stream).map(|from| from.ip().to_canonical())
}

/// Whether the client sends something before it is welcomed, as programs of another protocol do; a user waits. Where many are
/// sniffed already it is not awaited: the first line will be checked in any case.
async fn sniff(stream: &TcpStream, shared: &Shared) -> bool {
    let Ok(_ear) = shared.sniff_permits.try_acquire() else { return false };
    timeout(shared.live.sniff_timeout(), stream.readable()).await.is_ok()
}

/// The rate limits in force.
fn rate_limits(shared: &Shared) -> RateLimits {
    RateLimits { lines: shared.live.rate_limit(), keys: shared.live.key_rate_limit() }
}

#[cfg(test)]
mod tests;
