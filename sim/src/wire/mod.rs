//! The seam that every request, answer and watch event crosses.
//!
//! - [`Resource`], [`ObjectKey`]: names
//! - [`Request`], [`Answer`], [`WatchEvent`]: what crosses, as values
//! - [`Status`]: failures in the server's words
//! - [`Component`], [`Input`], [`Outbox`]: how a component is driven
//! - [`Command`], [`RuntimeEvent`]: between kubelet and container runtime
//!
//! Architecture invariant: names `object` and `engine` only.

mod component;
mod cri;
mod message;
pub mod resource;
mod status;

pub use component::{Component, Effect, Input, Outbox};
pub use cri::{Command, ContainerId, Exit, RuntimeEvent};
pub use message::{Addr, Answer, Body, List, Options, PatchType, Request, RequestId, Verb, WatchEvent};
pub use resource::{ObjectKey, Resource};
pub use status::Status;
