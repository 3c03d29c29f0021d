//! Failures of a scenario built in code.
//!
//! ```
//! use wavetank::{faults, on, pods, program, secs};
//! let crash = faults::crash(program("my-operator")).after(on::write().verb("create").kind("Deployment")).nth(1..=6);
//! let deletion = faults::pod_deletion(pods("app=web").one()).every(secs(20)..=secs(90)).times(0..=3);
//! # let _ = (crash, deletion);
//! ```

use wavetank_sim::scenario::{
    Arg, CountRange, EventPattern, EventVerb, FaultInfo, FaultSpec, FaultTarget, Hosting, Moment, Pattern,
    Pick, TimeRange, Trigger, When,
};

use super::{Counts, Times};

/// A failure.
#[derive(Clone, Debug)]
#[must_use = "a fault does nothing until it is added to a scenario"]
pub struct Fault(pub(super) FaultSpec);

/// Whom a failure strikes.
#[derive(Clone, Debug)]
#[must_use]
pub struct Victims(FaultTarget);

/// The hosts of a program; a glob.
pub fn program(name: &str) -> Victims {
    Victims(FaultTarget::Program { program: Pattern::from(name), pick: Pick::One })
}

/// The pods with these labels, as kubectl writes selectors.
pub fn pods(selector: &str) -> Victims {
    let (kind, name) = ("Pod".into(), Pattern::any());
    let selector = Some(selector.to_owned()).filter(|text| !text.is_empty());
    Victims(FaultTarget::Objects { kind, namespace: None, name, selector, hosting: None, pick: Pick::One })
}

/// The nodes with these labels, as kubectl writes selectors.
pub fn nodes(selector: &str) -> Victims {
    let (kind, name) = ("Node".into(), Pattern::any());
    let selector = Some(selector.to_owned()).filter(|text| !text.is_empty());
    Victims(FaultTarget::Objects { kind, namespace: None, name, selector, hosting: None, pick: Pick::One })
}

/// The nodes that run pods with these labels, as kubectl writes selectors.
pub fn nodes_hosting(selector: &str) -> Victims {
    let hosting = Some(Hosting { selector: selector.into() });
    let (kind, name, pick) = ("Node".into(), Pattern::any(), Pick::One);
    Victims(FaultTarget::Objects { kind, namespace: None, name, selector: None, hosting, pick })
}

/// One of all nodes.
pub fn any_node() -> Victims {
    nodes("")
}

/// The images that a glob matches.
pub fn image(glob: &str) -> Victims {
    Victims(FaultTarget::Image { image: Pattern::from(glob) })
}

/// One of all pods.
pub fn any_pod() -> Victims {
    pods("")
}

impl Victims {
    fn picking(mut self, picked: Pick) -> Self {
        match &mut self.0 {
            FaultTarget::Program { pick, .. } | FaultTarget::Objects { pick, .. } => *pick = picked,
            FaultTarget::Image { .. } | FaultTarget::Cluster => {}
        }
        self
    }

    /// One of them, drawn when it strikes; the default.
    pub fn one(self) -> Self {
        self.picking(Pick::One)
    }

    /// All of them.
    pub fn all(self) -> Self {
        self.picking(Pick::All)
    }

    /// The one that holds the Lease.
    pub fn leader(self) -> Self {
        self.picking(Pick::Leader)
    }
}

fn fault(name: &'static str, victims: Victims) -> Fault {
    let info = FaultInfo::usable(name).expect("the names in this file are in the table");
    let trigger = Trigger::At(TimeRange::exactly(0));
    Fault(FaultSpec {
        name: None,
        fault: info,
        target: victims.0,
        when: When::new(trigger),
        times: CountRange::exactly(1),
        duration: None,
        args: info.default_args(),
    })
}

/// Somebody deletes pods.
pub fn pod_deletion(victims: Victims) -> Fault {
    fault("pod-deletion", victims)
}

/// Somebody evicts pods; disruption budgets may refuse.
pub fn eviction(victims: Victims) -> Fault {
    fault("eviction", victims)
}

/// A container's process ends by itself, with exit code 137.
pub fn container_crash(victims: Victims) -> Fault {
    fault("container-crash", victims)
}

/// Machines lose their power; give it a duration with `lasting`. The same machines come back.
pub fn node_loss(victims: Victims) -> Fault {
    fault("node-loss", victims)
}

/// Machines lose their power and are replaced by others after a duration, see `lasting`.
pub fn node_replacement(victims: Victims) -> Fault {
    let mut fault = fault("node-loss", victims);
    fault.0.args.0.insert("heal", Arg::Text("replace".into()));
    fault
}

/// Machines restart.
pub fn reboot(victims: Victims) -> Fault {
    fault("reboot", victims)
}

/// Nodes, pods or programs do not reach the API server, for a duration, see `lasting`.
pub fn partition(victims: Victims) -> Fault {
    fault("partition", victims)
}

/// Kubelets restart; containers do not notice.
pub fn kubelet_restart(victims: Victims) -> Fault {
    fault("kubelet-restart", victims)
}

/// The next pulls of an image fail, as often as said.
pub fn image_pull_error(victims: Victims, times: impl Counts) -> Fault {
    let mut fault = fault("image-pull-error", victims);
    fault.0.args.0.insert("times", Arg::Count(times.counts()));
    fault
}

/// Containers take so much longer to start.
pub fn slow_start(victims: Victims, by: impl Times) -> Fault {
    let mut fault = fault("slow-start", victims);
    fault.0.args.0.insert("by", Arg::Time(by.times()));
    fault
}

/// Containers that are ready are not, for so long.
pub fn readiness_flap(victims: Victims, down: impl Times) -> Fault {
    let mut fault = fault("readiness-flap", victims);
    fault.0.args.0.insert("down", Arg::Time(down.times()));
    fault
}

/// A program dies between two instructions.
pub fn crash(victims: Victims) -> Fault {
    fault("crash", victims)
}

/// The API server fails: 429, 500, 503 or 504.
pub fn api_error(victims: Victims, status: u16) -> Fault {
    let mut fault = fault("api-error", victims);
    fault.0.args.0.insert("status", Arg::Text(status.to_string()));
    fault
}

/// Requests take so much longer.
pub fn api_latency(victims: Victims, by: impl Times) -> Fault {
    let mut fault = fault("api-latency", victims);
    fault.0.args.0.insert("by", Arg::Time(by.times()));
    fault
}

/// Watch connections break.
pub fn watch_cut(victims: Victims) -> Fault {
    fault("watch-cut", victims)
}

/// The API server forgets its history but for so many revisions: watches that resume from before, and lists that go on from
/// before, get 410.
pub fn compaction(keep: impl Counts) -> Fault {
    let mut fault = fault("compaction", Victims(FaultTarget::Cluster));
    fault.0.args.0.insert("keep", Arg::Count(keep.counts()));
    fault
}

impl Fault {
    /// Names it: the name keys its draws.
    pub fn named(mut self, name: &str) -> Self {
        self.0.name = Some(name.into());
        self
    }

    /// Once, so long after t = 0.
    pub fn at(mut self, times: impl Times) -> Self {
        self.0.when.trigger = Trigger::At(times.times());
        self
    }

    /// Again and again, with such pauses; `times` says how often.
    pub fn every(mut self, times: impl Times) -> Self {
        self.0.when.trigger = Trigger::Every(times.times());
        self
    }

    /// How often in a run.
    pub fn times(mut self, counts: impl Counts) -> Self {
        self.0.times = counts.counts();
        self
    }

    /// For so long.
    pub fn lasting(mut self, times: impl Times) -> Self {
        self.0.duration = Some(times.times());
        self
    }

    fn at_event(mut self, event: on::Event, moment: Moment) -> Self {
        self.0.when = When { trigger: Trigger::On(event.0), moment, ..self.0.when };
        self
    }

    /// Before an event has an effect.
    pub fn before(self, event: on::Event) -> Self {
        self.at_event(event, Moment::Before)
    }

    /// When an event is committed and its answer has not arrived.
    pub fn after(self, event: on::Event) -> Self {
        self.at_event(event, Moment::After)
    }

    /// When the answer has arrived.
    pub fn after_response(self, event: on::Event) -> Self {
        self.at_event(event, Moment::AfterResponse)
    }

    /// At which occurrence of the event, from 1.
    pub fn nth(mut self, counts: impl Counts) -> Self {
        self.0.when.nth = counts.counts();
        self
    }

    /// For an API error: the server has handled the request.
    pub fn committed(mut self) -> Self {
        self.0.args.0.insert("committed", Arg::Bool(true));
        self
    }
}

/// Events that faults are set off by.
pub mod on {
    use super::{EventPattern, EventVerb, Pattern};

    /// An event.
    #[derive(Clone, Debug)]
    #[must_use]
    pub struct Event(pub(in crate::builder) EventPattern);

    /// Any write: create, update, patch, delete.
    pub fn write() -> Event {
        Event(EventPattern::any(EventVerb::Write))
    }

    /// Any read: get, list, watch.
    pub fn read() -> Event {
        Event(EventPattern::any(EventVerb::Read))
    }

    /// Any watch event.
    pub fn watch_event() -> Event {
        Event(EventPattern::any(EventVerb::WatchEvent))
    }

    impl Event {
        /// Only this verb: `create`, `patch`, `added`.. A word that is none leaves the class as it is.
        pub fn verb(mut self, verb: &str) -> Self {
            self.0.verb = verb.parse().unwrap_or(self.0.verb);
            self
        }

        /// Only this kind.
        pub fn kind(mut self, kind: &str) -> Self {
            self.0.kind = Some(kind.into());
            self
        }

        /// Only this name; a glob of birth names.
        pub fn name(mut self, name: &str) -> Self {
            self.0.name = Pattern::from(name);
            self
        }

        /// Only this subresource.
        pub fn subresource(mut self, subresource: &str) -> Self {
            self.0.subresource = Some(subresource.into());
            self
        }
    }
}
