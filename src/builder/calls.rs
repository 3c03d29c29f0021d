//! The calls that made the parts of a scenario, in words: a message about a part begins with its call, as a message about a file
//! begins with line and column.

use wavetank_sim::scenario::check::Place;
use wavetank_sim::scenario::{
    EventPattern, EventVerb, FaultSpec, FaultTarget, Moment, Pattern, Pick, Problem, Trigger,
};

/// The places of a scenario, each with the call that filled it.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls(Vec<(Place, String)>);

impl Calls {
    /// A call has filled this field of `spec`, or an item of the list there.
    pub(super) fn note(&mut self, fields: &[&str], item: Option<usize>, call: String) {
        let fields: Vec<&str> = std::iter::once("spec").chain(fields.iter().copied()).collect();
        self.0.push((Place::of(&fields, item), call));
    }

    /// The scenario was made with this name.
    pub(super) fn named(name: &str) -> Self {
        Self(vec![(Place::of(&["metadata", "name"], None), format!("Scenario::new({name:?})"))])
    }

    /// A problem, with the call that has made it.
    pub(super) fn in_words(&self, problem: &Problem) -> String {
        match self.0.iter().rfind(|(place, _)| problem.place.is_in(place)) {
            Some((_, call)) => format!("{call}: {}", problem.why),
            None => problem.to_string(),
        }
    }
}

/// `fault(crash(program("op")).at(5s))`.
pub(super) fn fault(spec: &FaultSpec) -> String {
    let FaultSpec { name, fault, target, when, times, duration, args } = spec;
    let leading = fault.leading.iter().filter_map(|name| args.get(name)).map(ToString::to_string);
    let arguments: Vec<String> = victims(target).into_iter().chain(leading).collect();
    let mut text = format!("{}({})", fault.name.replace('-', "_"), arguments.join(", "));
    let defaults = fault.default_args();
    for (name, value) in args.0.iter().filter(|(name, value)| defaults.get(name) != Some(value)) {
        if !fault.leading.contains(name) {
            text += &format!(".arg({name:?}, {value})");
        }
    }
    text += &match &when.trigger {
        Trigger::At(times) => format!(".at({times})"),
        Trigger::Every(times) => format!(".every({times})"),
        Trigger::On(event) => {
            let moment = match when.moment {
                Moment::Before => "before",
                Moment::After => "after",
                Moment::AfterResponse => "after_response",
            };
            format!(".{moment}({})", self::event(event))
        }
    };
    if when.nth.exact() != Some(1) {
        text += &format!(".nth({})", when.nth);
    }
    text += &times.map(|times| format!(".times({times})")).unwrap_or_default();
    text += &duration.map(|duration| format!(".lasting({duration})")).unwrap_or_default();
    text += &name.as_ref().map(|name| format!(".named({name:?})")).unwrap_or_default();
    format!("fault({text})")
}

fn victims(target: &FaultTarget) -> Option<String> {
    let (text, pick) = match target {
        FaultTarget::Program { program, pick } => (format!("program({:?})", program.0), *pick),
        FaultTarget::Objects { kind, selector, hosting, pick, .. } => {
            let pods = kind.matches("", "pods", "Pod");
            let text = match (selector, hosting) {
                (_, Some(hosting)) => format!("nodes_hosting({:?})", hosting.selector),
                (Some(selector), None) => format!("{}({selector:?})", if pods { "pods" } else { "nodes" }),
                (None, None) => (if pods { "any_pod()" } else { "any_node()" }).into(),
            };
            (text, *pick)
        }
        FaultTarget::Image { image } => (format!("image({:?})", image.0), Pick::One),
        FaultTarget::Cluster => return None,
    };
    Some(match pick {
        Pick::One => text,
        pick => format!("{text}.{pick}()"),
    })
}

fn event(event: &EventPattern) -> String {
    let class = match event.verb.class() {
        EventVerb::Read => "read",
        EventVerb::WatchEvent => "watch_event",
        _ => "write",
    };
    let mut text = format!("on::{class}()");
    if event.verb != event.verb.class() {
        text += &format!(".verb({:?})", event.verb.as_str());
    }
    text += &event.kind.as_ref().map(|kind| format!(".kind({:?})", kind.0)).unwrap_or_default();
    for (method, glob) in [("name", &event.name), ("subresource", &event.subresource)] {
        if *glob != Pattern::any() {
            text += &format!(".{method}({:?})", glob.0);
        }
    }
    text
}
