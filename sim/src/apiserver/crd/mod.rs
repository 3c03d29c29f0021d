//! Custom resource definitions: the kinds that one defines, and its life.
//!
//! - `kinds`: from a definition to what the registry serves
//! - `lifecycle`: conditions after a moment, deletion with instances
//! - `validate`, `structural`: what a definition may say
//!
//! Not modelled (501 by name): CEL rules, conversion webhooks.

mod kinds;
mod lifecycle;
mod structural;
mod validate;

pub use kinds::kinds;
pub use lifecycle::{FINALIZER, Next, STEP_MS, is_established, next, on_delete};
pub use validate::{unmodelled, validate, warnings};

#[cfg(test)]
mod tests;
