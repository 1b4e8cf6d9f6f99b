//! As a service: sockets that are passed in, what a service manager is told, and the confined process.

use crate::program::{Program, chinwag};
use crate::support::{TestClient, run, within_deadline};
use rustix::process::Signal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use whippet::net::{TcpStream, UnixDatagram};

/// Threads for calls that block, at most.
const BLOCKING_THREADS: usize = 4;

/// A service manager's ear, in a folder of its own that goes with it.
struct Manager {
    folder: PathBuf,
    socket: UnixDatagram,
}

impl Manager {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("chinwag-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let socket = UnixDatagram::bind(folder.join("notify")).expect("a socket");
        Self { folder, socket }
    }

    /// Its folder alone, with nothing in it.
    fn emptied(self) -> PathBuf {
        let folder = self.folder.clone();
        drop(self);
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    /// Lets a command know where it listens.
    fn starts(&self, command: &mut Command) {
        command.env("NOTIFY_SOCKET", self.folder.join("notify"));
    }

    /// What is told next.
    async fn told(&self) -> String {
        let mut buffer = [0; 4096];
        let told = within_deadline("the service's words", self.socket.recv(&mut buffer)).await;
        String::from_utf8(buffer[..told.expect("a socket")].to_vec()).expect("UTF-8")
    }

    /// Waits until something is told that has this line in it.
    async fn is_told(&self, line: &str) -> String {
        loop {
            let told = self.told().await;
            if told.lines().any(|other| other == line) {
                return told;
            }
        }
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_service_manager_is_told_of_start_reload_and_stop() {
    run(async {
        let manager = Manager::new("notify");
        let mut command = chinwag(&["--listen", "127.0.0.1:0"]);
        manager.starts(&mut command);
        let server = Program::start(command).await;
        let ready = manager.is_told("READY=1").await;
        let status = format!("STATUS=listening on {}", server.address);
        assert!(ready.lines().any(|line| line == status), "{ready}");
        server.signal(Signal::HUP);
        let reloading = manager.is_told("RELOADING=1").await;
        assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
        manager.is_told("READY=1").await;
        server.signal(Signal::TERM);
        manager.is_told("STOPPING=1").await;
        assert_eq!(server.ended().await.0.code(), Some(0));
    });
}

#[test]
fn the_watchdog_is_pinged_while_the_broker_answers() {
    run(async {
        let manager = Manager::new("watchdog");
        let mut command = chinwag(&["--listen", "127.0.0.1:0"]);
        manager.starts(&mut command);
        command.env("WATCHDOG_USEC", "200000");
        let _server = Program::start(command).await;
        for _ in 0..3 {
            manager.is_told("WATCHDOG=1").await;
        }
    });
}

/// How many threads a process has.
fn threads(process: u32) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("it runs");
    tasks.count()
}

#[test]
fn the_server_makes_no_more_threads_than_it_says() {
    run(async {
        let folder = crate::folder::Folder::new("service-threads");
        let secret = folder.write("oper", "correct horse battery\n");
        let (state, socket) = (folder.name("state"), folder.name("socket"));
        let mut command = chinwag(&["--listen", "127.0.0.1:0", "--log", "info", "--workers", "3"]);
        command.args(["--oper-file", &secret, "--state-dir", &state, "--admin-socket", &socket]);
        command.args(["--metrics", "127.0.0.1:0"]);
        let mut server = Program::start(command).await;
        // The workers, main, two writers and the pool for calls that block.
        let bound = 3 + 1 + 2 + BLOCKING_THREADS;
        let mut most = 0;
        for round in 0..8 {
            // All that blocks: settings and secret are read, bans are written, and the log is.
            server.signal(Signal::HUP);
            let ban = ["ban", &format!("mallory{round}")];
            let answer = crate::program::admin(&socket, &ban).await;
            assert!(answer.status.success());
            server.logged("settings read anew").await;
            most = most.max(threads(server.process.id()));
        }
        assert!((4..=bound).contains(&most), "{most} threads, {bound} at most");
    });
}

#[test]
fn the_units_secret_makes_operators() {
    run(async {
        // What systemd makes of the drop-in: a copy of the file in a folder for the service, and the variable.
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contrib/systemd");
        let conf = std::fs::read_to_string(root.join("oper.conf")).expect("the drop-in is there");
        let value = |key: &str| {
            let line = conf.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap_or_else(|| panic!("no {key} in it")).to_owned()
        };
        let credential = value("LoadCredential=");
        let (name, source) = credential.split_once(':').expect("a name and a file");
        assert!(source.starts_with('/'), "{source}");
        let folder = crate::folder::Folder::new("service-credential");
        folder.make("run/chinwag.service");
        let secret = "correct horse battery";
        folder.write_with(&format!("run/chinwag.service/{name}"), secret, 0o400);
        let variable = value("Environment=");
        let (variable, path) = variable.split_once('=').expect("a variable");
        let path = path.replace("%n", "chinwag.service");
        let path = path.replace("/run/credentials", &folder.name("run"));
        let mut command = chinwag(&["--listen", "127.0.0.1:0"]);
        command.env("CREDENTIALS_DIRECTORY", folder.path("run/chinwag.service"));
        command.env(variable, path);
        let server = Program::start(command).await;
        let mut alice = server.join().await;
        alice.send_line(&format!("/oper {secret}")).await;
        alice.wait_for("* you are an operator now; /help lists what you can do").await;
    });
}

/// A shell that makes its own descriptor the one that is passed, as a service manager does.
pub(crate) fn activated(arguments: &str) -> Command {
    let program = chinwag(&[]);
    let path = program.get_program().to_owned();
    let mut command = Command::new("sh");
    let script = format!("LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" {arguments} 3<&0 <&-");
    command.args(["-c", &script]).arg(path).env("CHINWAG_CONFIG", "/dev/null");
    command
}

#[test]
fn a_socket_that_is_passed_is_served_in_place_of_the_addresses() {
    run(async {
        let listener = whippet::net::TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let passed = listener.into_std().expect("a listener");
        // Somebody who came before the server was there.
        let early = within_deadline("a connection", TcpStream::connect(address))
            .await
            .expect("a connection");
        let mut command = activated("--listen 127.0.0.1:1");
        command.stdin(std::os::fd::OwnedFd::from(passed));
        let server = Program::start_with_stdin(command).await;
        assert_eq!(server.address, address);
        let mut early = TestClient::new(early);
        early.expect_welcome().await;
        let mut late = server.join().await;
        late.send_line("hello").await;
        early.wait_for("user-2: hello").await;
    });
}

#[test]
fn what_is_passed_and_is_no_listener_is_told_in_a_sentence() {
    let file = std::fs::File::open("/dev/null").expect("a file");
    let output = activated("").stdin(file).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(said.starts_with("chinwag: descriptor 3, which the service manager passed"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// Landlock, where the kernel has it: the process can neither open a file nor listen nor connect, and serves on.
#[test]
fn the_process_is_restricted_where_the_kernel_can() {
    run(async {
        // Its settings lie in a folder that it may read. Then a link leads out of there, and SIGHUP makes it follow.
        let [inside, outside] =
            ["in", "out"].map(|name| Manager::new(&format!("sandbox-{name}")).emptied());
        let (file, other) = (inside.join("chinwag.toml"), outside.join("other.toml"));
        std::fs::write(&file, "motd = \"in\"\n").expect("a file");
        std::fs::write(&other, "motd = \"out\"\n").expect("a file");
        for sandbox in ["true", "false"] {
            let _ = std::fs::remove_file(&file);
            std::fs::write(&file, "motd = \"in\"\n").expect("a file");
            let mut command = chinwag(&["--listen", "127.0.0.1:0", "--log", "info"]);
            command.arg("--config").arg(&file).arg(format!("--sandbox={sandbox}"));
            let mut server = Program::start(command).await;
            if sandbox == "true" && server.logged("confined").await.contains("not confined") {
                eprintln!("skipped: this kernel has no Landlock");
                break;
            }
            let mut alice = server.join().await;
            alice.send_line("/who").await;
            alice.expect("* 1 here: user-1").await;
            server.signal(Signal::HUP);
            server.logged("settings read anew").await;
            std::fs::remove_file(&file).expect("a file");
            std::os::unix::fs::symlink(&other, &file).expect("a link");
            server.signal(Signal::HUP);
            if sandbox == "true" {
                let line = server.logged("not taken over").await;
                assert!(line.contains("Permission denied"), "{line}");
            } else {
                assert!(server.logged("settings read anew").await.contains("motd"));
            }
        }
        let _ = std::fs::remove_dir_all(&inside);
        let _ = std::fs::remove_dir_all(&outside);
    });
}
