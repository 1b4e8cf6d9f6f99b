//! A future or its output: what `join!` keeps for each of its futures.

use pin_project_lite::pin_project;
use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// A future until it completes, then its output.
    #[derive(Debug)]
    #[project = State]
    #[project_replace = Former]
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
            output: F::Output,
        },
        /// The output was taken.
        Taken,
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
        match self.project_replace(Self::Taken) {
            Former::Done { output } => output,
            _ => unreachable!("the output of a future is taken once, when all have completed"),
        }
    }
}

impl<T, E, F: Future<Output = Result<T, E>>> MaybeDone<F> {
    /// The error, when the future has failed; its value stays.
    pub fn take_error(mut self: Pin<&mut Self>) -> Option<E> {
        match self.as_mut().project() {
            State::Done { output: Err(_) } => self.take_output().err(),
            _ => None,
        }
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
            let output = ready!(future.poll(cx));
            self.set(Self::Done { output });
        }
        Poll::Ready(())
    }
}
