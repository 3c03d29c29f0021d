//! The verbs together: writes and the reads after them.

use super::super::fixture::{Server, config_map, from_version, merge_patch};
use crate::object::Object;
use crate::value;
use crate::wire::resource::{CONFIG_MAPS, DEPLOYMENTS, PODS};
use crate::wire::{Answer, Body, ObjectKey, Options, PatchType, Request, Verb};

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
fn an_update_that_changes_nothing_writes_nothing() {
    let mut server = Server::new();
    let first = server.create(config_map("a", "1")).unwrap();
    server.commits();
    let second = server.update(config_map("a", "1")).unwrap();
    assert_eq!(second.revision(), first.revision());
    assert!(server.commits().is_empty());
}

#[test]
fn removing_the_last_finalizer_completes_the_deletion() {
    let mut server = Server::new();
    let mut map = config_map("a", "1");
    map.set_at(&["metadata", "finalizers"], value!(["ex.test/f"]));
    let created = server.create(map).unwrap();
    server.watch(*CONFIG_MAPS, from_version(created.revision()));
    let Answer::Object { object: terminating, .. } = server.delete(&created) else { panic!("terminating") };
    assert_eq!(terminating.meta("deletionTimestamp"), "2026-01-01T00:00:00Z");
    let mut last = terminating.root().clone();
    last.set_at(&["metadata", "finalizers"], value!([]));
    let answer = server.update(last).unwrap();
    assert_eq!(answer.revision(), terminating.revision());
    let (marked, deleted) = (terminating.revision(), terminating.revision() + 1);
    assert_eq!(server.events(), [format!("MODIFIED a {marked}"), format!("DELETED a {deleted}")]);
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
fn a_bound_pod_gets_its_grace_period_and_an_unbound_one_is_removed_at_once() {
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

#[test]
fn a_patch_changes_the_fields_it_names_and_a_stale_one_is_refused() {
    let mut server = Server::new();
    let first = server.create(config_map("a", "1")).unwrap();
    let patched = server.object(merge_patch("a", value!({"data": {"k": null, "l": "2"}}))).unwrap();
    assert_eq!(patched.at(&["data"]), Some(&value!({"l": "2"})));
    let version = first.meta("resourceVersion");
    let stale = merge_patch("a", value!({"metadata": {"resourceVersion": version}, "data": {"k": "3"}}));
    assert_eq!(server.object(stale).unwrap_err().code, 409);
    let other = server.object(merge_patch("a", value!({"metadata": {"name": "b"}}))).unwrap_err();
    assert_eq!(other.message, "the name of the object (b) does not match the name on the URL (a)");
}

#[test]
fn a_bound_pod_gets_the_zone_of_its_node_and_loses_its_nomination() {
    let mut server = Server::new();
    let labels = value!({"topology.kubernetes.io/zone": "a", "disk": "ssd"});
    server
        .create(value!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "labels": labels}}))
        .unwrap();
    let root = value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"},
        "spec": {"containers": [{"name": "c", "image": "i"}]}
    });
    let pod = server.create(root).unwrap();
    let nominated = pod.edited(|root| root.set_at(&["status", "nominatedNodeName"], "n"));
    server.object(Request::update_status(*PODS, nominated.into())).unwrap();
    let key = ObjectKey::of(&pod);
    let body = Body::Object(Object::shared(value!({"target": {"kind": "Node", "name": "n"}})));
    let bind = Request { body, subresource: "binding".into(), ..Request::one(Verb::Create, *PODS, &key) };
    assert_eq!(server.send(bind).code(), 201);
    let bound = server.object(Request::get(*PODS, &key)).unwrap();
    assert_eq!(bound.at(&["metadata", "labels"]), Some(&value!({"topology.kubernetes.io/zone": "a"})));
    assert_eq!(bound.at(&["status", "nominatedNodeName"]), None);
}

#[test]
fn a_pod_can_be_bound_only_once() {
    let mut server = Server::new();
    let pod = value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"},
        "spec": {"containers": [{"name": "c", "image": "i"}]}
    });
    let key = ObjectKey::of(&server.create(pod).unwrap());
    let bind = |node: &str| {
        let binding = Object::shared(value!({"target": {"kind": "Node", "name": node}}));
        let body = Body::Object(binding);
        Request { body, subresource: "binding".into(), ..Request::one(Verb::Create, *PODS, &key) }
    };
    assert_eq!(server.send(bind("n1")).code(), 201);
    let pod = server.api.get(*PODS, &key).unwrap().clone();
    assert_eq!(pod.str_at(&["spec", "nodeName"]), Some("n1"));
    assert!(pod.is_condition_true("PodScheduled"));
    let Answer::Status(status) = server.send(bind("n2")) else { panic!("refused") };
    let wanted =
        "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"n1\"";
    assert_eq!((status.code, status.message.as_str()), (409, wanted));
}

#[test]
fn scale_shows_and_sets_the_replicas() {
    let mut server = Server::new();
    let deployment = value!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "default"},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": "d"}},
            "template": {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        }
    });
    let key = ObjectKey::of(&server.create(deployment).unwrap());
    let patch = value!({"spec": {"replicas": 5}});
    let request = Request::patch(*DEPLOYMENTS, &key, PatchType::Merge, patch).subresource("scale");
    let scale = server.object(request).unwrap();
    let wanted = value!({"spec": {"replicas": 5}, "status": {"replicas": 0, "selector": "app=d"}});
    assert_eq!((scale.at(&["spec"]), scale.at(&["status"])), (wanted.get("spec"), wanted.get("status")));
    let deployment = server.api.get(*DEPLOYMENTS, &key).unwrap();
    assert_eq!((deployment.i64_at(&["spec", "replicas"]), deployment.generation()), (Some(5), 2));
}
