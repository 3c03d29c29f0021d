//! Tells a run from its record, as far as the record goes: steps, faults, the lives of programs, what they write and which of
//! their requests fail, conditions that change, the pods.

use std::collections::BTreeSet;

use wavetank_sim::engine::Time;
use wavetank_sim::wire::{ActorClass, Addr, Commit, Entry, History, Resource, Verb, What};

use super::pods::Pods;
use super::writes::{conditions, write_of, written_by};
use crate::report::LogLine;

/// The story of a run.
pub(in crate::report) struct Story {
    with_logs: bool,
    /// How many entries have been told.
    told: usize,
    /// The number of the last line of a program that has been told.
    last_log: u64,
    /// The instant that the last entry belongs to.
    now: Option<Time>,
    pods: Pods,
    /// Who has watched what.
    watched: BTreeSet<(Addr, Resource)>,
}

impl Story {
    /// A story before its beginning, with the lines that programs print or without them.
    pub(in crate::report) fn new(with_logs: bool) -> Self {
        Self { with_logs, told: 0, last_log: 0, now: None, pods: Pods::default(), watched: BTreeSet::new() }
    }

    /// Tells what is new in the record.
    pub(in crate::report) fn go_on(&mut self, history: &History, lines: &mut Vec<String>) {
        let entries = history.record.entries();
        let logs = history.logs.lines();
        let mut logs = logs[logs.partition_point(|line| line.number <= self.last_log)..].iter().peekable();
        while self.told < entries.len() || logs.peek().is_some() {
            let entry = entries.get(self.told);
            // What a program printed at an instant came before the requests that the record has at that instant.
            if let Some(log) = logs.next_if(|log| entry.is_none_or(|entry| log.time <= entry.time)) {
                self.last_log = log.number;
                if self.with_logs {
                    self.comes_to(log.time, lines);
                    lines.push(LogLine::of(history, log).to_string());
                }
            } else if let Some(entry) = entry {
                self.comes_to(entry.time, lines);
                self.told += self.tell(history, entry, lines);
            }
        }
    }

    /// The run is over.
    pub(in crate::report) fn end(&mut self, lines: &mut Vec<String>) {
        if let Some(now) = self.now.take() {
            lines.extend(self.pods.table(now).into_iter().flatten());
        }
    }

    /// One table shows all changes of an instant.
    fn comes_to(&mut self, time: Time, lines: &mut Vec<String>) {
        if self.now.is_some_and(|now| now < time) {
            self.end(lines);
        }
        self.now = Some(time);
    }

    /// Tells an entry, with the commits that it caused. Returns how many entries these are.
    fn tell(&mut self, history: &History, entry: &Entry, lines: &mut Vec<String>) -> usize {
        let actor = history.actor(entry.actor);
        let who = &actor.name;
        let mut say = |text: &str| lines.push(format!("{:>10}  {who}: {text}", entry.time.to_string()));
        match &entry.what {
            What::Step(text) | What::Fault(text) | What::Host(text) => say(text),
            What::Commit(commit) => {
                self.pods.on_commit(commit);
                conditions(commit).iter().for_each(|text| say(text));
            }
            What::Request { verb: Verb::Watch, resource: Some(resource), code, .. }
                if actor.class == ActorClass::Host && *code < 400 =>
            {
                if !self.watched.insert((entry.actor, *resource)) {
                    say(&format!("watches {} again", resource.plural()));
                }
            }
            What::Request { verb, .. } if actor.class == ActorClass::Host && verb.is_write() => {
                let commits: Vec<&Commit> = written_by(history, self.told).collect();
                commits.iter().for_each(|commit| self.pods.on_commit(commit));
                write_of(entry, &commits).iter().for_each(|text| say(text));
                return 1 + commits.len();
            }
            What::Answered { code, why, .. } if *code >= 400 => say(&format!("got {code} to {why}")),
            What::Delivered { resource, error, .. } if *error > 0 => {
                say(&format!("its watch of {} ended with {error}", resource.plural()));
            }
            What::Request { .. } | What::Delivered { .. } | What::Answered { .. } => {}
        }
        1
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wavetank_sim::engine::Time;
    use wavetank_sim::object::{Object, Value};
    use wavetank_sim::value;
    use wavetank_sim::wire::{
        Actor, ActorClass, Addr, Commit, Entry, History, ObjectKey, Resource, Verb, What,
    };

    use super::Story;

    const OP: Addr = Addr(0);
    const MANAGER: Addr = Addr(1);

    fn history() -> History {
        let actor = |name: &str, class| Actor { name: name.into(), class };
        let actors = vec![actor("op", ActorClass::Host), actor("manager", ActorClass::System)];
        History { actors, ..History::default() }
    }

    fn add(history: &mut History, ms: i64, actor: Addr, what: What) {
        history.record.push(Entry { time: Time(ms), actor, what });
    }

    /// A write, and what it made of the object.
    fn write(
        history: &mut History,
        ms: i64,
        actor: Addr,
        subresource: &str,
        old: Option<Value>,
        new: Option<Value>,
    ) {
        let resource = Resource::new("example.com/v1/websites");
        let object = |value: Value| Object::shared(value);
        let (old, new) = (old.map(object), new.map(object));
        let key = ObjectKey::new("default", "blog");
        let (verb, subresource) = (Verb::Patch, subresource.into());
        let request =
            What::Request { verb, resource: Some(resource), subresource, key: key.clone(), code: 200 };
        add(history, ms, actor, request);
        if old != new {
            let commit = Commit { revision: 1, resource, key, old, new, birth: None };
            add(history, ms, actor, What::Commit(Arc::new(commit)));
        }
    }

    fn website(ready: &str, replicas: i64) -> Option<Value> {
        Some(value!({
            "metadata": {"name": "blog", "generation": (replicas)}, "spec": {"replicas": (replicas)},
            "status": {"conditions": [{"type": "Ready", "status": (ready), "reason": "Why"}]}
        }))
    }

    /// What is told of a record when it has grown to these lengths.
    fn told(history: &History, with_logs: bool) -> Vec<String> {
        let (mut story, mut lines) = (Story::new(with_logs), Vec::new());
        story.go_on(history, &mut lines);
        story.end(&mut lines);
        lines
    }

    #[test]
    fn writes_of_programs_are_told_with_what_they_changed() {
        let mut history = history();
        write(&mut history, 1, OP, "", None, website("False", 1));
        write(&mut history, 2, OP, "status", website("False", 1), website("True", 1));
        write(&mut history, 3, OP, "", website("True", 1), website("True", 3));
        write(&mut history, 4, OP, "", website("True", 3), website("True", 3));
        write(&mut history, 5, OP, "", website("True", 3), None);
        assert_eq!(
            told(&history, false),
            [
                "    0.001s  op: patch websites default/blog: created",
                "    0.002s  op: patch websites/status default/blog: status.conditions[Ready].status False -> True",
                "    0.003s  op: patch websites default/blog: spec.replicas 1 -> 3",
                "    0.004s  op: patch websites default/blog: nothing changed",
                "    0.005s  op: patch websites default/blog: gone",
            ]
        );
    }

    #[test]
    fn of_the_control_plane_only_changed_conditions_are_told() {
        let mut history = history();
        write(&mut history, 1, MANAGER, "", None, website("False", 1));
        write(&mut history, 2, MANAGER, "", website("False", 1), website("False", 2));
        write(&mut history, 3, MANAGER, "status", website("False", 2), website("True", 2));
        let line = "    0.003s  manager: websites default/blog: Ready False -> True (Why)";
        assert_eq!(told(&history, false), [line]);
    }

    #[test]
    fn failed_answers_ended_watches_and_new_watches_are_told() {
        let mut history = history();
        let resource = Resource::new("v1/pods");
        let watch = || What::Request {
            verb: Verb::Watch,
            resource: Some(resource),
            subresource: "".into(),
            key: ObjectKey::default(),
            code: 200,
        };
        add(&mut history, 1, OP, watch());
        add(
            &mut history,
            2,
            OP,
            What::Answered {
                code: 409,
                resource: Some(resource),
                why: "patch pods default/a: it differs".into(),
            },
        );
        add(&mut history, 2, OP, What::Answered { code: 200, resource: Some(resource), why: "".into() });
        add(
            &mut history,
            3,
            OP,
            What::Delivered { resource, events: 1, bookmarks: 0, revision: 4, error: 410 },
        );
        add(&mut history, 4, OP, watch());
        add(&mut history, 5, OP, What::Host("crashed".into()));
        assert_eq!(
            told(&history, false),
            [
                "    0.002s  op: got 409 to patch pods default/a: it differs",
                "    0.003s  op: its watch of pods ended with 410",
                "    0.004s  op: watches pods again",
                "    0.005s  op: crashed",
            ]
        );
    }

    #[test]
    fn what_programs_print_stands_where_it_happened() {
        let mut history = history();
        let log = |history: &mut History, ms, text: &str| history.logs.push(Time(ms), Some(OP), text.into());
        add(&mut history, 1, OP, What::Host("started".into()));
        log(&mut history, 1, "hello");
        let (mut story, mut lines) = (Story::new(true), Vec::new());
        story.go_on(&history, &mut lines);
        log(&mut history, 7, "bye");
        add(&mut history, 7, OP, What::Host("exited".into()));
        story.go_on(&history, &mut lines);
        let all = [
            "    0.001s  op: started",
            "    0.001s  op | hello",
            "    0.007s  op | bye",
            "    0.007s  op: exited",
        ];
        assert_eq!(lines, ["    0.001s  op | hello", "    0.001s  op: started", all[2], all[3]]);
        assert_eq!(told(&history, false), [all[0], all[3]]);
    }
}
