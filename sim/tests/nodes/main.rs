//! Kubelets, container runtime and scheduler against a small API server.

mod fake;
mod pods;
mod scheduling;
