//! The life of one container of a pod: pull, start, ready, exit, back-off, stop.
//!
//! Real: the kubelet's runtime manager and its sync loop. Modelled: pull policies, back-off of pulls and restarts, what
//! `kubectl` shows meanwhile. Not modelled: init containers, probes of the pod's own, lifecycle hooks;
//! `imagePullPolicy: Never` takes the image for loaded onto every node, as `kind load` does.

use super::backoff::Backoff;
use super::names;
use crate::engine::{Millis, SECOND, Time};
use crate::object::{Str, Value};
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
#[derive(Debug)]
pub(super) struct Container {
    pub(super) name: Str,
    pub(super) image: Str,
    /// The image as the runtime names it, and its digest, once it ran.
    pub(super) full_image: Str,
    pub(super) image_id: Str,
    policy: PullPolicy,
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

/// What a container needs from its runtime next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Need {
    Nothing,
    Pull { if_not_present: bool },
    Start,
}

impl Container {
    /// The container of this entry of `spec.containers`.
    pub(super) fn new(spec: &Value) -> Self {
        let policy = match spec.str_at(&["imagePullPolicy"]) {
            Some("Always") => PullPolicy::Always,
            Some("Never") => PullPolicy::Never,
            _ => PullPolicy::IfNotPresent,
        };
        let creating = Waiting { reason: "ContainerCreating".into(), message: String::new() };
        Self {
            name: spec.str_at(&["name"]).unwrap_or_default().into(),
            image: spec.str_at(&["image"]).unwrap_or_default().into(),
            full_image: Str::default(),
            image_id: Str::default(),
            policy,
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

    /// When something is due without news from the runtime.
    pub(super) fn due(&self) -> Option<Time> {
        let Doing::BackingOff(pause) = &self.doing else { return None };
        Some(pause.word.as_ref().map_or(pause.until, |(at, _)| pause.until.min(*at)))
    }

    /// Does what is due at `now`.
    pub(super) fn advance(&mut self, now: Time) -> Need {
        match &mut self.doing {
            Doing::New => self.begin(),
            Doing::BackingOff(pause) if pause.until <= now => self.begin(),
            Doing::BackingOff(pause) => {
                if let Some((_, waiting)) = pause.word.take_if(|(at, _)| *at <= now) {
                    self.show_waiting(waiting);
                }
                Need::Nothing
            }
            _ => Need::Nothing,
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
            exit: Exit { code: 137, reason: "ContainerStatusUnknown" },
            message: "The container could not be located when the pod was terminated",
            id: Str::default(),
            started: None,
            finished: None,
        }
    }
}
