//! ngircd, the outside reference: an IRC server in C, one thread, as Debian ships it, with its limits lifted.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where Debian puts it: a user's PATH has no /usr/sbin as a rule.
const DEBIAN_PATH: &str = "/usr/sbin/ngircd";
/// How long it may take to listen.
const START_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two checks whether it does.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The program, where it is installed.
pub fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates = std::env::split_paths(&path).map(|folder| folder.join("ngircd"));
    candidates.chain([PathBuf::from(DEBIAN_PATH)]).find(|path| path.is_file())
}

/// Its version, as it prints it.
pub fn version() -> Option<String> {
    let output = Command::new(program()?).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().nth(1).map(|version| version.split('-').next().unwrap_or("").to_owned())
}

/// Starts it on a free port, and waits until it listens there.
pub fn start() -> io::Result<(Child, SocketAddr)> {
    let program = program().ok_or_else(|| io::Error::other("ngircd is not installed"))?;
    // It cannot be told to choose a port itself, so one that is free now has to do.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let file = std::env::temp_dir().join(format!("bench-ngircd-{}.conf", std::process::id()));
    std::fs::write(&file, settings(address.port()))?;
    let mut child = Command::new(program)
        .args([Path::new("--nodaemon"), Path::new("--config"), &file])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let began = Instant::now();
    while TcpStream::connect(address).is_err() {
        let ended = child.try_wait()?;
        if ended.is_some() || began.elapsed() > START_TIMEOUT {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::other("ngircd does not start"));
        }
        std::thread::sleep(POLL_INTERVAL);
    }
    std::fs::remove_file(file)?;
    Ok((child, address))
}

/// No limit that can be lifted is left, and nothing is looked up about clients.
fn settings(port: u16) -> String {
    format!(
        "[Global]\nName = irc.bench.local\nListen = 127.0.0.1\nPorts = {port}\nMotdPhrase = bench\n{}\
         [Limits]\nMaxConnections = 0\nMaxConnectionsIP = 0\nMaxJoins = 0\nMaxPenaltyTime = 0\nPingTimeout = 3600\n\
         [Options]\nDNS = no\nIdent = no\nPAM = no\n",
        user()
    )
}

/// The user that it runs as. It refuses to be root, and needs no setting for any other.
fn user() -> &'static str {
    // SAFETY: the call takes no pointer and always succeeds.
    let is_root = unsafe { libc::geteuid() } == 0;
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    match is_root {
        false => "",
        true if accounts.lines().any(|line| line.starts_with("irc:")) => "ServerUID = irc\n",
        true => "ServerUID = nobody\n",
    }
}
