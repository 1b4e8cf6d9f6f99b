//! The extremes of each setting: with any value the program serves, or says in words why it does not start.
//!
//! Every setting of the table is given every value here in every way: as a flag, a variable, and a line of a file. All of
//! that is read in this process, and a server is made of whatever is taken. Then the least and the greatest that are taken,
//! and one that is not, are tried on the program itself.

use crate::folder::Folder;
use crate::program::{Program, chinwag};
use crate::support::{PATIENCE, run, soon};
use chinwag::settings::sources::Environment;
use chinwag::settings::table::Setting;
use chinwag::settings::value::Shape;
use chinwag::settings::{Settings, Sources, TABLE};
use chinwag::{Config, Server};
use rustix::process::Signal;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output};
use whippet::time::timeout;

/// Values that are not like any others, beside numbers.
const ODD: [&str; 38] = [
    "",
    " ",
    "\0",
    "\n",
    "\r\n",
    "é",
    "\u{202e}",
    "none",
    "auto",
    "true",
    "false",
    "yes",
    "-1",
    "-0",
    "+1",
    "0x10",
    "1e3",
    "1e308",
    "1e-400",
    "NaN",
    "inf",
    "-inf",
    "0.0000001",
    "1 XB",
    "1 s s",
    "s",
    "KiB",
    "[::]:0",
    "localhost:0",
    "0.0.0.0:65536",
    "255.255.255.255:0",
    ":0",
    "/",
    ".",
    "/dev/full",
    "trace",
    "off,chinwag=trace",
    "json",
];

/// Units, and what has none.
const UNITS: [&str; 10] = ["", "ms", "s", "m", "h", "d", "B", "KiB", "MiB", "GiB"];

/// Every number that lies beside a power of two, and some of tens.
fn numbers() -> Vec<String> {
    let powers = (0..=17).chain([30, 31, 32, 33, 52, 53, 61, 62, 63, 64, 65]);
    let powers = powers.flat_map(|power| [(1_u128 << power) - 1, 1 << power, (1 << power) + 1]);
    let tens = (0..=20).map(|power| 10_u128.pow(power));
    let bounds = [0, 3_600, 86_400, 3_600_000, 86_400_000, 32_767, 127];
    let mut numbers: Vec<_> = powers.chain(tens).chain(bounds).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.iter().map(u128::to_string).collect()
}

/// All values for a setting; numbers with units for times and sizes.
fn values(setting: &Setting) -> Vec<String> {
    let long = ["x".repeat(100_000), "9".repeat(1_000), format!("/tmp/{}", "y/".repeat(5_000))];
    let numbers = numbers();
    let mut values: Vec<String> = ODD.iter().map(ToString::to_string).chain(long).collect();
    let has_units = ["TIME", "SIZE"].contains(&setting.placeholder);
    for unit in if has_units { &UNITS[..] } else { &UNITS[..3] } {
        values.extend(numbers.iter().map(|number| format!("{number}{unit}")));
    }
    values
}

/// What the sources say with this value given in one of four ways.
fn ways(setting: &'static Setting, value: &str) -> Vec<Option<Settings>> {
    let flags =
        Sources { flags: vec![(setting.key, vec![value.to_owned()])], ..Sources::default() };
    let variables = vec![(setting.variable(), value.to_owned())];
    let variable = Sources {
        environment: Environment { variables, ..Environment::default() },
        ..Sources::default()
    };
    let quoted = chinwag::settings::value::quote(value);
    let texts = [
        format!("{} = {quoted}\n", setting.key),
        format!("{} = [{quoted}]\n", setting.key),
        format!("{} = {value}\n", setting.key),
    ];
    let file = |text: &String| {
        let outcome = Sources::default().combine(Some((Path::new("f"), text)));
        outcome.map(|effective| effective.settings)
    };
    let words = [flags, variable].map(|sources| sources.combine(None).map(|all| all.settings));
    let outcomes = words.into_iter().chain(texts.iter().map(file));
    outcomes
        .map(|outcome| match outcome {
            Ok(settings) => Some(settings),
            Err(refused) => {
                let told = refused.to_string();
                assert!(!told.is_empty() && told.lines().count() <= 10, "{told}");
                None
            }
        })
        .collect()
}

#[test]
fn every_value_of_every_setting_is_taken_or_refused_in_words() {
    run(async {
        let mut taken = 0;
        for setting in TABLE {
            for value in &values(setting) {
                for settings in ways(setting, value).into_iter().flatten() {
                    taken += 1;
                    // What it is shown as says the same again.
                    let shown = format!("{} = {}\n", setting.key, setting.show(&settings));
                    let again = Sources::default().combine(Some((Path::new("g"), &shown)));
                    let again = again.map(|effective| effective.settings);
                    if settings != again.clone().unwrap_or_default() {
                        panic!("{}: {value:?} is shown as {shown:?}: {again:?}", setting.key);
                    }
                    let config = Config::of(&settings, 1_000);
                    drop(Server::new(Vec::new(), config).expect("no listener can fail"));
                }
            }
        }
        assert!(taken > 1_000, "{taken}");
    });
}

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
        let mut person = crate::support::Person::new(stream);
        let _ = person.try_send(b"hello\n").await;
        // A word, or the end: no place for anybody is an answer, too.
        soon(&what, person.next_line()).await;
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
    let units: &[&str] = match setting.placeholder {
        "TIME" => &["ms", "d"],
        "SIZE" => &["B", "GiB"],
        _ => &[""],
    };
    let mut ends = Vec::new();
    for unit in units {
        let numbers = numbers().into_iter().map(|number| format!("{number}{unit}"));
        let fit: Vec<_> = numbers.filter(|value| setting.check(value).is_ok()).collect();
        ends.extend(fit.first().cloned());
        ends.extend(fit.last().cloned());
    }
    let odd = ODD.iter().filter(|value| setting.check(value).is_ok() && !value.contains('\0'));
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
        for setting in TABLE {
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
        for setting in TABLE.iter().filter(|setting| setting.shape != Shape::Switch) {
            let wrong = ["-1", "", "18446744073709551616"].into_iter();
            let wrong: Vec<_> = wrong.filter(|value| setting.check(value).is_err()).collect();
            for value in wrong {
                let outcome = tried(with(setting, value)).await;
                assert!(matches!(outcome, Outcome::Refused(2, _)), "{}: {outcome:?}", setting.key);
            }
        }
        for setting in TABLE {
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
        let file = folder.write("chinwag.toml", "connections = 2305843009213693951\n");
        let flag = ["--connections", "2305843009213693951"];
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
            let script = "ulimit -n 768 && exec \"$0\" --listen 127.0.0.1:0 --connections \"$1\"";
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
                "--grace 0 --first-look 0 --take-within 1s --speech-burst 1 --speech-interval 1ms",
                true,
            ),
            ("--grace 1d --first-look 1m --take-within 1h --speech-interval 1h", true),
            ("--speech-burst 1000000 --speech-interval 1h --overlong-after 1h", true),
            ("--owed-soft 8KiB --owed-hard 64KiB --living-frames 1MiB --send-buffer 16KiB", true),
            (
                "--owed-soft 1023MiB --owed-hard 1GiB --living-frames 1024GiB --send-buffer 16MiB",
                true,
            ),
            ("--owed-soft 1GiB --owed-hard 64KiB", false),
            ("--owed-soft 64KiB --owed-hard 64KiB", false),
            ("--connections 1 --per-address 1 --history-lines 0", true),
            ("--connections 0", false),
            ("--per-address 0", false),
            ("--connections 1 --per-address 18446744073709551615 --no-limits", true),
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
