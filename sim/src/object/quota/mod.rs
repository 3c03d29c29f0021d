//! What a ResourceQuota counts.
//!
//! - `usage`: the amounts that an object uses
//! - `scope`: the pods that the scopes of a quota select

mod scope;
mod usage;

pub use scope::in_scope;
pub use usage::{Amounts, is_about, unspecified, usage, usage_of_ended_pod};
