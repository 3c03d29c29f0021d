//! What is wrong with faults and triggers.

use super::Checker;
use crate::scenario::fault::{FaultSpec, FaultTarget};
use crate::scenario::plan::ExactWhen;
use crate::scenario::range::CountRange;
use crate::scenario::{
    Arg, Args, EventPattern, EventVerb, Pattern, Plan, PlannedFault, TimeRange, Trigger, When, form,
};

/// The most strikes of a fault in a run. Our choice: a plan lists each of them.
const MAX_TIMES: u64 = 10_000;

impl<'s> Checker<'s> {
    pub(super) fn fault(&mut self, spec: &'s FaultSpec) {
        let (fault, before) = (spec.fault, self.problems.len());
        self.may("name", &form::TEXT, spec.name.as_deref());
        if !fault.strikes(&spec.target) {
            let why =
                format!("`{}` cannot strike `{}`: it strikes {}", fault.name, spec.target, fault.victims());
            self.right("target", Err(why));
        }
        self.field("target", |checker| checker.victim(&spec.target));
        self.field("args", |checker| {
            for (name, value) in &spec.args.0 {
                let read = fault.arg(name).map_or(Ok(()), |arg| arg.read(&value.to_string()).map(drop));
                checker.right(name, read);
            }
        });
        self.right("args", fault.check_args(&spec.args));
        self.right("duration", fault.check_duration(spec.duration.is_some()));
        self.right("duration", spec.duration.map_or(Ok(()), TimeRange::check));
        self.right("times", spec.times.map_or(Ok(()), CountRange::check));
        match spec.times {
            None if matches!(spec.when.trigger, Trigger::Every(_)) => {
                self.right("times", Err("`every` needs `times`: say how often, such as `0..3`".into()));
            }
            Some(times) if times.high > MAX_TIMES => {
                let why = format!("{} times are too many: write at most {MAX_TIMES}", times.high);
                self.right("times", Err(why));
            }
            _ => {}
        }
        let has_actor = matches!(spec.target, FaultTarget::Program { .. });
        self.field("when", |checker| checker.when(&spec.when, has_actor));
        if self.problems.len() == before {
            self.has_a_plan(spec);
        }
    }

    /// Every fault can be written in a plan: else its replay line would not be read back.
    fn has_a_plan(&mut self, spec: &FaultSpec) {
        let planned = Plan(vec![earliest(spec)]);
        let text = planned.to_string();
        match text.parse::<Plan>() {
            Ok(read) if read == planned => {}
            Ok(_) => self.wrong(format!("this cannot be written in a plan: `{text}` means something else")),
            Err(bad) => self.wrong(format!("this cannot be written in a plan as `{text}`: {}", bad.message)),
        }
    }

    fn victim(&mut self, target: &FaultTarget) {
        match target {
            FaultTarget::Program { program, .. } => {
                let checked = self.running.check(program);
                self.right("program", checked);
            }
            FaultTarget::Objects { kind, namespace, name, selector, hosting, .. } => {
                self.form("kind", &form::KIND, &kind.0);
                self.may("namespace", &form::LABEL, namespace.as_deref());
                self.form("name", &form::TEXT, &name.0);
                self.may("selector", &form::SELECTOR, selector.as_deref());
                let Some(hosting) = hosting else { return };
                self.right("hosting", hosting.to_string().parse::<crate::scenario::Hosting>().map(drop));
                if !kind.matches("", "nodes", "Node") {
                    self.right("hosting", Err("`hosting` goes with `kind: Node`: leave it out".into()));
                }
            }
            FaultTarget::Image { image } => self.form("image", &form::TEXT, &image.0),
            FaultTarget::Cluster => {}
        }
    }

    /// A trigger. `has_actor`: where its event names no actor, something else does.
    pub(super) fn when(&mut self, when: &'s When, has_actor: bool) {
        if when.nth.low == 0 {
            self.right("nth", Err("occurrences count from 1: write `1` or more".into()));
        } else if when.nth != CountRange::exactly(1) && !matches!(when.trigger, Trigger::On(_)) {
            self.right("nth", Err("`nth` goes with `event`: leave it out, or say at which request".into()));
        }
        if matches!(when.trigger, Trigger::Every(TimeRange { high_ms: 0, .. })) {
            self.right("every", Err("a pause of `0s` never ends: write `1s` or more".into()));
        }
        self.right("nth", when.nth.check());
        match &when.trigger {
            Trigger::At(times) => self.right("at", times.check()),
            Trigger::Every(times) => self.right("every", times.check()),
            Trigger::On(event) => self.field("event", |checker| checker.event(event, has_actor)),
        }
    }

    /// An event, in the field of its class.
    pub(super) fn event(&mut self, event: &EventPattern, has_actor: bool) {
        let class = match event.verb.class() {
            EventVerb::Read => "read",
            EventVerb::WatchEvent => "watchEvent",
            _ => "write",
        };
        if self.running.is_empty() && event.actor.is_none() && !has_actor {
            self.wrong("only requests and watches of programs are events; no program runs: name one under `operators` or `images`");
        }
        self.field(class, |checker| {
            if let Some(actor) = &event.actor {
                let checked = checker.running.check(actor);
                checker.right("actor", checked);
            }
            checker.may("kind", &form::KIND, event.kind.as_ref().map(|kind| kind.0.as_str()));
            checker.form("subresource", &form::SUBRESOURCE, &event.subresource.0);
            checker.form("namespace", &form::TEXT, &event.namespace.0);
            checker.form("name", &form::TEXT, &event.name.0);
            for (field, why) in event.check() {
                checker.right(field, Err(why));
            }
        });
    }
}

/// A fault that the spec may draw: the earliest and least.
fn earliest(spec: &FaultSpec) -> PlannedFault {
    let least = |arg: &Arg| match arg {
        Arg::Count(range) => Arg::Count(CountRange::exactly(range.low)),
        Arg::Time(range) => Arg::Time(TimeRange::exactly(range.low_ms)),
        Arg::Bool(_) | Arg::Text(_) => arg.clone(),
    };
    let when = match &spec.when.trigger {
        Trigger::At(times) | Trigger::Every(times) => ExactWhen::At(times.low_ms),
        Trigger::On(event) => {
            ExactWhen::On { moment: spec.when.moment, event: event.clone(), nth: spec.when.nth.low }
        }
    };
    PlannedFault {
        fault: spec.fault,
        target: spec.target.clone(),
        args: Args(spec.args.0.iter().map(|(name, arg)| (*name, least(arg))).collect()),
        when,
        duration_ms: spec.duration.map(|range| range.low_ms),
    }
}

/// The programs that a planned fault names.
pub(super) fn programs_of(fault: &PlannedFault) -> Vec<&Pattern> {
    let target = if let FaultTarget::Program { program, .. } = &fault.target { Some(program) } else { None };
    let actor = if let ExactWhen::On { event, .. } = &fault.when { event.actor.as_ref() } else { None };
    target.into_iter().chain(actor).collect()
}
