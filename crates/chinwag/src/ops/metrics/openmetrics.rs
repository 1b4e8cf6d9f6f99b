//! The figures as text, in the format of OpenMetrics, which Prometheus reads.
//!
//! What has a limit has it beside it, as `…_limit`, so that a share of it is one division. `process_*` are called as Prometheus' own
//! libraries call them.

use crate::limits::{CONTROL_QUEUE, EVENT_QUEUE, MAX_LINE_BYTES, MAX_ROOMS};
use crate::os::output;
use crate::os::process_stats::ProcessFiles;
use crate::outbound::latency::Latencies;
use crate::server::handle::Office;
use crate::server::rate_limit::Allowance;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;
use whippet::runtime::{Handle, RuntimeMetrics};

/// All figures of this moment.
pub(crate) fn exposition(office: &Office) -> String {
    let mut registry = Registry::default();
    let runtime = Handle::current().metrics();
    registry.register_collector(Box::new(Figures { office: office.clone(), runtime }));
    let mut text = String::new();
    // A string takes all that is written.
    let _ = encode(&mut text, &registry);
    text
}

/// Where the figures come from.
#[derive(Debug)]
struct Figures {
    /// The server.
    office: Office,
    /// The runtime under it.
    runtime: RuntimeMetrics,
}

impl Collector for Figures {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Out(encoder);
        self.program(&mut out)?;
        self.room(&mut out)?;
        self.doors(&mut out)?;
        self.limits(&mut out)?;
        self.runtime(&mut out)
    }
}

impl Figures {
    /// What program this is, and what the kernel tells of it.
    fn program(&self, out: &mut Out<'_>) -> fmt::Result {
        let labels = [("version", env!("CARGO_PKG_VERSION")), ("arch", std::env::consts::ARCH)];
        out.labelled("chinwag_build_info", "The program: always 1", 1, &labels)?;
        let Some(process) = self.office.process().and_then(ProcessFiles::read) else {
            return Ok(());
        };
        let cpu = "Seconds of processor time, in its own code and in the kernel";
        out.counter("process_cpu_seconds", cpu, process.cpu_seconds)?;
        let started = "When it started, in seconds since 1970";
        out.gauge_of("process_start_time_seconds", started, process.started)?;
        let resident = "Bytes of memory in use";
        out.gauge("process_resident_memory_bytes", resident, process.resident_bytes)?;
        let reserved = "Bytes of addresses in use";
        out.gauge("process_virtual_memory_bytes", reserved, process.virtual_bytes)?;
        // What is unlimited is what the kernel calls so, as with Prometheus' own libraries.
        let most = |limit: Option<u64>| limit.unwrap_or(u64::MAX) as f64;
        let limit = "Bytes of addresses that it may use";
        out.gauge_of("process_virtual_memory_max_bytes", limit, most(process.most_memory))?;
        out.gauge("process_threads", "Threads", process.threads)?;
        out.gauge("process_open_fds", "Descriptors that are open", process.descriptors)?;
        let limit = "Descriptors that it may have";
        out.gauge_of("process_max_fds", limit, most(process.most_descriptors))
    }

    /// What there may be at most. What is lifted has no figure.
    fn limits(&self, out: &mut Out<'_>) -> fmt::Result {
        let (office, config) = (&self.office, self.office.config());
        let connections = "Connections that there may be";
        out.gauge("chinwag_connections_limit", connections, config.connections)?;
        if let Some(limit) = office.per_address() {
            let connections = "Connections that an address may have";
            out.gauge("chinwag_address_connections_limit", connections, limit)?;
        }
        if let Some(limit) = office.rooms_of_address() {
            let rooms = "Rooms that may have been made from an address";
            out.gauge("chinwag_address_rooms_limit", rooms, limit)?;
        }
        if let Some(Allowance { burst, interval }) = office.speech() {
            let lines = "Lines that a person may send at once";
            out.gauge("chinwag_speech_burst_limit", lines, burst)?;
            let seconds = "Seconds that earn a person a further line";
            out.gauge_of("chinwag_speech_interval_seconds", seconds, interval.as_secs_f64())?;
        }
        out.gauge("chinwag_rooms_limit", "Rooms that there may be", MAX_ROOMS)?;
        let events = "Places for events with lines";
        out.gauge("chinwag_queue_events_limit", events, EVENT_QUEUE)?;
        let control = "Places for joins and the like";
        out.gauge("chinwag_queue_control_limit", control, CONTROL_QUEUE)?;
        let living =
            "Bytes that people may wait for in all, past which the furthest behind are cut";
        out.gauge("chinwag_living_frames_limit_bytes", living, config.living_frames)?;
        let soft = "Bytes owed to a person past which they are not read";
        out.gauge("chinwag_owed_soft_limit_bytes", soft, config.bounds.soft)?;
        let hard = "Bytes owed to a person past which they are cut";
        out.gauge("chinwag_owed_hard_limit_bytes", hard, config.bounds.hard)?;
        out.gauge("chinwag_line_limit_bytes", "Bytes that a line may have", MAX_LINE_BYTES)
    }

    /// What the broker has published.
    fn room(&self, out: &mut Out<'_>) -> fmt::Result {
        let published = self.office.published();
        let metrics = published.metrics();
        out.gauge("chinwag_people", "People who are here", metrics.people)?;
        out.gauge("chinwag_rooms", "Rooms that there are", metrics.rooms)?;
        out.counter("chinwag_joins", "People who have come", metrics.joins)?;
        out.counter("chinwag_leaves", "People who have left by themselves", metrics.leaves)?;
        let lines = "Lines for rooms: what was said, and announcements";
        out.counter("chinwag_lines", lines, metrics.lines)?;
        let frames = "Frames handed to people's inboxes; a frame holds all lines of a round";
        out.counter("chinwag_deliveries", frames, metrics.frames)?;
        let cut = [
            ("past_hard", metrics.cut_past_hard),
            ("stalled", metrics.cut_stalled),
            ("memory", metrics.cut_for_memory),
            ("kicked", metrics.cut_kicked),
            ("banned", metrics.cut_banned),
        ];
        out.counters("chinwag_cut", "People cut: they did not read, or had to go", &cut)?;
        out.counter(
            "chinwag_pauses",
            "Times that a room began to wait for its people",
            metrics.pauses,
        )?;
        let living = published.living_bytes();
        out.gauge("chinwag_living_frames_bytes", "Bytes that anybody waits for", living)?;
        let took =
            "From a line's being read to its being written to one person, of ten rounds a second";
        out.histogram("chinwag_delivery_seconds", took, published.latencies())
    }

    /// The doors and the queues behind them.
    fn doors(&self, out: &mut Out<'_>) -> fmt::Result {
        let office = &self.office;
        let (events, control) = office.queued();
        let waiting = "Events with lines that wait for the broker, or are in its hands";
        out.gauge("chinwag_queue_events", waiting, events)?;
        let waiting = "Joins and the like that wait for the broker";
        out.gauge("chinwag_queue_control", waiting, control)?;
        out.gauge("chinwag_connections", "Connections that are open", office.connections())?;
        let [full, address, connects, proxy] = office.turned_away();
        let banned = office.published().metrics().banned;
        let by_place =
            [("full", full), ("address", address), ("connects", connects), ("proxy", proxy)];
        let away = [&by_place[..], &[("banned", banned)]].concat();
        out.counters("chinwag_turned_away", "Connections that were not let in", &away)?;
        let dropped = output::stderr().dropped();
        let lost = "Lines of the log that were not read in time, or could not be written";
        out.counter("chinwag_log_lines_dropped", lost, dropped)
    }

    /// What the runtime counts.
    fn runtime(&self, out: &mut Out<'_>) -> fmt::Result {
        let runtime = &self.runtime;
        let of_workers = |count: fn(&RuntimeMetrics, usize) -> u64| -> u64 {
            (0..runtime.num_workers()).map(|worker| count(runtime, worker)).sum()
        };
        let local = |worker| runtime.worker_local_queue_depth(worker);
        let queued: usize = (0..runtime.num_workers()).map(local).sum();
        out.gauge("whippet_workers", "Worker threads", runtime.num_workers())?;
        let sleeping = runtime.num_sleeping_workers();
        out.gauge("whippet_workers_sleeping", "Worker threads without work", sleeping)?;
        out.gauge("whippet_tasks", "Tasks that live", runtime.num_alive_tasks())?;
        let shared = runtime.global_queue_depth();
        out.gauge("whippet_queue_global", "Tasks in the queue of all workers", shared)?;
        out.gauge("whippet_queue_local", "Tasks in the workers' own queues", queued)?;
        out.gauge("whippet_timers", "Timers that are set", runtime.num_pending_timers())?;
        let descriptors = runtime.num_registered_descriptors();
        out.gauge("whippet_descriptors", "Descriptors that the reactor watches", descriptors)?;
        let threads = runtime.num_blocking_threads();
        out.gauge("whippet_blocking_threads", "Threads for blocking calls", threads)?;
        let jobs = runtime.blocking_queue_depth();
        out.gauge("whippet_blocking_queue", "Blocking calls that wait for a thread", jobs)?;
        let polls = of_workers(RuntimeMetrics::worker_poll_count);
        out.counter("whippet_polls", "Turns that tasks took", polls)?;
        let steals = of_workers(RuntimeMetrics::worker_steal_count);
        out.counter("whippet_steals", "Times that a worker took work from another", steals)?;
        let parks = of_workers(RuntimeMetrics::worker_park_count);
        out.counter("whippet_parks", "Times that a worker went to sleep", parks)?;
        let forced = runtime.budget_forced_yield_count();
        out.counter("whippet_forced_yields", "Polls that used up their budget", forced)
    }
}

/// Where the figures go.
struct Out<'a>(DescriptorEncoder<'a>);

impl Out<'_> {
    fn gauge(&mut self, name: &str, help: &str, value: impl TryInto<i64>) -> fmt::Result {
        let gauge = ConstGauge::new(value.try_into().unwrap_or(i64::MAX));
        gauge.encode(self.0.encode_descriptor(name, help, None, gauge.metric_type())?)
    }

    /// One that need not be whole.
    fn gauge_of(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let gauge = ConstGauge::new(value);
        gauge.encode(self.0.encode_descriptor(name, help, None, gauge.metric_type())?)
    }

    /// One with labels.
    fn labelled(
        &mut self,
        name: &str,
        help: &str,
        value: i64,
        labels: &[(&str, &str)],
    ) -> fmt::Result {
        let mut all = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(value).encode(all.encode_family(&labels)?)
    }

    fn counter<N>(&mut self, name: &str, help: &str, value: N) -> fmt::Result
    where
        ConstCounter<N>: EncodeMetric,
    {
        let counter = ConstCounter::new(value);
        counter.encode(self.0.encode_descriptor(name, help, None, counter.metric_type())?)
    }

    fn counters(&mut self, name: &str, help: &str, values: &[(&str, u64)]) -> fmt::Result {
        let mut all = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for &(reason, value) in values {
            let label = [("reason", reason)];
            ConstCounter::new(value).encode(all.encode_family(&label)?)?;
        }
        Ok(())
    }

    fn histogram(&mut self, name: &str, help: &str, latencies: &Latencies) -> fmt::Result {
        let buckets: Vec<_> = latencies.buckets().collect();
        let count = buckets.iter().map(|&(_, count)| count).sum();
        let mut out = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        out.encode_histogram::<[(&str, &str); 0]>(latencies.sum(), count, &buckets, None)
    }
}
