//! A client for test programs, a few lines over [`HostService`]: JSON in, JSON out. It never retries: a failed request is an
//! error that the program handles, or exits with.

use bytes::Bytes;
use http::Method;
use http_body::Body;
use tower_service::Service;

use crate::object::Value;
use crate::programs::{Host, HostService};
use crate::wire::http::ResponseBody;

#[derive(Clone)]
pub(crate) struct Client(HostService);

pub(crate) struct Watch {
    body: ResponseBody,
    /// Lines that came together with one that has been taken.
    lines: std::vec::IntoIter<Value>,
}

impl Client {
    pub(crate) fn new(host: &Host) -> Self {
        Self(host.service())
    }

    /// What a GET of this path answers, such as `/api/v1/namespaces/default/configmaps`.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, String> {
        self.write(Method::GET, path, Value::Null).await
    }

    /// What a request with this body answers. A PATCH is a merge patch.
    pub(crate) async fn write(&self, method: Method, path: &str, body: Value) -> Result<Value, String> {
        let mut body = self.send(method, path, &body).await?;
        Ok(parsed(&frame(&mut body).await.unwrap_or_default()))
    }

    /// Watches a path that lists, from this resourceVersion on.
    pub(crate) async fn watch(&self, path: &str, resource_version: &str) -> Result<Watch, String> {
        let query = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{query}watch=true&resourceVersion={resource_version}");
        let body = self.send(Method::GET, &path, &Value::Null).await?;
        Ok(Watch { body, lines: Vec::new().into_iter() })
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<ResponseBody, String> {
        let json = if body.is_null() { Bytes::new() } else { body.to_json().into() };
        let media_type = match method {
            Method::PATCH => "application/merge-patch+json",
            _ => "application/json",
        };
        let request = http::Request::builder().method(&method).uri(path).header("content-type", media_type);
        let request = request.body(ResponseBody::full(json)).expect("the path is one");
        let answer =
            self.0.clone().call(request).await.map_err(|error| format!("{method} {path}: {error}"))?;
        let (parts, mut body) = answer.into_parts();
        if parts.status.is_success() {
            return Ok(body);
        }
        // The answer for a path that the server does not have is a text.
        let status = Value::from_json(&frame(&mut body).await.unwrap_or_default()).unwrap_or_default();
        let message = status.str_at(&["message"]).unwrap_or("not a Status");
        Err(format!("{method} {path}: {}: {message}", parts.status.as_u16()))
    }
}

impl Watch {
    /// The next event, with its `type` and `object`. None: the watch has ended or its connection broke.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(event) = self.lines.next() {
                return Some(event);
            }
            let bytes = frame(&mut self.body).await?;
            let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            self.lines = lines.map(parsed).collect::<Vec<_>>().into_iter();
        }
    }
}

async fn frame(body: &mut ResponseBody) -> Option<Bytes> {
    let frame = std::future::poll_fn(|cx| std::pin::Pin::new(&mut *body).poll_frame(cx)).await?;
    frame.ok()?.into_data().ok()
}

fn parsed(json: &[u8]) -> Value {
    Value::from_json(json).expect("the server answers with JSON")
}
