//! Kubelets, container runtime and scheduler against the API server.

mod constraints;
mod pods;
mod preemption;
mod probes;
mod rig;
mod scheduling;
mod volumes;
