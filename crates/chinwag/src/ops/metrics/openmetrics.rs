//! The metrics as text, in the format of OpenMetrics, which Prometheus reads.
//!
//! What has a limit has it beside it, as `…_limit`, so that a share of it is one division. `process_*` are called as Prometheus' own
//! libraries call them.

use crate::limits::{CONTROL_QUEUE, EVENT_QUEUE, MAX_LINE_BYTES, MAX_ROOMS};
use crate::os::output;
use crate::os::process_stats::ProcessFiles;
use crate::outbound::latency::LatencyHistogram;
use crate::server::handle::ServerHandle;
use crate::server::rate_limit::RateLimit;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;
use whippet::runtime::{Handle, RuntimeMetrics};

/// All metrics of this moment.
pub(crate) fn exposition(handle: &ServerHandle) -> String {
    let mut registry = Registry::default();
    let runtime = Handle::current().metrics();
    registry.register_collector(Box::new(MetricsCollector { handle: handle.clone(), runtime }));
    let mut text = String::new();
    // A string takes all that is written.
    let _ = encode(&mut text, &registry);
    text
}

/// The source of the metrics.
#[derive(Debug)]
struct MetricsCollector {
    /// The server.
    handle: ServerHandle,
    /// The runtime under it.
    runtime: RuntimeMetrics,
}

impl Collector for MetricsCollector {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Encoder(encoder);
        self.process(&mut out)?;
        self.broker(&mut out)?;
        self.connections(&mut out)?;
        self.limits(&mut out)?;
        self.runtime(&mut out)
    }
}

impl MetricsCollector {
    /// Version and resource usage of the process.
    fn process(&self, out: &mut Encoder<'_>) -> fmt::Result {
        let labels = [("version", env!("CARGO_PKG_VERSION")), ("arch", std::env::consts::ARCH)];
        out.gauge_with_labels(
            "chinwag_build_info",
            "Version of the program: always 1",
            1,
            &labels,
        )?;
        let Some(process) = self.handle.process().and_then(ProcessFiles::read) else {
            return Ok(());
        };
        let cpu = "Seconds of processor time, in its own code and in the kernel";
        out.counter("process_cpu_seconds", cpu, process.cpu_seconds)?;
        let started = "Start time, in seconds since 1970";
        out.gauge_f64("process_start_time_seconds", started, process.started)?;
        let resident = "Bytes of memory in use";
        out.gauge("process_resident_memory_bytes", resident, process.resident_bytes)?;
        let reserved = "Bytes of addresses in use";
        out.gauge("process_virtual_memory_bytes", reserved, process.virtual_bytes)?;
        // What is unlimited is what the kernel calls so, as with Prometheus' own libraries.
        let most = |limit: Option<u64>| limit.unwrap_or(u64::MAX) as f64;
        let limit = "Bytes of addresses that it may use";
        out.gauge_f64("process_virtual_memory_max_bytes", limit, most(process.max_memory))?;
        out.gauge("process_threads", "Threads", process.threads)?;
        out.gauge("process_open_fds", "Descriptors that are open", process.descriptors)?;
        let limit = "Descriptors that it may have";
        out.gauge_f64("process_max_fds", limit, most(process.max_descriptors))
    }

    /// The limits. One that is lifted is not exported.
    fn limits(&self, out: &mut Encoder<'_>) -> fmt::Result {
        let (handle, config) = (&self.handle, self.handle.config());
        let max_connections = "Most connections at once";
        out.gauge("chinwag_connections_limit", max_connections, config.max_connections)?;
        if let Some(limit) = handle.per_address() {
            let connections = "Most connections of one address";
            out.gauge("chinwag_address_connections_limit", connections, limit)?;
        }
        if let Some(limit) = handle.rooms_per_address() {
            let rooms = "Most rooms made from one address";
            out.gauge("chinwag_address_rooms_limit", rooms, limit)?;
        }
        if let Some(RateLimit { burst, interval }) = handle.rate_limit() {
            let lines = "Lines that a user may send at once";
            out.gauge("chinwag_rate_burst_limit", lines, burst)?;
            let seconds = "Seconds after which a user may send one more line";
            out.gauge_f64("chinwag_rate_interval_seconds", seconds, interval.as_secs_f64())?;
        }
        out.gauge("chinwag_rooms_limit", "Most rooms", MAX_ROOMS)?;
        let events = "Capacity of the queue of events with lines";
        out.gauge("chinwag_broker_queue_events_limit", events, EVENT_QUEUE)?;
        let control = "Capacity of the queue of joins and other control events";
        out.gauge("chinwag_broker_queue_control_limit", control, CONTROL_QUEUE)?;
        let buffered =
            "Bytes of all buffered messages above which the slowest clients are disconnected";
        out.gauge("chinwag_send_buffer_limit_bytes", buffered, config.max_buffered_bytes)?;
        let soft = "Pending bytes of a client above which it is not read";
        out.gauge("chinwag_sendq_soft_limit_bytes", soft, config.queue_limits.soft)?;
        let hard = "Pending bytes of a client above which it is disconnected";
        out.gauge("chinwag_sendq_hard_limit_bytes", hard, config.queue_limits.hard)?;
        out.gauge("chinwag_line_limit_bytes", "Most bytes of a line", MAX_LINE_BYTES)
    }

    /// The statistics of the broker.
    fn broker(&self, out: &mut Encoder<'_>) -> fmt::Result {
        let stats = self.handle.stats();
        let metrics = stats.metrics();
        out.gauge("chinwag_users", "Users connected", metrics.users)?;
        out.gauge("chinwag_rooms", "Rooms", metrics.rooms)?;
        out.counter("chinwag_joins", "Users who joined", metrics.joins)?;
        out.counter("chinwag_leaves", "Users who left by themselves", metrics.leaves)?;
        let lines = "Messages sent to rooms, announcements included";
        out.counter("chinwag_messages", lines, metrics.lines)?;
        let frames = "Frames queued for clients; a frame holds all messages of a batch";
        out.counter("chinwag_frames_sent", frames, metrics.frames)?;
        let disconnects = [
            ("queue_full", metrics.disconnects_queue_full),
            ("stalled", metrics.disconnects_stalled),
            ("memory", metrics.disconnects_memory),
            ("kicked", metrics.disconnects_kicked),
            ("banned", metrics.disconnects_banned),
        ];
        out.counter_by_reason(
            "chinwag_disconnects",
            "Clients disconnected by the server, by reason",
            &disconnects,
        )?;
        out.counter(
            "chinwag_room_pauses",
            "Times that a room was paused for slow clients",
            metrics.pauses,
        )?;
        let buffered = stats.buffered_bytes();
        out.gauge("chinwag_send_buffer_bytes", "Bytes of all buffered messages", buffered)?;
        let took = "From reading a line to writing it to one client, sampled ten times a second";
        out.histogram("chinwag_delivery_latency_seconds", took, stats.latencies())
    }

    /// Connections and the broker's queues.
    fn connections(&self, out: &mut Encoder<'_>) -> fmt::Result {
        let handle = &self.handle;
        let (events, control) = handle.queue_depths();
        let waiting = "Events with lines that are queued for the broker or being handled";
        out.gauge("chinwag_broker_queue_events", waiting, events)?;
        let waiting = "Joins and other control events that are queued for the broker";
        out.gauge("chinwag_broker_queue_control", waiting, control)?;
        out.gauge("chinwag_connections", "Open connections", handle.connections())?;
        let [full, address, connects, proxy] = handle.rejected();
        let banned = handle.stats().metrics().banned;
        let by_place =
            [("full", full), ("address", address), ("connects", connects), ("proxy", proxy)];
        let away = [&by_place[..], &[("banned", banned)]].concat();
        out.counter_by_reason(
            "chinwag_connections_rejected",
            "Connections rejected, by reason",
            &away,
        )?;
        let dropped = output::stderr().dropped();
        let lost = "Lines of the log that were dropped: not read in time, or not writable";
        out.counter("chinwag_log_lines_dropped", lost, dropped)
    }

    /// What the runtime counts.
    fn runtime(&self, out: &mut Encoder<'_>) -> fmt::Result {
        let runtime = &self.runtime;
        let sum_workers = |count: fn(&RuntimeMetrics, usize) -> u64| -> u64 {
            (0..runtime.num_workers()).map(|worker| count(runtime, worker)).sum()
        };
        let local = |worker| runtime.worker_local_queue_depth(worker);
        let queued: usize = (0..runtime.num_workers()).map(local).sum();
        out.gauge("whippet_workers", "Worker threads", runtime.num_workers())?;
        let sleeping = runtime.num_sleeping_workers();
        out.gauge("whippet_workers_parked", "Worker threads that are parked", sleeping)?;
        out.gauge("whippet_tasks_alive", "Tasks that are alive", runtime.num_alive_tasks())?;
        let shared = runtime.global_queue_depth();
        out.gauge("whippet_injection_queue_depth", "Tasks in the injection queue", shared)?;
        out.gauge("whippet_local_queue_depth", "Tasks in the local queues of the workers", queued)?;
        out.gauge("whippet_timers", "Pending timers", runtime.num_pending_timers())?;
        let descriptors = runtime.num_registered_descriptors();
        out.gauge("whippet_descriptors", "Descriptors registered with the reactor", descriptors)?;
        let threads = runtime.num_blocking_threads();
        out.gauge("whippet_blocking_threads", "Threads for blocking calls", threads)?;
        let jobs = runtime.blocking_queue_depth();
        out.gauge("whippet_blocking_queue_depth", "Blocking calls that are queued", jobs)?;
        let polls = sum_workers(RuntimeMetrics::worker_poll_count);
        out.counter("whippet_polls", "Polls of tasks", polls)?;
        let steals = sum_workers(RuntimeMetrics::worker_steal_count);
        out.counter("whippet_steals", "Times that a worker stole work", steals)?;
        let parks = sum_workers(RuntimeMetrics::worker_park_count);
        out.counter("whippet_parks", "Times that a worker parked", parks)?;
        let forced = runtime.budget_forced_yield_count();
        out.counter(
            "whippet_budget_forced_yields",
            "Polls that used up their budget and had to yield",
            forced,
        )
    }
}

/// Encodes one metric a call.
struct Encoder<'a>(DescriptorEncoder<'a>);

impl Encoder<'_> {
    fn gauge(&mut self, name: &str, help: &str, value: impl TryInto<i64>) -> fmt::Result {
        let gauge = ConstGauge::new(value.try_into().unwrap_or(i64::MAX));
        gauge.encode(self.0.encode_descriptor(name, help, None, gauge.metric_type())?)
    }

    /// One that need not be whole.
    fn gauge_f64(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let gauge = ConstGauge::new(value);
        gauge.encode(self.0.encode_descriptor(name, help, None, gauge.metric_type())?)
    }

    /// One with labels.
    fn gauge_with_labels(
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

    fn counter_by_reason(&mut self, name: &str, help: &str, values: &[(&str, u64)]) -> fmt::Result {
        let mut all = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for &(reason, value) in values {
            let label = [("reason", reason)];
            ConstCounter::new(value).encode(all.encode_family(&label)?)?;
        }
        Ok(())
    }

    fn histogram(&mut self, name: &str, help: &str, latencies: &LatencyHistogram) -> fmt::Result {
        let buckets: Vec<_> = latencies.buckets().collect();
        let count = buckets.iter().map(|&(_, count)| count).sum();
        let mut out = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        out.encode_histogram::<[(&str, &str); 0]>(latencies.sum(), count, &buckets, None)
    }
}
