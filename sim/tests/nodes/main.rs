//! Kubelets, container runtime and scheduler against the API server.

mod constraints;
mod pods;
mod rig;
mod scheduling;
