//! The trusted proxies, and how a connection of theirs becomes a client's.
//!
//! ```text
//!   accept ──► from a trusted proxy? ── no ──► a client at that address
//!                     │
//!                     └─ yes ──► a permit without an address ──► its header, within a time ──► a client at the address in it
//!                                                                   │
//!                                                                   └─ of the proxy itself, or none: closed
//! ```
//!
//! A health check of a proxy connects with a header for the proxy itself, or sends nothing and closes: both are closed without a
//! message or a log.

use crate::limits::PROXY_HEADER_TIMEOUT;
use crate::os::clock::now;
use crate::os::serving_clock::timeout;
use crate::protocol::ip_range::IpRange;
use crate::protocol::proxy_header::{HeaderError, HeaderReader, ProxiedPeer};
use crate::protocol::sniff::OtherProtocol;
use crate::server::connection_limiter::{ConnectionPermit, Rejected};
use crate::server::log_throttle::LogThrottle;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError, RwLock};
use whippet::net::TcpStream;

/// The trusted proxies.
#[derive(Debug, Default)]
pub(crate) struct TrustedProxies {
    /// Their addresses.
    ranges: RwLock<Vec<IpRange>>,
    /// Throttles the log of invalid headers.
    fault_log: Mutex<LogThrottle>,
    /// Throttles the log of headers from addresses that are not trusted.
    untrusted_log: Mutex<LogThrottle>,
    /// Throttles the log of rejected clients whose address came in a header.
    rejected_log: Mutex<LogThrottle>,
}

impl TrustedProxies {
    /// Those of these addresses.
    pub(crate) fn new(ranges: Vec<IpRange>) -> Self {
        Self { ranges: RwLock::new(ranges), ..Self::default() }
    }

    /// Trusts those of these addresses from now on, and no others.
    pub(crate) fn store(&self, ranges: Vec<IpRange>) {
        *self.ranges.write().unwrap_or_else(PoisonError::into_inner) = ranges;
    }

    /// Whether what comes from this address is a trusted proxy.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let ranges = self.ranges.read().unwrap_or_else(PoisonError::into_inner);
        ranges.iter().any(|range| range.contains(address))
    }

    /// Reads the header of a proxy's connection, and assigns the permit to the client's address.
    ///
    /// # Errors
    /// There is no client, or it is rejected: what the other side is told.
    pub(crate) async fn identify_client(
        &self,
        stream: &TcpStream,
        permit: &mut ConnectionPermit,
    ) -> Result<(), &'static str> {
        let from = match timeout(PROXY_HEADER_TIMEOUT, read_header(stream)).await {
            Ok(Ok(Some(ProxiedPeer::Client(from)))) => from,
            Ok(Ok(Some(ProxiedPeer::Local) | None)) => return Err(""),
            Ok(Err(fault)) => return Err(self.log_fault(fault, stream, permit)),
            Err(_) => return Err(self.log_fault(HeaderError::TimedOut, stream, permit)),
        };
        let is_proxy = self.trusts(from.ip());
        permit.assign_address(from, is_proxy, now()).map_err(|rejection| {
            if let Some(times) = throttled(&self.rejected_log) {
                tracing::warn!(target: "chinwag::proxies", times, address = %from.ip(), "turned away: {rejection}");
            }
            rejection.client_message()
        })
    }

    /// Logs, throttled, that a header was invalid.
    fn log_fault(
        &self,
        fault: HeaderError,
        stream: &TcpStream,
        permit: &ConnectionPermit,
    ) -> &'static str {
        permit.count_rejected(Rejected::NoProxyHeader);
        if let Some(times) = throttled(&self.fault_log) {
            let proxy = peer(stream);
            tracing::warn!(target: "chinwag::proxies", times, %proxy, "a trusted proxy does not say who comes: {fault}");
        }
        Rejected::NoProxyHeader.client_message()
    }

    /// Logs, throttled, that a client sent a proxy's header and is not trusted.
    pub(crate) fn log_untrusted(&self, foreign: OtherProtocol, address: IpAddr) {
        if foreign == OtherProtocol::Proxy
            && let Some(times) = throttled(&self.untrusted_log)
        {
            tracing::warn!(target: "chinwag::proxies", times, %address, "a PROXY header from an address that is not in trusted-proxies");
        }
    }
}

/// How often it happened, if it is to be logged.
fn throttled(throttle: &Mutex<LogThrottle>) -> Option<u64> {
    throttle.lock().unwrap_or_else(PoisonError::into_inner).record(now())
}

/// The address at the other end, for the log.
fn peer(stream: &TcpStream) -> String {
    let peer = stream.peer_addr();
    peer.map_or_else(|_| "gone".to_owned(), |peer| peer.ip().to_canonical().to_string())
}

/// Reads a header and no byte after it. `None` if the other side closed without one.
async fn read_header(stream: &TcpStream) -> Result<Option<ProxiedPeer>, HeaderError> {
    let mut reader = HeaderReader::default();
    let mut some = [0; HEADER_CHUNK];
    while stream.readable().await.is_ok() {
        let wanted = reader.wanted().min(some.len());
        match stream.try_read(&mut some[..wanted]) {
            Ok(0) => break,
            Ok(read) => {
                if let Some(source) = reader.push(&some[..read])? {
                    return Ok(Some(source));
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
    }
    if reader.is_empty() { Ok(None) } else { Err(HeaderError::Missing) }
}

/// Bytes of a header that are read at once.
const HEADER_CHUNK: usize = 512;
