//! A future that may be polled after it has completed: then it stays pending.
//!
//! Why: a task that a crash has left behind may poll a future of ours again whose answer will never come. A panic there would
//! accuse the program.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The future, until it has completed.
#[derive(Debug)]
pub struct Fused<F>(Option<F>);

impl<F> Fused<F> {
    pub(super) fn new(future: F) -> Self {
        Self(Some(future))
    }
}

impl<F: Future + Unpin> Future for Fused<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Some(future) = &mut self.0 else { return Poll::Pending };
        let polled = Pin::new(future).poll(cx);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}
