//! The container runtime of all nodes: it carries out the orders of kubelets, with the delays of the images.
//!
//! Real: containerd, the kubelet's handlers of lifecycle hooks, and the processes in the containers. Modelled: images per
//! node, pulls, start, readiness, exits, hanging, SIGTERM and SIGKILL, the time that hooks take, kills from outside. A
//! container whose image is a program is a host; the cluster runs it on the orders of this runtime. A container that hangs
//! gets SIGKILL when its grace period ends, and so does a program that does not end itself on SIGTERM: it is process 1 of its
//! container, for which the kernel ignores a SIGTERM without a handler. Differs: any other container that stops on SIGTERM exits
//! with code 0, as a server with a handler does; a process starts after its postStart hook, not beside it. Not modelled: hooks that fail, sandboxes, disk,
//! CPU, and memory beyond a kill at the start.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::container_faults::{ContainerFaults, ContainerSelector};
use super::images::{FirstPull, Image, Images, Readiness, Span};
use crate::engine::{Draws, Millis, SECOND, Time};
use crate::object::{Object, Quantity, Str, Value, is_sidecar};
use crate::wire::{
    Addr, Command, Component, ContainerId, Effect, Exit, HostOrder, Input, Outbox, PullError, RuntimeEvent,
};

/// The least time between the end of a preStop hook and SIGKILL (kubelet `minimumGracePeriodInSeconds`).
const LEAST_AFTER_HOOK_MS: Millis = 2 * SECOND;

/// The containers of all nodes.
#[derive(Debug)]
pub struct ContainerRuntime {
    images: Images,
    draws: Draws,
    /// Birth names of pods, by uid.
    births: BTreeMap<Str, Str>,
    /// Images, by the address of their node's kubelet and name.
    pulled: BTreeMap<(Addr, Str), Presence>,
    processes: BTreeMap<ContainerId, Process>,
    timers: BTreeMap<u64, (ContainerId, Timer)>,
    last_token: u64,
    faults: ContainerFaults,
}

#[derive(Clone, Copy, Default, Debug)]
struct Presence {
    there: bool,
    failures: u32,
}

/// The process of a container, from its creation to its exit.
#[derive(Debug)]
struct Process {
    /// The address of its node's kubelet.
    node: Addr,
    image: Str,
    pod: Arc<Object>,
    /// Whether it runs. Until then the runtime creates it.
    runs: bool,
    ready: bool,
    hangs: bool,
    /// When its preStop hook ends, once the kubelet has ordered to stop it.
    hook_ends: Option<Time>,
    /// When it ends at the latest, once the kubelet has ordered to stop it.
    ends: Option<Time>,
}

/// What a timer of a container is for.
#[derive(Debug)]
enum Timer {
    /// The pull of this image on this node ends.
    Pulled(Addr, Str, Result<(), PullError>),
    Started,
    Ready,
    Hangs,
    /// The preStop hook ends: SIGTERM, and SIGKILL after this time.
    HookEnds(Millis),
    Exited(Exit),
}

impl ContainerRuntime {
    /// A runtime without containers.
    pub fn new(images: Images, draws: Draws) -> Self {
        Self {
            images,
            draws,
            births: BTreeMap::new(),
            pulled: BTreeMap::new(),
            processes: BTreeMap::new(),
            timers: BTreeMap::new(),
            last_token: 0,
            faults: ContainerFaults::default(),
        }
    }

    /// The pulls and starts that faults change.
    pub fn faults(&mut self) -> &mut ContainerFaults {
        &mut self.faults
    }

    /// The machine of the kubelet at this address loses its power. Its containers are gone, and the kubelet gets no event.
    pub fn power_off(&mut self, node: Addr, out: &mut Outbox) {
        let on_node = self.processes.iter().filter(|(_, process)| process.node == node);
        let lost: Vec<ContainerId> = on_node.map(|(id, _)| id.clone()).collect();
        for id in &lost {
            let Some(process) = self.processes.remove(id) else { continue };
            if process.runs && self.images.of(&process.image).program.is_some() {
                out.push(Effect::Host(HostOrder::Kill { id: id.clone() }));
            }
        }
        // A later start of a lost container may have the same id: no timer of the first one may reach it.
        self.timers.retain(|_, (id, timer)| match timer {
            Timer::Pulled(of, ..) => *of != node,
            _ => !lost.contains(id),
        });
    }

    /// Those of these containers that are ready are not ready for this time.
    pub fn flap(&mut self, containers: &ContainerSelector, down_ms: Millis, out: &mut Outbox) {
        let hit = |p: &Process, id: &ContainerId| p.ready && containers.matches(&p.image, &id.pod_uid);
        let mut flapping = Vec::new();
        for (id, process) in self.processes.iter_mut().filter(|(id, process)| hit(process, id)) {
            process.ready = false;
            flapping.push((id.clone(), process.node));
        }
        for (id, node) in flapping {
            out.push(Effect::Runtime(node, RuntimeEvent::Ready(id.clone(), false)));
            self.later(down_ms, id, Timer::Ready, out);
        }
    }

    /// Notes the birth name of a pod, under which its times are drawn. Without one they are drawn under namespace and name.
    pub fn note_birth(&mut self, pod_uid: &str, birth: Str) {
        self.births.insert(pod_uid.into(), birth);
    }

    /// Ends a container of a pod from outside: the pod's first one if none is named. Whether there was one.
    pub fn kill(&mut self, pod_uid: &str, container: Option<&str>, code: i32, out: &mut Outbox) -> bool {
        let mut pods = self.processes.values().map(|process| &process.pod);
        let Some(pod) = pods.find(|pod| pod.uid() == pod_uid) else { return false };
        let first = || pod.items_at(&["spec", "containers"]).first()?.str_at(&["name"]);
        let name = container.or_else(first);
        let found = |id: &&ContainerId| id.pod_uid == pod_uid && Some(id.container.as_str()) == name;
        let Some(id) = self.processes.keys().find(found).cloned() else { return false };
        self.exit(&id, Exit::with_code(code), out);
        true
    }

    /// The program in a container ended with this exit code.
    pub fn host_exited(&mut self, id: &ContainerId, code: i32, out: &mut Outbox) {
        if let Some(process) = self.processes.remove(id) {
            let exited = RuntimeEvent::Exited(id.clone(), Exit::with_code(code));
            out.push(Effect::Runtime(process.node, exited));
        }
    }

    fn order(&mut self, node: Addr, command: Command, out: &mut Outbox) {
        match command {
            Command::Pull { id, image, if_not_present, pod } => {
                self.pull(node, id, image, if_not_present, &pod, out);
            }
            Command::Start { id, image, pod } => {
                let delay = self.draw("start", self.images.of(&image).start, &id, &pod);
                let hook = self.hook("postStart", self.images.of(&image).post_start, &id, &pod);
                let delay = delay + hook + self.faults.delay_of_start(&image, &id.pod_uid);
                let (runs, ready, hangs) = (false, false, false);
                let process = Process { node, image, pod, runs, ready, hangs, hook_ends: None, ends: None };
                self.processes.insert(id.clone(), process);
                self.later(delay, id, Timer::Started, out);
            }
            Command::Stop { id, grace_ms } => self.stop(&id, grace_ms, out),
        }
    }

    fn pull(
        &mut self,
        node: Addr,
        id: ContainerId,
        image: Str,
        if_not_present: bool,
        pod: &Object,
        out: &mut Outbox,
    ) {
        let presence = self.pulled.entry((node, image.clone())).or_default();
        let asks_registry = !(presence.there && if_not_present);
        let by_fault = if asks_registry { self.faults.failure_of_pull(&image) } else { None };
        let (delay, failure) = match &self.images.of(&image).pull {
            _ if !asks_registry => (0, None),
            _ if by_fault.is_some() => (SECOND, by_fault),
            FirstPull::Fails { reason, times } if presence.failures < *times => {
                presence.failures += 1;
                (SECOND, Some(reason.clone()))
            }
            // `imagePullPolicy: Always` asks the registry, which answers that nothing is new.
            _ if presence.there => (0, None),
            FirstPull::Fails { .. } => (SECOND, None),
            FirstPull::Takes(span) => {
                let span = *span;
                (self.draw("pull", span, &id, pod), None)
            }
        };
        let result = failure.map_or(Ok(()), |reason| Err(PullError { reason, message: not_found(&image) }));
        self.later(delay, id, Timer::Pulled(node, image, result), out);
    }

    /// A time of the span, drawn under the pod's birth name, the container's name and the attempt.
    fn draw(&mut self, purpose: &str, span: Span, id: &ContainerId, pod: &Object) -> Millis {
        if span.low_ms >= span.high_ms {
            return span.low_ms;
        }
        let attempt = smol_str::format_smolstr!("{}", id.attempt);
        let birth = self.births.get(&id.pod_uid).cloned().unwrap_or_else(|| pod.path());
        span.draw(&mut self.draws, &[purpose, &birth, &id.container, &attempt])
    }

    /// How long a lifecycle hook takes: no time if the container has none, else as its `sleep` or the image says.
    fn hook(&mut self, which: &str, span: Span, id: &ContainerId, pod: &Object) -> Millis {
        let Some(hook) = spec_of(id, pod).and_then(|spec| spec.at(&["lifecycle", which])) else { return 0 };
        match hook.i64_at(&["sleep", "seconds"]) {
            Some(seconds) => u64::try_from(seconds).unwrap_or(0) * SECOND,
            None => self.draw(which, span, id, pod),
        }
    }

    fn later(&mut self, delay: Millis, id: ContainerId, timer: Timer, out: &mut Outbox) {
        self.last_token += 1;
        self.timers.insert(self.last_token, (id, timer));
        out.timer_in(delay, self.last_token);
    }

    fn on_timer(&mut self, token: u64, out: &mut Outbox) {
        let Some((id, timer)) = self.timers.remove(&token) else { return };
        match timer {
            Timer::Pulled(node, image, result) => {
                self.pulled.entry((node, image)).or_default().there |= result.is_ok();
                out.push(Effect::Runtime(node, RuntimeEvent::Pulled(id, result)));
            }
            Timer::Started => self.started(id, out),
            Timer::Ready => self.ready(&id, out),
            Timer::Hangs => self.hang(id, out),
            Timer::HookEnds(grace_ms) if self.processes.contains_key(&id) => {
                out.push(Effect::Host(HostOrder::Stop { id, grace_ms }));
            }
            Timer::HookEnds(_) => {}
            Timer::Exited(exit) => self.exit(&id, exit, out),
        }
    }

    fn started(&mut self, id: ContainerId, out: &mut Outbox) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        debug_assert!(!process.runs, "a container starts once: another attempt is another container");
        process.runs = true;
        let (node, pod) = (process.node, process.pod.clone());
        out.push(Effect::Runtime(node, RuntimeEvent::Started(id.clone())));
        let image = self.images.of(&process.image);
        if exceeds_limit(image, &id, &pod) {
            return self.exit(&id, Exit { code: Exit::SIGKILL, reason: "OOMKilled" }, out);
        }
        let (ready, exit, hang) = (image.ready, image.exit, image.hang);
        if let Some(program) = image.program.clone() {
            let (id, with, pod) = (id.clone(), image.with.clone(), pod.clone());
            out.push(Effect::Host(HostOrder::Start { id, program, with, pod, node }));
        }
        // An init container has done its work at the time at which another one would be ready: it exits then, unless the image
        // says when.
        let exit = exit.or_else(|| match ready {
            Readiness::After(span) if is_init(&id, &pod) => Some((span, 0)),
            _ => None,
        });
        if let Readiness::After(span) = ready {
            let delay = self.draw("ready", span, &id, &pod);
            self.later(delay, id.clone(), Timer::Ready, out);
        }
        let exit = exit.map(|(span, code)| (self.draw("exit", span, &id, &pod), code));
        let hang = hang.map(|span| self.draw("hang", span, &id, &pod));
        // A process that hangs before its exit does not exit.
        match (hang, exit) {
            (Some(hang), exit) if exit.is_none_or(|(exit, _)| hang < exit) => {
                self.later(hang, id, Timer::Hangs, out);
            }
            (_, Some((exit, code))) => self.later(exit, id, Timer::Exited(Exit::with_code(code)), out),
            (_, None) => {}
        }
    }

    fn hang(&mut self, id: ContainerId, out: &mut Outbox) {
        if let Some(process) = self.processes.get_mut(&id) {
            (process.hangs, process.ready) = (true, false);
            out.push(Effect::Runtime(process.node, RuntimeEvent::Hung(id)));
        }
    }

    fn ready(&mut self, id: &ContainerId, out: &mut Outbox) {
        let answers_probes = |process: &&mut Process| process.runs && !process.hangs;
        if let Some(process) = self.processes.get_mut(id).filter(answers_probes) {
            process.ready = true;
            out.push(Effect::Runtime(process.node, RuntimeEvent::Ready(id.clone(), true)));
        }
    }

    fn stop(&mut self, id: &ContainerId, grace_ms: Millis, out: &mut Outbox) {
        let Some(process) = self.processes.get(id) else { return };
        let (runs, hangs, ends_by) = (process.runs, process.hangs, process.ends);
        let in_hook = process.hook_ends.is_some_and(|at| at > out.now());
        let (image, pod) = (self.images.of(&process.image), process.pod.clone());
        if !runs {
            return self.exit(id, Exit::with_code(Exit::SIGKILL), out);
        }
        let (span, pre_stop, program) = (image.stop, image.pre_stop, image.program.is_some());
        let first = ends_by.is_none();
        let hook = if first { self.hook("preStop", pre_stop, id, &pod).min(grace_ms) } else { 0 };
        let limit = if hook == 0 { grace_ms } else { grace_ms.max(hook + LEAST_AFTER_HOOK_MS) };
        let stops_itself = first && !hangs && !program;
        let wanted = if stops_itself { hook + self.draw("stop", span, id, &pod) } else { Millis::MAX };
        let (after, code) = if wanted <= limit { (wanted, 0) } else { (limit, Exit::SIGKILL) };
        let ends = out.now() + after;
        if ends_by.is_some_and(|ends_by| ends_by <= ends) {
            return;
        }
        if let Some(process) = self.processes.get_mut(id) {
            process.ends = Some(ends);
            process.hook_ends = process.hook_ends.or((hook > 0).then(|| out.now() + hook));
        }
        match (program && !in_hook, hook) {
            (false, _) => {}
            (true, 0) => out.push(Effect::Host(HostOrder::Stop { id: id.clone(), grace_ms })),
            (true, _) => self.later(hook, id.clone(), Timer::HookEnds(limit - hook), out),
        }
        self.later(after, id.clone(), Timer::Exited(Exit::with_code(code)), out);
    }

    fn exit(&mut self, id: &ContainerId, exit: Exit, out: &mut Outbox) {
        let Some(process) = self.processes.remove(id) else { return };
        if process.runs && self.images.of(&process.image).program.is_some() {
            out.push(Effect::Host(HostOrder::Kill { id: id.clone() }));
        }
        out.push(Effect::Runtime(process.node, RuntimeEvent::Exited(id.clone(), exit)));
    }
}

impl Component for ContainerRuntime {
    fn on(&mut self, input: Input, out: &mut Outbox) {
        match input {
            Input::Order(node, command) => self.order(node, command, out),
            Input::Timer(token) => self.on_timer(token, out),
            _ => {}
        }
    }
}

/// The message of containerd for an image that the registry does not have.
fn not_found(image: &str) -> String {
    format!(
        "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": {image}: not found"
    )
}

fn spec_of<'p>(id: &ContainerId, pod: &'p Object) -> Option<&'p Value> {
    let specs = |list| pod.items_at(&["spec", list]).iter();
    let mut all = specs("initContainers").chain(specs("containers"));
    all.find(|spec| spec.str_at(&["name"]) == Some(&id.container))
}

/// Whether it is an init container that has to exit before the next one starts: no sidecar.
fn is_init(id: &ContainerId, pod: &Object) -> bool {
    let init = pod.items_at(&["spec", "initContainers"]).iter();
    let mut own = init.filter(|spec| spec.str_at(&["name"]) == Some(&id.container));
    own.any(|spec| !is_sidecar(spec))
}

/// Whether the image uses more memory than the container's limit.
fn exceeds_limit(image: &Image, id: &ContainerId, pod: &Object) -> bool {
    let Some(memory) = image.memory else { return false };
    let limit = spec_of(id, pod).and_then(|container| container.str_at(&["resources", "limits", "memory"]));
    let limit = limit.and_then(|limit| limit.parse::<Quantity>().ok());
    limit.is_some_and(|limit| limit.units() < memory.units())
}
