//! wavetank: a deterministic, in-process Kubernetes for testing controllers under seeded faults.

pub mod isolate;
pub mod scenario;
