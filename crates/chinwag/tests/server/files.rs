//! Files that others have put in the way of the program: each is refused with a sentence, and none is written through.

use crate::folder::Folder;
use crate::program::{CHINWAG, Program, admin, chinwag};
use crate::support::{run, within_deadline};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown};
use std::process::{Output, Stdio};
use whippet::task::spawn_blocking;

const SECRET: &str = "correct horse battery\n";
/// A user that nobody is.
const STRANGER: u32 = 65_534;

/// Whether files of others can be made here; a test that cannot says so.
fn can_give_away() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        eprintln!("skipped: only root can make a file of another user");
    }
    is_root
}

/// What the program says when it is started like this and cannot start: one sentence, code 1.
async fn refused(arguments: &[&str]) -> String {
    let mut command = chinwag(&[&["--listen", "127.0.0.1:0"], arguments].concat());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut started = command.spawn().expect("the program runs");
    let process = rustix::process::Pid::from_child(&started);
    let stdout = started.stdout.take().expect("a pipe");
    let out = spawn_blocking(move || std::io::read_to_string(stdout));
    // A server that starts after all, or hangs, must not outlive the test.
    let patience = crate::support::PATIENCE / 2;
    let said = whippet::time::timeout(patience, out).await;
    let printed = match said {
        Ok(text) => text.expect("no panic").expect("UTF-8"),
        Err(_) => "(it hangs)".to_owned(),
    };
    let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
    let output =
        within_deadline("its end", spawn_blocking(move || started.wait_with_output())).await;
    let Output { status, stderr, .. } = output.expect("no panic").expect("it can be waited for");
    let told = String::from_utf8(stderr).expect("UTF-8");
    assert_eq!((status.code(), printed.as_str()), (Some(1), ""), "{arguments:?}: {told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    told
}

/// The same, of a server that is still starting when nobody reads what it prints.
async fn refused_state(folder: &Folder, words: &str) {
    let told = refused(&["--state-dir", &folder.name("state")]).await;
    assert!(told.contains("cannot use the state directory") && told.contains(words), "{told}");
}

#[test]
fn regression_45_a_link_in_the_state_folder_is_refused() {
    run(async {
        for name in ["lock", "bans"] {
            let folder = Folder::new(&format!("files-link-{name}"));
            folder.make("state");
            folder.link(&format!("state/{name}"), folder.path("victim"));
            refused_state(&folder, &format!("{name} is a symbolic link")).await;
            assert!(!folder.path("victim").exists());
        }
    });
}

#[test]
fn regression_45_a_pipe_in_the_state_folder_is_refused() {
    run(async {
        for name in ["lock", "bans"] {
            let folder = Folder::new(&format!("files-pipe-{name}"));
            folder.make("state");
            folder.pipe(&format!("state/{name}"));
            refused_state(&folder, &format!("{name} is a FIFO")).await;
        }
    });
}

#[test]
fn regression_45_a_folder_in_place_of_a_state_file_is_refused() {
    run(async {
        for name in ["lock", "bans"] {
            let folder = Folder::new(&format!("files-folder-{name}"));
            folder.make(&format!("state/{name}"));
            refused_state(&folder, name).await;
        }
    });
}

#[test]
fn regression_45_a_device_in_the_state_folder_is_refused() {
    run(async {
        for name in ["lock", "bans"] {
            let folder = Folder::new(&format!("files-device-{name}"));
            folder.make("state");
            let mut command = std::process::Command::new("mknod");
            let path = folder.path(&format!("state/{name}"));
            let made = command.arg(path).args(["c", "1", "3"]).stderr(Stdio::null()).status();
            if !made.expect("mknod is there").success() {
                eprintln!("skipped: no device can be made here");
                return;
            }
            refused_state(&folder, &format!("{name} is a device")).await;
        }
    });
}

#[test]
fn regression_45_a_state_folder_that_others_may_write_to_is_refused() {
    run(async {
        for mode in [0o770, 0o707, 0o1777] {
            let folder = Folder::new("files-open-state");
            folder.make("state");
            folder.mode("state", mode);
            refused_state(&folder, "chmod go-w").await;
            assert!(!folder.path("state/lock").exists());
        }
    });
}

#[test]
fn regression_45_a_state_folder_of_another_user_is_refused() {
    if !can_give_away() {
        return;
    }
    run(async {
        let folder = Folder::new("files-foreign-state");
        folder.make("state");
        chown(folder.path("state"), Some(STRANGER), None).expect("root");
        refused_state(&folder, "it belongs to user 65534").await;
        assert!(!folder.path("state/lock").exists());
        // A link that somebody else made to a folder of ours.
        folder.make("ours");
        let link = folder.path("link");
        folder.link("link", folder.path("ours"));
        std::os::unix::fs::lchown(&link, Some(STRANGER), None).expect("root");
        let told = refused(&["--state-dir", &folder.name("link")]).await;
        assert!(told.contains("is a link of user 65534"), "{told}");
    });
}

#[test]
fn regression_45_a_state_file_of_another_user_is_refused() {
    if !can_give_away() {
        return;
    }
    run(async {
        for name in ["lock", "bans"] {
            let folder = Folder::new(&format!("files-foreign-{name}"));
            folder.make("state");
            let path = format!("state/{name}");
            folder.write(&path, "");
            chown(folder.path(&path), Some(STRANGER), None).expect("root");
            refused_state(&folder, &format!("{name} belongs to user 65534")).await;
        }
    });
}

#[test]
fn regression_45_a_state_file_that_others_may_write_is_refused() {
    run(async {
        for name in ["lock", "bans"] {
            for mode in [0o620, 0o602] {
                let folder = Folder::new(&format!("files-open-{name}"));
                folder.make("state");
                folder.write_with(&format!("state/{name}"), "", mode);
                refused_state(&folder, "can be changed by others").await;
            }
        }
    });
}

#[test]
fn regression_45_bans_are_written_through_no_link() {
    run(async {
        for hard in [false, true] {
            let folder = Folder::new(&format!("files-through-{hard}"));
            let (state, socket) = (folder.make("state"), folder.name("socket"));
            folder.write("victim", "precious\n");
            if hard {
                for name in ["bans.new", "lock"] {
                    std::fs::hard_link(
                        folder.path("victim"),
                        folder.path(&format!("state/{name}")),
                    )
                    .expect("a link");
                }
            } else {
                folder.link("state/bans.new", folder.path("victim"));
            }
            let arguments = ["--listen", "127.0.0.1:0", "--state-dir", &state];
            let mut command = chinwag(&arguments);
            command.args(["--admin-socket", &socket]);
            let _server = Program::start(command).await;
            let Output { stdout, .. } = admin(&socket, &["ban", "mallory", "2h"]).await;
            assert!(stdout.starts_with(b"mallory is banned for 2 hours"));
            let victim = std::fs::read_to_string(folder.path("victim")).expect("a file");
            assert_eq!(victim, "precious\n");
            let kept = std::fs::read_to_string(folder.path("state/bans")).expect("a file");
            assert!(kept.contains("\nmallory "), "{kept}");
        }
    });
}

#[test]
fn regression_45_a_state_folder_behind_a_link_of_ours_is_fine() {
    run(async {
        // As systemd makes it for DynamicUser.
        let folder = Folder::new("files-dynamic");
        folder.make("private/state");
        folder.link("state", "private/state");
        let state = folder.name("state");
        let command = chinwag(&["--listen", "127.0.0.1:0", "--state-dir", &state]);
        let server = Program::start(command).await;
        server.join().await;
        assert!(folder.path("private/state/lock").exists());
    });
}

#[test]
fn regression_45_a_secret_that_is_no_regular_file_is_refused() {
    run(async {
        let folder = Folder::new("files-secret-kind");
        folder.pipe("pipe");
        folder.make("folder");
        folder.link("link", folder.path("pipe"));
        for (name, words) in [("pipe", "a FIFO"), ("folder", "a folder"), ("link", "a FIFO")] {
            let told = refused(&["--oper-file", &folder.name(name)]).await;
            assert!(told.contains(words), "{told}");
        }
        let told = refused(&["--oper-file", "/dev/zero"]).await;
        assert!(told.contains("a device"), "{told}");
    });
}

#[test]
fn regression_45_a_secret_that_others_may_change_is_refused() {
    run(async {
        let folder = Folder::new("files-secret-open");
        for mode in [0o620, 0o602, 0o666] {
            let secret = folder.write_with("oper", SECRET, mode);
            let told = refused(&["--oper-file", &secret]).await;
            assert!(told.contains("can be changed by others: chmod go-w"), "{told}");
        }
        if can_give_away() {
            let secret = folder.write("oper", SECRET);
            chown(&secret, Some(STRANGER), None).expect("root");
            let told = refused(&["--oper-file", &secret]).await;
            assert!(told.contains("belongs to user 65534"), "{told}");
        }
    });
}

#[test]
fn a_secret_that_others_may_exchange_is_refused() {
    run(async {
        let folder = Folder::new("files-secret-folder");
        folder.make("open");
        let secret = folder.write("open/oper", SECRET);
        for mode in [0o770, 0o707, 0o777] {
            folder.mode("open", mode);
            let told = refused(&["--oper-file", &secret]).await;
            assert!(
                told.contains("can be exchanged by others") && told.contains("chmod go-w"),
                "{told}"
            );
        }
        // As /tmp is: nobody can put another in its place, but links of theirs where none was.
        folder.mode("open", 0o1777);
        let server = Program::start(chinwag(&["--listen", "127.0.0.1:0", "--oper-file", &secret]));
        drop(server.await);
        if can_give_away() {
            // A line that everybody can read, in a file of root's, would be the secret.
            folder.write_with("known", SECRET, 0o644);
            folder.link("open/link", folder.path("known"));
            lchown(folder.path("open/link"), Some(STRANGER), None).expect("root");
            let told = refused(&["--oper-file", &folder.name("open/link")]).await;
            assert!(told.contains("it is a link of user 65534"), "{told}");
        }
    });
}

#[test]
fn a_state_folder_that_others_may_exchange_is_refused() {
    run(async {
        let folder = Folder::new("files-state-folder");
        folder.make("open/state");
        for mode in [0o770, 0o707, 0o777] {
            folder.mode("open", mode);
            let told = refused(&["--state-dir", &folder.name("open/state")]).await;
            assert!(told.contains("its folder") && told.contains("chmod go-w"), "{told}");
        }
        folder.mode("open", 0o1777);
        let state = folder.name("open/state");
        let _server =
            Program::start(chinwag(&["--listen", "127.0.0.1:0", "--state-dir", &state])).await;
    });
}

#[test]
fn a_secret_that_others_may_read_is_a_warning() {
    run(async {
        let folder = Folder::new("files-secret-read");
        folder.make("own");
        let secret = folder.write_with("own/oper", SECRET, 0o644);
        let command = chinwag(&["--listen", "127.0.0.1:0", "--oper-file", &secret]);
        let mut server = Program::start(command).await;
        let line = server.logged("secret").await;
        assert!(line.contains("WARN") && line.contains("can be read by everybody"), "{line}");
    });
}

#[test]
fn secrets_of_a_service_manager_are_trusted() {
    run(async {
        let folder = Folder::new("files-credentials");
        folder.make("credentials");
        let secret = folder.write_with("credentials/oper", SECRET, 0o666);
        if can_give_away() {
            chown(&secret, Some(STRANGER), None).expect("root");
        }
        let mut command = chinwag(&["--listen", "127.0.0.1:0", "--oper-file", &secret]);
        command.env("CREDENTIALS_DIRECTORY", folder.path("credentials"));
        let server = Program::start(command).await;
        server.signal(rustix::process::Signal::TERM);
        let (status, log) = server.ended().await;
        assert_eq!((status.code(), log.as_str()), (Some(0), ""));
        // A link in it that leads elsewhere is not.
        let elsewhere = folder.write_with("elsewhere", SECRET, 0o666);
        folder.link("credentials/link", &elsewhere);
        let mut command = chinwag(&["--listen", "127.0.0.1:0"]);
        command.args(["--oper-file", &folder.name("credentials/link")]);
        command.env("CREDENTIALS_DIRECTORY", folder.path("credentials"));
        let output = within_deadline("an end", spawn_blocking(move || command.output())).await;
        let output = output.expect("no panic").expect("it runs");
        assert_eq!(output.status.code(), Some(1));
    });
}

#[test]
fn a_secret_beside_other_files_is_a_warning() {
    run(async {
        let folder = Folder::new("files-secret-own");
        let secret = folder.write("oper", SECRET);
        let file = folder.write("chinwag.toml", "");
        let arguments =
            ["--listen", "127.0.0.1:0", "--log", "info", "--oper-file", &secret, "--config", &file];
        let server = Program::start(chinwag(&arguments)).await;
        server.signal(rustix::process::Signal::TERM);
        let (_, log) = server.ended().await;
        assert!(!log.contains("WARN"), "{log}");
        folder.write("diary", "");
        let mut server = Program::start(chinwag(&arguments)).await;
        let line = server.logged("WARN").await;
        assert!(line.contains("diary") && line.contains("a folder of its own"), "{line}");
    });
}

#[test]
fn a_settings_file_that_is_no_regular_file_is_refused() {
    run(async {
        let folder = Folder::new("files-settings");
        folder.pipe("pipe");
        for (path, words) in [
            (folder.name("pipe"), "a FIFO"),
            (folder.name(""), "a folder"),
            ("/dev/zero".to_owned(), "a device"),
        ] {
            let told = refused(&["--config", &path]).await;
            assert!(told.contains("cannot read the settings") && told.contains(words), "{told}");
        }
    });
}

#[test]
fn settings_that_others_may_change_are_a_warning() {
    run(async {
        let folder = Folder::new("files-settings-open");
        let file = folder.write_with("chinwag.toml", "", 0o606);
        let mut server =
            Program::start(chinwag(&["--listen", "127.0.0.1:0", "--config", &file])).await;
        let line = server.logged("WARN").await;
        assert!(line.contains("can be changed by others: chmod go-w"), "{line}");
        folder.mode("chinwag.toml", 0o600);
        folder.mode("", 0o770);
        let mut server =
            Program::start(chinwag(&["--listen", "127.0.0.1:0", "--config", &file])).await;
        let line = server.logged("WARN").await;
        assert!(line.contains("can be exchanged by others: its folder"), "{line}");
    });
}

#[test]
fn the_admin_socket_never_had_another_mode() {
    run(async {
        let folder = Folder::new("files-socket-mode");
        let socket = folder.name("socket");
        let mut command = std::process::Command::new("sh");
        let script =
            "umask 0; exec \"$0\" --listen 127.0.0.1:0 --config /dev/null --admin-socket \"$1\"";
        command.args(["-c", script, CHINWAG, &socket]);
        let server = Program::start(command).await;
        let file = std::fs::symlink_metadata(&socket).expect("a socket");
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        assert_eq!(file.uid(), rustix::process::geteuid().as_raw());
        drop(server);
    });
}

#[test]
fn what_lies_in_place_of_the_admin_socket_is_left_alone() {
    run(async {
        let folder = Folder::new("files-socket");
        let victim = folder.write_with("victim", "precious\n", 0o644);
        let socket = folder.name("socket");
        for what in ["link", "dangling", "file", "folder"] {
            match what {
                "link" => folder.link("socket", &victim),
                "dangling" => folder.link("socket", folder.path("nothing")),
                "file" => drop(folder.write("socket", "precious\n")),
                _ => {
                    std::fs::remove_file(&socket).expect("ours");
                    folder.make("socket");
                }
            }
            let told = refused(&["--admin-socket", &socket]).await;
            assert!(told.contains("cannot make the admin socket"), "{told}");
            assert!(told.contains("remove it"), "{told}");
            let mode = std::fs::metadata(&victim).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o644);
            assert!(!folder.path("nothing").exists());
            assert!(std::fs::symlink_metadata(&socket).is_ok());
            if what != "folder" {
                std::fs::remove_file(&socket).expect("ours");
                folder.write("socket", "");
            }
        }
    });
}

#[test]
fn an_admin_socket_where_others_may_remove_it_is_refused() {
    run(async {
        let folder = Folder::new("files-socket-folder");
        folder.make("open");
        for mode in [0o770, 0o707, 0o777] {
            folder.mode("open", mode);
            let told = refused(&["--admin-socket", &folder.name("open/socket")]).await;
            assert!(told.contains("chmod go-w"), "{told}");
            assert!(!folder.path("open/socket").exists());
        }
        // As /tmp is.
        folder.mode("open", 0o1777);
        let socket = folder.name("open/socket");
        let _server =
            Program::start(chinwag(&["--listen", "127.0.0.1:0", "--admin-socket", &socket])).await;
    });
}
