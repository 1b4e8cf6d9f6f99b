//! Streams with a clock.

use futures_util::{Stream, StreamExt, stream};
use std::time::Duration;
use whippet::time::error::Elapsed;
use whippet::time::{MissedTickBehavior, interval, timeout};

/// As `StreamExt::timeout_repeating` of tokio-stream: an error each time that no item came for so long.
pub fn timeout_each<S>(items: S, time: Duration) -> impl Stream<Item = Result<S::Item, Elapsed>>
where
    S: Stream + Unpin,
{
    stream::unfold(items, move |mut items| async move {
        let next = timeout(time, items.next()).await.transpose()?;
        Some((next, items))
    })
}

/// As `StreamExt::throttle` of tokio-stream: so much time between two items, at the least.
pub fn throttle<S: Stream>(items: S, time: Duration) -> impl Stream<Item = S::Item> {
    let mut ticks = interval(time);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ticks = stream::poll_fn(move |cx| ticks.poll_tick(cx).map(Some));
    items.zip(ticks).map(|(item, _)| item)
}

/// As `StreamExt::chunks_timeout` of tokio-stream: so many items at the most, or those that came in the time from the first on.
pub fn chunks_timeout<S>(items: S, most: usize, time: Duration) -> impl Stream<Item = Vec<S::Item>>
where
    S: Stream + Unpin,
{
    stream::unfold(items, move |mut items| async move {
        let mut chunk = vec![items.next().await?];
        let fill = async {
            while chunk.len() < most
                && let Some(item) = items.next().await
            {
                chunk.push(item);
            }
        };
        // What came in time is kept.
        let _ = timeout(time, fill).await;
        Some((chunk, items))
    })
}
