//! What every component is built on, in client-go's place.
//!
//! - [`Client`]: numbers requests and remembers what they were for
//! - [`Informer`]: a cache of one resource, kept by list and watch
//! - [`status_patch()`]: how a status that others write too is written
//! - [`WorkQueue`]: keys to reconcile, once each, with back-off
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
