//! `escape`: a program reaches out of the run.
//!
//! Counted: what [`hermetic`](crate::hermetic) refused or noted. That is a connection to a network address, listening on one,
//! sending to one, looking up a name other than the host's own, a thread, a process. What the scenario permits a program is not
//! counted. Also counted is a program that ends with an error of kube that says that no cluster was found: it made a client of its
//! own. The first is reported; what a thread did is told rather than that it was started.
//!
//! Not seen: connections that were open before the run, raw system calls, files.

use super::{Observed, Violation};
use crate::hermetic::{Escape, Reach};
use crate::scenario::oracle;
use crate::wire::What;

/// What to do about a client of the program's own.
const OWN_CLIENT: &str = "it seems to use its own client (Client::try_default?). In a run, pass the client from \
     host.service(): see README, \"Make your operator testable\"";

/// Words of kube's errors about a cluster that it does not find, as `Display` and as `Debug` print them.
const NO_CLUSTER_FOUND: &[&str] = &[
    "failed to infer config",
    "InferConfigError",
    "failed to read kubeconfig from",
    "failed to read an incluster environment variable",
];

/// The first time that a program reached out of the run.
pub(super) fn escape(run: &Observed<'_>) -> Option<Violation> {
    let reached =
        run.escapes.first().map(|(time, escape)| Violation::new(oracle::ESCAPE, *time, in_words(escape)));
    reached.or_else(|| {
        let mut entries = run.history.record.entries().iter();
        entries.find_map(|entry| match &entry.what {
            What::Host(text) if seeks_cluster(text) => {
                let message = format!("{} {text}: {OWN_CLIENT}", run.history.actor(entry.actor).name);
                Some(Violation::new(oracle::ESCAPE, entry.time, message))
            }
            _ => None,
        })
    })
}

/// Whether the end of a program says that it found no cluster.
pub fn seeks_cluster(end: &str) -> bool {
    NO_CLUSTER_FOUND.iter().any(|words| end.contains(words))
}

fn in_words(escape: &Escape) -> String {
    let who = escape.host.as_deref().unwrap_or("a program");
    let place = escape.place.as_ref().map_or(String::new(), |place| format!(" in {place}"));
    let advice = match escape.reach {
        Reach::Sockets if escape.seeks_cluster => OWN_CLIENT.to_owned(),
        Reach::Sockets => advice("sockets", "no byte leaves a run"),
        Reach::Threads => advice(
            "threads",
            "wavetank does not control when a thread runs (`spawn_blocking`, `tokio::fs` and \
                look-ups of names start some)",
        ),
        Reach::Processes => advice("processes", "a run starts no other program"),
    };
    format!("{who} {}{place}: {advice}", escape.deed)
}

fn advice(word: &str, why: &str) -> String {
    format!(
        "{why}. Leave it out of what the test starts, or permit it with a reason: `allow: [{word}]` of the operator"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Time;
    use crate::wire::{Actor, ActorClass, Addr, Entry, History};

    fn found(ended: &str, escapes: &[(Time, Escape)]) -> Option<String> {
        let mut history = History::default();
        history.actors.push(Actor { name: "op".into(), class: ActorClass::Host });
        history.record.push(Entry { time: Time(7), actor: Addr(0), what: What::Host(ended.into()) });
        let run = Observed { escapes, ..Observed::of(&history) };
        escape(&run).map(|found| format!("{} {found}", found.time))
    }

    fn connects(seeks_cluster: bool) -> [(Time, Escape); 1] {
        let deed = "tried to connect to 192.0.2.1:443".into();
        let place = Some("op::run (src/lib.rs:3)".into());
        let host = Some("op".into());
        [(Time(5), Escape { reach: Reach::Sockets, deed, host, seeks_cluster, place })]
    }

    #[test]
    fn an_escape_is_told_with_who_what_where_and_what_to_do() {
        let words = found("started", &connects(false)).expect("it is found");
        let right = "0.005s escape: op tried to connect to 192.0.2.1:443 in op::run (src/lib.rs:3): no byte leaves a run.";
        assert!(words.starts_with(right) && words.ends_with("`allow: [sockets]` of the operator"), "{words}");
    }

    #[test]
    fn a_program_that_sought_a_cluster_is_told_where_its_client_comes_from() {
        let words = found("started", &connects(true)).expect("it is found");
        assert!(words.contains("192.0.2.1:443") && words.contains(OWN_CLIENT), "{words}");
        let error =
            "exited with an error: no client: failed to infer config: in-cluster: (..), kubeconfig: (..)";
        let words = found(error, &[]).expect("it is found");
        assert!(words.starts_with("0.007s escape: op exited") && words.ends_with(OWN_CLIENT), "{words}");
        assert_eq!(found("exited with an error: no config", &[]), None);
    }
}
