//! What every component is built on, in client-go's place.
//!
//! - [`Client`]: numbers requests and remembers what they were for
//! - [`Informer`]: a cache of one resource, kept by list and watch
//! - [`WorkQueue`]: keys to reconcile, once each, with back-off
//!
//! Architecture invariant: names `object`, `engine` and `wire` only.

mod informer;
mod requests;
mod work_queue;

pub use informer::{Change, Informer};
pub use requests::Client;
pub use work_queue::WorkQueue;
