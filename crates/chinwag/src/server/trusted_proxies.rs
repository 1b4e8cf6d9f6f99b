//! The proxies that are believed, and how a connection of theirs becomes somebody's.
//!
//! ```text
//!   accept ──► is it one of ours? ── no ──► a user at that address
//!                     │
//!                     └─ yes ──► a place without an address ──► its header, within a time ──► a user at the address in it
//!                                                                   │
//!                                                                   └─ of the proxy itself, or none: closed
//! ```
//!
//! A proxy that sees whether the server is well connects and says that it does so for itself, or says nothing and goes: both are
//! closed without a word, and nobody hears of it.

use crate::limits::PROXY_HEADER_TIMEOUT;
use crate::os::serving_clock::timeout;
use crate::protocol::ip_range::IpRange;
use crate::protocol::proxy_header::{Fault, HeaderReader, Source};
use crate::protocol::sniff::Foreign;
use crate::server::connection_limiter::{Place, Refusal};
use crate::server::log_throttle::Seldom;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Instant;
use whippet::net::TcpStream;

/// The proxies that are believed.
#[derive(Debug, Default)]
pub(crate) struct Proxies {
    /// Where they are.
    ranges: RwLock<Vec<IpRange>>,
    /// When to speak of headers that are not as they should be.
    faults: Mutex<Seldom>,
    /// When to speak of headers of others.
    strangers: Mutex<Seldom>,
    /// When to speak of people turned away whose address came in one.
    turned_away: Mutex<Seldom>,
}

impl Proxies {
    /// Those of these addresses.
    pub(crate) fn new(ranges: Vec<IpRange>) -> Self {
        Self { ranges: RwLock::new(ranges), ..Self::default() }
    }

    /// Believes those of these addresses from now on, and no others.
    pub(crate) fn exchange(&self, ranges: Vec<IpRange>) {
        *self.ranges.write().unwrap_or_else(PoisonError::into_inner) = ranges;
    }

    /// Whether what comes from this address is a proxy that is believed.
    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let ranges = self.ranges.read().unwrap_or_else(PoisonError::into_inner);
        ranges.iter().any(|range| range.contains(address))
    }

    /// Reads the header of a connection of a proxy, and gives its place to whom it is for.
    ///
    /// # Errors
    /// It is for nobody, or not for whom may come in: what the other side is told.
    pub(crate) async fn introduce(
        &self,
        stream: &TcpStream,
        place: &mut Place,
    ) -> Result<(), &'static str> {
        let from = match timeout(PROXY_HEADER_TIMEOUT, read_header(stream)).await {
            Ok(Ok(Some(Source::Client(from)))) => from,
            Ok(Ok(Some(Source::Itself) | None)) => return Err(""),
            Ok(Err(fault)) => return Err(self.tell_fault(fault, stream, place)),
            Err(_) => return Err(self.tell_fault(Fault::Late, stream, place)),
        };
        let is_proxy = self.trust(from.ip());
        place.give_to(from, is_proxy, now()).map_err(|refusal| {
            if let Some(times) = told(&self.turned_away) {
                tracing::warn!(target: "chinwag::proxies", times, address = %from.ip(), "turned away: {refusal}");
            }
            refusal.answer()
        })
    }

    /// Says now and then that a header was not as it should be.
    fn tell_fault(&self, fault: Fault, stream: &TcpStream, place: &Place) -> &'static str {
        place.refuse(Refusal::Unintroduced);
        if let Some(times) = told(&self.faults) {
            let proxy = peer(stream);
            tracing::warn!(target: "chinwag::proxies", times, %proxy, "a trusted proxy does not say who comes: {fault}");
        }
        Refusal::Unintroduced.answer()
    }

    /// Says now and then that somebody began as a proxy does that is not believed.
    pub(crate) fn tell_stranger(&self, foreign: Foreign, address: IpAddr) {
        if foreign == Foreign::Proxy
            && let Some(times) = told(&self.strangers)
        {
            tracing::warn!(target: "chinwag::proxies", times, %address, "a PROXY header from an address that is not in trusted-proxies");
        }
    }
}

/// Whether something is to be said again.
fn told(seldom: &Mutex<Seldom>) -> Option<u64> {
    seldom.lock().unwrap_or_else(PoisonError::into_inner).tell(now())
}

/// The address at the other end, for the log.
fn peer(stream: &TcpStream) -> String {
    let peer = stream.peer_addr();
    peer.map_or_else(|_| "gone".to_owned(), |peer| peer.ip().to_canonical().to_string())
}

/// This moment.
fn now() -> Instant {
    whippet::time::Instant::now().into_std()
}

/// Reads a header and no byte behind it. `None` if the other side went without a word.
async fn read_header(stream: &TcpStream) -> Result<Option<Source>, Fault> {
    let mut reader = HeaderReader::default();
    let mut some = [0; SOME];
    while stream.readable().await.is_ok() {
        let wanted = reader.wanted().min(some.len());
        match stream.try_read(&mut some[..wanted]) {
            Ok(0) => break,
            Ok(read) => {
                if let Some(source) = reader.take(&some[..read])? {
                    return Ok(Some(source));
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
    }
    if reader.is_empty() { Ok(None) } else { Err(Fault::Missing) }
}

/// Bytes of a header that are read at once.
const SOME: usize = 512;
