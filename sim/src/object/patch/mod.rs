//! The patches of the API server as functions from trees to trees: [`json`] (RFC 6902), [`merge`] (RFC 7386).

pub mod json;
pub mod merge;
