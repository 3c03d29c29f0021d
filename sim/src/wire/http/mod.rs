//! The rim: decodes HTTP and JSON to requests, encodes answers. Sockets and the service of a host both use it.
//!
//! - [`decode`]: method, path, query, headers and body to a [`Request`](super::Request)
//! - [`encode`]: an [`Answer`](super::Answer) to a response, watch events to lines
//! - [`ResponseBody`]: the body of a response
//!
//! Not modelled: protobuf and YAML bodies (501); tables: a client that accepts plain JSON too gets that, as from a server without
//! tables; any other client gets 501.

mod accept;
mod body;
mod decode;
mod encode;
mod path;
mod query;
mod syntax;

pub use body::ResponseBody;
pub use decode::decode;
pub use encode::{encode, encode_events};
