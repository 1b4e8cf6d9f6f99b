//! The program `chinwag`: settings, runtime, listeners, signals, and the server until it stops.

use crate::cli::{Action, AdminArgs, Cli, ServeArgs};
use crate::limits::{EXIT_RESERVE, MAX_BLOCKING_THREADS, MAX_WORKERS, OUTPUT_FLUSH_TIMEOUT};
use crate::ops::admin::{self, AdminContext, RequestError, serve_admin};
use crate::ops::logging;
use crate::ops::metrics::{AllowedHosts, serve_metrics};
use crate::ops::preflight::Findings;
use crate::ops::reload::{Reloader, reload_on_signal};
use crate::ops::sandbox::{self, AllowedPaths};
use crate::ops::systemd::{self, ServiceManager};
use crate::os::controlling_terminal::ControllingTerminal;
use crate::os::output;
use crate::os::printing::{self, PrintError};
use crate::os::process_stats::ProcessFiles;
use crate::server::Server;
use crate::server::config::Config;
use crate::server::fd_limit::raise as possible_connections;
use crate::server::inherited::InheritedSockets;
use crate::server::listen::{print_addresses, print_metrics_address};
use crate::server::listeners::Listeners;
use crate::server::resources::Resources;
use crate::server::signals::stop_on_signals;
use crate::settings::{Effective, Settings, SettingsError, Sources, print};
use chinwag_load::LoadError;
use clap::Parser;
use std::fmt::Display;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use whippet::net::{TcpListener, UnixListener};
use whippet::runtime::{Builder, Runtime};
use whippet::sync::CancellationToken;

/// Runs the program by the arguments of this process, and returns its exit code.
pub fn main() -> ExitCode {
    let _written = Written;
    let arguments = match Cli::try_parse() {
        Ok(arguments) => arguments,
        Err(usage) => return used(&usage),
    };
    match arguments.action() {
        Action::Serve(arguments) => ended(run(arguments)),
        Action::Config(arguments) => ended(show(arguments)),
        Action::Admin(arguments) => ended(administrate(arguments)),
        Action::Load(arguments) => load(&arguments),
    }
}

/// The end of a program that was asked for its usage, or in no way that it understands.
fn used(usage: &clap::Error) -> ExitCode {
    let code = u8::try_from(usage.exit_code()).unwrap_or(2);
    match printing::print_usage(usage).map_err(Failure::from) {
        Ok(()) => ExitCode::from(code),
        failed => ended(failed),
    }
}

/// Has the program wait for its last lines to be written when it ends, also by a panic.
struct Written;

impl Drop for Written {
    fn drop(&mut self) {
        output::flush(OUTPUT_FLUSH_TIMEOUT);
    }
}

/// Why the program ends before its time.
enum Failure {
    /// The settings are no settings.
    Settings(SettingsError),
    /// What was asked for makes no sense, as a sentence.
    Usage(String),
    /// Something else, as a sentence for the user who started it.
    Sentence(String),
}

impl From<PrintError> for Failure {
    fn from(error: PrintError) -> Self {
        Self::Sentence(error.to_string())
    }
}

/// The exit code of an end, whose reason is printed.
fn ended(outcome: Result<(), Failure>) -> ExitCode {
    let (sentences, code) = match outcome {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Usage(sentence)) => (sentence, 2),
        Err(Failure::Sentence(sentence)) => (sentence, 1),
        Err(Failure::Settings(refused)) => {
            (refused.to_string(), if refused.is_usage { 2 } else { 1 })
        }
    };
    for sentence in sentences.lines() {
        printing::print_error(&format!("chinwag: {sentence}\n"));
    }
    ExitCode::from(code)
}

/// Runs the server until it is told to stop.
fn run(arguments: ServeArgs) -> Result<(), Failure> {
    let passed = InheritedSockets::from_env();
    let terminal = ControllingTerminal::detect();
    let sources = arguments.sources();
    let effective = sources.load().map_err(Failure::Settings)?;
    let settings = effective.settings.clone();
    output::install_panic_hook();
    let log = logging::start(&settings.log, settings.log_connections, settings.log_format);
    let manager = ServiceManager::from_env();
    for stranger in &effective.unknown_variables {
        tracing::warn!(target: "chinwag", "a variable that is no setting: {stranger}");
    }
    if let Some(doubt) = &effective.file_warning {
        tracing::warn!(target: "chinwag", "{doubt}");
    }
    let possible = possible_connections();
    possible.check(&settings).map_err(|words| {
        Failure::Settings(effective.error_at("max-connections", &words.to_string()))
    })?;
    let possible = possible.max_connections;
    let listeners =
        Listeners::open(&settings, passed).map_err(|error| Failure::Sentence(error.to_string()))?;
    let config = Config::from_settings(&settings, possible);
    let resources = resources(&settings, &config);
    let resources = resources.map_err(|error| Failure::Sentence(error.to_string()))?;
    let workers = workers(&settings);
    if settings.sandbox {
        let allowed = AllowedPaths::of(&sources, &effective);
        for sentence in allowed.unexpected_neighbors(&sources, &effective) {
            tracing::warn!(target: "chinwag", "{sentence}");
        }
        // Before there are threads: Landlock confines the one that asks, and those that it starts.
        sandbox::restrict_process(&allowed);
    }
    output::start().map_err(because("cannot start a thread"))?;
    let start = Start {
        sources,
        effective,
        config,
        resources,
        log,
        possible,
        listeners,
        terminal,
        manager,
    };
    let runtime = runtime(workers)?;
    let outcome = runtime.block_on(serve(start));
    // A file that cannot be read or written for now is not waited for.
    runtime.shutdown_timeout(EXIT_RESERVE);
    outcome
}

/// What the server needs of the operating system, opened before the process is confined.
fn resources(settings: &Settings, config: &Config) -> io::Result<Resources> {
    // Two descriptors: for those alone who can ask for metrics.
    let is_asked = settings.metrics.is_some() || settings.admin_socket.is_some();
    let process = is_asked.then(ProcessFiles::open).flatten().map(Arc::new);
    let resources = Resources::open(config)?;
    Ok(Resources { process, ..resources })
}

/// What the server is started with.
struct Start {
    /// Where the settings come from.
    sources: Sources,
    /// What they are.
    effective: Effective,
    /// What the server is to be like by them.
    config: Config,
    /// What was opened for it.
    resources: Resources,
    /// The log.
    log: logging::LogFilterHandle,
    /// How many connections are possible.
    possible: usize,
    /// The sockets.
    listeners: Listeners,
    /// The terminal that it was started in.
    terminal: ControllingTerminal,
    /// Who wants to be told what it does.
    manager: Option<ServiceManager>,
}

/// Serves until a signal.
async fn serve(start: Start) -> Result<(), Failure> {
    let Start {
        sources,
        effective,
        config,
        resources,
        log,
        possible,
        listeners,
        terminal,
        manager,
    } = start;
    let shutdown = CancellationToken::new();
    let first = stop_on_signals(shutdown.clone()).map_err(because("cannot watch for signals"))?;
    let chat: Result<Vec<_>, _> = listeners.chat.into_iter().map(TcpListener::from_std).collect();
    let chat = chat.map_err(because("cannot watch the listeners"))?;
    let metrics = listeners.metrics.map(TcpListener::from_std).transpose();
    let metrics = metrics.map_err(because("cannot watch the listeners"))?;
    let secret = resources.oper_secret.clone();
    let server = Server::with_resources(chat, config, resources)
        .map_err(because("cannot prepare the listeners"))?;
    let handle = server.handle();
    let status = systemd::status(server.listeners());
    let settings = effective.settings.clone();
    let (reload_status, reload_handle) = (status.clone(), handle.clone());
    let reloader =
        Reloader::new(sources, effective, secret, possible, reload_handle, log, reload_status);
    let (_, reloads) =
        reload_on_signal(reloader, terminal, first).map_err(because("cannot watch for signals"))?;
    let manager = manager.map(ServiceManager::start).transpose();
    manager.map_err(because("cannot watch the service manager's socket"))?;
    // A closed stdout is no reason to stop.
    let _ = print_addresses(server.listeners());
    if let Some(listener) = metrics {
        let _ = print_metrics_address(&listener);
        let at = listener.local_addr().map_err(because("cannot watch the listeners"))?;
        let hosts = AllowedHosts::new(&settings, at.ip());
        serve_metrics(listener, handle.clone(), hosts);
    }
    if let Some(listener) = listeners.admin {
        let listener = UnixListener::from_std(listener);
        let listener = listener.map_err(because("cannot watch the admin socket"))?;
        let context = AdminContext { handle: handle.clone(), reloads, shutdown: shutdown.clone() };
        serve_admin(listener, context);
    }
    systemd::run_watchdog(handle);
    let stopping = systemd::notify_stopping(shutdown.clone());
    systemd::ready(&status);
    let ended = server.run(shutdown.clone()).await;
    if shutdown.is_cancelled() {
        // It has nothing to wait for.
        let _ = stopping.await;
    }
    ended.map_err(|error| Failure::Sentence(error.to_string()))
}

/// Asks something of a running server.
fn administrate(arguments: AdminArgs) -> Result<(), Failure> {
    let (sources, request, form) = arguments.split();
    // A flag or a variable that names the socket is enough: a file with a mistake in it is no reason to do without the server's
    // answer.
    let is_variable = |(name, _): &(String, String)| name == "CHINWAG_ADMIN_SOCKET";
    let is_named =
        !sources.flags.is_empty() || sources.environment.variables.iter().any(is_variable);
    let effective = if is_named { sources.combine(None) } else { sources.load() };
    let effective = effective.map_err(Failure::Settings)?;
    let unknown =
        || "no admin socket is set; name the server's with --admin-socket PATH".to_owned();
    let socket = effective.settings.admin_socket.ok_or_else(unknown).map_err(Failure::Sentence)?;
    let answer = admin::send_request(&socket, &request, form).map_err(|error| match error {
        RequestError::Invalid(_) => Failure::Usage(error.to_string()),
        RequestError::NoAnswer(..) | RequestError::Rejected(_) => {
            Failure::Sentence(error.to_string())
        }
    })?;
    printing::print(&answer).map_err(Failure::from)
}

/// Prints the settings in effect, if a server could start with them.
fn show(arguments: ServeArgs) -> Result<(), Failure> {
    let effective = arguments.sources().load().map_err(Failure::Settings)?;
    let Findings { error, unchecked } = Findings::check(&effective);
    for sentence in unchecked {
        printing::print_error(&format!("chinwag: {sentence}\n"));
    }
    if let Some(error) = error {
        return Err(Failure::Settings(error));
    }
    printing::print(&print::print(&effective)).map_err(Failure::from)
}

/// Puts load on a server and prints what that gave. The exit code is 0 when every delivery was right, 1 when one was not or the
/// run could not be made, 2 for arguments that do not fit together.
fn load(arguments: &chinwag_load::Args) -> ExitCode {
    let failed = |sentence: &str, code: u8| {
        printing::print_error(&format!("chinwag load: {sentence}\n"));
        ExitCode::from(code)
    };
    let report = match chinwag_load::run(arguments) {
        Ok(report) => report,
        Err(LoadError::Usage(sentence)) => return failed(&sentence, 2),
        Err(LoadError::Io(error)) => return failed(&error.to_string(), 1),
    };
    if let Err(error) = printing::print(&report.results) {
        return failed(&error.to_string(), 1);
    }
    printing::print_error(&report.failures);
    if report.is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How many workers there are to be. Found out before the process is confined: the files that say how much of the machine a
/// container has are out of its reach afterwards.
fn workers(settings: &Settings) -> usize {
    let available = || std::thread::available_parallelism().map_or(1, usize::from);
    settings.workers.0.map_or_else(available, usize::from).min(MAX_WORKERS)
}

/// The runtime, with as many workers as were asked for.
fn runtime(workers: usize) -> Result<Runtime, Failure> {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(workers).max_blocking_threads(MAX_BLOCKING_THREADS);
    builder.enable_all().build().map_err(because("cannot start the runtime"))
}

/// What failed, with its cause.
fn because<E: Display>(what: &str) -> impl FnOnce(E) -> Failure {
    move |cause| Failure::Sentence(format!("{what}: {cause}"))
}
