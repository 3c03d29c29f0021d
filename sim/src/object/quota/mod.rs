//! What a ResourceQuota counts.
//!
//! - `usage`: what an object counts for
//! - `scope`: which pods a quota's scopes let it count

mod scope;
mod usage;

pub use scope::in_scope;
pub use usage::{Amounts, is_about, unspecified, usage, usage_of_ended_pod};
