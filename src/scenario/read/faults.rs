//! Reads faults and triggers.

use wavetank_sim::scenario::{
    Args, CountRange, EventPattern, EventVerb, FaultInfo, FaultSpec, FaultTarget, KindName, Moment, Pattern,
    Pick, TimeRange, Trigger, Victim, When,
};

use super::Reader;
use crate::scenario::problem::Spot;
use crate::scenario::yaml::{Node, Tree};

/// The one party that every partition has in this version.
const SERVER: &str = "kube-apiserver";

/// The event of a trigger or a check, by either of its names.
pub(super) fn event(node: &Node) -> Option<&Node> {
    node.get("event").or_else(|| node.get("on"))
}

fn is_between(fault: &FaultInfo) -> bool {
    fault.targets.contains(&Victim::Between)
}

impl Reader<'_, '_> {
    /// A fault; nothing if it is malformed, or if this version lacks it.
    pub(super) fn fault(&mut self, node: &Node) -> Option<FaultSpec> {
        let name = node.get("fault")?;
        let fault = self.right(name.spot, FaultInfo::usable(&name.text()?))?;
        let takes = [
            ("between", is_between(fault)),
            ("target", !fault.strikes_the_cluster()),
            ("heal", fault.arg("heal").is_some()),
        ];
        for (field, _) in takes.iter().filter(|(_, takes)| !takes) {
            if let Some(other) = node.get(field) {
                self.wrong(other.spot, format!("`{}` has no `{field}`: leave it out", fault.name));
            }
        }
        let args = self.args(fault, node);
        let target = self.victim(fault, node);
        let when = node.get("when").and_then(|when| self.when(fault.moment, when));
        let duration: Option<TimeRange> = node.parse("duration");
        let times = node.parse("times");
        if times.is_none() && node.get("times").is_some() {
            return None;
        }
        let (args, target, when) = (args?, target?, when?);
        Some(FaultSpec { name: node.string("name"), fault, target, when, times, duration, args })
    }

    fn args(&mut self, fault: &'static FaultInfo, node: &Node) -> Option<Args> {
        let mut args = fault.default_args();
        let given = node.get("args");
        for entry in given.map_or(&[][..], Node::entries) {
            let Some(arg) = fault.arg(&entry.key) else {
                self.wrong(entry.spot, fault.no_arg(&entry.key));
                continue;
            };
            let value = arg.read(&entry.value.text()?);
            if let Some(value) = self.right(entry.value.spot, value) {
                args.0.insert(arg.name, value);
            }
        }
        // With `program`, the target's `kind` says which of its watches; without, only `args` may have it.
        let of_program = node.get("target").filter(|target| target.get("program").is_some());
        for (name, elsewhere) in
            [("heal", node.get("heal")), ("kind", of_program.and_then(|target| target.get("kind")))]
        {
            let Some((value, arg)) = elsewhere.zip(fault.arg(name)) else { continue };
            if given.is_some_and(|given| given.get(name).is_some()) {
                self.wrong(value.spot, format!("`args` has `{name}` already: leave one out"));
            }
            let read = arg.read(&value.text()?);
            args.0.insert(arg.name, self.right(value.spot, read)?);
        }
        Some(args)
    }

    /// The party that a partition cuts off from the API server.
    fn between(&mut self, fault: &'static FaultInfo, node: &Node) -> Option<FaultTarget> {
        let parties = node.list("between");
        let is_server = |party: &&Node| party.text().is_some_and(|text| text == SERVER);
        let other = parties.iter().find(|party| !is_server(party));
        let (Some(other), 2, true) = (other, parties.len(), parties.iter().any(|party| is_server(&party)))
        else {
            let spot = node.get("between").or_else(|| node.get("fault"))?.spot;
            let right = "`between: [{kind: Node, pick: one}, kube-apiserver]`";
            let message = format!(
                "this version has only a `{}` of {SERVER} and one more party: write {right}, or name the other as `target`",
                fault.name
            );
            self.wrong(spot, message);
            return None;
        };
        self.one_victim(fault, other)
    }

    fn victim(&mut self, fault: &'static FaultInfo, node: &Node) -> Option<FaultTarget> {
        if let Some(between) = node.get("between").filter(|_| is_between(fault)) {
            if node.get("target").is_some() {
                self.wrong(between.spot, "`between` does not go with `target`: leave one out");
            }
            return self.between(fault, node);
        }
        if fault.strikes_the_cluster() {
            return Some(FaultTarget::Cluster);
        }
        let Some(target) = node.get("target") else {
            let message = format!("`{}` needs a `target`: it strikes {}", fault.name, fault.victims());
            self.wrong(node.get("fault")?.spot, message);
            return None;
        };
        self.one_victim(fault, target)
    }

    fn one_victim(&mut self, fault: &'static FaultInfo, target: &Node) -> Option<FaultTarget> {
        let strikes_images = fault.targets.contains(&Victim::Image);
        let victim = if let Some(text) = target.text() {
            let is_pod = ["pod/", "pods/", "Pod/"].iter().any(|kind| text.starts_with(kind));
            if strikes_images && !is_pod {
                FaultTarget::Image { image: Pattern(text.into_owned()) }
            } else {
                self.named_victim(target.spot, &text)?
            }
        } else if let Some(image) = target.string("image") {
            self.only(target, "image", &[]);
            FaultTarget::Image { image: Pattern(image) }
        } else if let Some(program) = target.string("program") {
            self.program_victim(fault, target, program)
        } else if let Some(kind) = target.string("kind") {
            FaultTarget::Objects {
                kind: KindName(kind),
                namespace: target.string("namespace"),
                name: target.string("name").map_or_else(Pattern::any, Pattern),
                selector: target.string("selector"),
                hosting: target.parse("hosting"),
                pick: target.parse("pick").unwrap_or(Pick::One),
            }
        } else {
            if matches!(target.tree, Tree::Map(_)) {
                self.wrong(target.spot, "a fault's target needs one of program, image, kind");
            }
            return None;
        };
        Some(victim)
    }

    /// `all`, or `kind/name`.
    fn named_victim(&mut self, spot: Spot, text: &str) -> Option<FaultTarget> {
        if text == "all" {
            return Some(FaultTarget::Program { program: Pattern::any(), pick: Pick::All });
        }
        let Some((kind, name)) = text.split_once('/') else {
            self.wrong(
                spot,
                format!("`{text}` is no target: write `pod/NAME`, `all` or `{{program: {text}}}`"),
            );
            return None;
        };
        let (kind, name, pick) = (kind.into(), name.into(), Pick::One);
        Some(FaultTarget::Objects { kind, namespace: None, name, selector: None, hosting: None, pick })
    }

    fn program_victim(&mut self, fault: &'static FaultInfo, target: &Node, program: String) -> FaultTarget {
        let takes_kind = fault.arg("kind").is_some();
        self.only(target, "program", if takes_kind { &["pick", "kind"] } else { &["pick"] });
        FaultTarget::Program { program: Pattern(program), pick: target.parse("pick").unwrap_or(Pick::One) }
    }

    /// Notes the fields of a target that do not go with the one that says what it is.
    fn only(&mut self, target: &Node, what: &str, with: &[&str]) {
        let fields = ["program", "image", "kind", "name", "namespace", "selector", "hosting", "pick"];
        for field in fields.iter().filter(|field| **field != what && !with.contains(field)) {
            if let Some(other) = target.get(field) {
                self.wrong(other.spot, format!("`{field}` does not go with `{what}`: leave one out"));
            }
        }
    }

    /// A trigger. `usual` is the moment if the file gives none.
    pub(super) fn when(&mut self, usual: Moment, node: &Node) -> Option<When> {
        let on = event(node);
        if on.is_none() {
            for field in ["nth", "moment"] {
                if let Some(other) = node.get(field) {
                    self.wrong(
                        other.spot,
                        format!("`{field}` goes with `event`: leave it out, or say at which request"),
                    );
                }
            }
        }
        let nth = node.parse("nth").unwrap_or(CountRange::exactly(1));
        let moment = node.string("moment");
        let moment = Moment::ALL.iter().copied().find(|m| Some(m.as_str()) == moment.as_deref());
        let moment = moment.unwrap_or(usual);
        let trigger = match (node.parse("at"), node.parse("every"), on) {
            (Some(at), None, None) => Trigger::At(at),
            (None, Some(pause), None) => Trigger::Every(pause),
            (None, None, Some(on)) => Trigger::On(self.event(on)?),
            _ => return None,
        };
        Some(When { trigger, nth, moment })
    }

    /// `{read|write|watchEvent: {..}}`.
    pub(super) fn event(&mut self, on: &Node) -> Option<EventPattern> {
        let entry = on.entries().first()?;
        let class = match &*entry.key {
            "read" => EventVerb::Read,
            "write" => EventVerb::Write,
            "watchEvent" => EventVerb::WatchEvent,
            _ => return None,
        };
        let node = &entry.value;
        let verb = match node.get("verb") {
            None => class,
            Some(word) => self.right(word.spot, EventVerb::of_class(class, &word.text()?))?,
        };
        let glob = |key: &str| node.string(key).map(Pattern);
        Some(EventPattern {
            actor: glob("actor"),
            verb,
            kind: node.string("kind").map(KindName),
            subresource: glob("subresource")
                .filter(|_| class != EventVerb::WatchEvent)
                .unwrap_or_else(Pattern::any),
            namespace: glob("namespace").unwrap_or_else(Pattern::any),
            name: glob("name").unwrap_or_else(Pattern::any),
            selector: node.string("selector"),
        })
    }
}
