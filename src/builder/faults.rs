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
    EventPattern, EventVerb, FaultInfo, FaultSpec, FaultTarget, Hosting, Moment, Pattern, Pick, TimeRange,
    Trigger, When,
};

use super::{Counts, Times};

/// A failure.
#[derive(Clone, Debug)]
#[must_use = "a fault does nothing until you add it to a scenario"]
pub struct Fault {
    pub(super) spec: FaultSpec,
    /// What is wrong with the calls that made it, and what a scenario cannot know of them.
    problems: Vec<String>,
    /// The call that said when it strikes.
    trigger: Option<&'static str>,
}

/// Which programs, objects or images a failure strikes.
#[derive(Clone, Debug)]
#[must_use]
pub struct Victims {
    target: FaultTarget,
    problems: Vec<String>,
}

impl From<FaultTarget> for Victims {
    fn from(target: FaultTarget) -> Self {
        Self { target, problems: Vec::new() }
    }
}

/// The hosts of the programs that a glob matches.
pub fn program(name: &str) -> Victims {
    FaultTarget::Program { program: Pattern::from(name), pick: Pick::One }.into()
}

fn objects(kind: &str, selector: &str, hosting: Option<Hosting>) -> Victims {
    let (kind, name, pick) = (kind.into(), Pattern::any(), Pick::One);
    let selector = Some(selector.to_owned()).filter(|text| !text.is_empty());
    FaultTarget::Objects { kind, namespace: None, name, selector, hosting, pick }.into()
}

/// The pods with these labels, as kubectl writes selectors.
pub fn pods(selector: &str) -> Victims {
    objects("Pod", selector, None)
}

/// The nodes with these labels, as kubectl writes selectors.
pub fn nodes(selector: &str) -> Victims {
    objects("Node", selector, None)
}

/// The nodes that run pods with these labels, as kubectl writes selectors.
pub fn nodes_hosting(selector: &str) -> Victims {
    objects("Node", "", Some(Hosting { selector: selector.into() }))
}

/// One of all nodes.
pub fn any_node() -> Victims {
    nodes("")
}

/// The images that a glob matches.
pub fn image(glob: &str) -> Victims {
    FaultTarget::Image { image: Pattern::from(glob) }.into()
}

/// One of all pods.
pub fn any_pod() -> Victims {
    pods("")
}

impl Victims {
    fn picking(mut self, picked: Pick) -> Self {
        match &mut self.target {
            FaultTarget::Program { pick, .. } | FaultTarget::Objects { pick, .. } => *pick = picked,
            FaultTarget::Image { .. } | FaultTarget::Cluster => {
                self.problems.push(format!("`{picked}` does not go with an image: leave it out"));
            }
        }
        self
    }

    /// One of them, drawn when the fault strikes; the default.
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

// A function for each row of the table. It takes the victims, and the arguments that the row lists behind the function's name.
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
            Fault::new($name, FaultTarget::Cluster.into())$(.arg(stringify!($lead), $lead))*
        }
    };
    ([$($target:ident)+] $(#[$about:meta])+ $name:literal $function:ident($($lead:ident),*)) => {
        $(#[$about])+
        pub fn $function(victims: Victims, $($lead: impl ArgValue),*) -> Fault {
            Fault::new($name, victims)$(.arg(stringify!($lead), $lead))*
        }
    };
}
wavetank_sim::fault_table!(functions);

impl Fault {
    fn new(name: &'static str, victims: Victims) -> Self {
        let fault =
            FaultInfo::usable(name).expect("the functions are made from the rows of available faults");
        let Victims { target, problems } = victims;
        let when = When::new(Trigger::At(TimeRange::exactly(0)));
        let args = fault.default_args();
        let spec = FaultSpec { name: None, fault, target, when, times: None, duration: None, args };
        Self { spec, problems, trigger: None }
    }

    /// Sets when it strikes; a fault has one trigger.
    fn triggered(mut self, call: &'static str, trigger: Trigger) -> Self {
        self.spec.when.trigger = trigger;
        if let Some(first) = self.trigger.replace(call) {
            self.problems.push(format!("it has `{first}` already: leave `{call}` out"));
        }
        self
    }

    /// The fault as a value, with what is wrong with the calls that made it.
    pub(super) fn finished(mut self) -> (FaultSpec, Vec<String>) {
        if self.trigger.is_none() {
            let why = "it needs a trigger: say when it strikes, by `at`, `every`, `before`, `after` or `after_response`";
            self.problems.push(why.into());
        }
        (self.spec, self.problems)
    }

    /// Sets an argument, by its name in scenario files: `.arg("committed", true)`.
    pub fn arg(mut self, name: &str, value: impl ArgValue) -> Self {
        let fault = self.spec.fault;
        match fault.arg(name).map(|arg| (arg.name, arg.read(&value.text()))) {
            Some((name, Ok(value))) => drop(self.spec.args.0.insert(name, value)),
            Some((_, Err(why))) => self.problems.push(why),
            None => {
                self.problems.push(fault.no_arg(name));
            }
        }
        self
    }

    /// Names it. The random draws of a fault depend on its name.
    pub fn named(mut self, name: &str) -> Self {
        self.spec.name = Some(name.into());
        self
    }

    /// Strikes so long after t = 0.
    pub fn at(self, times: impl Times) -> Self {
        self.triggered("at", Trigger::At(times.times()))
    }

    /// Strikes repeatedly, with a pause before each strike. Needs [`times`](Self::times).
    pub fn every(self, times: impl Times) -> Self {
        self.triggered("every", Trigger::Every(times.times()))
    }

    /// How often it strikes in a run.
    pub fn times(mut self, counts: impl Counts) -> Self {
        self.spec.times = Some(counts.counts());
        self
    }

    /// How long it lasts.
    pub fn lasting(mut self, times: impl Times) -> Self {
        self.spec.duration = Some(times.times());
        self
    }

    fn at_event(mut self, call: &'static str, event: on::Event, moment: Moment) -> Self {
        self.spec.when.moment = moment;
        self.problems.extend(event.problems);
        self.triggered(call, Trigger::On(event.pattern))
    }

    /// Strikes before the event has an effect.
    pub fn before(self, event: on::Event) -> Self {
        self.at_event("before", event, Moment::Before)
    }

    /// Strikes when the event is committed and its answer has not arrived.
    pub fn after(self, event: on::Event) -> Self {
        self.at_event("after", event, Moment::After)
    }

    /// Strikes when the event's answer has arrived.
    pub fn after_response(self, event: on::Event) -> Self {
        self.at_event("after_response", event, Moment::AfterResponse)
    }

    /// Which occurrence of the event counts, from 1.
    pub fn nth(mut self, counts: impl Counts) -> Self {
        self.spec.when.nth = counts.counts();
        self
    }
}

/// The events that set faults off.
pub mod on {
    use super::{EventPattern, EventVerb, Pattern};

    /// Requests or watch events.
    #[derive(Clone, Debug)]
    #[must_use]
    pub struct Event {
        pub(super) pattern: EventPattern,
        pub(super) problems: Vec<String>,
    }

    fn any(class: EventVerb) -> Event {
        Event { pattern: EventPattern::any(class), problems: Vec::new() }
    }

    /// Any write: create, update, patch, delete.
    pub fn write() -> Event {
        any(EventVerb::Write)
    }

    /// Any read: get, list, watch.
    pub fn read() -> Event {
        any(EventVerb::Read)
    }

    /// Any watch event: added, modified, deleted.
    pub fn watch_event() -> Event {
        any(EventVerb::WatchEvent)
    }

    impl Event {
        /// Only this verb: `create` or `patch` of writes, `list` of reads, `added` of watch events. A verb of another class
        /// is a problem of the scenario.
        pub fn verb(mut self, verb: &str) -> Self {
            match EventVerb::of_class(self.pattern.verb.class(), verb) {
                Ok(verb) => self.pattern.verb = verb,
                Err(why) => self.problems.push(why),
            }
            self
        }

        /// Only this kind.
        pub fn kind(mut self, kind: &str) -> Self {
            self.pattern.kind = Some(kind.into());
            self
        }

        /// Only this name; a glob of birth names.
        pub fn name(mut self, name: &str) -> Self {
            self.pattern.name = Pattern::from(name);
            self
        }

        /// Only this subresource; `""` for the object itself.
        pub fn subresource(mut self, subresource: &str) -> Self {
            self.pattern.subresource = Pattern::from(subresource);
            self
        }
    }
}
