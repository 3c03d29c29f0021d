//! Custom resource definitions: the kinds that they define, their lifecycle, and their validation.
//!
//! - `kinds`: from a definition to the kinds that the registry serves
//! - `lifecycle`: conditions step by step, deletion with all instances
//! - `validate`, `structural`: which definitions the server accepts
//!
//! Not modelled (501): CEL rules, conversion webhooks.

mod kinds;
mod lifecycle;
mod structural;
mod validate;

pub(super) use kinds::kinds;
pub(super) use kinds::storage_version;
pub(super) use lifecycle::{FINALIZER, NextStep, STEP_MS, is_established, next, on_delete};
pub(super) use validate::{unmodelled, validate, warnings};

#[cfg(test)]
mod tests;
