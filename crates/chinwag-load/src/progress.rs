//! A progress bar, on a terminal.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use whippet::task::JoinHandle;
use whippet::time::interval;

use crate::context::RunContext;

/// How often the bar is drawn: often enough for the eye, too rarely to cost anything.
const DRAW_INTERVAL: Duration = Duration::from_millis(100);

/// Draws how far the run is until it stops. Does nothing when stderr is no terminal.
pub(crate) fn watch(context: &Arc<RunContext>) -> Option<JoinHandle<()>> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    Some(whippet::spawn(draw(Arc::clone(context))))
}

/// Draws a bar of clients while they connect, then one of deliveries while there are any to come.
async fn draw(context: Arc<RunContext>) {
    let mut shown = bar(u64::from(context.plan.clients), "clients welcomed");
    let mut sending = false;
    let mut ticks = interval(DRAW_INTERVAL);
    loop {
        whippet::select! {
            biased;
            () = context.stop.cancelled() => break,
            _ = ticks.tick() => {}
        }
        if !sending && context.start.is_cancelled() {
            sending = true;
            shown.finish_and_clear();
            shown = bar(context.plan.deliveries(), "deliveries");
        }
        let welcomed = u64::from(context.welcomed.count());
        shown.set_position(if sending { context.per_thread.delivered() } else { welcomed });
    }
    shown.finish_and_clear();
}

/// An empty bar for so many of something.
fn bar(length: u64, what: &str) -> ProgressBar {
    let template = format!("{{bar:40}} {{human_pos}} of {{human_len}} {what} {{elapsed}}");
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| unreachable!());
    ProgressBar::new(length).with_style(style)
}
