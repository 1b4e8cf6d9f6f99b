//! One person: a task that moves lines from his socket to the broker and frames from his inbox to his socket.
//!
//! ```text
//!             ┌─ readable ─► place in the queue ─► read, decode, hand over ──► broker
//!   socket ◄──┤                                                                  │
//!             └─ one vectored write ◄─ all that is due ◄──────── inbox ◄─────────┘
//! ```
//!
//! He never waits with a line in his hand: first there is something to read, then a place in the broker's queue,
//! and then, with nothing awaited in between, the lines are read and handed over. All waiting is done in one
//! `select!`, so the inbox is drained whatever else goes on.

pub(crate) mod interrupt;
pub(crate) mod leave_guard;
pub(crate) mod linger;
pub(crate) mod reader;
pub(crate) mod writer;

mod probe;

use self::probe::{Look, Probing};
use crate::chat::event::{ClientId, Control, Departure, Event, NewClient};
use crate::limits::{LINGER_BYTES, LINGER_BYTES_SHORT, THROTTLE_RECHECK, UNRESPONSIVE_AFTER};
use crate::os::serving_clock::{self, Served};
use crate::outbound::queue::{self, Cut};
use crate::outbound::side_message::Aside;
use crate::protocol::encode::DoorKind;
use crate::server::connection::interrupt::{Call, Called};
use crate::server::connection::leave_guard::Seat;
use crate::server::connection::linger::{say, say_goodbye, say_past_the_buffer};
use crate::server::connection::reader::{End, Heard, Incoming, Limits, Pace};
use crate::server::connection::writer::{Delivered, Outgoing};
use crate::server::connection_limiter::Place;
use crate::server::shared::House;
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

/// Lives one connection from its accept to its close. The place is given back after the socket is closed. If it comes by a
/// proxy, that says first whose it is.
#[expect(
    clippy::manual_async_fn,
    reason = "an async fn keeps its arguments twice, and thousands wait"
)]
pub(crate) fn run(
    stream: TcpStream,
    mut place: Place,
    house: Arc<House>,
) -> impl Future<Output = ()> + Send {
    async move {
        if place.is_unintroduced()
            && let Err(words) = Box::pin(introduce(&stream, &mut place, &house)).await
        {
            Box::pin(refuse(&stream, words, &house)).await;
            drop(stream);
            drop(place);
            return;
        }
        let mut joined = Client::join(&stream, &house, &place).await;
        let farewell = match &mut joined {
            Ok(client) => {
                let over = client.chat(&stream, &house, &place).await;
                if let Over::Ended(End::Foreign(foreign)) = over
                    && let Some(address) = address_of(&stream, &place)
                {
                    house.dials.proxies().tell_stranger(foreign, address);
                }
                client.leave(over, &stream, &house).await
            }
            Err(turned_away) => Some((*turned_away, LINGER_BYTES)),
        };
        drop(joined);
        if let Some((words, most)) = farewell {
            say_goodbye(&stream, words, most).await;
        }
        drop(stream);
        drop(place);
    }
}

/// Has a proxy say whose the connection is. It is no part of the task of those who come by none.
///
/// # Errors
/// Nobody comes in: what the other side is told.
async fn introduce(
    stream: &TcpStream,
    place: &mut Place,
    house: &House,
) -> Result<(), &'static str> {
    select! {
        biased;
        () = house.stopping.cancelled() => Err(STOPPING),
        introduced = house.dials.proxies().introduce(stream, place) => introduced,
    }
}

/// The last words of a connection that is closed in peace, beside those that came through the inbox, and how many bytes are read
/// so that they arrive.
type Farewell = Option<(&'static str, usize)>;

/// What those are told who come when the server is going.
const STOPPING: &str = "* server is shutting down\r\n";

/// One person who has joined.
#[derive(Debug)]
struct Client {
    /// Who he is to the broker.
    id: ClientId,
    /// What comes from him.
    incoming: Incoming,
    /// What goes to him.
    outgoing: Outgoing,
    /// The duty to say that he left.
    seat: Seat,
    /// How far his side has come.
    stage: Stage,
    /// Since when a line has been past its limit without an end, and how much of the time for it has been served; rare.
    overlong: Option<Box<(Instant, Served)>>,
    /// Whether the connection answers, while somebody waits to be told; rare.
    probing: Option<Box<Probing>>,
}

/// How far a person's side has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Waiting for his socket to have something.
    Idle,
    /// His socket has something.
    Readable,
    /// The server stops: what was read of him is handed over, then it is said that this is all.
    Draining,
    /// All was handed over. He only listens.
    Drained,
}

/// Why a person's chat is over.
#[derive(Debug)]
enum Over {
    /// His side ended it.
    Ended(End),
    /// The connection is broken.
    Broken,
    /// The broker cut him.
    Cut(Cut),
    /// The broker closed his inbox, and all of it was written.
    Dismissed,
}

/// What a person's side waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wants {
    /// Something to read.
    Read,
    /// A place for what there is to hand over.
    Place,
    /// Nothing: he must wait, or is done.
    Nothing,
}

impl Client {
    /// Looks at who is there, and joins him to the room.
    ///
    /// # Errors
    /// What he is told who cannot join.
    async fn join(stream: &TcpStream, house: &House, origin: &Place) -> Result<Self, &'static str> {
        // Who was reset has none any more, and no ban or mute would meet what they have sent.
        let Some(address) = address_of(stream, origin) else { return Err("") };
        let mut incoming = Incoming::new(house.dials.speech(), origin.budget(), now());
        if speaks_first(stream, house).await
            && let Some(foreign) = incoming.look(stream, now())
        {
            house.dials.proxies().tell_stranger(foreign, address);
            house.dials.connections().rejected(address, foreign.reason());
            return Err(foreign.answer());
        }
        // There is always one: the queue has more places than there are people.
        let place = house.events.clone().try_reserve_owned().map_err(|_| STOPPING)?;
        let id = house.next_id();
        let (outlet, inbox) = queue::inbox(&house.intake);
        let client = NewClient { sender: outlet, format: DoorKind::Lines, address };
        let join = Control::Join { id, client };
        house.control.send(join).await.map_err(|_| STOPPING)?;
        let (outgoing, seat) = (Outgoing::new(inbox), Seat::new(id, place));
        let stage = Stage::Idle;
        Ok(Self { id, incoming, outgoing, seat, stage, overlong: None, probing: None })
    }

    /// Moves lines and frames until his chat is over.
    async fn chat(&mut self, stream: &TcpStream, house: &House, origin: &Place) -> Over {
        let mut timer = pin!(sleep_until(time::Instant::now()));
        // It lives outside of the loop, or he would lose his turn each time that the inbox has something.
        let mut turn = pin!(house.intake.places().acquire());
        let mut in_line = false;
        let mut call = Call::new(Arc::clone(self.outgoing.account()), &house.stopping);
        loop {
            let now = now();
            if let Some(over) = self.out_of_time(house, now) {
                return over;
            }
            self.tell_if_silent(stream, house, now);
            let waits = self.outgoing.must_wait();
            let wants = self.wants(waits, house, now);
            if in_line && wants != Wants::Place {
                // A place that nobody waits for would be kept from the others.
                turn.set(house.intake.places().acquire());
            }
            in_line = wants == Wants::Place;
            let deadline = self.deadline(house, now).map(time::Instant::from_std);
            let is_timed = deadline.map(|deadline| timer.as_mut().reset(deadline)).is_some();
            select! {
                biased;
                called = poll_fn(|cx| call.poll(cx)) => match called {
                    Called::Off(cut) => return Over::Cut(cut),
                    Called::Aside(aside) => self.heed(*aside, stream, house, now),
                    Called::ToDrain => self.stage = Stage::Draining,
                },
                delivered = self.outgoing.deliver(stream, waits) => match delivered {
                    Ok(Delivered::CaughtUp) => {}
                    Ok(Delivered::Everything) => return Over::Dismissed,
                    Err(_) => return Over::Broken,
                },
                readable = poll_fn(|cx| stream.poll_read_ready(cx)), if wants == Wants::Read => match readable {
                    Ok(()) => {
                        self.stage = Stage::Readable;
                        // Nearly always there is a place at once.
                        if let Ok(place) = house.intake.places().try_acquire()
                            && let Some(end) = self.hand_over(place, stream, house, origin)
                        {
                            return Over::Ended(end);
                        }
                    }
                    Err(_) => return Over::Broken,
                },
                place = turn.as_mut(), if in_line => {
                    turn.set(house.intake.places().acquire());
                    in_line = false;
                    // The places are never closed.
                    let Ok(place) = place else { return Over::Dismissed };
                    if let Some(end) = self.hand_over(place, stream, house, origin) {
                        return Over::Ended(end);
                    }
                }
                _ = stream.ready(Interest::ERROR), if wants != Wants::Read => return Over::Broken,
                () = timer.as_mut(), if is_timed => {
                    self.incoming.heed(house.dials.speech(), origin.budget(), self::now());
                }
            }
            if self.incoming.ends_turn() {
                // What he sent may be much work, and there may be more of it: the neighbours first.
                yield_now().await;
            }
        }
    }

    /// What his side waits for now, if his other side `waits` or does not.
    fn wants(&self, waits: bool, house: &House, now: Instant) -> Wants {
        match self.stage {
            Stage::Draining => Wants::Place,
            Stage::Drained => Wants::Nothing,
            // Who does not read may not make us produce more.
            _ if waits => Wants::Nothing,
            _ if self.silent_until(house, now).is_some() => Wants::Nothing,
            Stage::Readable => Wants::Place,
            Stage::Idle if self.incoming.has_waiting() || self.outgoing.has_question() => {
                Wants::Place
            }
            Stage::Idle if self.incoming.may_say(self.outgoing.terminal(), pace(house), now) => {
                Wants::Place
            }
            Stage::Idle => Wants::Read,
        }
    }

    /// Whether the server is stopping, as far as he is concerned.
    fn is_draining(&self) -> bool {
        matches!(self.stage, Stage::Draining | Stage::Drained)
    }

    /// Until when he must be silent for having spoken fast.
    fn silent_until(&self, house: &House, now: Instant) -> Option<Instant> {
        if self.is_draining() {
            return None;
        }
        self.incoming.silent_until(self.outgoing.terminal(), pace(house), now)
    }

    /// How his time is up, if it is.
    fn out_of_time(&mut self, house: &House, now: Instant) -> Option<Over> {
        if self.is_overlong_for(house.dials.overlong(), now) {
            Some(Over::Ended(End::Overlong))
        } else if self.stop_by(house).is_some_and(|until| until <= now) {
            Some(Over::Cut(Cut::TooSlow))
        } else {
            None
        }
    }

    /// When a stopping server will not wait for him any longer.
    fn stop_by(&self, house: &House) -> Option<Instant> {
        if self.is_draining() { house.stop_by() } else { None }
    }

    /// Whether a line has been past its limit for so long without an end.
    fn is_overlong_for(&mut self, within: Duration, now: Instant) -> bool {
        let Some(since) = self.incoming.overlong_since() else {
            self.overlong = None;
            return false;
        };
        match &mut self.overlong {
            Some(overlong) if overlong.0 == since => overlong.1.is_over(within, now),
            overlong => {
                *overlong = Some(Box::new((since, Served::new(now))));
                within.is_zero()
            }
        }
    }

    /// When it is to be looked at next whether such a line is borne any longer.
    fn overlong_look(&self, house: &House) -> Option<Instant> {
        self.overlong.as_ref().map(|overlong| overlong.1.next_look(house.dials.overlong()))
    }

    /// The next moment at which something changes by itself.
    fn deadline(&self, house: &House, now: Instant) -> Option<Instant> {
        // A silence that was long when it began may be over by what is set meanwhile.
        let silence = self.silent_until(house, now).map(|until| until.min(now + THROTTLE_RECHECK));
        let line = self.incoming.says_at(self.outgoing.terminal(), house.dials.speech(), now);
        let line = line.map(|at| at.min(now + THROTTLE_RECHECK));
        let probe = self.probing.as_ref().map(|probing| probing.look_at());
        let moments = [silence, line, self.overlong_look(house), self.stop_by(house), probe];
        moments.into_iter().flatten().min()
    }

    /// Takes what the broker has beside frames.
    fn heed(&mut self, aside: Aside, stream: &TcpStream, house: &House, now: Instant) {
        let Aside { probe, place } = aside;
        if let Some(place) = place
            && let Some(terminal) = self.outgoing.terminal_mut()
        {
            terminal.show_place(&place);
        }
        match (probe, &mut self.probing) {
            (Some(probe), Some(probing)) => probing.add(probe),
            (Some(probe), none) => {
                let probing = Probing::begin(probe, stream, &house.config.sockets, now);
                *none = Some(Box::new(probing));
            }
            (None, _) => {}
        }
    }

    /// Tells the broker that the connection does not answer, if somebody wants to know and it is so.
    fn tell_if_silent(&mut self, stream: &TcpStream, house: &House, now: Instant) {
        let Some(probing) = &mut self.probing else { return };
        match probing.look(stream, now) {
            Look::TooEarly => return,
            Look::Answers => {}
            Look::Silent(silence) => {
                let Ok(place) = house.intake.places().try_acquire() else {
                    return probing.wait(UNRESPONSIVE_AFTER, now);
                };
                // The broker gives it back.
                place.forget();
                let rest = house.config.sockets.user_timeout.saturating_sub(silence);
                let (id, probe) = (self.id, probing.probe());
                house.post(Event::Unresponsive { id, probe, silence, rest });
            }
        }
        if let Some(probing) = self.probing.take() {
            probing.end(stream, &house.config.sockets);
        }
    }

    /// Uses a place in the broker's queue: for what he says, or for saying that this was all. No waiting in here.
    fn hand_over(
        &mut self,
        place: SemaphorePermit<'_>,
        stream: &TcpStream,
        house: &House,
        origin: &Place,
    ) -> Option<End> {
        let id = self.id;
        if self.is_draining() {
            self.incoming.drop_unfinished_keys();
        }
        let is_all = !self.incoming.has_waiting() && !self.outgoing.has_unsaid();
        if self.stage == Stage::Draining && is_all {
            self.stage = Stage::Drained;
            house.post(Event::Drained { id });
            return None;
        }
        if !self.is_draining() && self.outgoing.account().is_held() {
            // The broker said so while the task stood in line for this place.
            return None;
        }
        if let Some(event) = self.question() {
            // The broker gives it back.
            place.forget();
            house.post(event);
            return None;
        }
        let pace = match self.is_draining() {
            true => Pace { rate: None, keys: None },
            false => pace(house),
        };
        let (budget, told_address) = (origin.budget(), origin.told_address());
        let limits = Limits { pace, budget, lock: house.dials.lock(), told_address };
        let now = now();
        let terminal = self.outgoing.terminal_mut();
        let Some(Heard { inputs, end, .. }) = self.incoming.hear(stream, terminal, &limits, now)
        else {
            self.stage = Stage::Idle;
            return None;
        };
        if !self.is_draining() {
            self.stage = Stage::Idle;
        }
        if !inputs.is_empty() {
            // The broker gives it back.
            place.forget();
            self.outgoing.account().hand_over();
            house.post(Event::Lines { id, inputs: inputs.with_received_at(now) });
        }
        end
    }

    /// What his terminal wants to know for its completion.
    fn question(&mut self) -> Option<Event> {
        let (id, draining) = (self.id, self.is_draining());
        let terminal = self.outgoing.terminal_mut().as_mut()?;
        if draining {
            // What follows the Tab is a line that was read, and is not to wait.
            terminal.forget_question();
        }
        let (word, answer) = terminal.ask()?;
        Some(Event::Complete { id, word, answer })
    }

    /// Says that he left, and sends him what is still due to him.
    async fn leave(&mut self, over: Over, stream: &TcpStream, house: &House) -> Farewell {
        let (departure, words) = match over {
            Over::Broken => {
                self.seat.leave(Departure::Lost);
                return None;
            }
            Over::Cut(cut) => {
                self.seat.leave(cut.departure());
                if let Some(start) = self.outgoing.end_terminal(stream) {
                    let more = self.outgoing.account().take_farewell();
                    let words = more.as_deref().unwrap_or(cut.farewell());
                    let words = [&start, words.as_bytes()].concat();
                    say_past_the_buffer(stream, &words, house.config.sockets.send_buffer);
                }
                // Of who does not read little is read.
                let most = if cut == Cut::TooSlow { LINGER_BYTES_SHORT } else { LINGER_BYTES };
                return Some(("", most));
            }
            // The broker knows.
            Over::Dismissed => return Some(("", LINGER_BYTES)),
            Over::Ended(end) => end.announced(),
        };
        self.seat.leave(departure);
        self.incoming.forget();
        let rest = serving_clock::timeout(house.config.bounds.take_within, async {
            while self.outgoing.deliver(stream, false).await? != Delivered::Everything {}
            Box::pin(say(stream, words)).await
        });
        matches!(rest.await, Ok(Ok(()))).then_some(("", LINGER_BYTES))
    }
}

/// Last words to somebody whom a proxy brought and who is not let in. They hold a place meanwhile, so no more of them linger than
/// of those who are refused without one.
async fn refuse(stream: &TcpStream, words: &str, house: &House) {
    match house.goodbyes.try_acquire() {
        Ok(_one) => say_goodbye(stream, words, LINGER_BYTES_SHORT).await,
        // Who is gone need not be told.
        Err(_) => _ = stream.try_write(words.as_bytes()),
    }
}

/// Where somebody comes from; of who was reset nobody knows.
fn address_of(stream: &TcpStream, origin: &Place) -> Option<IpAddr> {
    origin.address(stream).map(|from| from.ip().to_canonical())
}

/// Whether he speaks before he is welcomed, as programs of another protocol do; a person waits. Where many are listened to
/// already nobody else is: his first line will be looked at in any case.
async fn speaks_first(stream: &TcpStream, house: &House) -> bool {
    let Ok(_ear) = house.ears.try_acquire() else { return false };
    timeout(house.dials.first_look(), stream.readable()).await.is_ok()
}

/// How fast what comes may come.
fn pace(house: &House) -> Pace {
    Pace { rate: house.dials.speech(), keys: house.dials.keys() }
}

/// This moment.
fn now() -> Instant {
    time::Instant::now().into_std()
}

#[cfg(test)]
mod tests;
