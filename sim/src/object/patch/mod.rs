//! The patches of the API server as functions from trees to trees.
//!
//! - [`json`]: JSON patch, RFC 6902
//! - [`merge`]: JSON merge patch, RFC 7386
//! - [`strategic`]: strategic merge patch
//! - [`apply`]: server-side apply

pub mod apply;
pub mod json;
pub mod merge;
pub mod strategic;
