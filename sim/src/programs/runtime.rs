//! The container runtime of all nodes: carries out the kubelets' orders with the delays of the images.
//!
//! Real: containerd, the kubelet's handlers of lifecycle hooks, and the processes in the containers. Modelled: images per
//! node, pulls, start, readiness, exits, hanging, SIGTERM and SIGKILL, the time of hooks, kills from outside, programs as
//! hosts that someone else runs. A container that stops on SIGTERM exits with code 0, as servers with a handler do; one that
//! hangs is killed when its grace is over. Not modelled: hooks that fail, a process that runs beside its postStart hook (it
//! starts after it); sandboxes, disk, CPU; memory beyond a kill at the start.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::images::{Image, Images, Pull, Ready, Span};
use super::mischief::{Mischief, Whom};
use crate::engine::{Draws, Millis, SECOND, Time};
use crate::object::{Object, Quantity, Str, Value, is_sidecar};
use crate::wire::{
    Addr, Command, Component, ContainerId, Effect, Exit, HostOrder, Input, Outbox, PullError, RuntimeEvent,
};

/// What a process gets between the end of its preStop hook and SIGKILL at least (kubelet `minimumGracePeriodInSeconds`).
const LEAST_AFTER_HOOK_MS: Millis = 2 * SECOND;
/// The exit code of a process that SIGKILL ended: 128 + 9.
const KILLED: i32 = 137;

/// The containers of all nodes.
#[derive(Debug)]
pub struct Runtime {
    images: Images,
    draws: Draws,
    births: BTreeMap<Str, Str>,
    pulled: BTreeMap<(Addr, Str), Presence>,
    containers: BTreeMap<ContainerId, Container>,
    due: BTreeMap<u64, Due>,
    last_token: u64,
    mischief: Mischief,
}

/// An image on a node.
#[derive(Clone, Copy, Default, Debug)]
struct Presence {
    there: bool,
    failures: u32,
}

#[derive(Debug)]
struct Container {
    node: Addr,
    image: Str,
    pod: Arc<Object>,
    /// Whether it runs; else it is being created.
    runs: bool,
    ready: bool,
    hangs: bool,
    /// When its preStop hook ends, once it was told to stop.
    hook_ends: Option<Time>,
    /// When it ends at the latest, once it was told to stop.
    ends: Option<Time>,
}

/// What a timer is for.
#[derive(Debug)]
enum Due {
    Pulled(Addr, Str, ContainerId, Result<(), PullError>),
    Started(ContainerId),
    Ready(ContainerId),
    Hangs(ContainerId),
    /// The preStop hook is over: SIGTERM, and so long until SIGKILL.
    Term(ContainerId, Millis),
    Exited(ContainerId, Exit),
}

impl Due {
    /// Whether it goes with a node without power and the containers lost there: another start may have the same name.
    fn is_of(&self, node: Addr, lost: &[ContainerId]) -> bool {
        match self {
            Self::Pulled(of, ..) => *of == node,
            Self::Started(id)
            | Self::Ready(id)
            | Self::Hangs(id)
            | Self::Term(id, _)
            | Self::Exited(id, _) => lost.contains(id),
        }
    }
}

impl Runtime {
    /// A runtime without containers.
    pub fn new(images: Images, draws: Draws) -> Self {
        Self {
            images,
            draws,
            births: BTreeMap::new(),
            pulled: BTreeMap::new(),
            containers: BTreeMap::new(),
            due: BTreeMap::new(),
            last_token: 0,
            mischief: Mischief::default(),
        }
    }

    /// What faults have in store for containers.
    pub fn mischief(&mut self) -> &mut Mischief {
        &mut self.mischief
    }

    /// The machine of the kubelet at this address has no power: its containers are gone, and nobody hears of it.
    pub fn power_off(&mut self, node: Addr, out: &mut Outbox) {
        let lost: Vec<ContainerId> =
            self.containers.iter().filter(|(_, c)| c.node == node).map(|(id, _)| id.clone()).collect();
        for id in &lost {
            let Some(container) = self.containers.remove(id) else { continue };
            if container.runs && self.images.of(&container.image).program.is_some() {
                out.push(Effect::Host(HostOrder::Kill { id: id.clone() }));
            }
        }
        self.due.retain(|_, due| !due.is_of(node, &lost));
    }

    /// The ready containers among these are not ready for so long.
    pub fn flap(&mut self, whom: &Whom, down_ms: Millis, out: &mut Outbox) {
        let hit = |c: &Container, id: &ContainerId| c.ready && whom.matches(&c.image, &id.pod_uid);
        let flapping: Vec<(ContainerId, Addr)> = self
            .containers
            .iter_mut()
            .filter(|(id, container)| hit(container, id))
            .map(|(id, container)| {
                container.ready = false;
                (id.clone(), container.node)
            })
            .collect();
        for (id, node) in flapping {
            out.push(Effect::Runtime(node, RuntimeEvent::Ready(id.clone(), false)));
            self.later(down_ms, Due::Ready(id), out);
        }
    }

    /// Tells the birth name of a pod: its draws go by that. Without it they go by namespace and name.
    pub fn note_birth(&mut self, pod_uid: &str, birth: Str) {
        self.births.insert(pod_uid.into(), birth);
    }

    /// Ends a container from outside, its first one if none is named. Says whether there was one.
    pub fn kill(&mut self, pod_uid: &str, container: Option<&str>, code: i32, out: &mut Outbox) -> bool {
        let first = self.containers.values().find(|c| c.pod.uid() == pod_uid).map(|c| &c.pod);
        let name = match (container, first) {
            (Some(name), _) => Some(Str::from(name)),
            (None, Some(pod)) => {
                pod.items_at(&["spec", "containers"]).first().and_then(|c| c.str_at(&["name"])).map(Str::from)
            }
            (None, None) => None,
        };
        let found = |id: &&ContainerId| id.pod_uid == pod_uid && Some(&id.container) == name.as_ref();
        let Some(id) = self.containers.keys().find(found).cloned() else { return false };
        self.exit(&id, Exit::with_code(code), out);
        true
    }

    /// A program in a container says that it is ready.
    pub fn host_ready(&mut self, id: &ContainerId, out: &mut Outbox) {
        self.ready(id, out);
    }

    /// A program in a container ended with this exit code.
    pub fn host_exited(&mut self, id: &ContainerId, code: i32, out: &mut Outbox) {
        if let Some(container) = self.containers.remove(id) {
            out.push(Effect::Runtime(
                container.node,
                RuntimeEvent::Exited(id.clone(), Exit::with_code(code)),
            ));
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
                let delay = delay + hook + self.mischief.delay_of(&image, &id.pod_uid);
                let container = Container {
                    node,
                    image,
                    pod,
                    runs: false,
                    ready: false,
                    hangs: false,
                    hook_ends: None,
                    ends: None,
                };
                self.containers.insert(id.clone(), container);
                self.later(delay, Due::Started(id), out);
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
        let mut result = Ok(());
        let asks = !(presence.there && if_not_present);
        let delay = match &self.images.of(&image).pull {
            _ if !asks => 0,
            _ if self.mischief.fails_pull(&image, &mut result) => SECOND,
            Pull::Fails { reason, times } if presence.failures < *times => {
                presence.failures += 1;
                result = Err(PullError { reason: reason.clone(), message: pull_message(&image) });
                SECOND
            }
            // Always asks the registry, which answers that nothing is new.
            _ if presence.there => 0,
            Pull::Fails { .. } => SECOND,
            Pull::Takes(span) => {
                let span = *span;
                self.draw("pull", span, &id, pod)
            }
        };
        self.later(delay, Due::Pulled(node, image, id, result), out);
    }

    /// A time of the span, drawn by the container's place in the pod and the pod's birth name.
    fn draw(&mut self, purpose: &str, span: Span, id: &ContainerId, pod: &Object) -> Millis {
        if span.low_ms >= span.high_ms {
            return span.low_ms;
        }
        let attempt = smol_str::format_smolstr!("{}", id.attempt);
        match self.births.get(&id.pod_uid) {
            Some(birth) => span.draw(&mut self.draws, &[purpose, birth, &id.container, &attempt]),
            None => span.draw(&mut self.draws, &[purpose, &pod.path(), &id.container, &attempt]),
        }
    }

    /// How long a lifecycle hook takes: nothing where the container has none, else what it sleeps or what the image says.
    fn hook(&mut self, which: &str, span: Span, id: &ContainerId, pod: &Object) -> Millis {
        let Some(hook) = spec_of(id, pod).and_then(|spec| spec.at(&["lifecycle", which])) else { return 0 };
        match hook.i64_at(&["sleep", "seconds"]) {
            Some(seconds) => u64::try_from(seconds).unwrap_or(0) * SECOND,
            None => self.draw(which, span, id, pod),
        }
    }

    fn later(&mut self, delay: Millis, due: Due, out: &mut Outbox) {
        self.last_token += 1;
        self.due.insert(self.last_token, due);
        out.timer_in(delay, self.last_token);
    }

    fn due(&mut self, token: u64, out: &mut Outbox) {
        match self.due.remove(&token) {
            Some(Due::Pulled(node, image, id, result)) => {
                self.pulled.entry((node, image)).or_default().there |= result.is_ok();
                out.push(Effect::Runtime(node, RuntimeEvent::Pulled(id, result)));
            }
            Some(Due::Started(id)) => self.started(id, out),
            Some(Due::Ready(id)) => self.ready(&id, out),
            Some(Due::Hangs(id)) => self.hang(id, out),
            Some(Due::Term(id, grace_ms)) if self.containers.contains_key(&id) => {
                out.push(Effect::Host(HostOrder::Stop { id, grace_ms }));
            }
            Some(Due::Exited(id, exit)) => self.exit(&id, exit, out),
            Some(Due::Term(..)) | None => {}
        }
    }

    fn started(&mut self, id: ContainerId, out: &mut Outbox) {
        let Some(container) = self.containers.get_mut(&id) else { return };
        container.runs = true;
        let (node, pod) = (container.node, container.pod.clone());
        out.push(Effect::Runtime(node, RuntimeEvent::Started(id.clone())));
        let image = self.images.of(&container.image);
        if exceeds_limit(image, &id, &pod) {
            return self.exit(&id, Exit { code: KILLED, reason: "OOMKilled" }, out);
        }
        let (ready, exit, hang) = (image.ready, image.exit, image.hang);
        if let Some(program) = image.program.clone() {
            let (id, with, pod) = (id.clone(), image.with.clone(), pod.clone());
            out.push(Effect::Host(HostOrder::Start { id, program, with, pod, node }));
        }
        // What an init container does is what others get ready by: without another word it is then done.
        let exit = exit.or_else(|| match ready {
            Ready::After(span) if is_init(&id, &pod) => Some((span, 0)),
            _ => None,
        });
        if let Ready::After(span) = ready {
            let delay = self.draw("ready", span, &id, &pod);
            self.later(delay, Due::Ready(id.clone()), out);
        }
        let exit = exit.map(|(span, code)| (self.draw("exit", span, &id, &pod), code));
        let hang = hang.map(|span| self.draw("hang", span, &id, &pod));
        // What hangs does not come to its exit.
        match (hang, exit) {
            (Some(hang), exit) if exit.is_none_or(|(exit, _)| hang < exit) => {
                self.later(hang, Due::Hangs(id), out);
            }
            (_, Some((exit, code))) => self.later(exit, Due::Exited(id, Exit::with_code(code)), out),
            (_, None) => {}
        }
    }

    fn hang(&mut self, id: ContainerId, out: &mut Outbox) {
        if let Some(container) = self.containers.get_mut(&id) {
            (container.hangs, container.ready) = (true, false);
            out.push(Effect::Runtime(container.node, RuntimeEvent::Hung(id)));
        }
    }

    fn ready(&mut self, id: &ContainerId, out: &mut Outbox) {
        let answers = |container: &&mut Container| container.runs && !container.hangs;
        if let Some(container) = self.containers.get_mut(id).filter(answers) {
            container.ready = true;
            out.push(Effect::Runtime(container.node, RuntimeEvent::Ready(id.clone(), true)));
        }
    }

    fn stop(&mut self, id: &ContainerId, grace_ms: Millis, out: &mut Outbox) {
        let Some(container) = self.containers.get(id) else { return };
        let (runs, hangs, told) = (container.runs, container.hangs, container.ends);
        let hooked = container.hook_ends.is_some_and(|at| at > out.now());
        let (image, pod) = (self.images.of(&container.image), container.pod.clone());
        if !runs {
            return self.exit(id, Exit::with_code(KILLED), out);
        }
        let (span, pre_stop, program) = (image.stop, image.pre_stop, image.program.is_some());
        let first = told.is_none();
        let hook = if first { self.hook("preStop", pre_stop, id, &pod).min(grace_ms) } else { 0 };
        let limit = if hook == 0 { grace_ms } else { grace_ms.max(hook + LEAST_AFTER_HOOK_MS) };
        let wanted = if first && !hangs { hook + self.draw("stop", span, id, &pod) } else { Millis::MAX };
        let (after, code) = if wanted <= limit { (wanted, 0) } else { (limit, KILLED) };
        let ends = out.now() + after;
        if told.is_some_and(|told| told <= ends) {
            return;
        }
        if let Some(container) = self.containers.get_mut(id) {
            container.ends = Some(ends);
            container.hook_ends = container.hook_ends.or((hook > 0).then(|| out.now() + hook));
        }
        match (program && !hooked, hook) {
            (false, _) => {}
            (true, 0) => out.push(Effect::Host(HostOrder::Stop { id: id.clone(), grace_ms })),
            (true, _) => self.later(hook, Due::Term(id.clone(), limit - hook), out),
        }
        self.later(after, Due::Exited(id.clone(), Exit::with_code(code)), out);
    }

    fn exit(&mut self, id: &ContainerId, exit: Exit, out: &mut Outbox) {
        let Some(container) = self.containers.remove(id) else { return };
        if container.runs && self.images.of(&container.image).program.is_some() {
            out.push(Effect::Host(HostOrder::Kill { id: id.clone() }));
        }
        out.push(Effect::Runtime(container.node, RuntimeEvent::Exited(id.clone(), exit)));
    }
}

impl Component for Runtime {
    fn on(&mut self, input: Input, out: &mut Outbox) {
        match input {
            Input::Order(node, command) => self.order(node, command, out),
            Input::Timer(token) => self.due(token, out),
            _ => {}
        }
    }
}

/// containerd's words for an image that the registry does not have.
pub(super) fn pull_message(image: &str) -> String {
    format!(
        "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": {image}: not found"
    )
}

/// The container's entry in the pod's spec.
fn spec_of<'p>(id: &ContainerId, pod: &'p Object) -> Option<&'p Value> {
    let specs = |list| pod.items_at(&["spec", list]).iter();
    let mut all = specs("initContainers").chain(specs("containers"));
    all.find(|spec| spec.str_at(&["name"]) == Some(&id.container))
}

/// Whether it is an init container that has to end.
fn is_init(id: &ContainerId, pod: &Object) -> bool {
    let init = pod.items_at(&["spec", "initContainers"]).iter();
    let mut own = init.filter(|spec| spec.str_at(&["name"]) == Some(&id.container));
    own.any(|spec| !is_sidecar(spec))
}

fn exceeds_limit(image: &Image, id: &ContainerId, pod: &Object) -> bool {
    let Some(memory) = image.memory else { return false };
    let limit = spec_of(id, pod)
        .and_then(|container| container.at(&["resources", "limits", "memory"]))
        .and_then(Value::as_str)
        .and_then(|limit| limit.parse::<Quantity>().ok());
    limit.is_some_and(|limit| limit.units() < memory.units())
}
