//! The life of one pod on its node: its containers, its end, and its status in the API server.
//!
//! Real: pod workers and the status manager. Modelled: status writes, one in flight per pod, the last wanted one always
//! reaching the server; the kubelet alone completes a graceful deletion, after its containers have ended and the final
//! status is written. Not modelled: the GET before each status write, `activeDeadlineSeconds`.

use std::sync::Arc;

use super::admission::{AdmitFailure, Requests};
use super::container::{Activity, ContainerWorker, Need, RestartPolicy, Role};
use super::link::{Link, Purpose};
use super::pod_status::{Address, Facts, pod_status, rejected_status};
use crate::client::status_patch;
use crate::engine::{Millis, SECOND, Time};
use crate::object::{Object, Str, Value, keys};
use crate::wire::resource::PODS;
use crate::wire::{Answer, Command, ContainerId, Effect, ObjectKey, Options, Request, RuntimeEvent};

/// From a failed write to the next try: the status manager's period (kubelet `syncPeriod`).
const RETRY_MS: Millis = 10 * SECOND;
/// The least grace of a container (kubelet `minimumGracePeriodInSeconds`). From general knowledge, not recorded.
const LEAST_GRACE_MS: Millis = 2 * SECOND;

#[derive(Clone, Debug)]
pub(super) struct PodWorker {
    pod: Arc<Object>,
    containers: Vec<ContainerWorker>,
    restart: RestartPolicy,
    uid: Str,
    started: Str,
    host_ip: Address,
    pod_ip: Address,
    /// Whether its sandbox is up, so that the status has the address.
    sandbox: bool,
    /// The shortest grace given to its containers, once they are stopping.
    stopping: Option<Millis>,
    /// Whether its main containers have ended, or an init container has failed: then nothing starts again.
    winding_down: bool,
    gone: bool,
    rejected: Option<AdmitFailure>,
    requests: Requests,
    report: Report,
    token: u64,
    timer: Option<Time>,
}

/// The state of the status in the server.
#[derive(Clone, Debug)]
struct Report {
    /// The newest state of the object, from the watch or an answer.
    known: Arc<Object>,
    in_flight: bool,
    deleting: bool,
    retry: Option<Time>,
    /// Whether something may have changed since the wanted status was last computed.
    dirty: bool,
    /// Whether to write no status: the pod was finished when the kubelet first saw it, or is gone.
    silent: bool,
}

impl Report {
    /// Takes over a state of the object if it is newer. Whether it is.
    fn observe(&mut self, object: &Arc<Object>) -> bool {
        let newer = object.revision() > self.known.revision();
        if newer {
            self.known = object.clone();
        }
        newer
    }
}

impl PodWorker {
    pub(super) fn new(pod: Arc<Object>, host_ip: Str, pod_ip: Str, token: u64, now: Time) -> Self {
        let mut containers = ContainerWorker::all(&pod);
        let silent = pod.is_finished_pod();
        let restart = match pod.str_at(&["spec", "restartPolicy"]) {
            Some("Never") => RestartPolicy::Never,
            Some("OnFailure") => RestartPolicy::OnFailure,
            _ => RestartPolicy::Always,
        };
        let statuses = |list| pod.items_at(&["status", list]).iter();
        for container in &mut containers {
            let mut all = statuses("initContainerStatuses").chain(statuses("containerStatuses"));
            if silent {
                container.activity = Activity::Ended;
            } else if let Some(status) = all.find(|s| s.str_at(&["name"]) == Some(&container.name)) {
                container.restore(status, restart, now);
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
            rejected: None,
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

    pub(super) fn token(&self) -> u64 {
        self.token
    }

    /// Its requests; `None` when it is over.
    pub(super) fn requests(&self) -> Option<Requests> {
        (!self.is_over()).then_some(self.requests)
    }

    pub(super) fn reject(&mut self, admit_failure: AdmitFailure) {
        self.containers.iter_mut().for_each(|container| container.activity = Activity::Ended);
        self.rejected = Some(admit_failure);
    }

    pub(super) fn pod_ip(&self) -> &str {
        &self.pod_ip.ip
    }

    /// Whether the pod is gone and its containers have ended.
    pub(super) fn is_done(&self) -> bool {
        self.gone && self.is_over()
    }

    fn is_over(&self) -> bool {
        self.containers.iter().all(|container| container.activity == Activity::Ended)
    }

    pub(super) fn updated(&mut self, pod: Arc<Object>, link: &mut Link<'_>) {
        self.report.dirty |= pod.generation() != self.pod.generation();
        let known = self.report.known.root().get_key(keys::STATUS);
        let others_wrote = pod.root().get_key(keys::STATUS) != known;
        self.pod = pod;
        // Another client has written the status, perhaps fields of the kubelet.
        self.report.dirty |= self.report.observe(&self.pod) && others_wrote;
        if self.pod.is_terminating() {
            let seconds = self.pod.i64_at(&["metadata", "deletionGracePeriodSeconds"]).unwrap_or(0);
            self.stop(u64::try_from(seconds).unwrap_or(0) * SECOND, link);
        }
        self.sync(link);
    }

    /// The kubelet's process has restarted: its requests get no answer.
    pub(super) fn restart(&mut self) {
        (self.report.in_flight, self.report.deleting) = (false, false);
        (self.report.retry, self.report.dirty) = (None, true);
    }

    /// The object is gone: stops the running containers with the least grace.
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

    fn stop_all(&mut self, which: impl Fn(&ContainerWorker) -> bool, grace_ms: Millis, link: &mut Link<'_>) {
        for i in 0..self.containers.len() {
            if which(&self.containers[i]) && self.containers[i].abandon() {
                let id = self.id(&self.containers[i]);
                link.out.push(Effect::Order(Command::Stop { id, grace_ms }));
            }
        }
    }

    /// Stops sidecars when all other containers have ended, or an init container has failed for good.
    fn stop_sidecars(&mut self, link: &mut Link<'_>) {
        let failed = self.containers.iter().any(ContainerWorker::has_failed);
        let mut others = self.containers.iter().filter(|container| container.role != Role::Sidecar);
        let is_over = |container: &ContainerWorker| container.activity == Activity::Ended;
        if self.winding_down || !(failed || others.all(is_over)) {
            return;
        }
        self.winding_down = true;
        for container in &mut self.containers {
            if failed && container.activity == Activity::New {
                container.activity = Activity::Ended; // it will never start
            }
        }
        let grace_ms = self.stopping.unwrap_or_else(|| self.grace_ms());
        self.stop_all(|_| true, grace_ms, link);
    }

    /// The pod's own grace.
    fn grace_ms(&self) -> Millis {
        let seconds = self.pod.i64_at(&["spec", "terminationGracePeriodSeconds"]).unwrap_or(0);
        (u64::try_from(seconds).unwrap_or(0) * SECOND).max(LEAST_GRACE_MS)
    }

    /// Whether the containers before this one let it start.
    fn may_start(&self, i: usize) -> bool {
        self.containers[..i].iter().all(ContainerWorker::lets_next_start)
    }

    fn id(&self, container: &ContainerWorker) -> ContainerId {
        let (pod_uid, attempt) = (self.uid.clone(), container.attempt);
        ContainerId { pod_uid, container: container.name.clone(), attempt }
    }

    pub(super) fn runtime(&mut self, event: RuntimeEvent, link: &mut Link<'_>) {
        let now = link.out.now();
        let id = event.id();
        let found = |c: &ContainerWorker| c.name == id.container && c.attempt == id.attempt;
        let Some(i) = self.containers.iter().position(found) else { return };
        let container = &mut self.containers[i];
        let (pod, mut need) = (&self.pod, Need::Nothing);
        match event {
            RuntimeEvent::Pulled(_, result) => need = container.pulled(result, now),
            RuntimeEvent::Started(_) => container.started(pod.uid(), now),
            RuntimeEvent::Ready(_, ready) => container.set_ready(ready),
            RuntimeEvent::Hung(_) => container.set_hung(now),
            RuntimeEvent::Exited(_, exit) => {
                let stays_down = self.stopping.is_some() || self.winding_down;
                let policy = (!stays_down).then_some(container.policy(self.restart));
                let pod = format!("{}_{}({})", pod.name(), pod.namespace(), pod.uid());
                container.exited(exit, policy, &pod, now);
            }
        }
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

    pub(super) fn timer(&mut self, link: &mut Link<'_>) {
        self.timer = self.timer.filter(|at| *at > link.out.now());
        self.sync(link);
    }

    /// Handles the answer to a status write.
    pub(super) fn reported(&mut self, answer: &Answer, link: &mut Link<'_>) {
        self.report.in_flight = false;
        self.report.dirty |= answer.failure().is_some();
        match (answer.object(), answer.code()) {
            (Ok(object), _) => drop(self.report.observe(object)),
            (Err(_), 404) => self.report.silent = true,
            (Err(_), _) => self.report.retry = Some(link.out.now() + RETRY_MS),
        }
        self.sync(link);
    }

    /// Handles the answer to the final deletion.
    pub(super) fn deleted(&mut self, answer: &Answer, link: &mut Link<'_>) {
        let done = answer.failure().is_none_or(|status| matches!(status.code, 404 | 409));
        if !done {
            self.report.deleting = false;
            self.report.retry = Some(link.out.now() + RETRY_MS);
            self.sync(link);
        }
    }

    /// Does what is due, and writes the status if it has changed.
    pub(super) fn sync(&mut self, link: &mut Link<'_>) {
        let now = link.out.now();
        if self.stopping.is_none() && !self.winding_down {
            for i in 0..self.containers.len() {
                if self.containers[i].activity == Activity::New && !self.may_start(i) {
                    continue;
                }
                self.report.dirty |= self.containers[i].due().is_some();
                let need = self.containers[i].advance(now);
                self.order(i, need, link);
            }
        }
        if !self.gone {
            self.write(now, link);
        }
        self.set_timer(link);
    }

    /// Writes the status, or deletes the object of a terminating pod that is over.
    fn write(&mut self, now: Time, link: &mut Link<'_>) {
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
        if let Some(AdmitFailure { reason, message }) = &self.rejected {
            return rejected_status(&self.pod, reason, message, &self.started);
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
        // While containers stop, none starts and no probe fails.
        let runs = self.stopping.is_none() && !self.winding_down;
        let containers = self.containers.iter().filter(|_| runs).filter_map(ContainerWorker::due);
        let Some(due) = containers.chain(self.report.retry).min() else { return };
        if self.timer.is_none_or(|at| due < at) {
            self.timer = Some(due);
            link.out.push(Effect::Timer(due, self.token));
        }
    }
}
