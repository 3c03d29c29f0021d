//! The life of one pod on its node: its containers, its end, and what the API server is told.
//!
//! Real: pod workers and the status manager. Modelled: status writes, one in flight per pod, the last wanted one always
//! reaching the server; the kubelet alone confirms a graceful deletion, after its containers are
//! gone and the final status is written. Not modelled: the GET before each status write, `activeDeadlineSeconds`.

use std::sync::Arc;

use super::admission::{Refusal, Requests};
use super::container::{Container, Doing, Need, RestartPolicy, Role};
use super::node_agent::{Link, Purpose};
use super::pod_status::{Address, Facts, pod_status, refused_status};
use crate::client::status_patch;
use crate::engine::{Millis, SECOND, Time};
use crate::object::{Object, Str, Value, keys};
use crate::wire::resource::PODS;
use crate::wire::{Answer, Command, ContainerId, Effect, ObjectKey, Options, Request, RuntimeEvent};

/// After a failed write the next try is the status manager's next round (kubelet `syncPeriod`).
const RETRY_MS: Millis = 10 * SECOND;
/// The least grace a container gets (kubelet `minimumGracePeriodInSeconds`). General knowledge, not recorded.
const LEAST_GRACE_MS: Millis = 2 * SECOND;

/// One pod.
#[derive(Clone, Debug)]
pub(super) struct PodWorker {
    pod: Arc<Object>,
    containers: Vec<Container>,
    restart: RestartPolicy,
    uid: Str,
    /// Since when the kubelet has it, as its status tells.
    started: Str,
    host_ip: Address,
    pod_ip: Address,
    /// Whether the status tells the address.
    sandbox: bool,
    /// The shortest grace that its containers were given, once they are being stopped.
    stopping: Option<Millis>,
    /// Whether nothing starts any more because what the pod is for has ended.
    winding_down: bool,
    /// Whether the object is gone.
    gone: bool,
    /// Why the node does not take it.
    refused: Option<Refusal>,
    requests: Requests,
    report: Report,
    /// Its timer's token and when that goes off next.
    token: u64,
    timer: Option<Time>,
}

/// What the server knows of the status.
#[derive(Clone, Debug)]
struct Report {
    /// The newest state of the object that was seen, by watch or in an answer.
    known: Arc<Object>,
    in_flight: bool,
    deleting: bool,
    retry: Option<Time>,
    /// Whether something may have changed since the wanted status was computed last.
    dirty: bool,
    /// Nothing is to be told: the pod was over when the kubelet met it.
    silent: bool,
}

impl Report {
    /// Takes a state of the object. Whether it is news.
    fn learn(&mut self, object: &Arc<Object>) -> bool {
        let newer = object.revision() > self.known.revision();
        if newer {
            self.known = object.clone();
        }
        newer
    }
}

impl PodWorker {
    pub(super) fn new(pod: Arc<Object>, host_ip: Str, pod_ip: Str, token: u64, now: Time) -> Self {
        let mut containers = Container::all(&pod);
        let silent = pod.is_finished_pod();
        let restart = match pod.str_at(&["spec", "restartPolicy"]) {
            Some("Never") => RestartPolicy::Never,
            Some("OnFailure") => RestartPolicy::OnFailure,
            _ => RestartPolicy::Always,
        };
        let told = |list| pod.items_at(&["status", list]).iter();
        for container in &mut containers {
            let mut told = told("initContainerStatuses").chain(told("containerStatuses"));
            if silent {
                container.doing = Doing::Ended;
            } else if let Some(status) = told.find(|s| s.str_at(&["name"]) == Some(&container.name)) {
                container.recall(status, restart, now);
            }
        }
        let since = pod.str_at(&["status", "startTime"]).and_then(Time::parse_rfc3339);
        let report = Report {
            known: pod.clone(),
            in_flight: false,
            deleting: false,
            retry: None,
            dirty: true,
            silent,
        };
        Self {
            uid: pod.meta_text(keys::UID),
            refused: None,
            requests: Requests::of(&pod),
            pod,
            containers,
            restart,
            started: since.unwrap_or(now).rfc3339(),
            host_ip: Address::new(host_ip),
            pod_ip: Address::new(pod_ip),
            sandbox: false,
            stopping: None,
            winding_down: false,
            gone: false,
            report,
            token,
            timer: None,
        }
    }

    /// The number of its timer.
    pub(super) fn token(&self) -> u64 {
        self.token
    }

    /// What it takes of the node; nothing where it runs no more.
    pub(super) fn requests(&self) -> Option<Requests> {
        (!self.is_over()).then_some(self.requests)
    }

    /// The node does not take it.
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.containers.iter_mut().for_each(|container| container.doing = Doing::Ended);
        self.refused = Some(refusal);
    }

    /// Its address.
    pub(super) fn pod_ip(&self) -> &str {
        &self.pod_ip.ip
    }

    /// Whether nothing is left to do for a pod that is gone.
    pub(super) fn is_done(&self) -> bool {
        self.gone && self.is_over()
    }

    fn is_over(&self) -> bool {
        self.containers.iter().all(|container| container.doing == Doing::Ended)
    }

    /// Takes the object's newest state.
    pub(super) fn updated(&mut self, pod: Arc<Object>, link: &mut Link<'_>) {
        self.report.dirty |= pod.generation() != self.pod.generation();
        let known = self.report.known.root().get_key(keys::STATUS);
        let others_wrote = pod.root().get_key(keys::STATUS) != known;
        self.pod = pod;
        // A status that is not what was told: someone else wrote, perhaps over what is the kubelet's.
        self.report.dirty |= self.report.learn(&self.pod) && others_wrote;
        if self.pod.is_terminating() {
            let seconds = self.pod.i64_at(&["metadata", "deletionGracePeriodSeconds"]).unwrap_or(0);
            self.stop(u64::try_from(seconds).unwrap_or(0) * SECOND, link);
        }
        self.sync(link);
    }

    /// The kubelet's process was restarted: what it asked is not answered any more.
    pub(super) fn restart(&mut self) {
        (self.report.in_flight, self.report.deleting) = (false, false);
        (self.report.retry, self.report.dirty) = (None, true);
    }

    /// The object is gone from the API: what still runs is stopped at once.
    pub(super) fn removed(&mut self, link: &mut Link<'_>) {
        self.gone = true;
        self.stop(0, link);
    }

    fn stop(&mut self, grace_ms: Millis, link: &mut Link<'_>) {
        let grace_ms = grace_ms.max(LEAST_GRACE_MS);
        if self.stopping.is_some_and(|given| given <= grace_ms) {
            return;
        }
        self.stopping = Some(grace_ms);
        self.report.dirty = true;
        let all = self.winding_down;
        self.stop_all(|container| all || container.role != Role::Sidecar, grace_ms, link);
        self.stop_sidecars(link);
    }

    fn stop_all(&mut self, which: impl Fn(&Container) -> bool, grace_ms: Millis, link: &mut Link<'_>) {
        for i in 0..self.containers.len() {
            if which(&self.containers[i]) && self.containers[i].give_up() {
                let id = self.id(&self.containers[i]);
                link.out.push(Effect::Order(Command::Stop { id, grace_ms }));
            }
        }
    }

    /// Sidecars outlive the containers that they serve, and no longer: they are stopped when those have ended, or when an
    /// init container has failed for good.
    fn stop_sidecars(&mut self, link: &mut Link<'_>) {
        let failed = self.containers.iter().any(Container::has_failed);
        let served = self.containers.iter().filter(|container| container.role != Role::Sidecar);
        let is_over = |container: &Container| container.doing == Doing::Ended;
        if self.winding_down || !(failed || served.clone().all(is_over)) {
            return;
        }
        self.winding_down = true;
        if failed {
            // They wait for ever.
            let waits = |container: &&mut Container| container.doing == Doing::New;
            self.containers.iter_mut().filter(waits).for_each(|container| container.doing = Doing::Ended);
        }
        let grace_ms = self.stopping.unwrap_or_else(|| self.grace_ms());
        self.stop_all(|_| true, grace_ms, link);
    }

    /// The pod's own grace.
    fn grace_ms(&self) -> Millis {
        let seconds = self.pod.i64_at(&["spec", "terminationGracePeriodSeconds"]).unwrap_or(0);
        (u64::try_from(seconds).unwrap_or(0) * SECOND).max(LEAST_GRACE_MS)
    }

    /// Whether all that has to be before the container is there.
    fn may_start(&self, i: usize) -> bool {
        self.containers[..i].iter().all(Container::lets_go_on)
    }

    fn id(&self, container: &Container) -> ContainerId {
        ContainerId {
            pod_uid: self.uid.clone(),
            container: container.name.clone(),
            attempt: container.attempt,
        }
    }

    /// Takes news of the container runtime.
    pub(super) fn runtime(&mut self, event: RuntimeEvent, link: &mut Link<'_>) {
        let now = link.out.now();
        let id = event.id();
        let found = |c: &Container| c.name == id.container && c.attempt == id.attempt;
        let Some(i) = self.containers.iter().position(found) else { return };
        let container = &mut self.containers[i];
        let need = match event {
            RuntimeEvent::Pulled(_, result) => container.pulled(result, now),
            RuntimeEvent::Started(_) => {
                container.started(self.pod.uid(), now);
                Need::Nothing
            }
            RuntimeEvent::Ready(_, ready) => {
                container.is_ready(ready);
                Need::Nothing
            }
            RuntimeEvent::Hung(_) => {
                container.hangs(now);
                Need::Nothing
            }
            RuntimeEvent::Exited(_, exit) => {
                let stays_down = self.stopping.is_some() || self.winding_down;
                let policy = (!stays_down).then_some(container.policy(self.restart));
                let key = (self.pod.name(), self.pod.namespace(), self.pod.uid());
                container.exited(exit, policy, &format!("{}_{}({})", key.0, key.1, key.2), now);
                Need::Nothing
            }
        };
        self.sandbox |= need == Need::Nothing;
        self.report.dirty |= need == Need::Nothing;
        self.order(i, need, link);
        self.stop_sidecars(link);
        self.sync(link);
    }

    fn order(&self, i: usize, need: Need, link: &mut Link<'_>) {
        let container = &self.containers[i];
        let (id, image, pod) = (self.id(container), container.image.clone(), self.pod.clone());
        match need {
            Need::Nothing => {}
            Need::Pull { if_not_present } => {
                link.out.push(Effect::Order(Command::Pull { id, image, if_not_present, pod }));
            }
            Need::Stop { grace_ms } => {
                let grace_ms = grace_ms.map_or_else(|| self.grace_ms(), |own| own.max(LEAST_GRACE_MS));
                link.out.push(Effect::Order(Command::Stop { id, grace_ms }));
            }
            Need::Start => link.out.push(Effect::Order(Command::Start { id, image, pod })),
        }
    }

    /// Its timer went off.
    pub(super) fn timer(&mut self, link: &mut Link<'_>) {
        self.timer = self.timer.filter(|at| *at > link.out.now());
        self.sync(link);
    }

    /// Takes the answer to a status write.
    pub(super) fn reported(&mut self, answer: &Answer, link: &mut Link<'_>) {
        self.report.in_flight = false;
        self.report.dirty |= answer.failure().is_some();
        match (answer.object(), answer.code()) {
            (Ok(object), _) => drop(self.report.learn(object)),
            (Err(_), 404) => self.report.silent = true,
            (Err(_), _) => self.report.retry = Some(link.out.now() + RETRY_MS),
        }
        self.sync(link);
    }

    /// Takes the answer to the confirmation of the deletion.
    pub(super) fn deleted(&mut self, answer: &Answer, link: &mut Link<'_>) {
        let done = answer.failure().is_none_or(|status| matches!(status.code, 404 | 409));
        if !done {
            self.report.deleting = false;
            self.report.retry = Some(link.out.now() + RETRY_MS);
            self.sync(link);
        }
    }

    /// Does what is due and tells the server what it does not know.
    pub(super) fn sync(&mut self, link: &mut Link<'_>) {
        let now = link.out.now();
        if self.stopping.is_none() && !self.winding_down {
            for i in 0..self.containers.len() {
                if self.containers[i].doing == Doing::New && !self.may_start(i) {
                    continue;
                }
                self.report.dirty |= self.containers[i].due().is_some();
                let need = self.containers[i].advance(now);
                self.order(i, need, link);
            }
        }
        if !self.gone {
            self.tell(now, link);
        }
        self.set_timer(link);
    }

    fn tell(&mut self, now: Time, link: &mut Link<'_>) {
        let waits = self.report.retry.is_some_and(|at| at > now);
        if self.report.in_flight || self.report.deleting || waits {
            return;
        }
        self.report.retry = None;
        if !self.report.silent && std::mem::take(&mut self.report.dirty) {
            let wanted = self.wanted(now);
            if let Some(request) = status_patch(*PODS, &self.report.known, &wanted) {
                self.report.in_flight = true;
                link.client.send(request, Purpose::Status(self.uid.clone()), link.out);
                return;
            }
        }
        if self.pod.is_terminating() && self.is_over() {
            self.report.deleting = true;
            let precondition_uid = Some(self.uid.clone());
            let options = Options { grace_s: Some(0), precondition_uid, ..Options::default() };
            let request = Request::delete(*PODS, &ObjectKey::of(&self.pod)).options(options);
            link.client.send(request, Purpose::Delete(self.uid.clone()), link.out);
        }
    }

    fn wanted(&self, now: Time) -> Value {
        if let Some(Refusal { reason, message }) = &self.refused {
            return refused_status(&self.pod, reason, message, &self.started);
        }
        pod_status(&Facts {
            pod: &self.pod,
            containers: &self.containers,
            restart: self.restart,
            started: &self.started,
            host_ip: &self.host_ip,
            pod_ip: self.sandbox.then_some(&self.pod_ip),
            over: self.is_over(),
            before: self.report.known.root().get_key(keys::STATUS).unwrap_or(&Value::Null),
            now,
        })
    }

    fn set_timer(&mut self, link: &mut Link<'_>) {
        // What is being stopped starts nothing and gives nothing up any more.
        let runs = self.stopping.is_none() && !self.winding_down;
        let containers = self.containers.iter().filter(|_| runs).filter_map(Container::due);
        let Some(due) = containers.chain(self.report.retry).min() else { return };
        if self.timer.is_none_or(|at| due < at) {
            self.timer = Some(due);
            link.out.push(Effect::Timer(due, self.token));
        }
    }
}
