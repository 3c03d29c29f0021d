//! Programs: users' operators and application models. Each runs as a host, with an API client of its own.
//!
//! - [`Program`], [`Host`]: async code, and what one incarnation of it sees of its world
//! - [`HostService`]: the HTTP service that `kube::Client::new` takes
//! - [`Connector`]: byte streams to pods and Services
//! - [`Hosts`]: incarnations, with their calls and watches
//! - [`ContainerRuntime`], [`images`]: the containers of all nodes, and how containers of an image behave
//! - [`ContainerFaults`]: pulls that will fail and starts that will be slow
//! - [`Stage`], [`on_stage`]: the tokio runtime that programs run on, and how the cluster knows that all of them wait
//!
//! Architecture invariant: names only `object`, `engine`, `hermetic`, `wire` and `client` in the crate.

mod connector;
mod container_faults;
mod container_runtime;
mod fused;
mod hosts;
pub mod images;
mod program;
mod service;
mod stage;
mod switchboard;

pub use connector::Connector;
pub use container_faults::{ContainerFaults, ContainerSelector};
pub use container_runtime::ContainerRuntime;
pub use fused::Fused;
pub use hosts::{HostAction, HostSpec, Hosts};
pub use images::{Image, Images};
pub use program::{ExitResult, Host, Program};
pub use service::HostService;
pub use stage::{Ended, Stage, Woken, on_stage};
pub use switchboard::Switchboard;
