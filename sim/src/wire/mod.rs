//! The seam that every request, answer and watch event crosses.
//!
//! - [`Resource`], [`ObjectKey`]: names
//! - [`Request`], [`Answer`], [`WatchEvent`]: the messages, as values
//! - [`Status`]: failures, with the messages of the API server
//! - [`Component`], [`Input`], [`Outbox`]: the interface of a component
//! - [`History`], [`Entry`], [`Commit`]: the record
//! - [`Latency`], [`Streams`]: delays, and watch streams in order
//! - [`Renewals`]: the renewal schedule of a Lease, in place of a request per renewal
//! - [`Rule`], [`Fate`]: where faults act
//! - [`Command`], [`RuntimeEvent`]: between kubelet and container runtime; [`HostOrder`]: from the runtime to programs
//!
//! Architecture invariant: names `object` and `engine` only.

mod component;
mod cri;
mod history;
pub mod http;
mod logs;
mod message;
mod network;
mod renewals;
pub mod resource;
mod rule;
mod status;

pub use component::{Component, Effect, Input, Outbox};
pub use cri::{Command, ContainerId, Exit, HostOrder, PullError, RuntimeEvent};
pub use history::{Actor, ActorClass, Birth, Commit, Entry, History, What};
pub use logs::{LogLine, Logs};
pub use message::{Addr, Answer, Body, Form, List, Options, Request, RequestId, Verb, WatchEvent};
pub use network::{Latency, Stream, Streams};
pub use renewals::Renewals;
pub use resource::{ObjectKey, Resource};
pub use rule::{Fate, NoFaults, Passing, Rule, StreamFate, Streaming, Strike};
pub use status::Status;

pub use crate::object::patch::PatchType;
