//! What is run on the servers, and which metrics of it are shown.

use crate::server::ServerKind;

/// A table of the report.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Its name, on the command line too.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// Its columns.
    pub metrics: &'static [Metric],
}

impl Section {
    /// Why a server cannot take part, if it cannot.
    pub fn excludes(&self, kind: ServerKind) -> Option<&'static str> {
        let has_long_lines = matches!(self.name, "flood-big" | "slow-readers" | "slow-readers-500");
        (kind == ServerKind::Ngircd && has_long_lines).then_some(NO_LONG_LINES)
    }
}

/// A metric of `chinwag load --json`.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its key.
    pub key: &'static str,
    /// The column's head, with the unit.
    pub head: &'static str,
    /// What it is divided by.
    pub unit: f64,
    /// Whether less is better, so that it can be compared.
    pub is_cost: bool,
}

/// One way to call `chinwag load`.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The table that it belongs to.
    pub section: Section,
    /// How many clients take part, where that is what a table is about.
    pub clients: Option<u32>,
    /// The arguments of `chinwag load`.
    pub arguments: Vec<String>,
    /// The servers that it is run on.
    pub peers: &'static [ServerKind],
    /// How often at most: more rounds than that take more time than they are worth.
    pub rounds: usize,
}

/// A metric that is compared.
const fn cost(key: &'static str, head: &'static str, unit: f64) -> Metric {
    Metric { key, head, unit, is_cost: true }
}

/// A metric that is shown only.
const fn fact(key: &'static str, head: &'static str) -> Metric {
    Metric { key, head, unit: 1.0, is_cost: false }
}

/// The CPU time of a delivery.
pub const CPU: Metric = cost("server_cpu_ns_per_delivery", "CPU ns a delivery", 1.0);
/// From the first line sent to the last one received.
pub const WALL: Metric = cost("wall_ns", "wall ms", 1e6);
/// The most memory that was resident.
pub const PEAK: Metric = cost("server_peak", "peak MiB", 1_048_576.0);
/// Latencies of many lines.
pub const LATENCY_MS: [Metric; 4] = [
    cost("latency_p50_ns", "p50 ms", 1e6),
    cost("latency_p90_ns", "p90 ms", 1e6),
    cost("latency_p99_ns", "p99 ms", 1e6),
    cost("latency_p999_ns", "p99.9 ms", 1e6),
];
/// Latencies of a single line.
pub const LATENCY_US: [Metric; 4] = [
    cost("latency_p50_ns", "p50 µs", 1e3),
    cost("latency_p90_ns", "p90 µs", 1e3),
    cost("latency_p99_ns", "p99 µs", 1e3),
    cost("latency_p999_ns", "p99.9 µs", 1e3),
];
/// Latency with clients that never read, as a ratio to that without them.
pub const SLOW_READERS_RATIO: Metric = fact("p99_ratio", "p99, with to without");
/// How long the welcome took for nearly all.
pub const WELCOME: Metric = cost("welcome_p99_ns", "welcome p99 ms", 1e6);
/// Connections that found the listener's queue full.
pub const OVERFLOWS: Metric = fact("listen_overflows", "listen overflows");
/// What a silent client costs.
pub const MEMORY_PER_CLIENT: Metric = cost("server_memory_per_client", "bytes a client", 1.0);

const SLOW_READERS: &[Metric] = &[
    cost("without_latency_p99_ns", "p99 ms without", 1e6),
    cost("with_latency_p99_ns", "p99 ms with", 1e6),
    SLOW_READERS_RATIO,
    cost("with_server_cpu_ns_per_delivery", "CPU ns a delivery with", 1.0),
    cost("with_server_peak", "peak MiB", 1_048_576.0),
    fact("with_frozen_cut_off", "disconnected"),
];

/// All tables, in their order.
pub const SECTIONS: [Section; 12] = [
    Section {
        name: "burst",
        description: "100 clients, 10 lines of 64 bytes each, as fast as they go",
        metrics: &[WALL, CPU, PEAK],
    },
    Section {
        name: "flood",
        description: "200 clients, 200 lines each, as fast as they go",
        metrics: &[WALL, CPU, PEAK],
    },
    Section {
        name: "flood-single",
        description: "as flood, but each line waits until the last one of its client has been delivered, so that no read holds two",
        metrics: &[WALL, CPU, PEAK],
    },
    Section {
        name: "flood-big",
        description: "100 clients, 200 lines of 2,048 bytes each, as fast as they go: 40 MB for each",
        metrics: &[WALL, CPU, PEAK],
    },
    Section {
        name: "steady",
        description: "200 clients, 1,000 lines a second in all",
        metrics: &[CPU, LATENCY_MS[0], LATENCY_MS[1], LATENCY_MS[2], LATENCY_MS[3]],
    },
    Section {
        name: "latency",
        description: "2 clients, one of which sends a line every 4 ms to a server that does nothing else",
        metrics: &[LATENCY_US[0], LATENCY_US[1], LATENCY_US[2], LATENCY_US[3], CPU],
    },
    Section {
        name: "slow-readers",
        description: "1,000 clients, 100 of which never read, 20 that send 12 MB to each, and a run without the 100",
        metrics: SLOW_READERS,
    },
    Section {
        name: "slow-readers-500",
        description: "the same with 500 of 1,000 that never read",
        metrics: SLOW_READERS,
    },
    Section {
        name: "connect-storm",
        description: "9,000 clients connect as fast as they can, then all leave",
        metrics: &[
            cost("wall_ns", "all welcomed after ms", 1e6),
            WELCOME,
            OVERFLOWS,
            cost("server_cpu_ns_per_client", "CPU µs a client", 1e3),
        ],
    },
    Section {
        name: "idle",
        description: "9,000 silent clients (1,000 with ngircd, which announces each to all others); memory by VmRSS",
        metrics: &[
            MEMORY_PER_CLIENT,
            cost("server_rss_left_ratio", "memory after all left, to before", 1.0),
        ],
    },
    Section {
        name: "growth-flood",
        description: "CPU ns a delivery with so many clients, 10 of which send as fast as they go; as many deliveries each time",
        metrics: &[CPU],
    },
    Section {
        name: "growth-steady",
        description: "CPU ns a delivery with so many clients and 200,000 deliveries a second",
        metrics: &[CPU],
    },
];

/// How many clients there are in the rows of growth.
const SIZES: [u32; 7] = [50, 100, 200, 500, 1_000, 2_000, 5_000];
/// The same with `--quick`.
const QUICK_SIZES: [u32; 3] = [50, 500, 2_000];
/// The servers that are compared in growth.
const GROWTH_PEERS: &[ServerKind] = &[ServerKind::Chinwag, ServerKind::TokioTuned];
/// Where a run costs so much time that only the two are compared.
const FEW_PEERS: &[ServerKind] = GROWTH_PEERS;
/// Why ngircd has no part in workloads of long lines.
const NO_LONG_LINES: &str = "cannot: an IRC line ends after 512 bytes";
/// The servers that take part in those.
const LONG_LINE_PEERS: &[ServerKind] = &[
    ServerKind::Chinwag,
    ServerKind::TokioTuned,
    ServerKind::TokioMerged,
    ServerKind::TokioPlain,
    ServerKind::EpollFloor,
];

/// Everything that is measured, in its order.
pub fn all(is_quick: bool) -> Vec<Workload> {
    SECTIONS.into_iter().flat_map(|section| of(section, is_quick)).collect()
}

/// The workloads of one table.
fn of(section: Section, is_quick: bool) -> Vec<Workload> {
    let few = |arguments: &'static str| if is_quick { arguments } else { "" };
    let one = |arguments: &str, peers, rounds| {
        let arguments = arguments.split_whitespace().map(str::to_owned).collect();
        vec![Workload { section, clients: None, arguments, peers, rounds }]
    };
    match section.name {
        "flood-big" => one("--workload flood-big", LONG_LINE_PEERS, usize::MAX),
        "slow-readers" => {
            let few = few("--clients 200 --frozen 20");
            one(&format!("--workload slow-readers {few}"), LONG_LINE_PEERS, 2)
        }
        "slow-readers-500" => {
            let numbers = if is_quick { "--clients 200 --frozen 100" } else { "--frozen 500" };
            one(&format!("--workload slow-readers {numbers}"), FEW_PEERS, 2)
        }
        "steady" => {
            one(&format!("--workload steady {}", few("--messages 5")), &ServerKind::ALL, usize::MAX)
        }
        "latency" => one(
            &format!("--workload latency {}", few("--messages 100")),
            &ServerKind::ALL,
            usize::MAX,
        ),
        "connect-storm" | "idle" => {
            let few = few("--clients 1000");
            // Memory is the same each time.
            let rounds = if section.name == "idle" { 1 } else { 3 };
            one(&format!("--workload {} {few}", section.name), &ServerKind::ALL, rounds)
        }
        "growth-flood" | "growth-steady" => {
            let sizes: &[u32] = if is_quick { &QUICK_SIZES } else { &SIZES };
            sizes.iter().map(|&size| growth_row(section, size, is_quick)).collect()
        }
        name => one(&format!("--workload {name}"), &ServerKind::ALL, usize::MAX),
    }
}

/// One row of growth. The deliveries in all are the same in each row.
fn growth_row(section: Section, clients: u32, is_quick: bool) -> Workload {
    let (senders, deliveries, rate) = match section.name {
        "growth-flood" => (10, 16_000_000, 0),
        _ => (10, 500_000, 200_000 / clients),
    };
    let deliveries = if is_quick { deliveries / 10 } else { deliveries };
    let messages = deliveries / senders / clients;
    let workload = if rate == 0 { "flood" } else { "steady" };
    let mut line = format!(
        "--workload {workload} --clients {clients} --senders {senders} --messages {messages}"
    );
    if rate > 0 {
        line += &format!(" --rate {rate}");
    }
    let arguments = line.split_whitespace().map(str::to_owned).collect();
    Workload { section, clients: Some(clients), arguments, peers: GROWTH_PEERS, rounds: 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_keeps_the_deliveries() {
        for workload in all(false).iter().filter(|one| one.section.name == "growth-flood") {
            let number = |flag: &str| -> f64 {
                let position = workload.arguments.iter().position(|word| word == flag);
                position
                    .map_or(f64::NAN, |at| workload.arguments[at + 1].parse().unwrap_or(f64::NAN))
            };
            let deliveries = number("--clients") * number("--senders") * number("--messages");
            assert!((deliveries / 16e6 - 1.0).abs() < 0.01, "{:?}", workload.arguments);
        }
    }

    #[test]
    fn each_table_has_something_in_it() {
        for section in SECTIONS {
            assert!(all(true).iter().any(|one| one.section.name == section.name));
        }
    }
}
