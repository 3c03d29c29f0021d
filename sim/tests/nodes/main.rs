//! Kubelets, container runtime and scheduler against the API server.

mod constraints;
mod pods;
mod preemption;
mod rig;
mod scheduling;
mod volumes;
