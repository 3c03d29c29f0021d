//! What a request or a watch event is to a pattern, and the wait for the n-th that a pattern means.

use std::fmt;

use crate::object::{LabelSelector, Object, Str};
use crate::scenario::{EventPattern, EventVerb, Moment};
use crate::wire::{Addr, Request, RequestId, Resource, Verb};

/// One request or watch event, as patterns see it.
#[derive(Debug)]
pub(super) struct Occurrence<'a> {
    pub(super) verb: EventVerb,
    pub(super) resource: Resource,
    pub(super) kind: &'a str,
    pub(super) subresource: &'a str,
    pub(super) namespace: &'a str,
    pub(super) name: Str,
    pub(super) object: Option<&'a Object>,
}

impl fmt::Display for Occurrence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource.plural())?;
        if !self.subresource.is_empty() {
            write!(f, "/{}", self.subresource)?;
        }
        f.write_str(" ")?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

impl Occurrence<'_> {
    /// Whether this is one of the events that a pattern means, whoever takes part in it.
    pub(super) fn is(&self, pattern: &EventPattern) -> bool {
        let namespace = if self.namespace.is_empty() { EventPattern::CLUSTER } else { self.namespace };
        self.has_kind_and_verb(pattern)
            && pattern.subresource.matches(self.subresource)
            && (pattern.namespace.matches(namespace) || pattern.namespace.matches(self.namespace))
            && pattern.name.matches(&self.name)
            && pattern.selector.as_deref().is_none_or(|selector| self.has_labels(selector))
    }

    fn has_kind_and_verb(&self, pattern: &EventPattern) -> bool {
        let (group, plural) = (self.resource.group(), self.resource.plural());
        let is_review = matches!(group, "authorization.k8s.io" | "authentication.k8s.io");
        let as_read = is_review && pattern.verb == EventVerb::Read;
        match &pattern.kind {
            // They are written all the time: they count only where they are named.
            None if matches!(
                (group, plural),
                ("coordination.k8s.io", "leases") | ("" | "events.k8s.io", "events")
            ) =>
            {
                false
            }
            None if is_review => as_read,
            None => pattern.verb.matches(self.verb),
            Some(kind) => {
                kind.matches(group, plural, self.kind) && (as_read || pattern.verb.matches(self.verb))
            }
        }
    }

    fn has_labels(&self, selector: &str) -> bool {
        let labels = self.object.and_then(Object::labels);
        LabelSelector::parse(selector).is_ok_and(|selector| selector.matches(labels))
    }
}

/// The wait for the n-th occurrence of an event.
#[derive(Clone, Debug)]
pub(super) struct EventWait {
    pub(super) event: EventPattern,
    pub(super) moment: Moment,
    /// Which occurrence, from 1.
    nth: u64,
    seen: u64,
    /// The request that is the occurrence and is not through yet.
    chosen: Option<(Addr, RequestId)>,
}

impl EventWait {
    pub(super) fn new(event: EventPattern, moment: Moment, nth: u64) -> Self {
        debug_assert!(nth > 0, "occurrences count from 1: readers of files and plans refuse 0");
        Self { event, moment, nth, seen: 0, chosen: None }
    }

    /// Whether it waits for watch events.
    pub(super) fn is_for_watch_events(&self) -> bool {
        self.event.verb.class() == EventVerb::WatchEvent
    }

    /// Whether its occurrence has come as a request that is not through yet.
    pub(super) fn is_chosen(&self) -> bool {
        self.chosen.is_some()
    }

    /// Counts a request that is one of the events. True: it is the occurrence.
    pub(super) fn count_request(&mut self, request: &Request) -> bool {
        self.seen += 1;
        let is_it = self.seen == self.nth;
        if is_it {
            self.chosen = Some((request.from, request.id));
        }
        is_it
    }

    /// Counts so many watch events. True: the occurrence is among them.
    pub(super) fn count_watch_events(&mut self, count: u64) -> bool {
        let before = self.seen;
        self.seen += count;
        before < self.nth && self.seen >= self.nth
    }

    /// Whether its occurrence is this request, which has come to this moment.
    pub(super) fn is_at(&self, moment: Moment, request: &Request) -> bool {
        self.moment == moment && self.chosen == Some((request.from, request.id))
    }

    /// The occurrence is through.
    pub(super) fn is_through(&mut self) {
        self.chosen = None;
    }
}

/// The verb of a request, as patterns name it; none for what is no request for a resource.
pub(super) fn event_verb(verb: Verb) -> Option<EventVerb> {
    Some(match verb {
        Verb::Get => EventVerb::Get,
        Verb::List => EventVerb::List,
        Verb::Watch => EventVerb::Watch,
        Verb::Create => EventVerb::Create,
        Verb::Update => EventVerb::Update,
        Verb::Patch => EventVerb::Patch,
        Verb::Delete => EventVerb::Delete,
        Verb::DeleteCollection => EventVerb::DeleteCollection,
        Verb::Raw => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::tests::client::Client;
    use crate::explore::tests::{played_with, program, wait};
    use crate::programs::{Host, Program};
    use crate::scenario::plan::ExactWhen;
    use crate::scenario::{OperatorSpec, Plan, Scenario};
    use crate::value;
    use http::Method;

    /// The pattern in plan text, such as `write */*/*`.
    fn pattern(text: &str) -> EventPattern {
        let plan: Plan = format!("crash(op)@after({text}#1)").parse().unwrap();
        let ExactWhen::On { event, .. } = plan.0.into_iter().next().unwrap().when else { panic!("{text}") };
        event
    }

    fn is(event: &str, pattern_text: &str) -> bool {
        let parts: Vec<&str> = event.split(' ').collect();
        let [verb, resource, kind, subresource] = parts[..] else { panic!("{event}") };
        let occurrence = Occurrence {
            verb: verb.parse().unwrap(),
            resource: Resource::new(resource),
            kind,
            subresource: subresource.trim_matches('-'),
            namespace: "default",
            name: "a".into(),
            object: None,
        };
        occurrence.is(&pattern(pattern_text))
    }

    #[test]
    fn a_write_is_a_write_whatever_subresource_it_goes_to() {
        for (event, patterns, others) in [
            (
                "patch apps/v1/deployments Deployment status",
                &["write */*/*", "patch */*/*", "write deployments/*/a", "write */status/*/*"][..],
                &["write *//*/*", "write */scale/*/*", "read */*/*", "update */*/*"][..],
            ),
            (
                "update apps/v1/deployments Deployment -",
                &["write */*/*", "write *//*/*", "write */*/*/*", "write Deployment//default/a"],
                &["write */status/*/*"],
            ),
            (
                "create v1/pods Pod eviction",
                &["write */*/*", "create pods/eviction/*/*"],
                &["create pods//*/*"],
            ),
            (
                "update coordination.k8s.io/v1/leases Lease -",
                &["write Lease/*/*", "update leases.coordination.k8s.io/*/*"],
                &["write */*/*", "update */*/*"],
            ),
            ("create v1/events Event -", &["write Event/*/*"], &["write */*/*"]),
            ("create events.k8s.io/v1/events Event -", &["write events/*/*"], &["write */*/*"]),
            ("update example.com/v1/leases Lease status", &["write */*/*"], &["write */scale/*/*"]),
            (
                "create authorization.k8s.io/v1/subjectaccessreviews SubjectAccessReview -",
                &["read */*/*", "read SubjectAccessReview/*/*", "write SubjectAccessReview/*/*"],
                &["write */*/*", "create */*/*", "get */*/*"],
            ),
            ("create authentication.k8s.io/v1/tokenreviews TokenReview -", &["read */*/*"], &["write */*/*"]),
            ("get v1/pods Pod -", &["read */*/*"], &["write */*/*"]),
        ] {
            patterns.iter().for_each(|pattern| assert!(is(event, pattern), "{event} is {pattern}"));
            others.iter().for_each(|pattern| assert!(!is(event, pattern), "{event} is not {pattern}"));
        }
    }

    /// Asks whether it may, then writes the status of a node, then a ConfigMap.
    async fn writer(host: Host) -> Result<(), String> {
        let client = Client::new(&host);
        tokio::time::sleep(std::time::Duration::from_secs(90)).await;
        let attributes = value!({"verb": "get", "resource": "pods"});
        let review = value!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes}
        });
        // The server does not answer reviews yet; the request counts all the same.
        let _ = client
            .write(Method::POST, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
            .await;
        let condition = value!({"type": "Seen", "status": "True", "reason": "Seen", "message": ""});
        let status = value!({"status": {"conditions": [condition]}});
        client.write(Method::PATCH, "/api/v1/nodes/node-1/status", status).await?;
        let map = value!({"metadata": {"name": "written"}});
        client.write(Method::POST, "/api/v1/namespaces/default/configmaps", map).await?;
        std::future::pending().await
    }

    #[test]
    fn the_first_of_any_writes_is_a_status_write_and_no_review() {
        let struck = |plan: &str| {
            let mut scenario = Scenario::new("writes");
            let (name, program) = ("writer".to_owned(), "writer".to_owned());
            scenario.operators = vec![OperatorSpec { name, program, replicas: 1, with: value!({}) }];
            scenario.steps = vec![wait(120_000)];
            scenario.converge.settle_ms = 30_000;
            let run = played_with(&[Program::new("writer", writer)], scenario, plan);
            let requests = program::requests(&run);
            let crash = program::faults(&run).first().map(|(at, _)| *at);
            let before = requests.into_iter().filter(|(_, at, _)| crash.is_some_and(|crash| *at <= crash));
            before.map(|(_, _, what)| what).collect::<Vec<_>>()
        };
        let (review, node) = ("create selfsubjectaccessreviews".to_owned(), "patch nodes".to_owned());
        let map = "create configmaps".to_owned();
        assert_eq!(struck("crash(writer)@after(write */*/*#1)"), [review.clone(), node.clone()]);
        assert_eq!(struck("crash(writer)@after(write *//*/*#1)"), [review.clone(), node, map]);
        assert_eq!(struck("crash(writer)@after(read */*/*#1)"), [review]);
    }
}
