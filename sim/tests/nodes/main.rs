//! Kubelets, container runtime and scheduler against the API server.

mod pods;
mod rig;
mod scheduling;
