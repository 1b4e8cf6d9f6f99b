//! Metrics and health checks over HTTP.

use crate::program::{Program, chinwag};
use crate::support::{TestClient, run, within_deadline};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, prlimit};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use whippet::net::TcpStream;

/// A server with a listener for metrics, and its address.
pub(crate) async fn start_with_metrics(arguments: &[&str]) -> (Program, SocketAddr) {
    let usual = ["--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"];
    let mut server = Program::start(chinwag(&[&usual[..], arguments].concat())).await;
    let line = server.printed().await;
    let address =
        line.strip_prefix("metrics on http://").and_then(|at| at.strip_suffix("/metrics"));
    let address = address.expect("an address").parse().expect("an address");
    (server, address)
}

/// A connection to it.
async fn connect(at: SocketAddr) -> TestClient {
    let stream = within_deadline("a connection", TcpStream::connect(at)).await;
    TestClient::new(stream.expect("a connection"))
}

/// Sends bytes and reads all that is answered.
async fn exchange(at: SocketAddr, request: &[u8]) -> String {
    let mut asker = connect(at).await;
    asker.send(request).await;
    String::from_utf8(asker.rest_of_bytes().await).expect("UTF-8")
}

/// The status and the body of a page.
pub(crate) async fn get(at: SocketAddr, page: &str) -> (String, String) {
    let answer =
        exchange(at, format!("GET {page} HTTP/1.1\r\nHost: {at}\r\n\r\n").as_bytes()).await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let length = format!("Content-Length: {}", body.len());
    assert!(head.lines().any(|line| line == length), "{head}");
    (head.lines().next().expect("a status").to_owned(), body.to_owned())
}

/// The value of a metric.
pub(crate) fn metric(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} in {text}")).parse().expect("a number")
}

/// Names of all metrics, with the suffixes that a query sees.
fn names(text: &str) -> BTreeSet<&str> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split([' ', '{']).next().expect("a name")).collect()
}

#[test]
fn metrics_count_what_happened() {
    run(async {
        let (server, at) = start_with_metrics(&[]).await;
        let mut alice = server.join().await;
        let mut bob = server.join().await;
        alice.expect("* user-2 joined").await;
        for _ in 0..5 {
            bob.send_line("hello").await;
            alice.expect("user-2: hello").await;
        }
        bob.end();
        alice.expect("* user-2 left").await;
        let (status, text) = get(at, "/metrics").await;
        assert_eq!(status, "HTTP/1.1 200 OK");
        assert!(text.ends_with("# EOF\n"));
        // Two joins, five lines and a leave.
        assert_eq!(metric(&text, "chinwag_users"), 1.0);
        assert_eq!(metric(&text, "chinwag_joins_total"), 2.0);
        assert_eq!(metric(&text, "chinwag_leaves_total"), 1.0);
        assert_eq!(metric(&text, "chinwag_messages_total"), 8.0);
        assert!(metric(&text, "chinwag_frames_sent_total") >= 8.0);
        assert!(metric(&text, "chinwag_delivery_latency_seconds_count") >= 1.0);
        assert_eq!(metric(&text, "chinwag_disconnects_total{reason=\"stalled\"}"), 0.0);
        assert!(metric(&text, "whippet_tasks_alive") >= 3.0);
        assert!(metric(&text, "whippet_polls_total") > 10.0);
        for name in names(&text) {
            let is_ours =
                ["chinwag_", "whippet_", "process_"].iter().any(|own| name.starts_with(own));
            assert!(is_ours, "{name}");
        }
    });
}

#[test]
fn the_dashboard_shows_every_metric() {
    run(async {
        let (_server, at) = start_with_metrics(&[]).await;
        let (_, text) = get(at, "/metrics").await;
        let (exported, dashboard) =
            (names(&text), include_str!("../../../../contrib/grafana/chinwag.json"));
        let queries: Vec<_> = dashboard.split("\"expr\": \"").skip(1).collect();
        assert!(queries.len() > 20, "{}", queries.len());
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words = queries.iter().flat_map(|query| {
            query.split('"').next().expect("a query").split(move |c| !is_name(c))
        });
        let asked: BTreeSet<_> = words
            .filter(|word| {
                ["chinwag_", "whippet_", "process_"].iter().any(|own| word.starts_with(own))
            })
            .collect();
        let missing: Vec<_> = asked.difference(&exported).collect();
        assert!(missing.is_empty(), "{missing:?} are not exported");
        let shown: Vec<_> = exported.difference(&asked).collect();
        assert!(shown.is_empty(), "{shown:?} are on no panel");
    });
}

#[test]
fn the_server_is_healthy_and_ready_until_it_stops() {
    run(async {
        let (server, at) = start_with_metrics(&["--shutdown-timeout", "3600", "--no-limits"]).await;
        assert_eq!(get(at, "/healthz").await, ("HTTP/1.1 200 OK".into(), "ok\n".into()));
        assert_eq!(get(at, "/readyz").await, ("HTTP/1.1 200 OK".into(), "ready\n".into()));
        let mut alice = server.join().await;
        // A client that does not read delays a shutdown by the shutdown timeout.
        let _slow = server.join().await;
        alice.expect("* user-2 joined").await;
        for _ in 0..900 {
            alice.send_line(&"x".repeat(1000)).await;
        }
        alice.send_line("/who").await;
        alice.expect("* 2 here: user-1, user-2").await;
        server.signal(Signal::TERM);
        alice.expect("* server is shutting down").await;
        let (status, body) = get(at, "/readyz").await;
        assert_eq!(
            (status.as_str(), body.as_str()),
            ("HTTP/1.1 503 Service Unavailable", "the server is stopping\n")
        );
    });
}

#[test]
fn bad_requests_get_their_status() {
    run(async {
        let (_server, at) = start_with_metrics(&[]).await;
        let large = format!("GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(5000));
        for (request, status) in [
            ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
            ("DELETE /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"),
            ("hello\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\n\r\n", "400"),
            ("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421"),
            (&large, "431"),
        ] {
            let answer = exchange(at, request.as_bytes()).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        }
        let head = exchange(at, b"HEAD /healthz HTTP/1.1\r\nHost: [::1]\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200 OK") && head.ends_with("\r\n\r\n"), "{head}");
    });
}

/// A page that has its own name lead here may not read what is here.
#[test]
fn other_host_names_are_rejected() {
    run(async {
        let (_server, at) =
            start_with_metrics(&["--metrics-hosts", "*.svc", "--metrics-hosts", "chat"]).await;
        let ask = async |target: &str, host: &str| {
            let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            exchange(at, request.as_bytes()).await
        };
        for host in ["evil.example", "evil.example:9090", "localhost", "svc", "chat.evil.example"] {
            let answer = ask("/metrics", host).await;
            assert!(answer.starts_with("HTTP/1.1 421 Misdirected Request\r\n"), "{answer}");
            assert!(answer.contains("metrics-hosts") && !answer.contains("chinwag_"), "{answer}");
        }
        for host in ["127.0.0.1", "[::1]:80", "chat:9090", "a.b.svc"] {
            let answer = ask("/healthz", host).await;
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        }
        // The host of a whole URL counts in the place of the field.
        let answer = ask(&format!("http://{at}/healthz"), "evil.example").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let answer = ask("http://evil.example/healthz", "127.0.0.1").await;
        assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
    });
}

#[test]
fn the_older_format_has_its_own_types() {
    run(async {
        let (_server, at) = start_with_metrics(&[]).await;
        let ask = async |accept: &str| {
            let request =
                format!("GET /metrics HTTP/1.1\r\nHost: {at}\r\nAccept: {accept}\r\n\r\n");
            exchange(at, request.as_bytes()).await
        };
        let older = ask("text/plain").await;
        assert!(older.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
        assert!(older.contains("\n# TYPE chinwag_joins_total counter\nchinwag_joins_total 0\n"));
        assert!(
            older.contains("\n# HELP chinwag_disconnects_total Clients disconnected"),
            "{older}"
        );
        assert!(!older.contains("# EOF") && !older.contains("# TYPE chinwag_joins counter"));
        let newer = ask("application/openmetrics-text;version=1.0.0,text/plain;q=0.5").await;
        assert!(newer.contains("\r\nContent-Type: application/openmetrics-text; version=1.0.0;"));
        assert!(newer.contains("\n# TYPE chinwag_joins counter\n") && newer.ends_with("# EOF\n"));
        let samples = |text: &str| {
            let lines = text.lines().skip_while(|line| !line.is_empty()).skip(1);
            lines.filter(|line| !line.starts_with('#')).count()
        };
        assert_eq!(samples(&older), samples(&newer));
    });
}

/// The process is confined when it is asked, and can open none of /proc.
#[test]
fn process_and_limits_are_exported() {
    run(async {
        let (server, at) =
            start_with_metrics(&["--max-connections", "77", "--max-per-address", "5"]).await;
        let before = metric(&get(at, "/metrics").await.1, "process_open_fds");
        let _people = [server.join().await, server.join().await];
        let (_, text) = get(at, "/metrics").await;
        let version = env!("CARGO_PKG_VERSION");
        assert!(
            text.contains(&format!("\nchinwag_build_info{{version=\"{version}\",arch=\"")),
            "{text}"
        );
        assert_eq!(metric(&text, "process_open_fds"), before + 2.0);
        assert!(metric(&text, "process_max_fds") > before);
        assert!(metric(&text, "process_threads") >= 2.0);
        assert!(metric(&text, "process_resident_memory_bytes") > 1e6);
        assert!(metric(&text, "process_cpu_seconds_total") >= 0.0);
        let now = whippet::time::since_1970().as_secs_f64();
        let started = metric(&text, "process_start_time_seconds");
        assert!(started <= now && now - started < 60.0, "{started}, now {now}");
        assert_eq!(metric(&text, "chinwag_connections_limit"), 77.0);
        assert_eq!(metric(&text, "chinwag_address_connections_limit"), 5.0);
        assert_eq!(metric(&text, "chinwag_rooms_limit"), 1000.0);
        assert_eq!(metric(&text, "chinwag_sendq_hard_limit_bytes"), 1048576.0);
    });
}

/// Eight who say nothing take all places, and lose them after their time.
#[test]
fn silent_connections_are_closed_for_new_ones() {
    run(async {
        let (_server, at) = start_with_metrics(&[]).await;
        let mut silent = Vec::new();
        for _ in 0..8 {
            silent.push(connect(at).await);
        }
        assert_eq!(get(at, "/healthz").await.1, "ok\n");
        for asker in &mut silent {
            assert_eq!(asker.rest_of_bytes().await, b"");
        }
    });
}

/// Eight times as many as are served at once; every second of them has begun a request.
#[test]
fn idle_connections_do_not_delay_health() {
    run(async {
        let (_server, at) = start_with_metrics(&[]).await;
        let mut idle = Vec::new();
        for number in 0..64 {
            let mut asker = connect(at).await;
            if number % 2 == 0 {
                asker.send(b"GET /healthz HTTP/1.1\r\nX: ").await;
            }
            idle.push(asker);
        }
        for _ in 0..3 {
            assert_eq!(get(at, "/healthz").await.1, "ok\n");
            assert!(get(at, "/metrics").await.1.ends_with("# EOF\n"));
        }
        // Nobody of them gets an answer.
        for asker in &mut idle {
            assert_eq!(asker.rest_of_bytes().await, b"");
        }
    });
}

#[test]
fn a_failing_accept_of_metrics_is_logged() {
    run(async {
        let (mut server, at) = start_with_metrics(&[]).await;
        let process = Some(Pid::from_child(&server.process));
        let few = Rlimit { current: Some(3), maximum: getrlimit(Resource::Nofile).maximum };
        let before = prlimit(process, Resource::Nofile, few).expect("ours");
        let _waits = connect(at).await;
        let line = server.logged("have to wait").await;
        assert!(line.contains("WARN") && line.contains("Too many open files"), "{line}");
        prlimit(process, Resource::Nofile, before).expect("ours");
        assert!(get(at, "/healthz").await.0.starts_with("HTTP/1.1 200 "));
    });
}

#[test]
fn public_metrics_need_a_setting() {
    let refused = chinwag(&["--listen", "127.0.0.1:0", "--metrics", "0.0.0.0:0"]).output();
    let refused = refused.expect("the program runs");
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).expect("UTF-8");
    assert!(said.contains("metrics-allow-public") && said.lines().count() == 1, "{said}");
    let mut allowed = chinwag(&["config", "--metrics", "0.0.0.0:0", "--metrics-allow-public"]);
    assert!(allowed.output().expect("the program runs").status.success());
}
