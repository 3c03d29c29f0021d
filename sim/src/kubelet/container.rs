//! The life of one container of a pod: pull, start, ready, exit, back-off, stop.
//!
//! Real: the kubelet's runtime manager and its sync loop. Modelled: pull policies, back-off of pulls and restarts, the
//! states that `kubectl` shows meanwhile, init containers and sidecars, startup and liveness probes. Differs: a startup
//! probe succeeds when the image gets ready, a liveness probe fails once the container hangs; a failing probe always uses
//! up its periods, so that a restart comes up to one period later than a real one; `imagePullPolicy: Never` finds every
//! image on every node, as after `kind load`.

use super::backoff::Backoff;
use super::names;
use crate::engine::{Millis, SECOND, Time};
use crate::object::{Object, Str, Value};
use crate::wire::{Exit, PullError};

/// From a failure until the status shows the back-off: one round of the kubelet's event generator (kubelet
/// `genericPlegRelistPeriod`). From general knowledge, not recorded.
const BACK_OFF_SHOWN_AFTER_MS: Millis = SECOND;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PullPolicy {
    Always,
    IfNotPresent,
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// Has to succeed before the next one starts.
    Init,
    /// An init container with restartPolicy Always: has to start before the next one, and keeps running.
    Sidecar,
    /// One of `spec.containers`.
    Main,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RestartPolicy {
    Always,
    OnFailure,
    Never,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Activity {
    /// Nothing yet.
    New,
    /// The runtime pulls its image.
    Pulling,
    /// The runtime creates it.
    Starting,
    /// It runs, or is stopping.
    Running,
    /// It waits for its next try.
    BackingOff(Pause),
    /// It will not run again.
    Ended,
}

/// The pause before the next try.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Pause {
    until: Time,
    /// The state that the status gets during the pause, and when; taken at that time.
    next_state: Option<(Time, WaitingState)>,
}

/// `state.waiting`.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct WaitingState {
    pub(super) reason: Str,
    pub(super) message: String,
}

/// `state.terminated`.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct TerminatedState {
    pub(super) exit: Exit,
    pub(super) message: &'static str,
    /// `containerID`; empty for a container that never ran.
    pub(super) id: Str,
    pub(super) started: Option<Time>,
    pub(super) finished: Option<Time>,
}

/// `state` in the container's status.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum ReportedState {
    Waiting(WaitingState),
    Running { since: Time, ready: bool },
    Terminated(TerminatedState),
}

#[derive(Clone, Debug)]
pub(super) struct ContainerWorker {
    pub(super) role: Role,
    pub(super) name: Str,
    pub(super) image: Str,
    /// The image with registry and tag, once it ran.
    pub(super) full_image: Str,
    /// The image's digest, once it ran.
    pub(super) image_id: Str,
    policy: PullPolicy,
    startup: Option<Probe>,
    liveness: Option<Probe>,
    has_readiness: bool,
    /// Whether its startup probe has succeeded since the last start.
    started_up: bool,
    /// Since when it answers no probe; cleared when the kubelet stops it for that.
    hung: Option<Time>,
    /// The number of the present start, or of the last one.
    pub(super) attempt: u32,
    /// `containerID` of the last start that ran; empty before the first.
    pub(super) id: Str,
    /// `restartCount`: the number of the last start that ran.
    pub(super) restarts: u32,
    pub(super) activity: Activity,
    pub(super) state: ReportedState,
    /// `lastState`.
    pub(super) last: Option<TerminatedState>,
    pulls: Backoff,
    crashes: Backoff,
}

/// A probe whose failure restarts the container.
#[derive(Clone, Copy, Debug)]
struct Probe {
    /// From the start of the container to the first try.
    delay_ms: Millis,
    /// How long it may fail: `periodSeconds` times `failureThreshold`.
    patience_ms: Millis,
    /// The probe's own grace for stopping the container; `None`: the pod's.
    grace_ms: Option<Millis>,
}

/// What a container needs from its runtime next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Need {
    Nothing,
    Pull {
        if_not_present: bool,
    },
    Start,
    /// A probe has failed.
    Stop {
        /// The probe's own grace.
        grace_ms: Option<Millis>,
    },
}

impl ContainerWorker {
    /// The containers of a pod: init containers and sidecars in their order, then the others.
    pub(super) fn all(pod: &Object) -> Vec<Self> {
        let (init, main) = (pod.items_at(&["spec", "initContainers"]), pod.items_at(&["spec", "containers"]));
        let reason = if init.is_empty() { "ContainerCreating" } else { "PodInitializing" };
        let role = |spec: &Value| match spec.str_at(&["restartPolicy"]) {
            Some("Always") => Role::Sidecar,
            _ => Role::Init,
        };
        let init = init.iter().map(|spec| Self::new(spec, role(spec), reason));
        init.chain(main.iter().map(|spec| Self::new(spec, Role::Main, reason))).collect()
    }

    /// The container of this entry of the spec, which waits for this reason.
    fn new(spec: &Value, role: Role, reason: &'static str) -> Self {
        let policy = match spec.str_at(&["imagePullPolicy"]) {
            Some("Always") => PullPolicy::Always,
            Some("Never") => PullPolicy::Never,
            _ => PullPolicy::IfNotPresent,
        };
        let creating = WaitingState { reason: reason.into(), message: String::new() };
        Self {
            role,
            name: spec.str_at(&["name"]).unwrap_or_default().into(),
            image: spec.str_at(&["image"]).unwrap_or_default().into(),
            full_image: Str::default(),
            image_id: Str::default(),
            policy,
            startup: spec.get("startupProbe").map(Probe::of),
            liveness: spec.get("livenessProbe").map(Probe::of),
            has_readiness: spec.get("readinessProbe").is_some(),
            started_up: false,
            hung: None,
            attempt: 0,
            id: Str::default(),
            restarts: 0,
            activity: Activity::New,
            state: ReportedState::Waiting(creating),
            last: None,
            pulls: Backoff::default(),
            crashes: Backoff::default(),
        }
    }

    /// Takes over the status of a container from before the machine booted: it ran and was lost, or had terminated.
    ///
    /// Real: containerd finds its old containers and reports them with exit code 255 and reason Unknown (general
    /// knowledge); then the kubelet applies the restart policy.
    pub(super) fn restore(&mut self, status: &Value, policy: RestartPolicy, now: Time) {
        let Some(id) = status.str_at(&["containerID"]) else { return };
        self.restarts = status.i64_at(&["restartCount"]).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        self.attempt = self.restarts;
        self.id = id.into();
        self.full_image = names::full_image(&self.image);
        self.image_id = names::image_id(&self.full_image);
        let time = |state: &str, field| status.str_at(&["state", state, field]).and_then(Time::parse_rfc3339);
        let (exit, started, finished) = match status.at(&["state", "terminated"]) {
            Some(ended) => {
                let code = i32::try_from(ended.i64_at(&["exitCode"]).unwrap_or(0)).unwrap_or(Exit::UNKNOWN);
                (Exit::with_code(code), time("terminated", "startedAt"), time("terminated", "finishedAt"))
            }
            None => {
                let lost = Exit { code: Exit::UNKNOWN, reason: "Unknown" };
                (lost, time("running", "startedAt"), Some(now))
            }
        };
        let policy = self.policy(policy);
        // After a boot, all init containers run again.
        let runs_again = policy == RestartPolicy::OnFailure && self.role == Role::Init;
        let again = runs_again || policy.restarts_after(exit.code);
        self.attempt += u32::from(again);
        self.activity = if again { Activity::New } else { Activity::Ended };
        let id = self.id.clone();
        self.state = ReportedState::Terminated(TerminatedState { exit, message: "", id, started, finished });
    }

    /// When something is due without an event of the runtime.
    pub(super) fn due(&self) -> Option<Time> {
        let Activity::BackingOff(pause) = &self.activity else {
            return self.failing_probe().map(|(at, _)| at);
        };
        Some(pause.next_state.as_ref().map_or(pause.until, |(at, _)| pause.until.min(*at)))
    }

    /// Whether the containers after it may start.
    pub(super) fn lets_next_start(&self) -> bool {
        match (self.role, &self.state) {
            (Role::Init, ReportedState::Terminated(ended)) => {
                self.activity == Activity::Ended && ended.exit.code == 0
            }
            // A sidecar that restarts does not hold up those that have started after it.
            (Role::Sidecar, ReportedState::Running { .. }) if self.is_started() => true,
            (Role::Sidecar, _) => self.restarts > 0 || self.last.is_some(),
            (Role::Init, _) => false,
            (Role::Main, _) => true,
        }
    }

    /// Whether it is an init container that failed for good.
    pub(super) fn has_failed(&self) -> bool {
        self.role == Role::Init && self.activity == Activity::Ended && !self.lets_next_start()
    }

    /// Its restart policy in a pod with this one.
    pub(super) fn policy(&self, pod: RestartPolicy) -> RestartPolicy {
        match (self.role, pod) {
            (Role::Main, policy) => policy,
            (Role::Sidecar, _) => RestartPolicy::Always,
            (Role::Init, RestartPolicy::Never) => RestartPolicy::Never,
            (Role::Init, _) => RestartPolicy::OnFailure,
        }
    }

    /// Which of its probes will have failed for good, and when. Before the startup probe succeeds no other counts.
    fn failing_probe(&self) -> Option<(Time, Probe)> {
        let ReportedState::Running { since, .. } = &self.state else { return None };
        let (probe, from) = match (self.startup, self.hung) {
            (Some(startup), _) if !self.started_up => (startup, *since + startup.delay_ms),
            (_, Some(hung)) => {
                let liveness = self.liveness?;
                (liveness, hung.max(*since + liveness.delay_ms))
            }
            _ => return None,
        };
        Some((from + probe.patience_ms, probe))
    }

    /// Whether it runs and its startup probe has succeeded, if it has one.
    pub(super) fn is_started(&self) -> bool {
        matches!(self.state, ReportedState::Running { .. }) && (self.started_up || self.startup.is_none())
    }

    pub(super) fn advance(&mut self, now: Time) -> Need {
        let failed = self.failing_probe().filter(|(at, _)| *at <= now);
        match &mut self.activity {
            Activity::New => self.begin(),
            Activity::BackingOff(pause) if pause.until <= now => self.begin(),
            Activity::BackingOff(pause) => {
                if let Some((_, waiting)) = pause.next_state.take_if(|(at, _)| *at <= now) {
                    self.set_state(ReportedState::Waiting(waiting));
                }
                Need::Nothing
            }
            _ => {
                let Some((_, Probe { grace_ms, .. })) = failed else { return Need::Nothing };
                // Stops it once: the exit will follow.
                (self.started_up, self.hung) = (true, None);
                Need::Stop { grace_ms }
            }
        }
    }

    fn begin(&mut self) -> Need {
        if self.policy == PullPolicy::Never {
            self.activity = Activity::Starting;
            return Need::Start;
        }
        self.activity = Activity::Pulling;
        Need::Pull { if_not_present: self.policy == PullPolicy::IfNotPresent }
    }

    fn set_state(&mut self, state: ReportedState) {
        if let ReportedState::Terminated(ended) = std::mem::replace(&mut self.state, state) {
            self.last = Some(ended);
        }
    }

    pub(super) fn pulled(&mut self, result: Result<(), PullError>, now: Time) -> Need {
        if self.activity != Activity::Pulling {
            return Need::Nothing;
        }
        let Err(error) = result else {
            self.activity = Activity::Starting;
            return Need::Start;
        };
        let until = now + self.pulls.failed(now);
        let message =
            format!("Back-off pulling image \"{}\": {}: {}", self.image, error.reason, error.message);
        let back_off = WaitingState { reason: "ImagePullBackOff".into(), message };
        let failed = WaitingState { reason: error.reason, message: error.message };
        self.set_state(ReportedState::Waiting(failed));
        let next_state = Some((now + BACK_OFF_SHOWN_AFTER_MS, back_off));
        self.activity = Activity::BackingOff(Pause { until, next_state });
        Need::Nothing
    }

    pub(super) fn started(&mut self, pod_uid: &str, now: Time) {
        if self.activity != Activity::Starting {
            return;
        }
        debug_assert!(self.attempt >= self.restarts, "starts are numbered upwards");
        self.activity = Activity::Running;
        (self.started_up, self.hung) = (false, None);
        self.id = names::container_id(pod_uid, &self.name, self.attempt);
        if self.restarts == 0 && self.attempt == 0 {
            self.full_image = names::full_image(&self.image);
            self.image_id = names::image_id(&self.full_image);
        }
        self.restarts = self.attempt;
        self.set_state(ReportedState::Running { since: now, ready: false });
    }

    pub(super) fn set_ready(&mut self, yes: bool) {
        if let ReportedState::Running { ready, .. } = &mut self.state {
            *ready = yes;
            self.started_up |= yes;
        }
    }

    /// It no longer answers probes. Without a readiness probe it still counts as ready.
    pub(super) fn set_hung(&mut self, now: Time) {
        self.hung = Some(now);
        if let (ReportedState::Running { ready, .. }, true) = (&mut self.state, self.has_readiness) {
            *ready = false;
        }
    }

    /// It has terminated. `policy` is `None` when the pod stops: then nothing starts again.
    pub(super) fn exited(&mut self, exit: Exit, policy: Option<RestartPolicy>, pod: &str, now: Time) {
        let started = match self.state {
            ReportedState::Running { since, .. } => Some(since),
            _ => None,
        };
        let again = policy.is_some_and(|policy| policy.restarts_after(exit.code));
        // A container that was stopped before it ran never gets an id.
        let id = if started.is_some() { self.id.clone() } else { Str::default() };
        let finished = Some(now);
        self.set_state(ReportedState::Terminated(TerminatedState {
            exit,
            message: "",
            id,
            started,
            finished,
        }));
        self.activity = if again { self.back_off(pod, now) } else { Activity::Ended };
    }

    fn back_off(&mut self, pod: &str, now: Time) -> Activity {
        self.attempt += 1;
        let delay = self.crashes.failed_after_a_free_one(now);
        let next_state = (delay > 0).then(|| {
            let period = match delay / SECOND {
                seconds @ 0..60 => format!("{seconds}s"),
                seconds => format!("{}m{}s", seconds / 60, seconds % 60),
            };
            let message = format!("back-off {period} restarting failed container={} pod={pod}", self.name);
            (now + BACK_OFF_SHOWN_AFTER_MS, WaitingState { reason: "CrashLoopBackOff".into(), message })
        });
        Activity::BackingOff(Pause { until: now + delay, next_state })
    }

    /// Its pod stops: it will not run again if it has no process now. Whether it has one.
    pub(super) fn abandon(&mut self) -> bool {
        match self.activity {
            Activity::Running | Activity::Starting => return true,
            Activity::Ended => return false,
            Activity::New | Activity::Pulling | Activity::BackingOff(_) => self.activity = Activity::Ended,
        }
        if !matches!(self.state, ReportedState::Terminated(_)) {
            let last = self.last.take().unwrap_or_else(TerminatedState::never_ran);
            self.state = ReportedState::Terminated(last);
        }
        false
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(self.state, ReportedState::Running { ready: true, .. })
    }
}

impl RestartPolicy {
    fn restarts_after(self, code: i32) -> bool {
        self == Self::Always || (self == Self::OnFailure && code != 0)
    }
}

impl TerminatedState {
    /// The state of a container that had no process when its pod ended (kubelet `TerminatePod`).
    fn never_ran() -> Self {
        Self {
            exit: Exit { code: Exit::SIGKILL, reason: "ContainerStatusUnknown" },
            message: "The container could not be located when the pod was terminated",
            id: Str::default(),
            started: None,
            finished: None,
        }
    }
}

impl Probe {
    /// The probe of this entry of the spec, with the API's defaults (`SetDefaults_Probe`).
    fn of(spec: &Value) -> Self {
        let number = |field| spec.i64_at(&[field]).and_then(|n| u64::try_from(n).ok());
        let seconds = |field, default| number(field).unwrap_or(default) * SECOND;
        Self {
            delay_ms: seconds("initialDelaySeconds", 0),
            patience_ms: seconds("periodSeconds", 10) * number("failureThreshold").unwrap_or(3),
            grace_ms: number("terminationGracePeriodSeconds").map(|seconds| seconds * SECOND),
        }
    }
}
