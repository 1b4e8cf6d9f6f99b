//! TLS over whippet: an echo server and a client, with a certificate that is made at the start and known to that client alone.
//! futures-rustls takes what reads and writes by the traits of `futures-io`, which are whippet's: nothing is needed between them.
//!
//! `cargo run --manifest-path recipes/Cargo.toml --example tls`

use futures_rustls::rustls::crypto::ring::default_provider;
use futures_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use futures_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use futures_rustls::{TlsAcceptor, TlsConnector, client, server};
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use whippet::io::{AsyncReadExt, AsyncWriteExt, copy, split};
use whippet::net::{TcpListener, TcpStream};
use whippet::time::timeout;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The name in the certificate.
pub const NAME: &str = "localhost";

#[whippet::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (acceptor, connector) = certify()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    whippet::spawn(serve(listener, acceptor));
    let mut stream = connect(&connector, address, NAME).await?;
    stream.write_all(b"hello").await?;
    stream.shutdown().await?;
    let mut words = String::new();
    stream.read_to_string(&mut words).await?;
    println!("{words:?} came back by {:?}", stream.get_ref().1.protocol_version());
    Ok(())
}

/// A certificate of its own for [`NAME`]: who shows it, and who trusts it.
pub fn certify() -> Result<(TlsAcceptor, TlsConnector), Box<dyn Error>> {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
    let certificate = CertificateDer::from(made.cert);
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.into())?;
    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok((TlsAcceptor::from(Arc::new(server)), TlsConnector::from(Arc::new(client))))
}

/// Sends back whatever comes, until the listener fails.
pub async fn serve(listener: TcpListener, acceptor: TlsAcceptor) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        let acceptor = acceptor.clone();
        whippet::spawn(async move {
            if let Err(error) = echo(stream, acceptor).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn echo(stream: TcpStream, acceptor: TlsAcceptor) -> io::Result<()> {
    let stream: server::TlsStream<TcpStream> =
        timeout(HANDSHAKE, acceptor.accept(stream)).await??;
    let (mut reader, mut writer) = split(stream);
    copy(&mut reader, &mut writer).await?;
    // Tells the peer that this is the end, and no cut.
    writer.shutdown().await
}

/// Connects, and makes sure that the other end is who it says it is.
pub async fn connect(
    connector: &TlsConnector,
    address: SocketAddr,
    name: &'static str,
) -> io::Result<client::TlsStream<TcpStream>> {
    let name = ServerName::try_from(name).map_err(io::Error::other)?;
    let stream = TcpStream::connect(address).await?;
    timeout(HANDSHAKE, connector.connect(name, stream)).await?
}
