//! The namespace controller: deletes the content of a terminating namespace, then removes its finalizer.
//!
//! - `controller`: the [`Controller`](super::Controller): pods first, then everything else, then the finalizer
//! - `conditions`: the conditions of the namespace meanwhile
//!
//! Real: pkg/controller/namespace/deletion. Modelled: the 5 s before each sync, the order (it deletes no other kind while
//! pods remain), the wait by the pods' grace, the conditions, the back-off of at most a minute; it deletes collections in
//! the background and lists them live. Differs: a conflict of the last write is a failed sync; the real controller reads
//! the namespace again. Not modelled: kinds without `deletecollection`; errors of discovery.

mod conditions;
mod controller;

pub(super) use controller::{Namespaces, is_active};
