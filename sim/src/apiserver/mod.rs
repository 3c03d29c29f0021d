//! The API server: kinds are data, and the verbs work on every kind.
//!
//! - [`Kind`], [`Rules`], [`Registry`]: which resources are served, and how kinds differ
//! - [`discovery()`]: the discovery documents
//! - `defaults`, `admission`, `strategy`: how the server completes an object before it stores it
//! - `validation`: which objects the server accepts
//! - [`crd`], `definitions`: custom resource definitions, the kinds they define, and their lifecycle
//! - `store`, `names`: objects with their history; uids and generated names
//! - `select`, `view`: which objects a list or watch returns, and in which version
//! - `watch_cache`: open watches
//! - [`ApiServer`], `verbs`: requests in; answers, watch events and commits out
//!
//! "Recorded in `x`" names a recording of a kube-apiserver v1.36: `x.json` in `sim/tests/conformance/cases` or in
//! `sim/tests/controllers/cases`. Tests replay these files against this code.
//!
//! Architecture invariant: names `object`, `engine`, `wire` and `client` only.

mod access;
mod admission;
mod convert;
pub mod crd;
mod defaults;
mod definitions;
mod discovery;
mod errors;
#[cfg(test)]
mod fixture;
mod kind;
mod names;
mod registry;
mod rules;
mod schema;
mod select;
mod server;
mod store;
mod strategy;
mod tree;
mod validation;
mod verbs;
mod versions;
mod view;
mod watch_cache;

pub use admission::{Attributes, Plugins, StoreReader, admit};
pub use convert::{from_storage, to_storage};
pub use defaults::{apply_defaults, decode};
pub use discovery::discovery;
pub use kind::{Kind, ScalePaths, Subresource};
pub use registry::Registry;
pub use rules::{Generation, NameRule, Rules};
pub use server::{ApiServer, Replies, ServerInput};
pub use strategy::{Addresses, allocate, on_create, on_update};
