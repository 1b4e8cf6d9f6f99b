//! What is different for those who do not come from the machine itself: a server in a network of its own, which has one address
//! that is not loopback. Where that cannot be made the tests are skipped aloud, but for CI, where they fail.

use crate::program::{CHINWAG, Program, admin};
use crate::real_clients::{Session, has};
use crate::support::run;
use rustix::process::Signal;
use std::process::{Command, Output};

/// The address that people come from, and to.
const HERE: &str = "10.77.0.1";

/// Whether a network can be made.
pub(crate) fn can_make_networks() -> bool {
    let programs = ["unshare", "nsenter", "ip", "nc"].into_iter().all(has);
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("SKIPPED: only root can make a network");
    }
    programs && root
}

/// A server in a network of its own, to which all of 10.78.0.0/16 can come.
pub(crate) async fn server(arguments: &[&str]) -> Program {
    let script = format!(
        "ip link set lo up && ip address add {HERE}/32 dev lo && ip route add local 10.78.0.0/16 dev lo && exec {CHINWAG} --listen {HERE}:0 \"$@\""
    );
    let mut command = Command::new("unshare");
    command.args(["--net", "sh", "-c", &script, "sh"]).args(arguments);
    Program::start(command).await
}

/// Somebody with nc in that network.
fn nc(server: &Program) -> Session {
    let net = format!("--net=/proc/{}/ns/net", server.process.id());
    Session::start("nsenter", &[&net, "nc", HERE, &server.address.port().to_string()])
}

#[test]
fn an_address_has_so_many_connections_and_a_signal_changes_that() {
    if !can_make_networks() {
        return;
    }
    run(async {
        let file = std::env::temp_dir().join(format!("chinwag-network-{}", std::process::id()));
        std::fs::write(&file, "max-per-address = 1\n").expect("a file");
        let path = file.to_str().expect("UTF-8");
        let mut server = server(&["--config", path, "--log", "info"]).await;
        let mut alice = nc(&server);
        alice.wait_for("* welcome to chinwag, you are user-1").await;
        let mut bob = nc(&server);
        bob.wait_for("! too many connections from your address").await;
        std::fs::write(&file, "max-per-address = 2\n").expect("a file");
        server.signal(Signal::HUP);
        server.logged("settings read anew").await;
        let mut cy = nc(&server);
        cy.wait_for("* welcome to chinwag, you are user-2").await;
        alice.wait_for("* user-2 joined").await;
        std::fs::remove_file(&file).expect("the test is free");
    });
}

#[test]
fn oper_over_a_network_warns_and_can_be_banned() {
    if !can_make_networks() {
        return;
    }
    run(async {
        let folder =
            std::env::temp_dir().join(format!("chinwag-network-oper-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let [secret, socket] = ["secret", "socket"].map(|name| folder.join(name));
        std::fs::write(&secret, "correct horse battery\n").expect("a file");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&secret, private).expect("ours");
        let [secret, socket] = [&secret, &socket].map(|path| path.to_str().expect("UTF-8"));
        let server = server(&["--oper-file", secret, "--admin-socket", socket]).await;
        let mut alice = nc(&server);
        alice.wait_for("* welcome to chinwag, you are user-1").await;
        alice.type_line("/oper correct horse battery");
        alice.wait_for("* you are an operator now; /help lists what you can do").await;
        alice.wait_for("have the secret changed, and use chinwag admin").await;
        alice.type_line(&format!("/ban {HERE}/24"));
        alice.wait_for("! that would ban you, too").await;
        let Output { stdout, .. } = admin(socket, &["ban", "10.77.0.0/16", "1h"]).await;
        assert_eq!(stdout, b"10.77.0.0/16 is banned for 1 hour; 1 person had to go\n");
        alice.wait_for("! you are banned here for 1 hour").await;
        let mut bob = nc(&server);
        bob.wait_for("! you are banned here for 1 hour").await;
        std::fs::remove_dir_all(&folder).expect("the test is free");
    });
}

/// Somebody whose cable is pulled out keeps their nick for up to a minute and a half.
#[test]
fn a_dead_connection_is_reported_and_can_be_kicked() {
    if !can_make_networks() {
        return;
    }
    run(async {
        let folder =
            std::env::temp_dir().join(format!("chinwag-network-dead-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let secret = folder.join("secret");
        std::fs::write(&secret, "correct horse battery\n").expect("a file");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&secret, private).expect("ours");
        let server = server(&["--oper-file", secret.to_str().expect("UTF-8")]).await;
        let net = format!("--net=/proc/{}/ns/net", server.process.id());
        let mut alice = nc(&server);
        alice.wait_for("* welcome to chinwag, you are user-1").await;
        let port = server.address.port().to_string();
        let mut bob = Session::start("nsenter", &[&net, "nc", "-s", "10.78.0.2", HERE, &port]);
        bob.type_line("/nick bob");
        bob.wait_for("* you are bob now").await;
        // A connection that answers is not spoken of.
        alice.type_line("/nick bob");
        alice.wait_for("! the nick \"bob\" is taken").await;
        let script =
            "ip route del local 10.78.0.0/16 dev lo && ip route add blackhole 10.78.0.2/32";
        let pulled = Command::new("nsenter").args([&net, "sh", "-c", script]).status();
        assert!(pulled.expect("a shell").success());
        alice.type_line("/nick bob");
        alice.wait_for("! the nick \"bob\" is taken").await;
        let told =
            alice.wait_until(|line| line.contains("nothing has come from bob's connection")).await;
        assert!(told.starts_with("! ") && told.contains("or by an operator (/kick bob)"), "{told}");
        alice.type_line("/oper correct horse battery");
        alice.type_line("/kick bob");
        alice.wait_for("* you kicked bob out of #lobby").await;
        let told = alice.wait_until(|line| line.contains("and it was ended")).await;
        assert!(told.starts_with("* nothing has come from bob's connection for "), "{told}");
        alice.type_line("/nick bob");
        alice.wait_for("* you are bob now").await;
        std::fs::remove_dir_all(&folder).expect("the test is free");
    });
}

#[test]
fn the_sockets_are_as_they_are_set_to_be() {
    if !has("strace") {
        return;
    }
    run(async {
        let trace = std::env::temp_dir().join(format!("chinwag-strace-{}", std::process::id()));
        let path = trace.to_str().expect("UTF-8");
        // With -D the program is our child, and strace its own: whoever ends it ends both.
        let mut command = Command::new("strace");
        command.args([
            "-D",
            "-f",
            "-e",
            "trace=setsockopt",
            "-o",
            path,
            CHINWAG,
            "--listen",
            "127.0.0.1:0",
        ]);
        command.args([
            "--keepalive-idle",
            "7s",
            "--keepalive-interval",
            "3s",
            "--keepalive-probes",
            "5",
        ]);
        command.args(["--user-timeout", "11s", "--send-buffer", "48 KiB"]);
        let server = Program::start(command).await;
        server.join().await;
        let calls = std::fs::read_to_string(&trace).expect("a file");
        std::fs::remove_file(&trace).expect("the test is free");
        for set in [
            "TCP_KEEPIDLE, [7]",
            "TCP_KEEPINTVL, [3]",
            "TCP_KEEPCNT, [5]",
            "TCP_USER_TIMEOUT, [11000]",
            "SO_SNDBUF, [49152]",
        ] {
            assert!(calls.contains(set), "{set} in {calls}");
        }
    });
}
