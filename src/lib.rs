//! wavetank: a deterministic, in-process Kubernetes for testing controllers under seeded faults.

pub mod isolate;
#[cfg(feature = "operators")]
pub mod operators;
pub mod scenario;
