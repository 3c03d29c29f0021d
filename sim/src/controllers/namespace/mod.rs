//! The namespace controller: empties a namespace that goes, then lets it go.
//!
//! - `controller`: the [`Controller`](super::Controller): pods first, then all else, then the finalizer
//! - `conditions`: what the namespace's status says meanwhile
//!
//! Real: pkg/controller/namespace/deletion. Modelled: the 5 s before each look, the order (no other kind is touched while a
//! pod is left), the wait by the pods' grace, the conditions, the back-off of at most a minute. Collections are deleted in
//! the background and listed again; what a collection is left with decides, not a cache. Not modelled: kinds that know no
//! `deletecollection`; errors of discovery. A conflict of the last write is a failed sync, where the real controller
//! reads the namespace again.

mod conditions;
mod controller;

pub(super) use controller::Namespaces;
