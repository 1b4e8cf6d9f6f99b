//! The extremes of each setting: with any value the program serves, or says in words why it does not start.
//!
//! The least and the greatest value that each setting takes, and one that it does not, are tried on the program itself. What the
//! settings make of every value is tried beside them (`settings/extremes.rs`).

use crate::folder::Folder;
use crate::odd_values::{ODD, numbers};
use crate::program::{Program, Setting, chinwag, settings};
use crate::support::{PATIENCE, run, within_deadline};
use rustix::process::Signal;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Output};
use whippet::time::timeout;

/// What becomes of a program.
#[derive(Debug)]
enum Outcome {
    /// It served until it was told to stop.
    Served,
    /// It said why not, and with which code it ended.
    Refused(i32, String),
}

/// Starts it, has somebody come, and stops it, if it starts.
async fn tried(mut command: Command) -> Outcome {
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped());
    let what = format!("{command:?}").chars().take(300).collect::<String>();
    let started = match command.spawn() {
        Ok(started) => started,
        // An argument that is longer than the kernel allows, or has a NUL in it.
        Err(error) => return Outcome::Refused(2, error.to_string()),
    };
    let Some(server) =
        timeout(PATIENCE, Program::take_over(started)).await.expect("words or an end")
    else {
        panic!("neither started nor ended: {what}");
    };
    let server = match server {
        Ok(server) => server,
        Err(Output { status, stderr, .. }) => {
            let told = String::from_utf8_lossy(&stderr).into_owned();
            assert!(!told.is_empty() && !told.contains("panicked"), "{what}: {told}");
            return Outcome::Refused(status.code().expect("no signal"), told);
        }
    };
    if let Ok(Ok(stream)) =
        timeout(PATIENCE, whippet::net::TcpStream::connect(server.address)).await
    {
        let mut person = crate::support::TestClient::new(stream);
        let _ = person.try_send(b"hello\n").await;
        // A word, or the end: no place for anybody is an answer, too.
        within_deadline(&what, person.try_next_line()).await;
    }
    server.signal(Signal::TERM);
    let (status, log) = server.ended().await;
    assert_eq!(status.code(), Some(0), "{what}: {log}");
    assert!(!log.contains("panicked"), "{what}: {log}");
    Outcome::Served
}

/// The program with one flag; on a free port unless that is the flag.
fn with(setting: &Setting, value: impl AsRef<OsStr>) -> Command {
    let mut flag = OsString::from(format!("--{}=", setting.key));
    flag.push(value.as_ref());
    let mut command = chinwag(&[]);
    if setting.key != "listen" {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command.arg(flag);
    command
}

/// How many odd values of a setting are tried on the program.
const MOST_ODD: usize = 5;

/// The least, the greatest and a middle one of the values that a setting takes.
fn ends(setting: &Setting) -> Vec<String> {
    let units: &[&str] = match setting.placeholder.as_str() {
        "TIME" => &["ms", "d"],
        "SIZE" => &["B", "GiB"],
        _ => &[""],
    };
    let mut ends = Vec::new();
    for unit in units {
        let numbers = numbers().into_iter().map(|number| format!("{number}{unit}"));
        let fit: Vec<_> = numbers.filter(|value| setting.takes(value)).collect();
        ends.extend(fit.first().cloned());
        ends.extend(fit.last().cloned());
    }
    let odd = ODD.iter().filter(|value| setting.takes(value) && !value.contains('\0'));
    let odd: Vec<_> = odd.map(ToString::to_string).collect();
    // Each start takes a while: some of those that are alike for a text.
    ends.extend(odd.iter().step_by(1 + odd.len() / MOST_ODD).cloned());
    ends.sort();
    ends.dedup();
    ends
}

#[test]
fn the_program_starts_with_the_extremes_of_each_setting() {
    run(async {
        let folder = Folder::new("extremes");
        for setting in &settings() {
            for end in ends(setting) {
                let mut command = with(setting, &end);
                // Paths that do not begin with a slash are somewhere.
                command.current_dir(folder.path(""));
                let outcome = tried(command).await;
                if let Outcome::Refused(code, told) = &outcome {
                    assert!([1, 2].contains(code), "{} {end}: {told}", setting.key);
                    let told = told.trim_end();
                    assert_eq!(told.lines().count(), 1, "{} {end}: {told}", setting.key);
                }
            }
        }
    });
}

#[test]
fn what_is_no_value_ends_the_program_with_code_2() {
    run(async {
        for setting in settings().iter().filter(|setting| !setting.is_switch) {
            let wrong = ["-1", "", "18446744073709551616"].into_iter();
            let wrong: Vec<_> = wrong.filter(|value| !setting.takes(value)).collect();
            for value in wrong {
                let outcome = tried(with(setting, value)).await;
                assert!(matches!(outcome, Outcome::Refused(2, _)), "{}: {outcome:?}", setting.key);
            }
        }
        for setting in &settings() {
            let garbled = OsStr::from_bytes(b"\xff\xfe");
            let outcome = tried(with(setting, garbled)).await;
            assert!(matches!(outcome, Outcome::Refused(2, _)), "{}: {outcome:?}", setting.key);
            let mut command = chinwag(&["--listen", "127.0.0.1:0"]);
            command.env(setting.variable(), garbled);
            let outcome = tried(command).await;
            let Outcome::Refused(2, told) = &outcome else {
                panic!("{}: {outcome:?}", setting.key);
            };
            assert!(told.ends_with("the value is not UTF-8\n"), "{told}");
        }
    });
}

#[test]
fn more_connections_than_descriptors_are_refused() {
    run(async {
        let folder = Folder::new("extremes-descriptors");
        let file = folder.write("chinwag.toml", "max-connections = 2305843009213693951\n");
        let flag = ["--max-connections", "2305843009213693951"];
        for (arguments, code) in [(&flag[..], 2), (&["--config", &file], 1)] {
            let mut command = chinwag(&["--listen", "127.0.0.1:0"]);
            command.args(arguments);
            let Outcome::Refused(got, told) = tried(command).await else { panic!("it starts") };
            assert_eq!((got, told.lines().count()), (code, 1), "{told}");
            assert!(told.contains("descriptors allows; raise it (ulimit -n, or LimitNOFILE="));
        }
        // One more than fits, and as many as fit.
        for (connections, starts) in [("769", false), ("736", true)] {
            let mut command = Command::new("sh");
            let script =
                "ulimit -n 768 && exec \"$0\" --listen 127.0.0.1:0 --max-connections \"$1\"";
            command.args(["-c", script, crate::program::CHINWAG, connections]);
            command.env("CHINWAG_CONFIG", "/dev/null");
            let outcome = tried(command).await;
            assert_eq!(matches!(outcome, Outcome::Served), starts, "{connections}: {outcome:?}");
        }
    });
}

#[test]
fn extremes_of_several_settings_go_together() {
    run(async {
        for (words, serves) in [
            (
                "--shutdown-timeout 0 --sniff-timeout 0 --stall-timeout 1s --rate-burst 1 --rate-interval 1ms",
                true,
            ),
            (
                "--shutdown-timeout 1d --sniff-timeout 1m --stall-timeout 1h --rate-interval 1h",
                true,
            ),
            ("--rate-burst 1000000 --rate-interval 1h --overlong-line-timeout 1h", true),
            ("--sendq-soft 8KiB --sendq-hard 64KiB --max-buffered 1MiB --send-buffer 16KiB", true),
            (
                "--sendq-soft 1023MiB --sendq-hard 1GiB --max-buffered 1024GiB --send-buffer 16MiB",
                true,
            ),
            ("--sendq-soft 1GiB --sendq-hard 64KiB", false),
            ("--sendq-soft 64KiB --sendq-hard 64KiB", false),
            ("--max-connections 1 --max-per-address 1 --history-lines 0", true),
            ("--max-connections 0", false),
            ("--max-per-address 0", false),
            ("--max-connections 1 --max-per-address 18446744073709551615 --no-limits", true),
            (
                "--keepalive-idle 1s --keepalive-interval 1s --keepalive-probes 1 --user-timeout 1s",
                true,
            ),
            (
                "--keepalive-idle 32767s --keepalive-interval 32767s --keepalive-probes 127 --user-timeout 1d",
                true,
            ),
            ("--metrics 0.0.0.0:0", false),
            ("--metrics localhost:0", true),
            ("--workers 1 --sandbox=false --log off", true),
        ] {
            let mut command = chinwag(&["--listen", "127.0.0.1:0"]);
            command.args(words.split(' '));
            let outcome = tried(command).await;
            match outcome {
                Outcome::Served => assert!(serves, "{words}"),
                Outcome::Refused(code, told) => assert!(!serves && code == 2, "{words}: {told}"),
            }
        }
    });
}
