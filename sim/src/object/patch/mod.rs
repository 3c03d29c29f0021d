//! The patches of the API server as functions from trees to trees.
//!
//! - [`json`]: JSON patch, RFC 6902
//! - [`merge`]: JSON merge patch, RFC 7386
//! - [`strategic`], `order`, `draft`: strategic merge patch
//! - [`apply`]: server-side apply

pub mod apply;
mod draft;
pub mod json;
pub mod merge;
mod order;
pub mod strategic;
