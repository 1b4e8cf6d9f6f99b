//! A progress bar, where a terminal watches.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use whippet::task::JoinHandle;
use whippet::time::interval;

use crate::stage::Stage;

/// How often the bar is drawn: often enough for the eye, too seldom to cost anything.
const BEAT: Duration = Duration::from_millis(100);

/// Draws how far the run is until it stops. Does nothing when stderr is no terminal.
pub(crate) fn watch(stage: &Arc<Stage>) -> Option<JoinHandle<()>> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    Some(whippet::spawn(draw(Arc::clone(stage))))
}

/// Draws a bar of people while they come, then one of deliveries while there are any to come.
async fn draw(stage: Arc<Stage>) {
    let mut shown = bar(u64::from(stage.plan.clients), "people welcomed");
    let mut talking = false;
    let mut beat = interval(BEAT);
    loop {
        whippet::select! {
            biased;
            () = stage.stop.cancelled() => break,
            _ = beat.tick() => {}
        }
        if !talking && stage.start.is_cancelled() {
            talking = true;
            shown.finish_and_clear();
            shown = bar(stage.plan.deliveries(), "deliveries");
        }
        let welcomed = u64::from(stage.welcomed.passed());
        shown.set_position(if talking { stage.lanes.delivered() } else { welcomed });
    }
    shown.finish_and_clear();
}

/// An empty bar for so many of something.
fn bar(length: u64, what: &str) -> ProgressBar {
    let template = format!("{{bar:40}} {{human_pos}} of {{human_len}} {what} {{elapsed}}");
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| unreachable!());
    ProgressBar::new(length).with_style(style)
}
