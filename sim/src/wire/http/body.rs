//! The body of a response: all bytes at once, or the lines of a watch as they come.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc::UnboundedReceiver;

/// The body of a response.
#[derive(derive_more::Debug)]
#[debug("ResponseBody")]
pub struct ResponseBody(Inner);

enum Inner {
    Full(Option<Bytes>),
    Stream { lines: UnboundedReceiver<Bytes>, closed: Option<OnDrop> },
}

/// Runs when the client drops a stream.
type OnDrop = Box<dyn FnOnce() + Send + Sync>;

impl ResponseBody {
    /// A body of these bytes.
    pub fn full(bytes: Bytes) -> Self {
        Self(Inner::Full(Some(bytes)))
    }

    /// A body of lines as they come; `closed` runs when the client drops it.
    pub fn stream(lines: UnboundedReceiver<Bytes>, closed: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self(Inner::Stream { lines, closed: Some(Box::new(closed)) })
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Inner::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Inner::Stream { lines, .. } => {
                lines.poll_recv(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Inner::Full(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Inner::Stream { .. } => SizeHint::default(),
        }
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        if let Inner::Stream { closed, .. } = &mut self.0
            && let Some(closed) = closed.take()
        {
            closed();
        }
    }
}
