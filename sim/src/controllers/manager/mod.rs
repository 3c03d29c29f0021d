//! What runs the controllers: one component with shared caches and a work queue per controller.
//!
//! - [`Manager`] (`component`): adds keys to work queues, runs syncs, sends their requests
//! - [`Controller`], [`SyncKey`], [`Outcome`]: the trait, what it syncs and what a sync returns
//! - [`Caches`], [`ServedKind`]: the shared informers, built-in and custom
//! - `sync`: a sync in progress: its rounds of requests
//! - `expectations`: a key is not synced again before the caches show what its last sync wrote
//! - [`Settings`]: the flags of kube-controller-manager

pub(super) mod caches;
mod component;
mod controller;
mod expectations;
mod settings;
mod sync;

pub use caches::{Caches, ServedKind};
pub use component::Manager;
pub use controller::{Call, Controller, Outcome, SyncKey, Task, Verdict, Watches};
pub use settings::Settings;
