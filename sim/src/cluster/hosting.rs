//! Hosts come and go: started beside the cluster or in containers, exiting, crashing, restarted.

use std::collections::BTreeMap;

use super::{Cluster, Event, Part};
use crate::engine::{Millis, SECOND, Time};
use crate::object::{Object, Str, Value};
use crate::programs::{Ended, HostSpec, Mischief, Program, Whom};
use crate::wire::{ActorClass, Addr, Commit, ContainerId, HostOrder, What, resource};

/// First restart of a process beside the cluster that died for the first time, in ms. Our choice: a supervisor's.
const RESTART_MS: Millis = SECOND;
/// Back-off of a process that dies again, in ms: as a container's (kubelet `MaxContainerBackOff` and its base).
const BACKOFF_MS: (Millis, Millis) = (10 * SECOND, 300 * SECOND);
/// A process that ran this long starts its back-off anew, in ms (kubelet: twice the longest back-off).
const BACKOFF_RESET_MS: Millis = 600 * SECOND;

/// Exit code of a process that returned an error.
const EXIT_ERROR: i32 = 1;
/// Exit code of a Rust process that panicked.
const EXIT_PANIC: i32 = 101;
/// Exit code of a process that was killed.
const EXIT_KILLED: i32 = 137;
/// Exit code of a process that SIGTERM ended: programs here do not catch it.
const EXIT_TERMINATED: i32 = 143;

/// What the cluster knows of hosts beside what [`Hosts`](crate::programs::Hosts) does.
#[derive(Debug, Default)]
pub(super) struct Hosting {
    programs: BTreeMap<Str, Program>,
    containers: BTreeMap<ContainerId, Addr>,
    in_container: BTreeMap<Addr, ContainerId>,
    /// The kubelet of the node that a host in a container runs on.
    nodes: BTreeMap<Addr, Addr>,
    lives: BTreeMap<Addr, Lives>,
}

/// The deaths of a process beside the cluster.
#[derive(Clone, Copy, Debug, Default)]
struct Lives {
    started: Time,
    deaths: u32,
}

impl Hosting {
    pub(super) fn new(programs: Vec<Program>) -> Self {
        let programs = programs.into_iter().map(|program| (program.name().into(), program)).collect();
        Self { programs, ..Self::default() }
    }
}

impl Cluster {
    /// Adds a host beside the cluster; it starts `after` from now.
    pub fn add_host(&mut self, spec: HostSpec, after: Millis) -> Addr {
        let addr = self.add_part(spec.name.clone(), ActorClass::Host, Part::Host);
        self.hosts.add(addr, spec);
        self.queue.push(self.queue.now() + after, u64::from(addr.0), Event::Start(addr));
        addr
    }

    /// The program with this registered name.
    pub fn program(&self, name: &str) -> Option<&Program> {
        self.hosting.programs.get(name)
    }

    /// The hosts that run a program whose name, or whose own name, fits; with whether they run now.
    pub fn hosts_named<'a>(
        &'a self,
        fits: impl Fn(&str) -> bool + 'a,
    ) -> impl Iterator<Item = (Addr, bool)> + 'a {
        self.hosts
            .iter()
            .filter(move |(addr, spec)| {
                fits(spec.program.name()) || fits(&spec.name) || fits(&self.history.actor(*addr).name)
            })
            .map(|(addr, _)| (addr, self.hosts.runs(addr)))
    }

    /// Whether every process beside the cluster runs.
    pub fn all_programs_run(&self) -> bool {
        self.hosts
            .iter()
            .all(|(addr, _)| self.hosts.runs(addr) || self.hosting.in_container.contains_key(&addr))
    }

    /// A host starts.
    pub(super) fn start(&mut self, addr: Addr) {
        if self.hosts.runs(addr) {
            return;
        }
        let now = self.now();
        self.hosting.lives.entry(addr).or_default().started = now;
        self.hosts.start(addr);
        let text = smol_str::format_smolstr!("started, incarnation {}", self.hosts.incarnation(addr));
        self.note(addr, What::Host(text));
        self.restless = true;
    }

    /// A process dies where it stands.
    pub fn crash(&mut self, addr: Addr) {
        if self.hosts.runs(addr) {
            self.end(addr, EXIT_KILLED, "crashed".into());
        }
    }

    /// The programs in the containers of a pod die where they stand.
    pub fn crash_pod_programs(&mut self, pod_uid: &str) {
        self.hosts_in_pod(pod_uid).into_iter().for_each(|host| self.crash(host));
    }

    /// The hosts of the programs in the containers of a pod.
    pub fn hosts_in_pod(&self, pod_uid: &str) -> Vec<Addr> {
        let inside = |(id, addr): (&ContainerId, &Addr)| (id.pod_uid == pod_uid).then_some(*addr);
        self.hosting.containers.iter().filter_map(inside).collect()
    }

    /// A container's process, the pod's first if none is named, ends by itself with this code.
    pub fn crash_container(&mut self, pod_uid: &str, container: Option<&str>, code: i32) {
        self.with_runtime(|runtime, out| {
            runtime.kill(pod_uid, container, code, out);
        });
    }

    /// The ready containers among these are not ready for so long.
    pub fn flap_containers(&mut self, whom: &Whom, down_ms: Millis) {
        self.with_runtime(|runtime, out| runtime.flap(whom, down_ms, out));
    }

    /// What faults have in store for containers.
    pub fn mischief(&mut self) -> &mut Mischief {
        self.runtime.mischief()
    }

    /// Takes the programs that ended by themselves.
    pub(super) fn take_ended(&mut self) {
        for (addr, ended) in self.hosts.stage().take_ended() {
            let (code, text) = match ended {
                Ended::Exit(Ok(())) => (0, "exited".into()),
                Ended::Exit(Err(error)) => {
                    (EXIT_ERROR, smol_str::format_smolstr!("exited with an error: {error}"))
                }
                Ended::Panic(message) => (EXIT_PANIC, smol_str::format_smolstr!("panicked: {message}")),
            };
            self.end(addr, code, text);
        }
    }

    /// Ends a living incarnation and sees that the process is started again.
    fn end(&mut self, addr: Addr, code: i32, text: Str) {
        for id in self.hosts.fence(addr) {
            self.close_watch(addr, id);
        }
        self.note(addr, What::Host(text));
        self.restless = true;
        match self.hosting.in_container.get(&addr).cloned() {
            Some(container) => self.with_runtime(|runtime, out| runtime.host_exited(&container, code, out)),
            None => {
                let after = self.restart_after(addr);
                self.queue.push(self.now() + after, u64::from(addr.0), Event::Start(addr));
            }
        }
    }

    fn restart_after(&mut self, addr: Addr) -> Millis {
        let now = self.now();
        let lives = self.hosting.lives.entry(addr).or_default();
        if now.since(lives.started) >= BACKOFF_RESET_MS {
            lives.deaths = 0;
        }
        lives.deaths += 1;
        match lives.deaths {
            1 => RESTART_MS,
            deaths => (BACKOFF_MS.0 << (deaths - 2).min(16)).min(BACKOFF_MS.1),
        }
    }

    /// The container runtime wants a program started or ended.
    pub(super) fn host_order(&mut self, order: HostOrder) {
        match order {
            HostOrder::Start { id, program, with, pod, node } => {
                if let Some(addr) = self.start_in_container(id, &program, &with, &pod) {
                    self.hosting.nodes.insert(addr, node);
                }
            }
            HostOrder::Stop { id, .. } => self.end_in_container(&id, EXIT_TERMINATED),
            HostOrder::Kill { id } => self.end_in_container(&id, EXIT_KILLED),
        }
    }

    fn start_in_container(
        &mut self,
        id: ContainerId,
        program: &str,
        with: &Value,
        pod: &Object,
    ) -> Option<Addr> {
        let Some(program) = self.hosting.programs.get(program).cloned() else {
            // A scenario with an unknown program is refused when it is read.
            self.with_runtime(|runtime, out| runtime.host_exited(&id, EXIT_ERROR, out));
            return None;
        };
        let earlier = self.hosting.containers.range(first_attempt(&id)..=id.clone()).next_back();
        let addr = match earlier.map(|(_, addr)| *addr) {
            Some(addr) => addr,
            None => self.add_pod_host(&id, program, with, pod),
        };
        self.hosting.containers.insert(id.clone(), addr);
        self.hosting.in_container.insert(addr, id);
        self.start(addr);
        Some(addr)
    }

    /// The kubelet of the node that a host runs on, if it runs in a container.
    pub(super) fn host_node(&self, host: Addr) -> Option<Addr> {
        self.hosting.nodes.get(&host).copied()
    }

    fn add_pod_host(&mut self, id: &ContainerId, program: Program, with: &Value, pod: &Object) -> Addr {
        let birth = self.births.get(&id.pod_uid).map_or_else(|| pod.name().into(), ToString::to_string);
        let actor = smol_str::format_smolstr!("{}@{}/{birth}", program.name(), pod.namespace());
        let identity = service_account(pod);
        let mut env = container_env(pod, &id.container);
        env.extend(with_env(with));
        let addr = self.add_part(actor, ActorClass::Host, Part::Host);
        self.hosts.add(addr, HostSpec { program, name: pod.name().into(), identity, env });
        addr
    }

    fn end_in_container(&mut self, id: &ContainerId, code: i32) {
        if let Some(addr) = self.hosting.containers.get(id).copied().filter(|addr| self.hosts.runs(*addr)) {
            self.end(addr, code, "stopped by its container runtime".into());
        }
    }

    /// What the cluster itself has to know of a commit.
    pub(super) fn on_commit(&mut self, commit: &Commit) {
        if commit.resource != *resource::PODS {
            return;
        }
        let uid = Str::from(commit.object().uid());
        if let Some(birth) = &commit.birth {
            let text = smol_str::format_smolstr!("{}/{birth}", commit.key.namespace);
            self.runtime.note_birth(&uid, text);
            self.births.insert(uid, birth.clone());
        } else if commit.new.is_none() {
            self.births.remove(&uid);
        }
    }
}

/// The first attempt of the same container.
fn first_attempt(id: &ContainerId) -> ContainerId {
    ContainerId { attempt: 0, ..id.clone() }
}

/// The user that a pod's processes are to the API server.
fn service_account(pod: &Object) -> Str {
    let account = pod.str_at(&["spec", "serviceAccountName"]).unwrap_or("default");
    smol_str::format_smolstr!("system:serviceaccount:{}:{account}", pod.namespace())
}

/// The plain environment of a container, with what the downward API fills in for name, namespace and node.
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

/// The `with` of a program as environment: strings as they are, all else as JSON.
pub fn with_env(with: &Value) -> Vec<(Str, Str)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_json().into(), Str::new);
    let entries = with.as_map().into_iter().flatten();
    entries.map(|(key, value)| (key.as_str().into(), text(value))).collect()
}
