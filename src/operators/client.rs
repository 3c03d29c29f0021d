//! A kube client over any HTTP service that retries as a production client does.

use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use kube::client::retry::RetryPolicy;
use tower::retry::RetryLayer;
use tower::{BoxError, Service, ServiceBuilder};

/// `Client::new` alone passes 429, 503 and 504 on to the caller; a client made from a kubeconfig retries them, with the
/// server's `Retry-After` or a back-off from 5 ms.
pub(super) fn retrying<S, B>(service: S, namespace: &str) -> Client
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new(RetryPolicy::server_retry()))
        .map_err(Into::<BoxError>::into)
        .service(service);
    Client::new(service, namespace)
}
