//! The life of one container of a pod: pull, start, ready, exit, back-off, stop.
//!
//! Real: the kubelet's runtime manager and its sync loop. Modelled: pull policies, back-off of pulls and restarts, what
//! `kubectl` shows meanwhile, init containers and sidecars; startup probes, which the image's first readiness answers;
//! liveness probes, which fail once it hangs. Not modelled: intervals of probes (each fails for as long as it may: a
//! restart comes up to one period later than a real one); `imagePullPolicy: Never` takes the image for loaded onto every
//! node, as `kind load` does.

use super::backoff::Backoff;
use super::names;
use crate::engine::{Millis, SECOND, Time};
use crate::object::{Object, Str, Value};
use crate::wire::{Exit, PullError};

/// From a failure until the status says that the kubelet backs off: one round of its event generator (kubelet
/// `genericPlegRelistPeriod`). General knowledge, not recorded.
const WORD_AFTER_MS: Millis = SECOND;

/// When the kubelet asks for the image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PullPolicy {
    Always,
    IfNotPresent,
    Never,
}

/// What a container is to its pod.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// Has to end well before the next one starts.
    Init,
    /// An init container with restart policy Always: has to run before the next one starts, and runs on.
    Sidecar,
    /// What the pod is for.
    Main,
}

/// When an ended container starts again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RestartPolicy {
    Always,
    OnFailure,
    Never,
}

/// What the container is doing.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Doing {
    /// Nothing yet.
    New,
    /// Its image is being pulled.
    Pulling,
    /// It is being created.
    Starting,
    /// It runs, or is being stopped.
    Running,
    /// It waits for its next try.
    BackingOff(BackOff),
    /// It will never run again.
    Ended,
}

/// A pause between two tries.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct BackOff {
    until: Time,
    /// What the status says from when on; taken once it is said.
    word: Option<(Time, Waiting)>,
}

/// `state.waiting`.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Waiting {
    pub(super) reason: Str,
    pub(super) message: String,
}

/// `state.terminated`.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Terminated {
    pub(super) exit: Exit,
    pub(super) message: &'static str,
    /// `containerID`; empty for a container that never was.
    pub(super) id: Str,
    pub(super) started: Option<Time>,
    pub(super) finished: Option<Time>,
}

/// `state`: what the status shows.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Shown {
    Waiting(Waiting),
    Running { since: Time, ready: bool },
    Terminated(Terminated),
}

/// One container.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) role: Role,
    pub(super) name: Str,
    pub(super) image: Str,
    /// The image as the runtime names it, and its digest, once it ran.
    pub(super) full_image: Str,
    pub(super) image_id: Str,
    policy: PullPolicy,
    startup: Option<Probe>,
    liveness: Option<Probe>,
    has_readiness: bool,
    /// Whether its startup probe has answered yes since the last start.
    up: bool,
    /// Since when it answers no probe, until it is stopped for that.
    hung: Option<Time>,
    /// The start that is under way or was the last.
    pub(super) attempt: u32,
    /// `containerID` of the start that ran last, or nothing.
    pub(super) id: Str,
    /// The last start that ran, as `restartCount`.
    pub(super) restarts: u32,
    pub(super) doing: Doing,
    pub(super) shown: Shown,
    /// `lastState`.
    pub(super) last: Option<Terminated>,
    pulls: Backoff,
    crashes: Backoff,
}

/// A probe that ends its container.
#[derive(Clone, Copy, Debug)]
struct Probe {
    /// From the start of the container to the first try.
    delay_ms: Millis,
    /// How long it may fail.
    patience_ms: Millis,
    /// The grace of the container that it ends; the pod's unless said.
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
    /// A probe gave up.
    Stop {
        /// The grace, where the probe has its own.
        grace_ms: Option<Millis>,
    },
}

impl Container {
    /// The containers of a pod: init containers and sidecars in their order, then the others.
    pub(super) fn all(pod: &Object) -> Vec<Self> {
        let (init, main) = (pod.items_at(&["spec", "initContainers"]), pod.items_at(&["spec", "containers"]));
        let word = if init.is_empty() { "ContainerCreating" } else { "PodInitializing" };
        let role = |spec: &Value| match spec.str_at(&["restartPolicy"]) {
            Some("Always") => Role::Sidecar,
            _ => Role::Init,
        };
        let init = init.iter().map(|spec| Self::new(spec, role(spec), word));
        init.chain(main.iter().map(|spec| Self::new(spec, Role::Main, word))).collect()
    }

    /// The container of this entry of the spec, which waits with this word.
    fn new(spec: &Value, role: Role, word: &'static str) -> Self {
        let policy = match spec.str_at(&["imagePullPolicy"]) {
            Some("Always") => PullPolicy::Always,
            Some("Never") => PullPolicy::Never,
            _ => PullPolicy::IfNotPresent,
        };
        let creating = Waiting { reason: word.into(), message: String::new() };
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
            up: false,
            hung: None,
            attempt: 0,
            id: Str::default(),
            restarts: 0,
            doing: Doing::New,
            shown: Shown::Waiting(creating),
            last: None,
            pulls: Backoff::default(),
            crashes: Backoff::default(),
        }
    }

    /// Takes over what the status tells of a container from before the machine booted: it ran and was lost, or had ended.
    ///
    /// Real: containerd finds its old containers and reports them with exit code 255 and reason Unknown (general
    /// knowledge); the kubelet then goes by the restart policy.
    pub(super) fn recall(&mut self, status: &Value, policy: RestartPolicy, now: Time) {
        let Some(id) = status.str_at(&["containerID"]) else { return };
        self.restarts = status.i64_at(&["restartCount"]).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        self.attempt = self.restarts;
        self.id = id.into();
        self.full_image = names::full_image(&self.image);
        self.image_id = names::image_id(&self.full_image);
        let time = |value: &Value, field| value.str_at(&[field]).and_then(Time::parse_rfc3339);
        let ended = match (status.at(&["state", "terminated"]), status.at(&["state", "running"])) {
            (Some(ended), _) => Terminated {
                exit: Exit::with_code(
                    i32::try_from(ended.i64_at(&["exitCode"]).unwrap_or(0)).unwrap_or(Exit::UNKNOWN),
                ),
                message: "",
                id: self.id.clone(),
                started: time(ended, "startedAt"),
                finished: time(ended, "finishedAt"),
            },
            (None, running) => Terminated {
                exit: Exit { code: Exit::UNKNOWN, reason: "Unknown" },
                message: "",
                id: self.id.clone(),
                started: running.and_then(|running| time(running, "startedAt")),
                finished: Some(now),
            },
        };
        let again = match self.policy(policy) {
            RestartPolicy::Always => true,
            // A boot runs all init containers once more, whatever came of them.
            RestartPolicy::OnFailure => ended.exit.code != 0 || self.role == Role::Init,
            RestartPolicy::Never => false,
        };
        self.attempt += u32::from(again);
        self.doing = if again { Doing::New } else { Doing::Ended };
        self.shown = Shown::Terminated(ended);
    }

    /// When something is due without news from the runtime.
    pub(super) fn due(&self) -> Option<Time> {
        let Doing::BackingOff(pause) = &self.doing else { return self.gives_up().map(|(at, _)| at) };
        Some(pause.word.as_ref().map_or(pause.until, |(at, _)| pause.until.min(*at)))
    }

    /// Whether the containers after it may start, if it is an init container.
    pub(super) fn lets_go_on(&self) -> bool {
        match (self.role, &self.shown) {
            (Role::Init, Shown::Terminated(ended)) => self.doing == Doing::Ended && ended.exit.code == 0,
            // One that restarts has let them go on already, and does not take that back.
            (Role::Sidecar, Shown::Running { .. }) if self.is_started() => true,
            (Role::Sidecar, _) => self.restarts > 0 || self.last.is_some(),
            (Role::Init, _) => false,
            (Role::Main, _) => true,
        }
    }

    /// Whether it is an init container that failed for good.
    pub(super) fn has_failed(&self) -> bool {
        self.role == Role::Init && self.doing == Doing::Ended && !self.lets_go_on()
    }

    /// When it starts again in a pod with this policy.
    pub(super) fn policy(&self, pod: RestartPolicy) -> RestartPolicy {
        match (self.role, pod) {
            (Role::Main, policy) => policy,
            (Role::Sidecar, _) => RestartPolicy::Always,
            (Role::Init, RestartPolicy::Never) => RestartPolicy::Never,
            (Role::Init, _) => RestartPolicy::OnFailure,
        }
    }

    /// Which of its probes gives up, and when. Until the startup probe has answered there is no other.
    fn gives_up(&self) -> Option<(Time, Probe)> {
        let Shown::Running { since, .. } = &self.shown else { return None };
        let (probe, from) = match (self.startup, self.hung) {
            (Some(startup), _) if !self.up => (startup, *since + startup.delay_ms),
            (_, Some(hung)) => {
                let liveness = self.liveness?;
                (liveness, hung.max(*since + liveness.delay_ms))
            }
            _ => return None,
        };
        Some((from + probe.patience_ms, probe))
    }

    /// Whether it runs and has started up.
    pub(super) fn is_started(&self) -> bool {
        matches!(self.shown, Shown::Running { .. }) && (self.up || self.startup.is_none())
    }

    /// Does what is due at `now`.
    pub(super) fn advance(&mut self, now: Time) -> Need {
        let gives_up = self.gives_up().filter(|(at, _)| *at <= now);
        match &mut self.doing {
            Doing::New => self.begin(),
            Doing::BackingOff(pause) if pause.until <= now => self.begin(),
            Doing::BackingOff(pause) => {
                if let Some((_, waiting)) = pause.word.take_if(|(at, _)| *at <= now) {
                    self.show_waiting(waiting);
                }
                Need::Nothing
            }
            _ => {
                let Some((_, Probe { grace_ms, .. })) = gives_up else { return Need::Nothing };
                // Once: the exit is on its way.
                (self.up, self.hung) = (true, None);
                Need::Stop { grace_ms }
            }
        }
    }

    fn begin(&mut self) -> Need {
        if self.policy == PullPolicy::Never {
            self.doing = Doing::Starting;
            return Need::Start;
        }
        self.doing = Doing::Pulling;
        Need::Pull { if_not_present: self.policy == PullPolicy::IfNotPresent }
    }

    fn show_waiting(&mut self, waiting: Waiting) {
        if let Shown::Terminated(ended) = std::mem::replace(&mut self.shown, Shown::Waiting(waiting)) {
            self.last = Some(ended);
        }
    }

    /// Takes the result of the pull.
    pub(super) fn pulled(&mut self, result: Result<(), PullError>, now: Time) -> Need {
        if self.doing != Doing::Pulling {
            return Need::Nothing;
        }
        let Err(error) = result else {
            self.doing = Doing::Starting;
            return Need::Start;
        };
        let until = now + self.pulls.failed(now);
        let message =
            format!("Back-off pulling image \"{}\": {}: {}", self.image, error.reason, error.message);
        let word = Waiting { reason: "ImagePullBackOff".into(), message };
        self.show_waiting(Waiting { reason: error.reason, message: error.message });
        self.doing = Doing::BackingOff(BackOff { until, word: Some((now + WORD_AFTER_MS, word)) });
        Need::Nothing
    }

    /// It runs.
    pub(super) fn started(&mut self, pod_uid: &str, now: Time) {
        if self.doing != Doing::Starting {
            return;
        }
        self.doing = Doing::Running;
        (self.up, self.hung) = (false, None);
        self.id = names::container_id(pod_uid, &self.name, self.attempt);
        if self.restarts == 0 && self.attempt == 0 {
            self.full_image = names::full_image(&self.image);
            self.image_id = names::image_id(&self.full_image);
        }
        self.restarts = self.attempt;
        if let Shown::Terminated(ended) =
            std::mem::replace(&mut self.shown, Shown::Running { since: now, ready: false })
        {
            self.last = Some(ended);
        }
    }

    /// Its readiness changed.
    pub(super) fn is_ready(&mut self, yes: bool) {
        if let Shown::Running { ready, .. } = &mut self.shown {
            *ready = yes;
            self.up |= yes;
        }
    }

    /// It answers no probe any more. One without a readiness probe counts as ready all the same.
    pub(super) fn hangs(&mut self, now: Time) {
        self.hung = Some(now);
        if let (Shown::Running { ready, .. }, true) = (&mut self.shown, self.has_readiness) {
            *ready = false;
        }
    }

    /// It ended. `policy` is none when the pod is being stopped: nothing starts again then.
    pub(super) fn exited(&mut self, exit: Exit, policy: Option<RestartPolicy>, pod: &str, now: Time) {
        let started = match self.shown {
            Shown::Running { since, .. } => Some(since),
            _ => None,
        };
        let again = match policy {
            Some(RestartPolicy::Always) => true,
            Some(RestartPolicy::OnFailure) => exit.code != 0,
            Some(RestartPolicy::Never) | None => false,
        };
        // A container that was stopped before it ran has no id yet: it never gets one.
        let id = if started.is_some() { self.id.clone() } else { Str::default() };
        if let Shown::Terminated(before) = &self.shown {
            self.last = Some(before.clone());
        }
        self.shown = Shown::Terminated(Terminated { exit, message: "", id, started, finished: Some(now) });
        self.doing = if again { self.back_off(pod, now) } else { Doing::Ended };
    }

    fn back_off(&mut self, pod: &str, now: Time) -> Doing {
        self.attempt += 1;
        let delay = self.crashes.failed_after_a_free_one(now);
        let word = (delay > 0).then(|| {
            let seconds = delay / SECOND;
            let period = if seconds >= 60 {
                format!("{}m{}s", seconds / 60, seconds % 60)
            } else {
                format!("{seconds}s")
            };
            let message = format!("back-off {period} restarting failed container={} pod={pod}", self.name);
            (now + WORD_AFTER_MS, Waiting { reason: "CrashLoopBackOff".into(), message })
        });
        Doing::BackingOff(BackOff { until: now + delay, word })
    }

    /// Gives up a container that has no process, because its pod is being stopped. Says whether it has one.
    pub(super) fn give_up(&mut self) -> bool {
        match self.doing {
            Doing::Running | Doing::Starting => return true,
            Doing::Ended => return false,
            Doing::New | Doing::Pulling | Doing::BackingOff(_) => self.doing = Doing::Ended,
        }
        if !matches!(self.shown, Shown::Terminated(_)) {
            self.shown = Shown::Terminated(self.last.take().unwrap_or_else(Terminated::never_ran));
        }
        false
    }

    /// Whether it runs and its readiness probe answers yes.
    pub(super) fn ready(&self) -> bool {
        matches!(self.shown, Shown::Running { ready: true, .. })
    }
}

impl Terminated {
    /// What the kubelet says of a container that its pod's end left without a process (kubelet `TerminatePod`).
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
    /// The probe of this entry of the spec. What it leaves out is as the API says: 10 s, 3 times (`SetDefaults_Probe`).
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
