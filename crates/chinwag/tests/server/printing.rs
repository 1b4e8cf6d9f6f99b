//! What commands print: all of it, or a sentence and an exit code that say it is not so.

use crate::admin::Socket;
use crate::program::{CHINWAG, Program, chinwag};
use crate::support::{run, within_deadline};
use std::fs::File;
use std::process::{Command, Output, Stdio};
use whippet::task::spawn_blocking;

/// The device on which there is never any room.
fn full() -> Stdio {
    File::options().write(true).open("/dev/full").expect("there is one").into()
}

/// Runs a command to its end.
async fn output(mut command: Command) -> Output {
    let output = within_deadline("its end", spawn_blocking(move || command.output())).await;
    output.expect("no panic").expect("the program runs")
}

#[test]
fn what_cannot_be_printed_fails_with_a_sentence() {
    run(async {
        let socket = Socket::new("full");
        let server = socket.server().await;
        let load = format!("load --clients 2 --messages 1 --server {}", server.address);
        let ours = |words: &str| format!("admin --admin-socket {} {words}", socket.name());
        for words in [
            "config",
            "--help",
            "--version",
            "help admin",
            "admin --help",
            "admin kick --help",
            &ours("stats"),
            &ours("who"),
            &ours("say tea"),
            &ours("tasks"),
            &load,
        ] {
            let arguments: Vec<_> = words.split(' ').collect();
            let mut command = chinwag(&arguments);
            // Nobody is here to be listed otherwise.
            let _alice = server.join().await;
            let ended = output({
                command.stdout(full());
                command
            });
            let ended = ended.await;
            let said = String::from_utf8(ended.stderr).expect("UTF-8");
            assert_eq!(ended.status.code(), Some(1), "{words}: {said}");
            assert!(
                said.contains("cannot write to stdout: No space left on device"),
                "{words}: {said}"
            );
            assert_eq!(said.lines().count(), 1, "{words}: {said}");
        }
    });
}

#[test]
fn a_reader_that_has_gone_has_seen_enough() {
    run(async {
        for words in ["config", "--help", "admin --help"] {
            let script = format!("{{ {CHINWAG} {words}; echo $? >&3; }} 3>&2 2>/dev/null | true");
            let mut shell = Command::new("sh");
            shell.args(["-c", &script]).env("CHINWAG_CONFIG", "/dev/null");
            let ended = output(shell).await;
            assert_eq!(String::from_utf8_lossy(&ended.stderr), "0\n", "{words}");
        }
    });
}

/// A stream that is broken is nobody's panic.
#[test]
fn errors_that_cannot_be_printed_keep_the_exit_code() {
    run(async {
        for (words, code) in [
            ("--no-such-flag", 2),
            ("config --config /nowhere", 1),
            ("admin --admin-socket /nowhere who", 1),
            ("load --clients 2 --senders 3", 2),
        ] {
            let arguments: Vec<_> = words.split(' ').collect();
            let mut command = chinwag(&arguments);
            command.stderr(full()).stdout(full());
            let status = within_deadline("its end", spawn_blocking(move || command.status())).await;
            let status = status.expect("no panic").expect("the program runs");
            assert_eq!(status.code(), Some(code), "{words}");
        }
    });
}

#[test]
fn a_closed_stdout_is_logged() {
    run(async {
        let mut command = chinwag(&["--listen", "127.0.0.1:0"]);
        command.stdin(Stdio::null()).stdout(full()).stderr(Stdio::piped());
        let process = command.spawn().expect("the program starts");
        let mut server = Program::unannounced(process);
        let line = server.logged("cannot write to stdout").await;
        assert!(line.contains("No space left on device"), "{line}");
    });
}
