//! The deterministic core. It knows nothing of Kubernetes.
//!
//! - [`Time`], [`Millis`]: virtual time, whole milliseconds around t = 0
//! - [`time_zone`]: time zones by name
//! - [`Draws`]: randomness by name
//! - [`Queue`]: the events to come
//! - [`Record`], [`Entry`]: the events so far, and their fingerprint
//!
//! Architecture invariant: names nothing else in the crate.

mod clock;
mod draw;
mod queue;
mod record;
mod zone;

pub use clock::{EPOCH_S, Millis, SECOND, Time};
pub use draw::Draws;
pub use queue::Queue;
pub use record::{Entry, Fingerprint, Hasher, Record};
pub use zone::time_zone;
