//! Failures of a scenario built in code.
//!
//! ```
//! use wavetank::{faults, on, pods, program, secs};
//! let crash = faults::crash(program("my-operator")).after(on::write().verb("create").kind("Deployment")).nth(1..=6);
//! let deletion = faults::pod_deletion(pods("app=web").one()).every(secs(20)..=secs(90)).times(0..=3);
//! # let _ = (crash, deletion);
//! ```

use std::ops::RangeInclusive;
use std::time::Duration;

use wavetank_sim::scenario::{
    CountRange, EventPattern, EventVerb, FaultInfo, FaultSpec, FaultTarget, Hosting, Moment, Pattern, Pick,
    TimeRange, Trigger, When,
};

use super::{Counts, Times};

/// A failure.
#[derive(Clone, Debug)]
#[must_use = "a fault does nothing until it is added to a scenario"]
pub struct Fault {
    pub(super) spec: FaultSpec,
    /// What is wrong with its arguments.
    problems: Vec<String>,
}

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

/// The value of a fault's argument: a duration, a count, a range of these, true or false, or a word.
pub trait ArgValue {
    /// The value as a scenario file has it.
    fn text(&self) -> String;
}

impl ArgValue for Duration {
    fn text(&self) -> String {
        self.times().to_string()
    }
}

impl ArgValue for RangeInclusive<Duration> {
    fn text(&self) -> String {
        self.clone().times().to_string()
    }
}

macro_rules! written_as_is {
    ($($type:ty)+) => { $(impl ArgValue for $type {
        fn text(&self) -> String {
            self.to_string()
        }
    })+ };
}
written_as_is!(&str String bool i32 u16 u32 u64);

macro_rules! ranges {
    ($($number:ty)+) => { $(impl ArgValue for RangeInclusive<$number> {
        fn text(&self) -> String {
            format!("{}..{}", self.start(), self.end())
        }
    })+ };
}
ranges!(i32 u32 u64);

// A function per row of the table: it takes the victims, and the arguments that the row names behind the function.
macro_rules! functions {
    (available: { $($(#[$about:meta])+ $name:literal $function:ident($($lead:ident),*) {
        targets: [$($target:ident),+], $($row:tt)*
     })* }
     later: { $($later:tt)* }) => {
        $(function! { [$($target)+] $(#[$about])+ $name $function($($lead),*) })*
    };
}
macro_rules! function {
    ([Cluster] $(#[$about:meta])+ $name:literal $function:ident($($lead:ident),*)) => {
        $(#[$about])+
        pub fn $function($($lead: impl ArgValue),*) -> Fault {
            Fault::new($name, FaultTarget::Cluster)$(.arg(stringify!($lead), $lead))*
        }
    };
    ([$($target:ident)+] $(#[$about:meta])+ $name:literal $function:ident($($lead:ident),*)) => {
        $(#[$about])+
        pub fn $function(victims: Victims, $($lead: impl ArgValue),*) -> Fault {
            Fault::new($name, victims.0)$(.arg(stringify!($lead), $lead))*
        }
    };
}
wavetank_sim::fault_table!(functions);

impl Fault {
    fn new(name: &'static str, target: FaultTarget) -> Self {
        let fault =
            FaultInfo::usable(name).expect("the functions are made from the rows of available faults");
        let spec = FaultSpec {
            name: None,
            fault,
            target,
            when: When::new(Trigger::At(TimeRange::exactly(0))),
            times: CountRange::exactly(1),
            duration: None,
            args: fault.default_args(),
        };
        Self { spec, problems: Vec::new() }
    }

    /// Sets an argument, by its name in scenario files: `.arg("committed", true)`.
    pub fn arg(mut self, name: &str, value: impl ArgValue) -> Self {
        let fault = self.spec.fault;
        match fault.arg(name).map(|arg| (arg.name, arg.read(&value.text()))) {
            Some((name, Ok(value))) => drop(self.spec.args.0.insert(name, value)),
            Some((_, Err(why))) => self.problems.push(why),
            None => {
                self.problems.push(format!("it has no argument `{name}`; {}", fault.args_instead(name)));
            }
        }
        self
    }

    /// What is wrong with it, each by the name of its function.
    pub(super) fn problems(&self) -> Vec<String> {
        let Self { spec, problems } = self;
        let FaultSpec { fault, target, .. } = spec;
        let strikes = match fault.strikes(target) {
            true => Ok(()),
            false => Err(format!("it cannot strike `{target}`: it strikes {}", fault.victims())),
        };
        let checks = [strikes, fault.check_args(&spec.args), fault.check_duration(spec.duration.is_some())];
        let all = problems.iter().cloned().chain(checks.into_iter().filter_map(Result::err));
        all.map(|why| format!("faults::{}: {why}", fault.name.replace('-', "_"))).collect()
    }

    /// Names it: the name keys its draws.
    pub fn named(mut self, name: &str) -> Self {
        self.spec.name = Some(name.into());
        self
    }

    /// Once, so long after t = 0.
    pub fn at(mut self, times: impl Times) -> Self {
        self.spec.when.trigger = Trigger::At(times.times());
        self
    }

    /// Again and again, with such pauses; `times` says how often.
    pub fn every(mut self, times: impl Times) -> Self {
        self.spec.when.trigger = Trigger::Every(times.times());
        self
    }

    /// How often in a run.
    pub fn times(mut self, counts: impl Counts) -> Self {
        self.spec.times = counts.counts();
        self
    }

    /// For so long.
    pub fn lasting(mut self, times: impl Times) -> Self {
        self.spec.duration = Some(times.times());
        self
    }

    fn at_event(mut self, event: on::Event, moment: Moment) -> Self {
        self.spec.when = When { trigger: Trigger::On(event.0), moment, ..self.spec.when };
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
        self.spec.when.nth = counts.counts();
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
