//! What is done to the servers, and which figures are shown of it.

use crate::server::Kind;

/// A table of the report.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Its name, on the command line too.
    pub name: &'static str,
    /// What it is.
    pub words: &'static str,
    /// Its columns.
    pub figures: &'static [Figure],
}

impl Section {
    /// Why a server cannot take part, if so.
    pub fn excludes(&self, kind: Kind) -> Option<&'static str> {
        let has_big_lines = matches!(self.name, "flood-big" | "frozen" | "frozen-500");
        (kind == Kind::Ngircd && has_big_lines).then_some(NO_BIG_LINES)
    }
}

/// A figure of `chinwag load --json`.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
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
    /// How many people take part, where that is what a table is about.
    pub members: Option<u32>,
    /// What `chinwag load` is told.
    pub arguments: Vec<String>,
    /// Who it is done to.
    pub peers: &'static [Kind],
    /// How often at most: more rounds than that cost more than they tell.
    pub rounds: usize,
}

/// A figure that is compared.
const fn cost(key: &'static str, head: &'static str, unit: f64) -> Figure {
    Figure { key, head, unit, is_cost: true }
}

/// A figure that is shown only.
const fn fact(key: &'static str, head: &'static str) -> Figure {
    Figure { key, head, unit: 1.0, is_cost: false }
}

/// The CPU time of a delivery.
pub const CPU: Figure = cost("server_cpu_ns_per_delivery", "CPU ns a delivery", 1.0);
/// From the first line sent to the last one received.
pub const WALL: Figure = cost("wall_ns", "wall ms", 1e6);
/// The most memory that was resident.
pub const PEAK: Figure = cost("server_peak", "peak MiB", 1_048_576.0);
/// Latencies of many lines.
pub const LATENCY_MS: [Figure; 4] = [
    cost("latency_p50_ns", "p50 ms", 1e6),
    cost("latency_p90_ns", "p90 ms", 1e6),
    cost("latency_p99_ns", "p99 ms", 1e6),
    cost("latency_p999_ns", "p99.9 ms", 1e6),
];
/// Latencies of a lone line.
pub const LATENCY_US: [Figure; 4] = [
    cost("latency_p50_ns", "p50 µs", 1e3),
    cost("latency_p90_ns", "p90 µs", 1e3),
    cost("latency_p99_ns", "p99 µs", 1e3),
    cost("latency_p999_ns", "p99.9 µs", 1e3),
];
/// Latency with people who never read, beside that without them.
pub const FROZEN_RATIO: Figure = fact("p99_ratio", "p99, with beside without");
/// How long the welcome took for nearly everybody.
pub const WELCOME: Figure = cost("welcome_p99_ns", "welcome p99 ms", 1e6);
/// Connections that found the listener's queue full.
pub const OVERFLOWS: Figure = fact("listen_overflows", "listen overflows");
/// What a silent person costs.
pub const EACH: Figure = cost("server_memory_per_person", "bytes a person", 1.0);

const FROZEN: &[Figure] = &[
    cost("without_latency_p99_ns", "p99 ms without", 1e6),
    cost("with_latency_p99_ns", "p99 ms with", 1e6),
    FROZEN_RATIO,
    cost("with_server_cpu_ns_per_delivery", "CPU ns a delivery with", 1.0),
    cost("with_server_peak", "peak MiB", 1_048_576.0),
    fact("with_frozen_cut_off", "frozen cut off"),
];

/// All tables, in their order.
pub const SECTIONS: [Section; 11] = [
    Section {
        name: "seed",
        words: "100 people, 10 lines of 64 bytes each, as fast as they go",
        figures: &[WALL, CPU, PEAK],
    },
    Section {
        name: "flood",
        words: "200 people, 200 lines each, as fast as they go",
        figures: &[WALL, CPU, PEAK],
    },
    Section {
        name: "flood-big",
        words: "100 people, 200 lines of 2,048 bytes each, as fast as they go: 40 MB for each",
        figures: &[WALL, CPU, PEAK],
    },
    Section {
        name: "paced",
        words: "200 people, 1,000 lines a second in all",
        figures: &[CPU, LATENCY_MS[0], LATENCY_MS[1], LATENCY_MS[2], LATENCY_MS[3]],
    },
    Section {
        name: "lone",
        words: "2 people, one of whom says something every 4 ms to a server that does nothing else",
        figures: &[LATENCY_US[0], LATENCY_US[1], LATENCY_US[2], LATENCY_US[3], CPU],
    },
    Section {
        name: "frozen",
        words: "1,000 people, 100 of whom never read, 20 who send 12 MB to each, beside a run without the 100",
        figures: FROZEN,
    },
    Section {
        name: "frozen-500",
        words: "the same with 500 of 1,000 who never read",
        figures: FROZEN,
    },
    Section {
        name: "storm",
        words: "9,000 people come as fast as they can, then all leave",
        figures: &[
            cost("wall_ns", "all welcomed after ms", 1e6),
            WELCOME,
            OVERFLOWS,
            cost("server_cpu_ns_per_person", "CPU µs a person", 1e3),
        ],
    },
    Section {
        name: "idle",
        words: "9,000 silent people (1,000 at ngircd, which tells each of everybody who comes); memory by VmRSS",
        figures: &[
            EACH,
            cost("server_rss_left_ratio", "memory after all left, beside before", 1.0),
        ],
    },
    Section {
        name: "growth-flood",
        words: "CPU ns a delivery with so many people, 10 of whom send as fast as they go; as many deliveries each time",
        figures: &[CPU],
    },
    Section {
        name: "growth-paced",
        words: "CPU ns a delivery with so many people and 200,000 deliveries a second",
        figures: &[CPU],
    },
];

/// How many people there are in the rows of growth.
const SIZES: [u32; 7] = [50, 100, 200, 500, 1_000, 2_000, 5_000];
/// The same when there is no time.
const FEW_SIZES: [u32; 3] = [50, 500, 2_000];
/// Who is compared in growth.
const GROWING: &[Kind] = &[Kind::Chinwag, Kind::TokioTuned];
/// Where a run costs so much time that only the two are compared.
const FEW: &[Kind] = GROWING;
/// Why ngircd has no part in workloads of long lines.
const NO_BIG_LINES: &str = "cannot: an IRC line ends after 512 bytes";
/// Who takes part in those.
const BY_BIG_LINES: &[Kind] =
    &[Kind::Chinwag, Kind::TokioTuned, Kind::TokioMerged, Kind::TokioPlain, Kind::EpollFloor];

/// Everything that is measured, in its order.
pub fn all(is_quick: bool) -> Vec<Workload> {
    SECTIONS.into_iter().flat_map(|section| of(section, is_quick)).collect()
}

/// The workloads of one table.
fn of(section: Section, is_quick: bool) -> Vec<Workload> {
    let few = |arguments: &'static str| if is_quick { arguments } else { "" };
    let one = |arguments: &str, peers, rounds| {
        let arguments = arguments.split_whitespace().map(str::to_owned).collect();
        vec![Workload { section, members: None, arguments, peers, rounds }]
    };
    match section.name {
        "flood-big" => one("--workload flood-big", BY_BIG_LINES, usize::MAX),
        "frozen" => {
            let few = few("--clients 200 --frozen 20");
            one(&format!("--workload frozen {few}"), BY_BIG_LINES, 2)
        }
        "frozen-500" => {
            let numbers = if is_quick { "--clients 200 --frozen 100" } else { "--frozen 500" };
            one(&format!("--workload frozen {numbers}"), FEW, 2)
        }
        "paced" => {
            one(&format!("--workload paced {}", few("--messages 5")), &Kind::ALL, usize::MAX)
        }
        "lone" => {
            one(&format!("--workload lone {}", few("--messages 100")), &Kind::ALL, usize::MAX)
        }
        "storm" | "idle" => {
            let few = few("--clients 1000");
            // Memory is the same each time.
            let rounds = if section.name == "idle" { 1 } else { 3 };
            one(&format!("--workload {} {few}", section.name), &Kind::ALL, rounds)
        }
        "growth-flood" | "growth-paced" => {
            let sizes: &[u32] = if is_quick { &FEW_SIZES } else { &SIZES };
            sizes.iter().map(|&size| growing(section, size, is_quick)).collect()
        }
        name => one(&format!("--workload {name}"), &Kind::ALL, usize::MAX),
    }
}

/// One row of growth. The deliveries in all are the same in each row.
fn growing(section: Section, members: u32, is_quick: bool) -> Workload {
    let (senders, deliveries, rate) = match section.name {
        "growth-flood" => (10, 16_000_000, 0),
        _ => (10, 500_000, 200_000 / members),
    };
    let deliveries = if is_quick { deliveries / 10 } else { deliveries };
    let messages = deliveries / senders / members;
    let workload = if rate == 0 { "flood" } else { "paced" };
    let mut line = format!(
        "--workload {workload} --clients {members} --senders {senders} --messages {messages}"
    );
    if rate > 0 {
        line += &format!(" --rate {rate}");
    }
    let arguments = line.split_whitespace().map(str::to_owned).collect();
    Workload { section, members: Some(members), arguments, peers: GROWING, rounds: 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_keeps_the_deliveries() {
        for workload in all(false).iter().filter(|one| one.section.name == "growth-flood") {
            let number = |flag: &str| -> f64 {
                let place = workload.arguments.iter().position(|word| word == flag);
                place.map_or(f64::NAN, |at| workload.arguments[at + 1].parse().unwrap_or(f64::NAN))
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
