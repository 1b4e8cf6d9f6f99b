//! The settings of the program: where they come from, what they do, and how they are read anew.

use crate::program::{Program, admin, chinwag};
use crate::support::{TestClient, run, within_deadline};
use rustix::process::Signal;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A file of one test, in a folder of its own. Both go with it.
struct File {
    path: PathBuf,
}

impl File {
    fn new(test: &str, text: &str) -> Self {
        let name = format!("chinwag-settings-{test}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = Self { path: folder.join("chinwag.toml") };
        file.write(text);
        file
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.path, text).expect("a file");
    }

    fn name(&self) -> &str {
        self.path.to_str().expect("UTF-8")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
        let _ = std::fs::remove_dir(self.path.parent().expect("a folder"));
    }
}

fn output(mut command: Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

/// A server with a file of these settings.
async fn with(file: &File) -> Program {
    Program::start(chinwag(&["--config", file.name(), "--listen", "127.0.0.1:0", "--log", "info"]))
        .await
}

#[test]
fn config_prints_what_is_in_effect_and_where_it_comes_from() {
    let file = File::new("print", "shutdown-timeout = 1\nmax-per-address = 1\nrate-burst = 1\n");
    let mut command = chinwag(&["config", "--config", file.name(), "--shutdown-timeout", "3s"]);
    command.env("CHINWAG_MAX_PER_ADDRESS", "2");
    let (code, stdout, stderr) = output(command);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let burst = format!("# from: {}:3; default: 10\nrate-burst = 1\n", file.name());
    for part in [
        "# from: flag --shutdown-timeout; default: \"5s\"\nshutdown-timeout = \"3s\"\n",
        "# from: environment CHINWAG_MAX_PER_ADDRESS; default: 16\nmax-per-address = 2\n",
        &burst,
        "# from: default\nlisten = [\"127.0.0.1:7070\"]\n",
    ] {
        assert!(stdout.contains(part), "{part} in {stdout}");
    }
    // What it prints is a file that says the same.
    let again = File::new("again", &stdout);
    let (code, second, _) = output(chinwag(&["config", "--config", again.name()]));
    let values = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    };
    assert_eq!((code, values(&second)), (Some(0), values(&stdout)));
}

#[test]
fn the_file_is_found_in_the_usual_place() {
    let file = File::new("usual", "");
    let folder = file.path.parent().expect("a folder").join("chinwag");
    std::fs::create_dir_all(&folder).expect("a folder");
    let usual = folder.join("chinwag.toml");
    std::fs::write(&usual, "rate-burst = 77\n").expect("a file");
    let mut command = chinwag(&["config"]);
    let xdg = file.path.parent().expect("a folder");
    command.env_remove("CHINWAG_CONFIG").env("XDG_CONFIG_HOME", xdg);
    let (_, stdout, stderr) = output(command);
    std::fs::remove_dir_all(&folder).expect("a folder");
    assert!(stdout.contains("\nrate-burst = 77\n"), "{stdout}{stderr}");
}

#[test]
fn mistakes_are_refused_with_their_place_and_a_hint() {
    let file = File::new("wrong", "lisen = [\"[::1]:1\"]\n  shutdown-timeout = \"soon\"\n");
    for word in ["serve", "config"] {
        let (code, stdout, stderr) = output(chinwag(&[word, "--config", file.name()]));
        assert_eq!((code, stdout.as_str()), (Some(1), ""));
        let name = file.name();
        let lines: Vec<_> = stderr.lines().collect();
        let first =
            format!("chinwag: {name}:1:1: there is no setting \"lisen\"; did you mean listen?");
        assert_eq!(lines[0], first);
        assert!(lines[1].starts_with(&format!(
            "chinwag: {name}:2:22: shutdown-timeout: \"soon\" is not a time"
        )));
        assert_eq!(lines.len(), 2, "{stderr}");
    }
    file.write("= \u{1}\u{1b}[2J garbage [[[");
    let (code, _, stderr) = output(chinwag(&["--config", file.name()]));
    assert_eq!((code, stderr.lines().count()), (Some(1), 1), "{stderr}");
    assert!(!stderr.contains('\u{1b}'));
    let (code, _, stderr) = output(chinwag(&["--config", "/nowhere/c.toml"]));
    assert_eq!((code, stderr.lines().count()), (Some(1), 1), "{stderr}");
    let mut command = chinwag(&[]);
    command.env("CHINWAG_WORKERS", "0");
    let (code, _, stderr) = output(command);
    assert_eq!((code, stderr.lines().count()), (Some(2), 1), "{stderr}");
}

#[test]
fn a_hang_up_takes_over_what_it_can_and_names_the_rest() {
    run(async {
        let file = File::new("reload", "welcome = \"hello\"\nrate-burst = 1\n");
        let mut server = with(&file).await;
        let mut alice = newcomer(&server).await;
        assert_eq!(alice.next_line().await, "* hello, you are user-1");
        file.write("welcome = \"moin\"\nmotd = \"one\\ntwo\"\nworkers = 7\nrate-burst = 50\n");
        server.signal(Signal::HUP);
        let line = server.logged("settings read anew").await;
        assert!(line.contains("rate-burst, welcome, motd"), "{line}");
        let line = server.logged("with the next start").await;
        assert!(
            line.contains("WARN") && line.contains("workers") && !line.contains("motd"),
            "{line}"
        );
        let mut bob = newcomer(&server).await;
        assert_eq!(bob.next_line().await, "* moin, you are user-2");
        assert!(bob.next_line().await.contains("2 here"));
        bob.expect("* one").await;
        bob.expect("* two").await;
        // Far more than the burst was, at the pace that was: 1 and then 5 a second would take 8 s.
        alice.send("x\n".repeat(40).as_bytes()).await;
        for _ in 0..40 {
            bob.wait_for("user-1: x").await;
        }
        file.write("welcome = 3\n");
        server.signal(Signal::HUP);
        let line = server.logged("not taken over").await;
        assert!(line.contains(":1:11: welcome: 3 is not a text"), "{line}");
        let mut carol = newcomer(&server).await;
        assert_eq!(carol.next_line().await, "* moin, you are user-3");
    });
}

#[test]
fn a_reload_is_answered_at_the_default_level_of_the_log() {
    run(async {
        let file = File::new("answered", "welcome = \"hello\"\n");
        let start = |log: &[&str]| {
            let mut command = chinwag(&["--config", file.name(), "--listen", "127.0.0.1:0"]);
            command.args(log);
            Program::start(command)
        };
        for log in [&[][..], &["--log", "warn,chinwag=debug"], &["--log", "off,chinwag=warn"]] {
            file.write("welcome = \"hello\"\n");
            let mut server = start(log).await;
            server.signal(Signal::HUP);
            server.logged("settings read anew: nothing has changed").await;
            file.write("welcome = \"moin\"\n");
            server.signal(Signal::HUP);
            assert!(server.logged("settings read anew").await.contains("settings=welcome"));
            file.write("welcome = 3\n");
            server.signal(Signal::HUP);
            server.logged("settings not taken over, ").await;
        }
        // Whoever wants no warnings wants no word of that either.
        file.write("");
        let server = start(&["--log", "error"]).await;
        server.signal(Signal::HUP);
        file.write("log = \"warn\"\n");
        newcomer(&server).await;
        server.signal(Signal::TERM);
        let (_, log) = server.ended().await;
        assert_eq!(log, "");
    });
}

#[test]
fn a_file_of_settings_that_is_gone_is_told() {
    run(async {
        let file = File::new("gone", "");
        let folder = file.path.parent().expect("a folder");
        std::fs::create_dir_all(folder.join("chinwag")).expect("a folder");
        let usual = folder.join("chinwag/chinwag.toml");
        std::fs::write(&usual, "motd = \"be kind\"\n").expect("a file");
        let mut command = chinwag(&["--listen", "127.0.0.1:0"]);
        command.env_remove("CHINWAG_CONFIG").env("XDG_CONFIG_HOME", folder);
        let mut server = Program::start(command).await;
        std::fs::remove_dir_all(folder.join("chinwag")).expect("a folder");
        server.signal(Signal::HUP);
        let line = server.logged("chinwag.toml is gone").await;
        assert!(line.contains("WARN"), "{line}");
        assert!(server.logged("settings read anew").await.contains("settings=motd"));
    });
}

#[test]
fn a_reload_changes_the_log_filter() {
    run(async {
        let file = File::new("filter", "");
        let command = chinwag(&["--config", file.name(), "--listen", "127.0.0.1:0"]);
        let mut server = Program::start(command).await;
        file.write("log = \"trace\"\n");
        server.signal(Signal::HUP);
        server.logged("settings read anew").await;
        let mut alice = newcomer(&server).await;
        alice.send_line("hello").await;
        server.logged("read").await;
    });
}

#[test]
fn the_log_can_be_json() {
    run(async {
        let arguments = ["--listen", "127.0.0.1:0", "--log", "info", "--log-format", "json"];
        let mut server = Program::start(chinwag(&arguments)).await;
        server.signal(Signal::HUP);
        let line = server.logged("settings read anew").await;
        assert!(line.starts_with("{\"timestamp\":\"20"), "{line}");
        let rest = ",\"level\":\"INFO\",\"target\":\"chinwag::reload\",\"message\":\"settings read anew: nothing has changed\"}\n";
        assert!(line.ends_with(rest), "{line}");
    });
}

#[test]
fn a_variable_that_is_no_setting_is_told() {
    run(async {
        let mut command = chinwag(&["--listen", "127.0.0.1:0"]);
        command.env("CHINWAG_MOTTD", "x");
        let mut server = Program::start(command).await;
        let line = server.logged("CHINWAG_MOTTD").await;
        assert!(line.contains("did you mean CHINWAG_MOTD?"), "{line}");
    });
}

/// Somebody who has read nothing yet.
async fn newcomer(server: &Program) -> TestClient {
    let stream =
        within_deadline("a connection", whippet::net::TcpStream::connect(server.address)).await;
    TestClient::new(stream.expect("a connection"))
}

#[test]
fn max_connections_and_overlong_line_timeout_hold() {
    run(async {
        let text = "max-connections = 2\noverlong-line-timeout = \"1s\"\nsniff-timeout = \"0s\"\nworkers = 1\n";
        let file = File::new("limits", text);
        let server = with(&file).await;
        let mut alice = server.join().await;
        let mut bob = server.join().await;
        let mut carol = newcomer(&server).await;
        carol.expect("! the server is full, please try again later").await;
        bob.send("x".repeat(5_000).as_bytes()).await;
        alice.wait_for("* user-2 left (a line without an end)").await;
    });
}

/// A server with these settings, a user, and another client that never reads.
async fn beside_one_who_never_reads(file: &File) -> (Program, TestClient, TestClient) {
    let server = with(file).await;
    let mut alice = server.join().await;
    let frozen = server.join().await;
    alice.wait_for("* user-2 joined").await;
    (server, alice, frozen)
}

#[test]
fn stall_timeout_disconnects_clients_that_read_nothing() {
    run(async {
        let text = "stall-timeout = \"1s\"\nsend-buffer = \"16 KiB\"\nsendq-soft = \"8 KiB\"\nno-limits = true\n";
        let file = File::new("take", text);
        let (_server, mut alice, frozen) = beside_one_who_never_reads(&file).await;
        let line = format!("{}\n", "x".repeat(4_000));
        // More than both kernels buffer: what they accept counts as written.
        let speaks = async {
            for _ in 0..2_500 {
                if alice.try_send(line.as_bytes()).await.is_err() {
                    break;
                }
            }
        };
        within_deadline("room to send", speaks).await;
        alice.wait_for("* user-2 left (too slow)").await;
        // Who comes round reads why, behind what the kernel still had.
        let mut frozen = frozen;
        let rest = frozen.rest().await;
        let last = rest.last().map(String::as_str);
        assert_eq!(last, Some("! disconnected: too slow to read what you are sent"));
    });
}

/// Sends far more than the other client may have pending, and reads that it was disconnected for it.
async fn send_until_disconnected(alice: &mut TestClient) {
    let line = format!("{}\n", "x".repeat(4_000));
    let speaks = async {
        for _ in 0..2_500 {
            alice.send(line.as_bytes()).await;
        }
    };
    within_deadline("room to send", speaks).await;
    alice.wait_for("* user-2 left (too slow)").await;
}

#[test]
fn sendq_hard_disconnects_slow_clients() {
    run(async {
        let text = "sendq-soft = \"8 KiB\"\nsendq-hard = \"64 KiB\"\nmax-buffered = \"1 MiB\"\nstall-timeout = \"1h\"\nno-limits = true\n";
        let file = File::new("hard", text);
        let (_server, mut alice, frozen) = beside_one_who_never_reads(&file).await;
        send_until_disconnected(&mut alice).await;
        drop(frozen);
    });
}

#[test]
fn max_buffered_disconnects_the_slowest_client() {
    run(async {
        let socket = std::env::temp_dir().join(format!("chinwag-running-{}", std::process::id()));
        let socket = socket.to_str().expect("UTF-8");
        let text = format!(
            "sendq-soft = \"8 KiB\"\nsendq-hard = \"512 MiB\"\nmax-buffered = \"1 MiB\"\nstall-timeout = \"1h\"\n\
             no-limits = true\nadmin-socket = \"{socket}\"\nworkers = 3\n"
        );
        let file = File::new("running", &text);
        let (_server, mut alice, frozen) = beside_one_who_never_reads(&file).await;
        send_until_disconnected(&mut alice).await;
        let stats = String::from_utf8(admin(socket, &["stats"]).await.stdout).expect("UTF-8");
        for figure in ["chinwag_disconnects_total{reason=\"memory\"} 1", "whippet_workers 3"] {
            assert!(stats.contains(figure), "{figure} in {stats}");
        }
        drop(frozen);
        let _ = std::fs::remove_file(socket);
    });
}

#[test]
fn speech_is_as_fast_as_it_is_set_to_be() {
    run(async {
        let file = File::new("rate", "rate-burst = 1\nrate-interval = \"1h\"\n");
        let mut server = with(&file).await;
        let mut alice = server.join().await;
        let mut bob = server.join().await;
        alice.send(b"one\ntwo\n").await;
        bob.wait_for("user-1: one").await;
        // What somebody else says behind it comes before the second line, which is not due for an hour.
        bob.send_line("me too").await;
        alice.wait_for("user-2: me too").await;
        file.write("rate-burst = 1\nrate-interval = \"1ms\"\n");
        server.signal(Signal::HUP);
        server.logged("settings read anew").await;
        bob.expect("user-1: two").await;
        alice.send(b"three\n").await;
        bob.expect("user-1: three").await;
    });
}

#[test]
fn a_room_remembers_as_much_as_is_set() {
    run(async {
        for (lines, told) in [("1", "| user-1: two"), ("0", "")] {
            let file = File::new("history", &format!("history-lines = {lines}\n"));
            let server = with(&file).await;
            let mut alice = server.join().await;
            let mut bob = server.join().await;
            alice.send(b"one\ntwo\n").await;
            bob.wait_for("user-1: two").await;
            let mut cy = newcomer(&server).await;
            cy.wait_for("* try /help; in telnet, also /edit on").await;
            if told.is_empty() {
                cy.send_line("/history").await;
                cy.expect("* nothing was said here yet").await;
            } else {
                cy.expect("* last 1 line:").await;
                cy.expect(told).await;
            }
        }
    });
}
