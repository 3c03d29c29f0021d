//! What plugins add and refuse, as recorded in `pod-admission-service-account`, `validation-pod` and `defaulting-pod`.

use super::super::fixture::stored;
use super::super::registry::Registry;
use super::*;
use crate::value;
use crate::wire::Resource;
use crate::wire::resource::{PODS, SERVICE_ACCOUNTS};

const CLASSES: &str = "scheduling.k8s.io/v1/priorityclasses";

/// The pod `p` with this spec after admission, or the refusal.
fn admitted(spec: Value, store: &Store) -> Result<Value, String> {
    let registry = Registry::builtin();
    let mut pod = value!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}});
    for (key, value) in spec.as_map().unwrap() {
        pod.set_at(&["spec", key.as_str()], value.clone());
    }
    let write = Attributes {
        verb: Verb::Create,
        kind: registry.lookup(*PODS).unwrap(),
        subresource: "",
        namespace: "g",
        name: "p",
        plugins: Plugins { service_account: true, object_in_use: false },
        store,
    };
    admit(&write, &mut pod).map(|()| pod).map_err(|status| format!("{} {}", status.code, status.message))
}

fn accounts() -> Store {
    accounts_and(None)
}

fn accounts_and(class: Option<Value>) -> Store {
    let account = |name: &str| value!({"metadata": {"name": name, "namespace": "g"}});
    let mut quiet = account("s");
    quiet.set_at(&["automountServiceAccountToken"], false);
    quiet.set_at(&["imagePullSecrets"], value!([{"name": "reg"}]));
    let accounts = [account("default"), quiet].map(|account| (*SERVICE_ACCOUNTS, account));
    stored(accounts.into_iter().chain(class.map(|class| (Resource::new(CLASSES), class))))
}

#[test]
fn a_pod_gets_its_account_and_token_and_is_refused_without_an_account() {
    let pod = admitted(value!({}), &accounts()).unwrap();
    assert_eq!(pod.str_at(&["spec", "serviceAccountName"]), Some("default"));
    let volume = &pod.items_at(&["spec", "volumes"])[0];
    let mount = pod.pointer("/spec/containers/0/volumeMounts/0").unwrap();
    assert_eq!(volume.get("name"), mount.get("name"));
    assert_eq!(
        volume.pointer("/projected/sources/0/serviceAccountToken/expirationSeconds"),
        Some(&Value::Int(3607))
    );
    assert_eq!(mount.str_at(&["mountPath"]), Some("/var/run/secrets/kubernetes.io/serviceaccount"));

    let quiet = admitted(value!({"serviceAccountName": "s"}), &accounts()).unwrap();
    assert!(quiet.items_at(&["spec", "volumes"]).is_empty());
    assert_eq!(quiet.at(&["spec", "imagePullSecrets"]), Some(&value!([{"name": "reg"}])));
    assert!(
        admitted(value!({"automountServiceAccountToken": false}), &accounts())
            .unwrap()
            .at(&["spec", "volumes"])
            .is_none()
    );
    assert_eq!(
        admitted(value!({"serviceAccountName": "nope"}), &accounts()),
        Err("403 pods \"p\" is forbidden: error looking up service account g/nope: serviceaccount \"nope\" not found".into())
    );
}

#[test]
fn a_pod_gets_the_priority_of_its_class_and_may_not_set_another() {
    let class = value!({"metadata": {"name": "low"}, "value": (-5), "preemptionPolicy": "Never", "globalDefault": true});
    let with_class = accounts_and(Some(class));
    let priority = |pod: &Value| {
        (pod.i64_at(&["spec", "priority"]), pod.str_at(&["spec", "preemptionPolicy"]).map(str::to_owned))
    };
    let plain = admitted(value!({}), &accounts()).unwrap();
    assert_eq!(priority(&plain), (Some(0), Some("PreemptLowerPriority".into())));
    let by_default = admitted(value!({}), &with_class).unwrap();
    assert_eq!(priority(&by_default), (Some(-5), Some("Never".into())));
    assert_eq!(by_default.str_at(&["spec", "priorityClassName"]), Some("low"));
    let system = admitted(value!({"priorityClassName": "system-node-critical"}), &accounts()).unwrap();
    assert_eq!(system.i64_at(&["spec", "priority"]), Some(2_000_001_000));
    assert_eq!(
        admitted(value!({"priorityClassName": "nope"}), &accounts()),
        Err("403 pods \"p\" is forbidden: no PriorityClass with name nope was found".into())
    );
    assert_eq!(
        admitted(value!({"priority": 5}), &accounts()),
        Err("403 pods \"p\" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority \
             admission controller computed 0 from the given PriorityClass name"
            .into())
    );
}

#[test]
fn a_pod_tolerates_a_failed_node_for_five_minutes_unless_it_has_a_toleration() {
    let own = value!([{"key": "node.kubernetes.io/not-ready", "operator": "Exists"}]);
    let pod = admitted(value!({"tolerations": own}), &accounts()).unwrap();
    let [own, added] = pod.items_at(&["spec", "tolerations"]) else { panic!("{}", pod.to_json()) };
    assert_eq!(own.get("tolerationSeconds"), None);
    let wanted = value!({
        "key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300
    });
    assert_eq!(added, &wanted);
    let all = admitted(value!({"tolerations": [{"operator": "Exists"}]}), &accounts()).unwrap();
    assert_eq!(all.items_at(&["spec", "tolerations"]).len(), 1);
}
