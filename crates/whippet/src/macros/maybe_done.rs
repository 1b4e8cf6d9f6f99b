//! A future or its output: what `join!` keeps for each of its futures.

use pin_project_lite::pin_project;
use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// A future until it completes, then its output.
    #[derive(Debug)]
    #[project = State]
    pub enum MaybeDone<F: Future> {
        /// It has not completed.
        Running {
            // Pinned where it is.
            #[pin]
            future: F,
        },
        /// It has completed, and is dropped.
        Done {
            // Until it is taken.
            output: Option<F::Output>,
        },
    }
}

impl<F: Future> MaybeDone<F> {
    /// A future that has not been polled.
    pub fn new(future: impl IntoFuture<IntoFuture = F>) -> Self {
        Self::Running { future: future.into_future() }
    }

    /// The output.
    ///
    /// # Panics
    /// When the future has not completed, or the output was taken.
    #[track_caller]
    pub fn take_output(self: Pin<&mut Self>) -> F::Output {
        self.output().and_then(Option::take).expect("all futures have completed")
    }

    /// Where the output is, once the future has completed.
    fn output(self: Pin<&mut Self>) -> Option<&mut Option<F::Output>> {
        match self.project() {
            State::Running { .. } => None,
            State::Done { output } => Some(output),
        }
    }
}

impl<T, E, F: Future<Output = Result<T, E>>> MaybeDone<F> {
    /// The error, when the future has failed; its value stays.
    pub fn take_error(self: Pin<&mut Self>) -> Option<E> {
        self.output()?.take_if(|output| output.is_err())?.err()
    }

    /// The value of a future that has not failed.
    ///
    /// # Panics
    /// As [`take_output`](Self::take_output), or when the future has failed.
    #[track_caller]
    pub fn take_value(self: Pin<&mut Self>) -> T {
        self.take_output().ok().expect("an error ends the wait before values are taken")
    }
}

impl<F: Future> Future for MaybeDone<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let State::Running { future } = self.as_mut().project() {
            let output = Some(ready!(future.poll(cx)));
            self.set(Self::Done { output });
        }
        Poll::Ready(())
    }
}
