//! The verbs together: what one write does to the next read.

use super::super::fixture::{Server, config_map, from_version};
use crate::value;
use crate::wire::resource::{CONFIG_MAPS, PODS};
use crate::wire::{Answer, Options};

#[test]
fn a_write_based_on_an_older_version_is_a_conflict() {
    let mut server = Server::new();
    let first = server.create(config_map("a", "1")).unwrap();
    server.update(config_map("a", "2")).unwrap();
    let mut stale = first.root().clone();
    stale.set_at(&["data", "k"], "3");
    let status = server.update(stale).unwrap_err();
    assert_eq!((status.code, status.reason), (409, "Conflict"));
}

#[test]
fn a_write_that_changes_nothing_is_none() {
    let mut server = Server::new();
    let first = server.create(config_map("a", "1")).unwrap();
    server.commits();
    let second = server.update(config_map("a", "1")).unwrap();
    assert_eq!(second.revision(), first.revision());
    assert!(server.commits().is_empty());
}

#[test]
fn the_last_finalizer_to_go_completes_the_deletion() {
    let mut server = Server::new();
    let mut map = config_map("a", "1");
    map.set_at(&["metadata", "finalizers"], value!(["ex.test/f"]));
    let created = server.create(map).unwrap();
    server.watch(*CONFIG_MAPS, from_version(created.revision()));
    let Answer::Object { object: going, .. } = server.delete(&created) else { panic!("kept") };
    assert_eq!(going.meta("deletionTimestamp"), "2026-01-01T00:00:00Z");
    let mut last = going.root().clone();
    last.set_at(&["metadata", "finalizers"], value!([]));
    let answer = server.update(last).unwrap();
    assert_eq!(answer.revision(), going.revision());
    let (marked, gone) = (going.revision(), going.revision() + 1);
    assert_eq!(server.events(), [format!("MODIFIED a {marked}"), format!("DELETED a {gone}")]);
}

#[test]
fn pages_show_one_snapshot_until_their_token_expires() {
    let mut server = Server::new();
    for name in ["a", "b", "c", "d"] {
        server.create(config_map(name, "1")).unwrap();
    }
    let limit = |token: &str| Options { limit: 2, continue_token: token.into(), ..Options::default() };
    let first = server.list(*CONFIG_MAPS, limit("")).unwrap();
    assert_eq!((first.items.len(), first.remaining), (2, Some(2)));
    server.create(config_map("b2", "1")).unwrap();
    let second = server.list(*CONFIG_MAPS, limit(&first.continue_token)).unwrap();
    let names: Vec<&str> = second.items.iter().map(|o| o.name()).collect();
    assert_eq!((names, second.revision, second.remaining), (vec!["c", "d"], first.revision, None));
    server.api.compact(server.api.revision());
    let expired = server.list(*CONFIG_MAPS, limit(&first.continue_token)).unwrap_err();
    assert_eq!((expired.code, expired.reason), (410, "Expired"));
    let rest = server.list(*CONFIG_MAPS, limit(&expired.continue_token)).unwrap();
    assert_eq!(rest.items[0].name(), "b2");
}

#[test]
fn a_watch_from_a_compacted_version_gets_an_error_event() {
    let mut server = Server::new();
    let first = server.create(config_map("a", "1")).unwrap().revision();
    server.update(config_map("a", "2")).unwrap();
    server.api.compact(first + 1);
    let stream = server.watch(*CONFIG_MAPS, from_version(first));
    let compacted = first + 1;
    assert_eq!(server.events(), [format!("ERROR 410 too old resource version: {first} ({compacted})")]);
    assert_eq!(server.replies.ended, [stream]);
}

#[test]
fn a_bound_pod_gets_its_grace_and_an_unbound_one_goes_at_once() {
    let mut server = Server::new();
    let pod = |name: &str, node: &str| {
        value!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"},
            "spec": {"nodeName": node, "containers": [{"name": "c", "image": "i"}]}
        })
    };
    let bound = server.create(pod("bound", "n1")).unwrap();
    let unbound = server.create(pod("unbound", "")).unwrap();
    server.watch(*PODS, from_version(unbound.revision()));
    server.delete(&bound);
    server.delete(&unbound);
    let r = unbound.revision();
    let wanted = [
        format!("MODIFIED bound {}", r + 1),
        format!("MODIFIED unbound {}", r + 2),
        format!("DELETED unbound {}", r + 3),
    ];
    assert_eq!(server.events(), wanted);
    let there = server.api.get(*PODS, &crate::wire::ObjectKey::of(&bound)).unwrap();
    assert_eq!(there.meta("deletionTimestamp"), "2026-01-01T00:00:30Z");
    assert_eq!((bound.generation(), there.generation()), (1, 2));
}

#[test]
fn generated_names_follow_the_count_of_their_prefix() {
    let create = |prefix: &str, server: &mut Server| {
        let root = value!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"generateName": prefix, "namespace": "default"}
        });
        server.create(root).unwrap().name().to_owned()
    };
    let (mut one, mut other) = (Server::new(), Server::new());
    let first = [create("web-", &mut one), create("web-", &mut one)];
    create("db-", &mut other);
    let second = [create("web-", &mut other), create("web-", &mut other)];
    assert_eq!(first, second);
    assert_ne!(first[0], first[1]);
    let birth = one.commits().pop().and_then(|commit| commit.birth).unwrap();
    assert_eq!((birth.prefix.as_str(), birth.nth, birth.generated), ("web-", 2, true));
}
