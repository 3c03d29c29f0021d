//! The processes of hosts: they start beside the cluster or in containers, exit, crash and restart.
//!
//! Real: a supervisor restarts a process beside the cluster, the kubelet restarts a container. Modelled: both; the kubelet
//! orders, the container runtime passes the order on. A program that is told to stop may end by itself, with code 0 if it
//! returns; the runtime kills it when its grace is over.

use std::collections::BTreeMap;

use super::Cluster;
use super::actors::ActorKind;
use super::event_loop::QueuedEvent;
use crate::engine::{Millis, SECOND, Time};
use crate::object::{Object, Str, Value};
use crate::programs::{ContainerFaults, ContainerSelector, Ended, HostSpec, Program};
use crate::wire::{ActorClass, Addr, Birth, Commit, ContainerId, Exit, HostOrder, What, resource};

/// The delay of the first restart of a process beside the cluster, in ms. Our choice: as a supervisor does.
const RESTART_MS: Millis = SECOND;
/// The first and the longest back-off of further restarts, in ms: as for a container (kubelet `MaxContainerBackOff` and its
/// base).
const BACKOFF_MS: (Millis, Millis) = (10 * SECOND, 300 * SECOND);
/// The back-off of a process that ran this long starts again, in ms (kubelet: twice the longest back-off).
const BACKOFF_RESET_MS: Millis = 600 * SECOND;

/// The exit code of a Rust program whose `main` returned an error (`std::process::ExitCode::FAILURE`).
const EXIT_ERROR: i32 = 1;
/// The exit code of a Rust program whose main thread panicked.
const EXIT_PANIC: i32 = 101;

/// What the record says of a program that its container runtime kills.
const KILLED: &str = "killed by its container runtime";
/// The same, if its handler of SIGTERM was not called before: it may never have learned that it should stop.
pub const KILLED_UNHEARD: &str = "killed by its container runtime, without a call of its SIGTERM handler";

/// The processes of hosts. [`Hosts`](crate::programs::Hosts) has their incarnations.
#[derive(Debug, Default)]
pub(super) struct Processes {
    /// The registered programs, by name.
    programs: BTreeMap<Str, Program>,
    /// The host of each container that has run a program.
    by_container: BTreeMap<ContainerId, Addr>,
    /// The container in which a host runs or ran last, and the kubelet of its node.
    containers: BTreeMap<Addr, (ContainerId, Addr)>,
    /// Restarts of hosts, by address.
    restarts: BTreeMap<Addr, Restarts>,
    /// Birth names of pods, by uid.
    births: BTreeMap<Str, Birth>,
    /// The living hosts that were told to stop, and whether a handler of theirs should have been called and was not.
    stopping: BTreeMap<Addr, bool>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Restarts {
    started: Time,
    deaths: u32,
}

impl Restarts {
    /// Counts a death at this time. Returns the time until the next start.
    fn after_death(&mut self, now: Time) -> Millis {
        if now.since(self.started) >= BACKOFF_RESET_MS {
            self.deaths = 0;
        }
        self.deaths += 1;
        match self.deaths {
            1 => RESTART_MS,
            deaths => (BACKOFF_MS.0 << (deaths - 2).min(16)).min(BACKOFF_MS.1),
        }
    }
}

impl Processes {
    pub(super) fn new(programs: Vec<Program>) -> Self {
        let programs = programs.into_iter().map(|program| (program.name().into(), program)).collect();
        Self { programs, ..Self::default() }
    }

    /// Whether any program may run.
    pub(super) fn any_registered(&self) -> bool {
        !self.programs.is_empty()
    }

    /// The kubelet of the node on which a host runs, if the host runs in a container.
    pub(super) fn node_of(&self, host: Addr) -> Option<Addr> {
        self.containers.get(&host).map(|(_, kubelet)| *kubelet)
    }
}

impl Cluster {
    /// Adds a host beside the cluster. It starts `after` from now, in ms.
    pub fn add_host(&mut self, spec: HostSpec, after: Millis) -> Addr {
        let addr = self.add_actor(spec.name.clone(), ActorClass::Host, ActorKind::Host);
        self.hosts.add(addr, spec);
        self.queue.push(self.queue.now() + after, u64::from(addr.0), QueuedEvent::Start(addr));
        addr
    }

    /// The program with this registered name.
    pub fn program(&self, name: &str) -> Option<&Program> {
        self.processes.programs.get(name)
    }

    /// Whether every process beside the cluster runs.
    pub fn all_programs_run(&self) -> bool {
        let in_container = |addr| self.processes.containers.contains_key(&addr);
        self.hosts.iter().all(|(addr, _)| self.hosts.runs(addr) || in_container(addr))
    }

    /// A host starts.
    pub(super) fn start(&mut self, addr: Addr) {
        if self.hosts.runs(addr) {
            return;
        }
        let now = self.now();
        self.processes.restarts.entry(addr).or_default().started = now;
        self.hosts.start(addr);
        let text = smol_str::format_smolstr!("started, incarnation {}", self.hosts.incarnation(addr));
        self.note(addr, What::Host(text));
        self.programs_may_act = true;
    }

    /// A process dies at once, in the middle of whatever it does.
    pub fn crash(&mut self, addr: Addr) {
        if self.hosts.runs(addr) {
            self.end(addr, Exit::SIGKILL, "crashed".into());
        }
    }

    /// The programs in the containers of a pod die at once.
    pub fn crash_pod_programs(&mut self, pod_uid: &str) {
        self.hosts_in_pod(pod_uid).into_iter().for_each(|host| self.crash(host));
    }

    /// The hosts of the programs in the containers of a pod.
    pub fn hosts_in_pod(&self, pod_uid: &str) -> Vec<Addr> {
        let inside = |(id, addr): (&ContainerId, &Addr)| (id.pod_uid == pod_uid).then_some(*addr);
        self.processes.by_container.iter().filter_map(inside).collect()
    }

    /// The process of a container of a pod ends by itself with this code: of the pod's first one if none is named.
    pub fn crash_container(&mut self, pod_uid: &str, container: Option<&str>, code: i32) {
        self.with_runtime(|runtime, out| _ = runtime.kill(pod_uid, container, code, out));
    }

    /// Those of these containers that are ready are not ready for this time.
    pub fn flap_containers(&mut self, containers: &ContainerSelector, down_ms: Millis) {
        self.with_runtime(|runtime, out| runtime.flap(containers, down_ms, out));
    }

    /// The pulls and starts that faults change.
    pub fn container_faults(&mut self) -> &mut ContainerFaults {
        self.runtime.faults()
    }

    /// Ends the incarnations of the programs that ended by themselves.
    pub(super) fn take_ended(&mut self) {
        for (addr, ended) in self.hosts.stage().take_ended() {
            let (code, text) = match ended {
                Ended::Exit(Ok(())) => (0, "exited".into()),
                Ended::Exit(Err(error)) => {
                    (EXIT_ERROR, smol_str::format_smolstr!("exited with an error: {error}"))
                }
                Ended::Code(0) => (0, "exited".into()),
                Ended::Code(code) => (code, smol_str::format_smolstr!("exited with code {code}")),
                Ended::Panic(message) => (EXIT_PANIC, smol_str::format_smolstr!("panicked: {message}")),
                Ended::StartPanic(message) => {
                    (EXIT_PANIC, smol_str::format_smolstr!("panicked in its start closure: {message}"))
                }
            };
            let stopping = self.processes.stopping.contains_key(&addr);
            let text = if stopping { smol_str::format_smolstr!("stopped on SIGTERM: {text}") } else { text };
            self.end(addr, code, text);
        }
    }

    /// Ends the living incarnation of a host. A supervisor or the kubelet will start the next one.
    fn end(&mut self, addr: Addr, code: i32, text: Str) {
        for id in self.hosts.fence(addr) {
            self.close_watch(addr, id);
        }
        self.note(addr, What::Host(text));
        self.processes.stopping.remove(&addr);
        self.programs_may_act = true;
        match self.processes.containers.get(&addr).cloned() {
            Some((container, _)) => {
                self.with_runtime(|runtime, out| runtime.host_exited(&container, code, out))
            }
            None => {
                let now = self.now();
                let after = self.processes.restarts.entry(addr).or_default().after_death(now);
                self.queue.push(now + after, u64::from(addr.0), QueuedEvent::Start(addr));
            }
        }
    }

    /// Carries out an order of the container runtime: starts or ends a program.
    pub(super) fn host_order(&mut self, order: HostOrder) {
        match order {
            HostOrder::Start { id, program, with, pod, node } => {
                self.start_in_container(id, node, &program, &with, &pod);
            }
            HostOrder::Stop { id, .. } => self.terminate_in_container(&id),
            HostOrder::Kill { id } => self.kill_in_container(&id),
        }
    }

    fn start_in_container(&mut self, id: ContainerId, node: Addr, program: &str, with: &Value, pod: &Object) {
        let Some(program) = self.program(program).cloned() else {
            // A scenario with an unknown program is refused before it runs.
            return self.with_runtime(|runtime, out| runtime.host_exited(&id, EXIT_ERROR, out));
        };
        let first_attempt = ContainerId { attempt: 0, ..id.clone() };
        let mut earlier = self.processes.by_container.range(first_attempt..=id.clone());
        let earlier = earlier.next_back().map(|(_, addr)| *addr);
        let addr = earlier.unwrap_or_else(|| self.add_pod_host(&id, program, with, pod));
        self.processes.by_container.insert(id.clone(), addr);
        self.processes.containers.insert(addr, (id, node));
        self.start(addr);
    }

    fn add_pod_host(&mut self, id: &ContainerId, program: Program, with: &Value, pod: &Object) -> Addr {
        let birth = self.processes.births.get(&id.pod_uid).map(ToString::to_string);
        let birth = birth.unwrap_or_else(|| pod.name().to_owned());
        let actor = smol_str::format_smolstr!("{}@{}/{birth}", program.name(), pod.namespace());
        let identity = service_account(pod);
        let env = container_env(pod, &id.container).into_iter().chain(with_env(with)).collect();
        let addr = self.add_actor(actor, ActorClass::Host, ActorKind::Host);
        self.hosts.add(addr, HostSpec { program, name: pod.name().into(), identity, env });
        addr
    }

    /// The living host of the program in a container.
    fn living_in(&self, id: &ContainerId) -> Option<Addr> {
        let host = self.processes.by_container.get(id).copied();
        host.filter(|addr| self.hosts.runs(*addr))
    }

    /// SIGTERM. A second one tells a program nothing new.
    fn terminate_in_container(&mut self, id: &ContainerId) {
        let host = self.living_in(id).filter(|addr| !self.processes.stopping.contains_key(addr));
        if let Some(addr) = host {
            self.note(addr, What::Host("told to stop (SIGTERM)".into()));
            let is_unheard = !self.hosts.terminate(addr);
            self.processes.stopping.insert(addr, is_unheard);
            self.programs_may_act = true;
        }
    }

    fn kill_in_container(&mut self, id: &ContainerId) {
        if let Some(addr) = self.living_in(id) {
            let is_unheard = self.processes.stopping.get(&addr) == Some(&true);
            self.end(addr, Exit::SIGKILL, if is_unheard { KILLED_UNHEARD } else { KILLED }.into());
        }
    }

    /// Notes birth names of pods, under which times of their containers are drawn.
    pub(super) fn on_commit(&mut self, commit: &Commit) {
        if commit.resource != *resource::PODS {
            return;
        }
        let uid = Str::from(commit.object().uid());
        if let Some(birth) = &commit.birth {
            let text = smol_str::format_smolstr!("{}/{birth}", commit.key.namespace);
            self.runtime.note_birth(&uid, text);
            self.processes.births.insert(uid, birth.clone());
        } else if commit.new.is_none() {
            self.processes.births.remove(&uid);
        }
    }
}

/// The user name that the API server sees for a pod's processes.
fn service_account(pod: &Object) -> Str {
    let account = pod.str_at(&["spec", "serviceAccountName"]).unwrap_or("default");
    smol_str::format_smolstr!("system:serviceaccount:{}:{account}", pod.namespace())
}

/// The environment of a container: plain values, and fields of the pod (downward API).
fn container_env(pod: &Object, container: &str) -> Vec<(Str, Str)> {
    let containers = pod.items_at(&["spec", "containers"]);
    let found = containers.iter().find(|c| c.str_at(&["name"]) == Some(container));
    let env = found.map(|c| c.items_at(&["env"])).unwrap_or_default();
    let value = |entry: &Value| -> Option<Str> {
        let reference = entry.str_at(&["valueFrom", "fieldRef", "fieldPath"]);
        let field = reference.map(|path| path.split('.').collect::<Vec<_>>());
        field.map_or_else(|| entry.str_at(&["value"]), |path| pod.str_at(&path)).map(Str::new)
    };
    env.iter().filter_map(|entry| Some((entry.str_at(&["name"])?.into(), value(entry)?))).collect()
}

/// The `with` of a program as environment variables: strings as they are, anything else as JSON.
pub fn with_env(with: &Value) -> Vec<(Str, Str)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_json().into(), Str::new);
    let entries = with.as_map().into_iter().flatten();
    entries.map(|(key, value)| (key.as_str().into(), text(value))).collect()
}
