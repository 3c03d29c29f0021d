//! Has the cluster come to rest? Pure functions over objects, each also kept up to date from commit to
//! commit.
//!
//! - [`pending()`]: why one object is not yet what it should be, by the kstatus rules; [`Reason`] is what
//!   users read
//! - [`Convergence`]: the set of pending objects, kept commit by commit
//! - [`MaskedState`]: a hash of all that matters, without what differs between equal states; equal hashes
//!   over
//!   time are quietness, repeated ones a cycle
//! - [`Ignore`]: what a scenario leaves out (`converge.ignore`)
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
