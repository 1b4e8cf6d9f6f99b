//! `chinwag admin`, from a shell on the same machine.

use crate::folder::Folder;
use crate::program::{CHINWAG, Program, admin, chinwag};
use crate::support::{run, within_deadline};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use whippet::io::{AsyncReadExt, AsyncWriteExt};
use whippet::net::UnixStream;
use whippet::task::spawn_blocking;

/// A path for a socket, which goes with this.
pub(crate) struct Socket(PathBuf);

impl Socket {
    pub(crate) fn new(test: &str) -> Self {
        Self(std::env::temp_dir().join(format!("chinwag-admin-{test}-{}", std::process::id())))
    }

    pub(crate) fn name(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }

    /// A server with this socket.
    pub(crate) async fn server(&self) -> Program {
        Program::start(chinwag(&["--listen", "127.0.0.1:0", "--admin-socket", self.name()])).await
    }

    /// What a command prints, or says against it.
    async fn asks(&self, words: &[&str]) -> Result<String, String> {
        let output = admin(self.name(), words).await;
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        if output.status.success() {
            Ok(text(output.stdout))
        } else {
            assert_eq!(output.status.code(), Some(1));
            Err(text(output.stderr))
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_broken_file_does_not_matter_for_a_named_socket() {
    run(async {
        let socket = Socket::new("mistakes");
        let _server = socket.server().await;
        let ask = |flags: &[&str]| {
            let mut command = chinwag(&["admin"]);
            // It is a folder.
            command.args(flags).arg("bans").env("CHINWAG_CONFIG", std::env::temp_dir());
            spawn_blocking(move || command.output().expect("the program runs").status.code())
        };
        let named = within_deadline("an answer", ask(&["--admin-socket", socket.name()])).await;
        assert_eq!(named.expect("no panic"), Some(0));
        assert_eq!(within_deadline("an answer", ask(&[])).await.expect("no panic"), Some(1));
    });
}

#[test]
fn what_another_program_says_at_the_socket_is_escaped() {
    run(async {
        let socket = Socket::new("another");
        let another = whippet::net::UnixListener::bind(&socket.0).expect("a socket");
        for (said, told) in [
            (" \u{1b}]0;x\u{7}\u{9b}2Jhi\nok\n", Ok("\\u{1b}]0;x\\u{7}\\u{9b}2Jhi\n".to_owned())),
            ("error: \u{1b}[31mno\n", Err("chinwag: \\u{1b}[31mno\n".to_owned())),
        ] {
            let answering = async {
                let (mut stream, _) = another.accept().await.expect("a connection");
                stream.write_all(said.as_bytes()).await.expect("it is read");
                let mut request = [0; 64];
                let _ = stream.read(&mut request).await;
            };
            let (answer, ()) = whippet::join!(socket.asks(&["who"]), answering);
            assert_eq!(answer, told);
        }
    });
}

#[test]
fn a_server_is_run_from_a_shell() {
    run(async {
        let socket = Socket::new("shell");
        let server = socket.server().await;
        let mut alice = server.join().await;
        let mut bob = server.join().await;
        alice.send_line("/nick alice").await;
        alice.wait_for("* you are alice now").await;
        bob.wait_for("* user-1 is now alice").await;
        let who = socket.asks(&["who"]).await.unwrap();
        assert_eq!(
            who,
            "alice, from 127.0.0.1, in 1 room, owed 0 bytes\nuser-2, from 127.0.0.1, in 1 room, owed 0 bytes\n"
        );
        assert_eq!(socket.asks(&["say", "tea", "\u{1b}[31m\"now\""]).await.unwrap(), "told to 2\n");
        bob.expect("* the operator says: \"tea [31m\\\"now\\\"\"").await;
        alice.expect("* the operator says: \"tea [31m\\\"now\\\"\"").await;
        let refused = socket.asks(&["kick", "mallory"]).await.unwrap_err();
        assert_eq!(refused, "chinwag: there is nobody called \"mallory\"\n");
        assert_eq!(socket.asks(&["kick", "USER-2"]).await.unwrap(), "user-2 was kicked\n");
        assert_eq!(bob.rest().await, ["! you were kicked"]);
        alice.expect("* user-2 left (kicked)").await;
        let stats = socket.asks(&["stats"]).await.unwrap();
        assert!(stats.contains("\nchinwag_users 1\n"), "{stats}");
        let tasks = socket.asks(&["tasks"]).await.unwrap();
        assert!(tasks.contains("accept") || tasks.contains("server/mod.rs"), "{tasks}");
        assert_eq!(socket.asks(&["shutdown"]).await.unwrap(), "the server stops\n");
        assert_eq!(alice.rest().await, ["* server is shutting down"]);
        drop(alice);
        assert_eq!(server.ended().await.0.code(), Some(0));
        let gone = socket.asks(&["who"]).await.unwrap_err();
        assert!(
            gone.starts_with("chinwag: cannot ask the server at ") && gone.lines().count() == 1
        );
    });
}

#[test]
fn the_socket_is_the_owners_and_what_is_left_over_is_replaced() {
    run(async {
        let socket = Socket::new("owner");
        let server = socket.server().await;
        let mode = std::fs::metadata(&socket.0).expect("a socket").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let second =
            chinwag(&["--listen", "127.0.0.1:0", "--admin-socket", socket.name()]).output();
        let second = second.expect("the program runs");
        assert_eq!(second.status.code(), Some(1));
        let said = String::from_utf8(second.stderr).expect("UTF-8");
        assert!(
            said.starts_with("chinwag: cannot make the admin socket") && said.lines().count() == 1,
            "{said}"
        );
        drop(server);
        let _next = socket.server().await;
        assert_eq!(socket.asks(&["who"]).await.unwrap(), "");
    });
}

#[test]
fn what_is_no_request_is_refused() {
    run(async {
        let socket = Socket::new("refused");
        let _server = socket.server().await;
        let long = format!("{}\n", "x".repeat(10_000));
        let overlong = format!("chinwag-admin 1 say {long}");
        for (request, reason) in [
            ("hello\n", "error: this is the admin socket of chinwag\n"),
            (&long, "error: this is the admin socket of chinwag\n"),
            (&overlong, "error: a request has at most 4096 bytes\n"),
            ("chinwag-admin 1 kick\n", "error: kick wants a nick\n"),
            (
                "chinwag-admin 1 dance\n",
                "error: there is no such command, or not with these words: \"dance\"\n",
            ),
            (
                "chinwag-admin 9 who\n",
                "error: this server speaks version 1 of the admin protocol\n",
            ),
        ] {
            let stream = within_deadline("a connection", UnixStream::connect(&socket.0))
                .await
                .expect("a server");
            stream.writable().await.expect("open");
            stream.try_write(request.as_bytes()).expect("room");
            let mut answer = Vec::new();
            loop {
                within_deadline("an answer", stream.readable()).await.expect("open");
                let mut buffer = [0; 512];
                match stream.try_read(&mut buffer) {
                    Ok(0) => break,
                    Ok(read) => answer.extend_from_slice(&buffer[..read]),
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    // Closed with input unread.
                    Err(_) => break,
                }
            }
            assert_eq!(String::from_utf8(answer).expect("UTF-8"), reason);
        }
    });
}

#[test]
fn too_much_to_say_is_a_usage_error() {
    run(async {
        let socket = Socket::new("long");
        let server = socket.server().await;
        let mut alice = server.join().await;
        let reason = "x".repeat(5_000);
        for (words, told) in [
            (&["say", &reason][..], "has at most 200 bytes, and this has 5000"),
            (&["ban", "bob", "1h", &reason], "a request has at most 4096 bytes, and this has 50"),
            (&["kick", "bob", &reason], "a request has at most 4096 bytes, and this has 50"),
            (&["say", "\u{200b}"], "say wants something to say"),
            (&["kick", "bob smith"], "it is one word, without blanks"),
            (&["mute", ""], "it is one word, without blanks"),
        ] {
            let output = admin(socket.name(), words).await;
            let said = String::from_utf8(output.stderr).expect("UTF-8");
            assert!(said.contains(told), "{told}: {said}");
            assert_eq!(output.status.code(), Some(2), "{said}");
        }
        let most = "x".repeat(200);
        assert_eq!(socket.asks(&["say", &most]).await.unwrap(), "told to 1\n");
        alice.expect(&format!("* the operator says: \"{most}\"")).await;
    });
}

#[test]
fn a_health_check_learns_it_from_the_exit_code() {
    run(async {
        let socket = Socket::new("ping");
        let server = socket.server().await;
        // As in a container: the socket is named by the environment.
        let mut command = chinwag(&["admin", "ping"]);
        command.env("CHINWAG_ADMIN_SOCKET", socket.name());
        let output = within_deadline("an answer", spawn_blocking(move || command.output())).await;
        let output = output.expect("no panic").expect("the program runs");
        assert_eq!(
            (output.status.code(), &output.stdout[..]),
            (Some(0), &b"the server answers\n"[..])
        );
        assert_eq!(
            socket.asks(&["ping", "--json"]).await.unwrap(),
            "{\"answer\":\"the server answers\"}\n"
        );
        drop(server);
        let refused = socket.asks(&["ping"]).await.unwrap_err();
        assert!(refused.contains("is it running, with this --admin-socket?"), "{refused}");
        assert_eq!(refused.lines().count(), 1);
    });
}

#[test]
fn rooms_are_listed_and_closed_from_a_shell() {
    run(async {
        let socket = Socket::new("rooms");
        let server = socket.server().await;
        let (mut alice, mut bob) = (server.join().await, server.join().await);
        alice.expect("* user-2 joined").await;
        bob.send_line("/join #dev").await;
        bob.wait_for("* 1 here: user-2").await;
        bob.send_line("/topic \"tea\"").await;
        bob.wait_for("* the topic of #dev is now \"\\\"tea\\\"\"").await;
        assert_eq!(
            socket.asks(&["rooms"]).await.unwrap(),
            "#dev, 1 person, made from 127.0.0.1, about \"\\\"tea\\\"\"\n#lobby, 2 people\n"
        );
        let dev = "{\"name\":\"#dev\",\"people\":1,\"made_from\":\"127.0.0.1\",\"slow_seconds\":null,\"topic\":\"\\\"tea\\\"\"}";
        let json = socket.asks(&["--json", "rooms"]).await.unwrap();
        assert!(json.starts_with(&format!("{{\"rooms\":[{dev},{{\"name\":\"#lobby\"")), "{json}");
        let closed = socket.asks(&["room", "close", "dev", "too", "loud"]).await.unwrap();
        assert_eq!(closed, "#dev is closed; 1 person had to leave it\n");
        bob.expect("! the operator closed #dev: \"too loud\"").await;
        bob.expect("* you speak in no room now: /join one").await;
        for (name, reason) in [
            ("#lobby", "chinwag: #lobby cannot be closed, for everybody starts there\n"),
            ("dev", "chinwag: there is no room #dev; `rooms` lists them\n"),
        ] {
            assert_eq!(socket.asks(&["room", "close", name]).await.unwrap_err(), reason);
        }
        alice.send_line("hello").await;
        bob.expect("#lobby user-1: hello").await;
    });
}

#[test]
fn people_are_muted_and_kicked_from_a_shell() {
    run(async {
        let socket = Socket::new("people");
        let server = socket.server().await;
        let (mut alice, mut bob) = (server.join().await, server.join().await);
        alice.expect("* user-2 joined").await;
        let muted = socket.asks(&["mute", "user-2", "10m"]).await.unwrap();
        assert_eq!(muted, "user-2 is muted for 10 minutes\n");
        bob.expect("! the operator muted you for 10 minutes: nobody reads what you write").await;
        let mutes = socket.asks(&["mutes"]).await.unwrap();
        assert!(mutes.starts_with("user-2, for "), "{mutes}");
        assert!(socket.asks(&["mutes", "--json"]).await.unwrap().contains("\"seconds_left\":5"));
        assert_eq!(
            socket.asks(&["unmute", "user-2"]).await.unwrap(),
            "user-2 is not muted any more\n"
        );
        bob.expect("* you are not muted any more").await;
        let refused = socket.asks(&["unmute", "user-2"]).await.unwrap_err();
        assert_eq!(refused, "chinwag: user-2 is not muted\n");
        let kicked = socket.asks(&["--json", "kick", "USER-2", "spam", "\"and\" more"]).await;
        let json = "{\"answer\":\"user-2 was kicked\",\"nick\":\"user-2\"}\n";
        assert_eq!(kicked.unwrap(), json);
        let told = ["! the operator kicked you: \"spam \\\"and\\\" more\""];
        assert_eq!(bob.rest().await, told);
        alice.expect("* user-2 left (kicked, \"spam \\\"and\\\" more\")").await;
    });
}

/// Programs read each answer as one line.
#[test]
fn all_that_answers_does_so_in_json() {
    run(async {
        let socket = Socket::new("json");
        let server = socket.server().await;
        let mut alice = server.join().await;
        let json = async |words: &[&str]| {
            let told = socket.asks(&[&["--json"], words].concat()).await.unwrap();
            assert!(told.ends_with("}\n") && told.lines().count() == 1, "{words:?}: {told}");
            told
        };
        let who = "{\"people\":[{\"nick\":\"user-1\",\"address\":\"127.0.0.1\",\"rooms\":1,\"owed_bytes\":0}]}\n";
        assert_eq!(json(&["who"]).await, who);
        assert_eq!(json(&["say", "tea"]).await, "{\"answer\":\"told to 1\",\"people\":1}\n");
        alice.expect("* the operator says: \"tea\"").await;
        json(&["ban", "mallory*", "2h", "too \"loud\""]).await;
        let bans = json(&["bans"]).await;
        assert!(
            bans.contains("\"target\":\"mallory*\"") && bans.contains("too \\\"loud\\\""),
            "{bans}"
        );
        json(&["unban", "mallory*"]).await;
        assert_eq!(json(&["bans"]).await, "{\"bans\":[]}\n");
        assert!(json(&["stats"]).await.contains("\"chinwag_users\":1,"));
        assert!(json(&["tasks"]).await.contains("\"state\":\"waiting\""));
        assert!(json(&["reload"]).await.contains("\"taken\":[]"));
        json(&["shutdown"]).await;
        assert_eq!(alice.rest().await, ["* server is shutting down"]);
    });
}

#[test]
fn settings_are_read_anew_from_a_shell() {
    run(async {
        let folder = Folder::new("admin-reload");
        let file = folder.write("chinwag.toml", "motd = \"one\"\n");
        let socket = Socket::new("anew");
        let arguments =
            ["--listen", "127.0.0.1:0", "--admin-socket", socket.name(), "--config", &file];
        let server = Program::start(chinwag(&arguments)).await;
        folder.write("chinwag.toml", "motd = \"two\"\nworkers = 3\n");
        let told = "settings read anew, taken over: motd; taken with the next start: workers\n";
        assert_eq!(socket.asks(&["reload"]).await.unwrap(), told);
        folder.write("chinwag.toml", "motd = 7\nlisten = 8\n");
        let refused = socket.asks(&["reload"]).await.unwrap_err();
        assert!(refused.starts_with("chinwag: settings not taken over, "), "{refused}");
        assert!(refused.contains("motd") && refused.contains("listen"), "{refused}");
        assert_eq!(refused.lines().count(), 1);
        let mut alice = server.connect().await;
        alice.wait_for("* two").await;
    });
}

#[test]
fn idle_peers_do_not_delay_an_order() {
    run(async {
        let socket = Socket::new("idle");
        let server = socket.server().await;
        let _alice = server.join().await;
        let mut idle = Vec::new();
        for number in 0..40 {
            let peer = within_deadline("a connection", UnixStream::connect(&socket.0)).await;
            let peer = peer.expect("a server");
            if number % 2 == 0 {
                // Closed already, perhaps: then it is in nobody's way.
                let _ = peer.try_write(b"chinwag-admin 1 who");
            }
            idle.push(peer);
        }
        let who = socket.asks(&["who"]).await.unwrap();
        assert_eq!(who, "user-1, from 127.0.0.1, in 1 room, owed 0 bytes\n");
    });
}

#[expect(clippy::disallowed_methods, reason = "who connects is the thread that calls")]
fn connect_blocking(socket: &std::path::Path) -> std::os::unix::net::UnixStream {
    std::os::unix::net::UnixStream::connect(socket).expect("a server")
}

/// Connections of another user, made by a thread of that user.
#[expect(clippy::disallowed_methods, reason = "a thread becomes another user for good")]
fn connections_of(user: u32, socket: PathBuf, count: usize) -> Vec<std::os::unix::net::UnixStream> {
    let connect = move || {
        let uid = rustix::thread::Uid::from_raw(user);
        rustix::thread::set_thread_res_uid(uid, uid, uid).expect("root may be anybody");
        let connect = |_| connect_blocking(&socket);
        (0..count).map(connect).collect()
    };
    std::thread::spawn(connect).join().expect("no panic")
}

#[test]
fn idle_peers_of_another_user_do_not_delay_an_order() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can be somebody else");
        return;
    }
    run(async {
        const NOBODY: u32 = 65_534;
        let socket = Socket::new("strangers");
        let _server = socket.server().await;
        std::fs::set_permissions(&socket.0, PermissionsExt::from_mode(0o666)).expect("ours");
        let path = socket.0.clone();
        let connected = spawn_blocking(move || connections_of(NOBODY, path, 40));
        let strangers = within_deadline("connections", connected).await.expect("no panic");
        assert_eq!(socket.asks(&["who"]).await.unwrap(), "");
        drop(strangers);
    });
}

/// A folder may be set wrong: the peer's user counts, and not only the mode.
#[test]
fn admin_socket_rejects_other_uids() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can be somebody else");
        return;
    }
    run(async {
        const NOBODY: u32 = 65_534;
        let socket = Socket::new("nobody");
        let server = socket.server().await;
        std::fs::set_permissions(&socket.0, PermissionsExt::from_mode(0o666)).expect("ours");
        // A copy where everybody may run it.
        let program = std::env::temp_dir().join(format!("chinwag-nobody-{}", std::process::id()));
        // Another program makes it: a descriptor of ours that is open for writing would be inherited by whatever another test starts
        // meanwhile, and the kernel runs no file that is open for writing ("text file busy").
        let mut copies = std::process::Command::new("cp");
        copies.arg(CHINWAG).arg(&program);
        let copied = within_deadline("a copy", spawn_blocking(move || copies.status())).await;
        assert!(copied.expect("no panic").expect("there is a cp").success());
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("ours");
        let mut command = std::process::Command::new(&program);
        command.args(["admin", "--admin-socket", socket.name(), "shutdown"]);
        command.uid(NOBODY).gid(NOBODY).current_dir("/").env_clear();
        let output = within_deadline("an answer", spawn_blocking(move || command.output())).await;
        std::fs::remove_file(&program).expect("the test is free");
        let output = output.expect("no panic").expect("the program runs");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        let refused = "chinwag: only root and the user that the server runs as may do that\n";
        assert_eq!((output.status.code(), said.as_str()), (Some(1), refused));
        server.join().await;
    });
}
