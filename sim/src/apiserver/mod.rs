//! The API server: kinds as data, and the verbs on them.
//!
//! - [`Kind`], [`Rules`], [`Registry`]: what is served
//! - [`discovery()`]: the documents that tell it
//! - `defaults`, `admission`, `strategy`: what a write becomes before it is stored, common and by kind
//! - `validation`: what may be stored
//! - [`crd`]: definitions of custom resources and the kinds they define
//! - `store`, `names`: objects with their history; uids and generated names
//! - `select`, `view`: what a client sees of them
//! - `watch_cache`: open watches
//! - `definitions`: what the server does by itself about custom resource definitions
//! - [`ApiServer`], `verbs`: requests in, answers, events and commits out
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

pub use admission::{Attributes, Lookup, Plugins, admit};
pub use convert::{from_storage, to_storage};
pub use defaults::{apply_defaults, decode};
pub use discovery::discovery;
pub use kind::{Kind, ScalePaths, Subresource};
pub use registry::Registry;
pub use rules::{Generation, NameRule, Rules};
pub use server::{ApiServer, Replies, ServerInput};
pub use strategy::{Addresses, allocate, on_create, on_update};
