//! What every component is built on; it takes client-go's place.
//!
//! - [`Client`]: numbers requests and remembers their purpose
//! - [`Informer`]: a cache of one resource, kept by list and watch
//! - [`status_patch()`]: writes a status that has several writers
//! - [`WorkQueue`]: keys to reconcile, each once, with back-off
//!
//! Architecture invariant: names `object`, `engine` and `wire` only.

mod informer;
mod requests;
mod status_patch;
mod work_queue;

pub use informer::{Change, Dependent, Informer};
pub use requests::Client;
pub use status_patch::status_patch;
pub use work_queue::WorkQueue;
