//! The confined process: what a reload needs is there, and every thread is confined.

use crate::folder::Folder;
use crate::program::{Program, chinwag, settings};
use crate::support::{TestClient, run};
use rustix::process::Signal;
use std::process::Command;

const SECRET: &str = "correct horse battery\n";

/// A server with this file of settings, which logs what it takes over.
fn with(file: &str, arguments: &[&str]) -> Command {
    let mut command = chinwag(&["--listen", "127.0.0.1:0", "--log", "info", "--config", file]);
    command.args(arguments);
    command
}

/// Has the settings read anew, which must go well; what was taken.
async fn reload(server: &mut Program) -> String {
    server.signal(Signal::HUP);
    let line = server.logged("chinwag::reload: settings ").await;
    assert!(line.contains("settings read anew"), "{line}");
    line
}

/// Whether this is the secret.
async fn opens(server: &Program, secret: &str) -> bool {
    let mut person: TestClient = server.join().await;
    person.send_line(&format!("/oper {}", secret.trim_end())).await;
    let is_answer = |line: &str| line.starts_with("! ") || line.contains("you are an operator now");
    let seen = person.wait_until("an answer to /oper", is_answer).await;
    seen.last().is_some_and(|line| line.starts_with("* you are an operator now"))
}

#[test]
fn regression_43_a_name_in_listen_leaves_reloads_possible() {
    run(async {
        let folder = Folder::new("confined-name");
        let file = folder.write("chinwag.toml", "listen = [\"localhost:0\"]\n");
        let command = chinwag(&["--log", "info", "--config", &file]);
        let mut server = Program::start(command).await;
        folder.write("chinwag.toml", "listen = [\"localhost:0\"]\nmotd = \"moin\"\n");
        assert!(reload(&mut server).await.contains("motd"));
    });
}

#[test]
fn regression_43_a_first_settings_file_is_read_after_the_start() {
    run(async {
        let folder = Folder::new("confined-first");
        folder.make("chinwag");
        let mut command = chinwag(&["--listen", "127.0.0.1:0", "--log", "info"]);
        command.env_remove("CHINWAG_CONFIG").env("XDG_CONFIG_HOME", folder.path(""));
        let mut server = Program::start(command).await;
        folder.write("chinwag/chinwag.toml", "motd = \"moin\"\n");
        assert!(reload(&mut server).await.contains("motd"));
    });
}

#[test]
fn regression_43_a_secret_that_a_reload_names_first_is_read() {
    run(async {
        let folder = Folder::new("confined-secret");
        let credentials = Folder::new("confined-credentials");
        for place in [&folder, &credentials] {
            let file = folder.write("chinwag.toml", "");
            let mut command = with(&file, &[]);
            command.env("CREDENTIALS_DIRECTORY", credentials.path(""));
            let mut server = Program::start(command).await;
            assert!(!opens(&server, SECRET).await);
            let secret = place.write("oper", SECRET);
            folder.write("chinwag.toml", &format!("oper-file = \"{secret}\"\n"));
            assert!(reload(&mut server).await.contains("oper-file"));
            assert!(opens(&server, SECRET).await);
        }
    });
}

#[test]
fn regression_43_files_replaced_by_rename_are_read_anew() {
    run(async {
        let folder = Folder::new("confined-rename");
        folder.make("secret");
        let file = folder.write("chinwag.toml", "motd = \"one\"\n");
        let secret = folder.write("secret/oper", SECRET);
        let mut server = Program::start(with(&file, &["--oper-file", &secret])).await;
        folder.replace("chinwag.toml", "motd = \"two\"\n");
        folder.replace("secret/oper", "another long secret\n");
        assert!(reload(&mut server).await.contains("motd"));
        assert!(opens(&server, "another long secret").await);
        assert!(!opens(&server, SECRET).await);
    });
}

#[test]
fn regression_43_files_behind_a_switched_link_are_read_anew() {
    run(async {
        let folder = Folder::new("confined-switch");
        // As Kubernetes does: each file is a link through `..data`, which is exchanged in one step.
        for (version, motd, secret) in [("..1", "one", SECRET), ("..2", "two", "another secret")] {
            folder.make(version);
            folder.write(&format!("{version}/chinwag.toml"), &format!("motd = \"{motd}\"\n"));
            folder.write(&format!("{version}/oper"), secret);
        }
        folder.link("..data", "..1");
        folder.link("chinwag.toml", "..data/chinwag.toml");
        folder.link("oper", "..data/oper");
        let command = with(&folder.name("chinwag.toml"), &["--oper-file", &folder.name("oper")]);
        let mut server = Program::start(command).await;
        folder.link("..data", "..2");
        std::fs::remove_dir_all(folder.path("..1")).expect("ours");
        assert!(reload(&mut server).await.contains("motd"));
        assert!(opens(&server, "another secret").await);
    });
}

#[test]
fn regression_43_a_file_behind_a_link_out_of_its_folder_stays_readable() {
    run(async {
        let folder = Folder::new("confined-out");
        folder.make("inside");
        folder.make("outside");
        let target = folder.write("outside/real.toml", "motd = \"one\"\n");
        folder.link("inside/chinwag.toml", &target);
        let mut server = Program::start(with(&folder.name("inside/chinwag.toml"), &[])).await;
        folder.write("outside/real.toml", "motd = \"two\"\n");
        assert!(reload(&mut server).await.contains("motd"));
    });
}

/// A new value for each setting.
fn other_value(folder: &Folder, key: &str) -> String {
    let path = |name: &str| format!("\"{}\"", folder.name(name));
    match key {
        "listen" => "[\"localhost:1\", \"127.0.0.1:2\"]".to_owned(),
        "max-connections" | "max-per-address" | "rate-burst" | "keepalive-probes"
        | "history-lines" => "7".to_owned(),
        "workers" => "3".to_owned(),
        "trusted-proxies" => "[\"10.0.0.7\", \"fd00::/8\"]".to_owned(),
        "sniff-timeout" | "rate-interval" => "\"7ms\"".to_owned(),
        "overlong-line-timeout"
        | "stall-timeout"
        | "keepalive-idle"
        | "keepalive-interval"
        | "user-timeout"
        | "shutdown-timeout" => "\"7s\"".to_owned(),
        "sendq-soft" | "send-buffer" => "\"32 KiB\"".to_owned(),
        "sendq-hard" | "max-buffered" => "\"7 MiB\"".to_owned(),
        "no-limits" | "metrics-allow-public" | "log-connections" => "true".to_owned(),
        "sandbox" => "false".to_owned(),
        "welcome" | "motd" => "\"moin\"".to_owned(),
        "metrics" => "\"localhost:1\"".to_owned(),
        "metrics-hosts" => "[\"chat.example.org\"]".to_owned(),
        "admin-socket" => path("socket"),
        "oper-file" => path("oper"),
        "state-dir" => path("state"),
        "log" => "\"chinwag=info\"".to_owned(),
        "log-format" => "\"json\"".to_owned(),
        other => panic!("{other} needs a value here"),
    }
}

#[test]
fn regression_43_a_reload_takes_or_names_each_setting() {
    run(async {
        let folder = Folder::new("confined-each");
        folder.write("oper", SECRET);
        let file = folder.write("chinwag.toml", "");
        let arguments = ["--listen", "127.0.0.1:0", "--config", &file];
        let mut command = chinwag(&arguments);
        // Not by a flag, which would be stronger than the file.
        command.env_remove("CHINWAG_LOG");
        let mut server = Program::start(command).await;
        folder.write("chinwag.toml", "log = \"info\"\n");
        server.signal(Signal::HUP);
        server.logged("settings read anew").await;
        for setting in settings().iter().filter(|setting| setting.key != "log") {
            let value = other_value(&folder, &setting.key);
            folder.write("chinwag.toml", &format!("log = \"info\"\n{} = {value}\n", setting.key));
            server.signal(Signal::HUP);
            let line = server.logged("chinwag::reload: settings ").await;
            assert!(line.contains("settings read anew"), "{}: {line}", setting.key);
        }
    });
}

#[test]
fn every_thread_is_filtered_and_gains_no_rights() {
    run(async {
        for sandbox in [true, false] {
            let folder = Folder::new("confined-threads");
            let file = folder.write("chinwag.toml", "");
            let flag = format!("--sandbox={sandbox}");
            let mut server = Program::start(with(&file, &[&flag, "--workers", "3"])).await;
            // A blocking thread has read the file by then.
            reload(&mut server).await;
            let threads = format!("/proc/{}/task", server.process.id());
            let threads = std::fs::read_dir(threads).expect("the program runs");
            let mut filtered = Vec::new();
            for thread in threads {
                let status = thread.expect("a thread").path().join("status");
                let Ok(status) = std::fs::read_to_string(status) else { continue };
                let has = |line: &str| status.lines().any(|other| other == line);
                filtered.push((has("Seccomp:\t2"), has("NoNewPrivs:\t1")));
            }
            assert!(filtered.len() >= 4, "{filtered:?}");
            assert!(filtered.iter().all(|thread| *thread == (sandbox, sandbox)), "{filtered:?}");
        }
    });
}

#[test]
fn a_service_manager_is_told_without_a_new_socket() {
    run(async {
        let folder = Folder::new("confined-notify");
        let manager = whippet::net::UnixDatagram::bind(folder.path("notify")).expect("a socket");
        let file = folder.write("chinwag.toml", "");
        let mut command = with(&file, &[]);
        command.env("NOTIFY_SOCKET", folder.path("notify"));
        let mut server = Program::start(command).await;
        // A socket that were opened for each word would find no path any more.
        std::fs::remove_file(folder.path("notify")).expect("ours");
        reload(&mut server).await;
        server.signal(Signal::TERM);
        assert_eq!(server.ended().await.0.code(), Some(0));
        let mut told = String::new();
        let mut buffer = [0; 4096];
        while !told.contains("STOPPING=1") {
            let read = crate::support::within_deadline("words", manager.recv(&mut buffer)).await;
            told.push_str(&String::from_utf8_lossy(&buffer[..read.expect("a socket")]));
        }
        assert!(told.contains("READY=1") && told.contains("RELOADING=1"), "{told}");
    });
}
