//! Programs: users' operators and application models, run as hosts with an API client of their own.
//!
//! - [`Program`], [`Host`]: async code, and its handle to the world
//! - [`HostService`]: the HTTP service that `kube::Client::new` takes
//! - [`Connector`]: byte streams to pods and services
//! - [`Hosts`]: incarnations, their calls and watches
//! - [`Runtime`], [`images`]: the containers of all nodes, and how those of an image behave
//! - [`Mischief`]: what faults have in store for containers
//! - [`Stage`], [`on_stage`]: the runtime they run on, and when it is quiet
//!
//! Architecture invariant: names only `object`, `engine`, `wire` and `client` in the crate.

mod connector;
mod hosts;
pub mod images;
mod mischief;
mod program;
mod runtime;
mod service;
mod stage;
mod switchboard;

pub use connector::Connector;
pub use hosts::{Act, HostSpec, Hosts};
pub use images::{Image, Images};
pub use mischief::{Mischief, Whom};
pub use program::{Exit, Host, Program};
pub use runtime::Runtime;
pub use service::HostService;
pub use stage::{Ended, Stage, Woken, on_stage};
pub use switchboard::Switchboard;
