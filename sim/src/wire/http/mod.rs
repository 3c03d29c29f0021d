//! The rim: HTTP and JSON to requests, answers to HTTP and JSON. Sockets and a host's service both enter here.
//!
//! - [`decode`]: method, path, query, headers and body to a [`Request`](super::Request)
//! - [`encode`]: an [`Answer`](super::Answer) to a response, watch events to lines
//! - [`ResponseBody`]: what a response carries
//!
//! Not modelled: protobuf bodies (501), YAML bodies (501), tables (a client that also takes plain JSON gets that, as from a server
//! without tables; one that does not gets 501).

mod accept;
mod body;
mod decode;
mod encode;
mod query;
mod syntax;
mod target;

pub use body::ResponseBody;
pub use decode::decode;
pub use encode::{encode, encode_events};
