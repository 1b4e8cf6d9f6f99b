//! What `chinwag config` finds without starting a server: what will not start is refused in the words of the start.

use crate::folder::Folder;
use crate::program::{Program, admin, chinwag};
use crate::support::{run, within_deadline};
use std::process::Output;
use whippet::task::spawn_blocking;

/// How a command ends: its code, and what it prints.
async fn ends(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = chinwag(arguments);
    let output = within_deadline("an end", spawn_blocking(move || command.output())).await;
    let Output { status, stdout, stderr } = output.expect("no panic").expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn what_will_not_start_is_refused_by_config_too() {
    run(async {
        let folder = Folder::new("preflight");
        folder.write("file", "x");
        std::fs::write(folder.path("utf16"), b"\xff\xfec\0o\0r\0r\0e\0c\0t\0 \0h\0o\0r\0s\0e\0")
            .expect("a file");
        folder.mode("utf16", 0o600);
        folder.make("garbage");
        folder.write("garbage/bans", "what is this\n");
        let here = folder.name("");
        let long = "x".repeat(108);
        for (line, words) in [
            (format!("oper-file = \"{here}/nothing\""), "cannot read the secret in"),
            (format!("oper-file = \"{here}/file\""), "it is shorter than 12 bytes"),
            (format!("oper-file = \"{here}/utf16\""), "it is UTF-16"),
            (format!("state-dir = \"{here}/file\""), "is a file, not a folder"),
            (format!("state-dir = \"{here}/file/below\""), "is a file, not a folder"),
            (format!("state-dir = \"{here}/garbage\""), "bans, line 1: "),
            (format!("admin-socket = \"{here}/{long}\""), "the kernel takes at most 107"),
            (format!("admin-socket = \"{here}/nowhere/socket\""), "No such file or directory"),
            (format!("admin-socket = \"{here}/file\""), "there is a file; remove it"),
            (format!("admin-socket = \"{here}/file/socket\""), "file: it is a file, not a folder"),
            ("admin-socket = \"/dev/null/x\"".to_owned(), "it is a device, not a folder"),
            ("listen = [\"127.0.0.1:7\", \"0.0.0.0:7\"]".to_owned(), "are the same port twice"),
            ("metrics = \"127.0.0.1:1\"".to_owned(), "127.0.0.1:1 is the port of 127.0.0.1:1"),
            ("listen = [\"192.0.2.1:7070\"]".to_owned(), "does not have that address"),
            ("max-connections = 0".to_owned(), "with 0 nobody could come"),
        ] {
            let listen =
                if line.starts_with("listen") { "" } else { "listen = [\"127.0.0.1:1\"]\n" };
            let file = folder.write("chinwag.toml", &format!("{listen}{line}\n"));
            for word in ["config", "serve"] {
                let (code, stdout, stderr) = ends(&[word, "--config", &file]).await;
                assert_eq!((code, stdout.as_str()), (Some(1), ""), "{word} {line}: {stderr}");
                assert!(stderr.contains(words) && stderr.lines().count() == 1, "{line}: {stderr}");
            }
        }
    });
}

#[test]
fn all_that_is_wrong_is_told_with_its_place() {
    run(async {
        let folder = Folder::new("preflight-all");
        let here = folder.name("");
        folder.write("file", "x");
        let text = format!("oper-file = \"{here}/a\"\nstate-dir = \"{here}/file\"\n");
        let file = folder.write("chinwag.toml", &text);
        let (code, _, stderr) = ends(&["config", "--config", &file]).await;
        let lines: Vec<_> = stderr.lines().collect();
        assert_eq!((code, lines.len()), (Some(1), 2), "{stderr}");
        assert!(lines[0].starts_with(&format!("chinwag: {file}:1:1: oper-file: ")), "{stderr}");
        assert!(lines[1].starts_with(&format!("chinwag: {file}:2:1: state-dir: ")), "{stderr}");
        // A flag that names what is not there is no usage error.
        let (code, _, stderr) = ends(&["config", "--state-dir", &folder.name("file")]).await;
        assert_eq!(code, Some(1), "{stderr}");
    });
}

#[test]
fn config_makes_nothing_and_disturbs_no_server() {
    run(async {
        let folder = Folder::new("preflight-nothing");
        let secret = folder.write("oper", "correct horse battery\n");
        let (state, socket) = (folder.name("new/state"), folder.name("socket"));
        let text = format!(
            "oper-file = \"{secret}\"\nstate-dir = \"{state}\"\nadmin-socket = \"{socket}\"\n"
        );
        let file = folder.write("chinwag.toml", &text);
        let (code, stdout, stderr) = ends(&["config", "--config", &file]).await;
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        assert!(stdout.contains(&format!("state-dir = \"{state}\"")), "{stdout}");
        assert!(!folder.path("new").exists() && !folder.path("socket").exists());
        let command = chinwag(&["--config", &file, "--listen", "127.0.0.1:0"]);
        let server = Program::start(command).await;
        let listen = server.address.to_string();
        let (code, _, stderr) = ends(&["config", "--config", &file, "--listen", &listen]).await;
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "beside a server that has all of it");
        let answer = admin(&socket, &["ban", "mallory", "1h"]).await;
        assert!(answer.status.success());
    });
}

#[test]
fn files_of_the_service_are_not_checked() {
    run(async {
        let folder = Folder::new("preflight-open");
        let text = "oper-file = \"/run/credentials/chinwag.service/oper\"\nmax-connections = 900000\n\
                    admin-socket = \"/run/chinwag/admin.sock\"\n";
        let file = folder.write("chinwag.toml", text);
        let (code, stdout, stderr) = ends(&["config", "--config", &file]).await;
        assert_eq!(code, Some(0), "{stderr}");
        assert!(stdout.contains("max-connections = 900000"), "{stdout}");
        assert!(stderr.contains("oper-file is not checked: "), "{stderr}");
        if !std::path::Path::new("/run/chinwag").exists() {
            assert!(stderr.contains("admin-socket is not checked: "), "{stderr}");
        }
    });
}

#[test]
fn config_prints_the_warnings_of_the_log() {
    run(async {
        let folder = Folder::new("preflight-warns");
        let secret = folder.write_with("oper", "correct horse battery\n", 0o644);
        let file = folder.write_with("chinwag.toml", "", 0o606);
        let mut command = chinwag(&["config", "--config", &file, "--oper-file", &secret]);
        command.env("CHINWAG_MOTTD", "x").env("chinwag_listen", "127.0.0.1:1");
        let output = command.output().expect("the program runs");
        let stderr = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(0), "{stderr}");
        for words in [
            "CHINWAG_MOTTD; did you mean CHINWAG_MOTD?",
            "chinwag_listen; did you mean CHINWAG_LISTEN?",
            "chmod go-w",
            "can be read by everybody",
        ] {
            assert!(stderr.contains(words), "{words}: {stderr}");
        }
    });
}

#[test]
fn nothing_is_made_below_a_folder_that_others_may_change() {
    run(async {
        let folder = Folder::new("preflight-parents");
        folder.make("open");
        for mode in [0o770, 0o707, 0o777] {
            folder.mode("open", mode);
            for word in ["config", "serve"] {
                let arguments = [
                    word,
                    "--listen",
                    "127.0.0.1:0",
                    "--state-dir",
                    &folder.name("open/new/state"),
                ];
                let (code, _, stderr) = ends(&arguments).await;
                assert!(code.is_some_and(|code| code > 0), "{word}: {stderr}");
                assert!(stderr.contains("can be changed by others"), "{stderr}");
                assert!(!folder.path("open/new").exists(), "{mode:o}");
            }
        }
    });
}
