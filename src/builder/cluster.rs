//! Nodes, images and programs of a scenario built in code.

use std::fmt;
use std::future::Future;

use wavetank_sim::object::{Object, Value};
use wavetank_sim::programs::{self, Host};
use wavetank_sim::scenario::{Exit, ImageRule, NodePool, OperatorSpec, Permission, Pull, Ready};

use super::Times;

/// A pool of equal nodes, named `NAME-1`, `NAME-2`..
#[derive(Clone, Debug)]
pub struct Nodes(pub(super) NodePool);

impl Nodes {
    /// One node of this name with 4 CPUs, 16Gi and 110 pods.
    pub fn named(name: &str) -> Self {
        Self(NodePool { name: name.into(), count: 1, ..NodePool::default() })
    }

    /// The number of nodes.
    #[must_use]
    pub fn count(mut self, count: u32) -> Self {
        self.0.count = count;
        self
    }

    /// The CPUs of each node, as a quantity.
    #[must_use]
    pub fn cpu(self, quantity: &str) -> Self {
        self.capacity("cpu", quantity)
    }

    /// The memory of each node, as a quantity.
    #[must_use]
    pub fn memory(self, quantity: &str) -> Self {
        self.capacity("memory", quantity)
    }

    /// The capacity of each node for any resource, as a quantity.
    #[must_use]
    pub fn capacity(mut self, resource: &str, quantity: &str) -> Self {
        self.0.capacity.insert(resource.into(), quantity.into());
        self
    }

    /// The zones, which the nodes take in turn.
    #[must_use]
    pub fn zones<'a>(mut self, zones: impl IntoIterator<Item = &'a str>) -> Self {
        self.0.zones = zones.into_iter().map(str::to_owned).collect();
        self
    }

    /// A label of each node.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.0.labels.insert(key.into(), value.into());
        self
    }
}

/// How containers of some images behave.
#[derive(Clone, Debug)]
pub struct Image {
    pub(super) rule: ImageRule,
    pub(super) program: Option<programs::Program>,
    pub(super) allow: Vec<Allow>,
    /// What is wrong with the calls that made it.
    pub(super) problems: Vec<String>,
}

impl Image {
    /// The images that match a glob. Pull, start and readiness take 1 s each unless you say otherwise.
    pub fn matching(pattern: &str) -> Self {
        Self { rule: ImageRule::matching(pattern), program: None, allow: Vec::new(), problems: Vec::new() }
    }

    /// How long the first pull on each node takes.
    #[must_use]
    pub fn pull(mut self, times: impl Times) -> Self {
        self.rule.pull = Pull::Takes(times.times());
        self
    }

    /// The time from ContainerCreating to Running.
    #[must_use]
    pub fn start(mut self, times: impl Times) -> Self {
        self.rule.start = times.times();
        self
    }

    /// The time from Running to ready.
    #[must_use]
    pub fn ready(mut self, times: impl Times) -> Self {
        self.rule.ready = Ready::After(times.times());
        self
    }

    /// The containers never become ready.
    #[must_use]
    pub fn never_ready(mut self) -> Self {
        self.rule.ready = Ready::Never;
        self
    }

    /// The time from SIGTERM to the exit.
    #[must_use]
    pub fn stop(mut self, times: impl Times) -> Self {
        self.rule.stop = times.times();
        self
    }

    /// The container exits by itself with this code, so long after its start.
    #[must_use]
    pub fn exit(mut self, after: impl Times, code: i32) -> Self {
        self.rule.exit = Some(Exit { after: after.times(), code });
        self
    }

    /// The container hangs from this time after its start on: it answers neither probes nor SIGTERM.
    #[must_use]
    pub fn hang(mut self, after: impl Times) -> Self {
        self.rule.hang = Some(after.times());
        self
    }

    /// How long a postStart hook takes that is not `sleep`.
    #[must_use]
    pub fn post_start(mut self, times: impl Times) -> Self {
        self.rule.post_start = times.times();
        self
    }

    /// How long a preStop hook takes that is not `sleep`.
    #[must_use]
    pub fn pre_stop(mut self, times: impl Times) -> Self {
        self.rule.pre_stop = times.times();
        self
    }

    /// The memory that the container takes, as a quantity. With a lower limit it is OOMKilled as it starts.
    #[must_use]
    pub fn takes_memory(mut self, quantity: &str) -> Self {
        self.rule.memory = Some(quantity.into());
        self
    }

    /// Runs this program in the container.
    #[must_use]
    pub fn program(mut self, program: Program) -> Self {
        self.rule.program = Some(program.program.name().into());
        self.rule.with = program.spec.with;
        self.allow = program.allow;
        if program.spec.replicas != 1 {
            let why =
                "`replicas` does not go with an image: each container of the image runs the program once";
            self.problems.push(why.into());
        }
        self.program = Some(program.program);
        self
    }
}

/// A program, and how it runs beside the cluster.
#[derive(Clone, Debug)]
pub struct Program {
    pub(super) program: programs::Program,
    pub(super) spec: OperatorSpec,
    pub(super) allow: Vec<Allow>,
}

/// A permission, or what is wrong with it.
pub(super) type Allow = Result<Permission, String>;

impl Program {
    /// A program. Each incarnation of a host calls `start` once; when its future returns, the process exits.
    pub fn new<F, Fut, E>(name: &str, start: F) -> Self
    where
        F: Fn(Host) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + 'static,
        E: fmt::Display,
    {
        let spec =
            OperatorSpec { name: name.into(), program: name.into(), replicas: 1, with: Value::empty_map() };
        Self { program: programs::Program::new(name, start), spec, allow: Vec::new() }
    }

    /// The number of hosts that run it.
    #[must_use]
    pub fn replicas(mut self, replicas: u32) -> Self {
        self.spec.replicas = replicas;
        self
    }

    /// Lets the program reach out of the run, for a reason: `sockets`, `threads` or `processes`. Without this it is the violation
    /// `escape`. With it wavetank promises no determinism.
    #[must_use]
    pub fn allow(mut self, what: &str, reason: &str) -> Self {
        self.allow.push(Permission::new(self.program.name(), what, reason));
        self
    }

    /// Sets an environment variable of its hosts.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.spec.with.set_at(&[name], value);
        self
    }
}

/// An object from any serialisable value.
pub(super) fn object(value: &impl serde::Serialize) -> Result<std::sync::Arc<Object>, String> {
    Value::from_serialize(value).map(Object::shared).map_err(|error| format!("not an object: {error}"))
}
