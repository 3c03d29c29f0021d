//! What runs the controllers: one component with shared caches and a work queue per controller.
//!
//! - [`Manager`] (`component`): feeds changes to work queues, runs syncs, sends their requests
//! - [`Controller`], [`Target`], [`Outcome`]: what a controller is and what it answers
//! - [`Caches`], [`Kind`]: the shared informers, built-in and custom
//! - `sync`: one sync of one key on its way through its requests
//! - `expectations`: no sync starts before the caches have seen what the last one wrote
//! - [`Settings`]: the flags of kube-controller-manager

pub(super) mod caches;
mod component;
mod controller;
mod expectations;
mod settings;
mod sync;

pub use caches::{Caches, Kind};
pub use component::Manager;
pub use controller::{Call, Controller, Outcome, Target, Verdict, Watches};
pub use settings::Settings;
