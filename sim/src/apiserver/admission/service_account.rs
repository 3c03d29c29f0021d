//! ServiceAccount: a pod runs as an existing service account, and its containers mount the account's token.
//!
//! Recorded in `pod-admission-service-account`. Differs: the suffix of the volume's name is random on a real server; here it
//! depends on namespace and pod name. Not modelled: limits on secrets by annotation, mirror pods.

use std::sync::LazyLock;

use super::super::names::with_suffix;
use super::Attributes;
use crate::engine::Draws;
use crate::object::{Object, Str, Value};
use crate::value;
use crate::wire::resource::SERVICE_ACCOUNTS;
use crate::wire::{ObjectKey, Status};

/// Where containers mount the token (serviceaccount admission `DefaultAPITokenMountPath`).
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// How long a token is valid (serviceaccount `WarnOnlyBoundTokenExpirationPeriod`).
const EXPIRATION_S: i64 = 3607;

pub(super) fn admit(write: &Attributes<'_>, pod: &mut Value) -> Result<(), Box<Status>> {
    if pod.str_at(&["spec", "serviceAccountName"]).unwrap_or_default().is_empty() {
        pod.set_at(&["spec", "serviceAccountName"], "default");
        pod.set_at(&["spec", "serviceAccount"], "default");
    }
    let name = pod.str_at(&["spec", "serviceAccountName"]).unwrap_or_default().to_owned();
    let Some(account) = write.store.get(*SERVICE_ACCOUNTS, &ObjectKey::new(write.namespace, &*name)) else {
        return Err(write.forbidden(&format!(
            "error looking up service account {}/{name}: serviceaccount \"{name}\" not found",
            write.namespace
        )));
    };
    if mounts_token(pod, account) {
        mount_token(pod, &volume_name(write, pod));
    }
    if pod.items_at(&["spec", "imagePullSecrets"]).is_empty()
        && let Some(secrets) = account.at(&["imagePullSecrets"])
    {
        pod.set_at(&["spec", "imagePullSecrets"], secrets.clone());
    }
    Ok(())
}

/// The pod's setting takes precedence over the account's; the default is true.
fn mounts_token(pod: &Value, account: &Object) -> bool {
    let own = pod.at(&["spec", "automountServiceAccountToken"]).and_then(Value::as_bool);
    let accounts = account.at(&["automountServiceAccountToken"]).and_then(Value::as_bool);
    own.or(accounts).unwrap_or(true)
}

fn mount_token(pod: &mut Value, volume: &str) {
    let mut mounted = false;
    for list in ["initContainers", "containers"] {
        let mut containers = pod.items_at(&["spec", list]).to_vec();
        for container in &mut containers {
            let mounts = container.items_at(&["volumeMounts"]);
            if mounts.iter().any(|mount| mount.str_at(&["mountPath"]) == Some(TOKEN_PATH)) {
                continue;
            }
            let ours = value!({"name": volume, "readOnly": true, "mountPath": TOKEN_PATH});
            let all: Vec<Value> = mounts.iter().cloned().chain([ours]).collect();
            container.set_at(&["volumeMounts"], all);
            mounted = true;
        }
        if !containers.is_empty() {
            pod.set_at(&["spec", list], containers);
        }
    }
    if mounted {
        let volumes = pod.items_at(&["spec", "volumes"]).iter().cloned();
        let all: Vec<Value> = volumes.chain([token_volume(volume)]).collect();
        pod.set_at(&["spec", "volumes"], all);
    }
}

/// The sources of the volume: token, root CA and namespace. Immutable.
static PROJECTED: LazyLock<Value> = LazyLock::new(|| {
    value!({
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": EXPIRATION_S, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [
                {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
            ]}}
        ],
        "defaultMode": 420
    })
});

fn token_volume(name: &str) -> Value {
    value!({"name": name, "projected": (PROJECTED.clone())})
}

fn volume_name(write: &Attributes<'_>, pod: &Value) -> Str {
    let prefix = pod.str_at(&["metadata", "generateName"]).unwrap_or_default();
    let bits = Draws::new(0).nth(&["kube-api-access", write.namespace, write.name, prefix], 0);
    with_suffix("kube-api-access-", bits)
}
