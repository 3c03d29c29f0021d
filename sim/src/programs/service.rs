//! The HTTP service that a program passes to `kube::Client::new`. It takes any request body and sends eagerly.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes, BytesMut};
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use tokio::sync::oneshot;
use tower_service::Service;

use super::Host;
use super::fused::Fused;
use super::program::HostInner;
use crate::wire::http::{ResponseBody, decode};

/// The API server as one host reaches it. `call` sends the request before it returns; the future only awaits the answer.
/// Dropping the future drops the answer, never the write. One exception: if the body is incomplete at `call`, the request
/// leaves when the body is complete.
#[derive(Clone, Debug)]
pub struct HostService {
    host: Arc<HostInner>,
}

impl Host {
    /// The HTTP service to pass to `kube::Client::new`.
    pub fn service(&self) -> HostService {
        self.inner.used();
        HostService { host: self.inner.clone() }
    }
}

impl HostService {
    /// Sends a request whose body is complete.
    fn send(&self, parts: &Parts, body: &[u8]) -> Answered {
        let (reply, answer) = oneshot::channel();
        self.host.switchboard.call(self.host.incarnation, Box::new(decode(parts, body)), reply);
        Answered { host: self.host.clone(), answer: Some(answer) }
    }
}

/// The response to come. It stays pending for ever if the host is fenced.
struct Answered {
    host: Arc<HostInner>,
    /// None once it has come, and once it is known that it will not.
    answer: Option<oneshot::Receiver<io::Result<Response<ResponseBody>>>>,
}

impl Future for Answered {
    type Output = io::Result<Response<ResponseBody>>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.host.used();
        let Some(answer) = &mut self.answer else { return Poll::Pending };
        let polled = Pin::new(answer).poll(cx);
        if polled.is_ready() {
            self.answer = None;
        }
        match polled {
            Poll::Ready(Ok(answer)) => Poll::Ready(answer),
            // The sender is dropped with the incarnation, so no answer will come.
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

impl<B> Service<Request<B>> for HostService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: std::fmt::Display,
{
    type Response = Response<ResponseBody>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Response<ResponseBody>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.host.used();
        let (parts, body) = request.into_parts();
        let mut body = Box::pin(collect(body));
        match body.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(bytes)) => Box::pin(self.send(&parts, &bytes)),
            Poll::Ready(Err(error)) => Box::pin(Fused::new(std::future::ready(Err(error)))),
            Poll::Pending => {
                let service = self.clone();
                Box::pin(Fused::new(Box::pin(async move {
                    let bytes = body.await?;
                    service.send(&parts, &bytes).await
                })))
            }
        }
    }
}

/// All bytes of a body. A single frame, the usual case, is not copied.
async fn collect<B>(body: B) -> io::Result<Bytes>
where
    B: Body,
    B::Error: std::fmt::Display,
{
    let mut body = std::pin::pin!(body);
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|error| io::Error::other(format!("request body: {error}")))?;
        let Ok(mut data) = frame.into_data() else { continue };
        let data = data.copy_to_bytes(data.remaining());
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}
