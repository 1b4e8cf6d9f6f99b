//! The program `chinwag`: arguments, runtime, listeners, signals, and the server until it stops.
#![forbid(unsafe_code)]

use chinwag::cli::{Action, Cli, ServeArgs};
use chinwag::{announce, listen, load, serve, stop_on_signals};
use clap::Parser;
use std::fmt::Display;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;
use whippet::runtime::{Builder, Runtime};
use whippet::sync::CancellationToken;

fn main() -> ExitCode {
    match Cli::parse().action() {
        Action::Serve(arguments) => match run(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(sentence) => {
                eprintln!("chinwag: {sentence}");
                ExitCode::FAILURE
            }
        },
        Action::Load(arguments) => load::run(arguments),
    }
}

/// Runs the server until it is told to stop. An error is a sentence for the person who started it.
fn run(arguments: &ServeArgs) -> Result<(), String> {
    let filter = EnvFilter::new(&arguments.log);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let config = arguments.config();
    runtime(arguments)?.block_on(async {
        let shutdown = CancellationToken::new();
        stop_on_signals(shutdown.clone()).map_err(because("cannot watch for signals"))?;
        let listeners = listen(&arguments.listen).map_err(|error| error.to_string())?;
        // With nobody to read where we listen there is nothing to say.
        let _ = announce(&listeners);
        serve(listeners, config, shutdown).await.map_err(|error| error.to_string())
    })
}

/// The runtime, with as many workers as were asked for.
fn runtime(arguments: &ServeArgs) -> Result<Runtime, String> {
    let mut builder = Builder::new_multi_thread();
    if let Some(workers) = arguments.workers {
        builder.worker_threads(workers.get());
    }
    builder.enable_all().build().map_err(because("cannot start the runtime"))
}

/// A cause, told as a sentence.
fn because<E: Display>(what: &str) -> impl FnOnce(E) -> String {
    move |cause| format!("{what}: {cause}")
}
