//! What a rule can make of each message of a host, at each point of its way.

use super::{Booted, Cluster, ClusterConfig, Stepped, USER};
use crate::controllers::Settings;
use crate::engine::Time;
use crate::explore::tests::program::copier;
use crate::object::Object;
use crate::programs::{HostSpec, Program, on_stage};
use crate::value;
use crate::wire::resource::CONFIG_MAPS;
use crate::wire::{Answer, Fate, Latency, Passing, Request, Rule, Status, Strike, Verb, What};
use crate::wire::{StreamFate, Streaming, WatchEvent};

/// At one point of the way, what it makes of one message after the other; then all pass. Of requests, those with this verb.
struct Bend(&'static str, Verb, Vec<Fate>);

impl Bend {
    fn next(&mut self, at: &str, verb: Verb) -> Fate {
        let is_meant = self.0 == at && self.1 == verb && !self.2.is_empty();
        if is_meant { self.2.remove(0) } else { Fate::Pass }
    }

    fn next_of_stream(&mut self, at: &str) -> StreamFate {
        match self.next(at, Verb::Watch) {
            Fate::Delay(ms) => StreamFate::Delay(ms),
            Fate::Pass => StreamFate::Pass,
            _ => StreamFate::Cut,
        }
    }
}

impl Rule for Bend {
    fn arriving(&mut self, passing: Passing<'_>) -> Fate {
        self.next("arriving", passing.request.verb)
    }
    fn answering(&mut self, passing: Passing<'_>, _: &Answer) -> Fate {
        self.next("answering", passing.request.verb)
    }
    fn queueing(&mut self, _: Streaming<'_>, _: &WatchEvent) -> StreamFate {
        self.next_of_stream("queueing")
    }
    fn delivering(&mut self, _: Streaming<'_>, _: &[WatchEvent], _: &mut Vec<Strike>) -> StreamFate {
        self.next_of_stream("delivering")
    }
}

/// What the record says of a copier in a cluster without nodes where each leg takes 1 ms: requests at the server and what they
/// commit, answers and deliveries at the copier. At each of these times in ms a ConfigMap with this name is created, or
/// without a name the copier's watch times out.
fn played(mut rule: Bend, events: &[(i64, Option<&str>)]) -> String {
    let (start, latency, settings) = (Time::ZERO, Latency { low_ms: 1, high_ms: 1 }, Settings::default());
    let (nodes, images, version, leases_are_seen) = (Vec::new(), Vec::new(), String::new(), false);
    let config = ClusterConfig { start, latency, version, nodes, images, settings, leases_are_seen };
    let booted = Booted::new(config);
    let history = on_stage(
        start,
        |_| {},
        async |stage| {
            let mut cluster = Cluster::new(&booted, 1, Vec::new(), stage);
            let (name, identity, env) = ("copier".into(), "copier".into(), Vec::new());
            let spec = HostSpec { program: Program::new("copier", copier), name, identity, env };
            let host = cluster.add_host(spec, 0);
            for (token, (at, _)) in (0..).zip(events.iter().chain([&(10_000, None)])) {
                cluster.wake_at(Time(*at), token);
            }
            loop {
                let Stepped::Woke(token) = cluster.step(&mut rule).await else { continue };
                let Some((_, name)) = events.get(token as usize) else { return cluster.into_history() };
                if let Some(name) = *name {
                    let metadata = value!({"name": name, "namespace": "default", "labels": {"copy": "me"}});
                    let object = Object::shared(value!({"metadata": metadata}));
                    cluster.serve_at_once(Request { from: USER, ..Request::create(*CONFIG_MAPS, object) });
                } else {
                    let (id, ..) = cluster.watches_of(host).next().expect("the copier watches");
                    cluster.send_watch_event(host, id, None);
                }
                cluster.send_to_hosts(&mut rule);
            }
        },
    );
    let history = history.expect("the runtime can be built");
    let of_host = history.record.entries().iter().filter(|entry| history.actor(entry.actor).name == "copier");
    let lines = of_host.filter_map(|entry| match &entry.what {
        What::Request { verb, code, .. } => Some(format!("{} {} {code}", entry.time.0, verb.as_str())),
        What::Commit(commit) => Some(commit.key.name.to_string()),
        What::Answered { code, .. } => Some(format!("{} got {code}", entry.time.0)),
        What::Delivered { events, .. } => Some(format!("{} events {events}", entry.time.0)),
        _ => None,
    });
    lines.collect::<Vec<_>>().join(", ")
}

fn delays(ms: &[u64]) -> Vec<Fate> {
    ms.iter().map(|ms| Fate::Delay(*ms)).collect()
}

fn reset(committed: bool) -> Vec<Fate> {
    vec![Fate::Reset { committed }]
}

#[test]
fn a_request_and_its_answer_are_delayed_again_and_again_refused_lost_and_reset() {
    let no = || Box::new(Status::new(503, "ServiceUnavailable", "no"));
    let (refuse, lose) = (|| vec![Fate::Refuse(no())], || vec![Fate::Lose(no())]);
    for (at, verb, fates, wanted) in [
        (
            "arriving",
            Verb::Create,
            delays(&[100, 200]),
            "1001 events 1, 1302 create 201, a-copy, 1303 got 201",
        ),
        ("arriving", Verb::Create, refuse(), "1002 create 503, 1003 got 503, 2004 list"),
        ("arriving", Verb::Create, lose(), "1002 create 201, a-copy, 1003 got 503, 2004 list"),
        ("arriving", Verb::Create, reset(true), "1002 create 201, a-copy, 2004 list"),
        ("arriving", Verb::Create, reset(false), "1001 events 1, 2003 list"),
        ("answering", Verb::Create, delays(&[100, 200]), "1002 create 201, a-copy, 1303 got 201"),
        ("answering", Verb::Create, refuse(), "1002 create 201, a-copy, 1003 got 503, 2004 list"),
        ("answering", Verb::Create, reset(true), "1002 create 201, a-copy, 2004 list"),
        ("answering", Verb::Watch, delays(&[1_100]), "3 watch 200, 1104 got 200, 1104 events 1, 1105 create"),
        ("answering", Verb::Watch, refuse(), "3 watch 200, 4 got 503, 1005 list"),
        ("answering", Verb::Watch, reset(true), "3 watch 200, 1005 list"),
    ] {
        let told = played(Bend(at, verb, fates.clone()), &[(1_000, Some("a"))]);
        assert!(told.contains(wanted), "{at} {verb:?} {fates:?}: {told}");
    }
}

#[test]
fn delayed_events_keep_their_order_and_come_before_the_end_of_their_stream() {
    let (a, b, end) = ((1_000, Some("a")), (2_000, Some("b")), (3_000, None));
    let copied = "events 2, 6002 create 201, a-copy, 6003 got 201, 6004 create 201, b-copy, 6005 got 201";
    let (both, later) = (format!("4 got 200, 6001 {copied}"), copied.replace("600", "620"));
    for (at, fates, events, wanted) in [
        ("queueing", delays(&[5_000, 10]), vec![a, b], both.clone()),
        ("queueing", delays(&[5_000]), vec![a, b, end], format!("{both}, 6006 list")),
        // The second event comes in the very millisecond in which the first joins the stream, and before it does.
        ("queueing", delays(&[5_000]), vec![a, (6_000, Some("b"))], both),
        ("queueing", reset(false), vec![a], "4 got 200, 1001 list".to_owned()),
        ("delivering", delays(&[5_000, 200]), vec![a, b, end], format!("4 got 200, 6201 {later}, 6206 list")),
        ("delivering", reset(false), vec![a], "4 got 200, 1002 list".to_owned()),
    ] {
        let told = played(Bend(at, Verb::Watch, fates.clone()), &events);
        assert!(told.contains(&wanted), "{at} {fates:?} {events:?}: {told}");
    }
}
