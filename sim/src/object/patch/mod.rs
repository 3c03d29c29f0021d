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

/// How a patch is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PatchType {
    /// RFC 6902.
    Json,
    /// RFC 7386.
    Merge,
    /// Kubernetes' merge with keys.
    Strategic,
    /// Server-side apply.
    Apply,
}
