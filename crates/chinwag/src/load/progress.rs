//! A progress bar, where a terminal watches.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use whippet::task::JoinHandle;
use whippet::time::interval;

use super::stage::Stage;

/// How often the bar is drawn: often enough for the eye, too seldom to cost anything.
const BEAT: Duration = Duration::from_millis(100);

/// Draws how far the run is until it stops. Does nothing when stderr is no terminal.
pub(super) fn watch(stage: &Arc<Stage>) -> Option<JoinHandle<()>> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    Some(whippet::spawn(draw(Arc::clone(stage))))
}

/// Draws a bar of people while they come, then one of deliveries while there are any to come.
async fn draw(stage: Arc<Stage>) {
    let style = |text| ProgressStyle::with_template(text).unwrap_or_else(|_| unreachable!());
    let bar = ProgressBar::new(u64::from(stage.plan.clients));
    bar.set_style(style("{bar:40} {human_pos} of {human_len} people welcomed"));
    let mut beat = interval(BEAT);
    let mut talking = false;
    while !stage.stop.is_cancelled() {
        whippet::select! {
            biased;
            () = stage.stop.cancelled() => break,
            _ = beat.tick() => {}
        }
        if !talking && stage.start.is_cancelled() {
            talking = true;
            bar.set_length(stage.plan.deliveries());
            bar.set_style(style("{bar:40} {human_pos} of {human_len} deliveries, {per_sec}"));
            bar.reset();
        }
        let position =
            if talking { stage.lanes.delivered() } else { u64::from(stage.welcomed.passed()) };
        bar.set_position(position);
    }
    bar.finish_and_clear();
}
