//! Has the cluster come to rest? Pure functions over objects, and their results kept up to date from commit to commit.
//!
//! - [`pending()`]: why one object has not reached its wanted state, by the kstatus rules; users read the [`Reason`]
//! - [`Convergence`]: the set of pending objects
//! - [`MaskedState`]: a hash of the state without what differs between equal states. While it stays equal, the cluster is
//!   quiet; if it returns, the cluster cycles
//! - [`Ignore`]: what a scenario leaves out (`converge.ignore`, `converge.pending`)
//!
//! Architecture invariant: names only `object`.

mod ignore;
mod mask;
mod masked;
mod pending;
mod reason;
mod scheduled;
mod tokens;
mod tracker;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub use ignore::Ignore;
pub use masked::MaskedState;
pub use pending::{Lookup, pending};
pub use reason::{Reason, Subject, Want};
pub use tracker::Convergence;
