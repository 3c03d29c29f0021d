//! Realistic objects for the tests of this folder, in the shape that a v1.36 control plane writes.

use crate::object::{Object, Value};
use crate::value;

pub(super) const DEPLOYMENT_UID: &str = "182895da-7076-46ab-8c92-9a94daf97fac";
pub(super) const REPLICA_SET_UID: &str = "1dff117a-658b-4d73-8e9d-0e37de26ab17";

fn owner(api_version: &str, kind: &str, name: &str, uid: &str) -> Value {
    value!({"apiVersion": api_version, "kind": kind, "name": name, "uid": uid, "controller": true,
        "blockOwnerDeletion": true})
}

/// The Deployment `default/web` that wants 3 replicas.
pub(super) fn deployment(generation: i64, observed: i64, ready: i64) -> Object {
    Object::new(value!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "uid": DEPLOYMENT_UID, "generation": generation,
            "resourceVersion": "979", "creationTimestamp": "2026-11-23T15:39:53Z",
            "annotations": {"deployment.kubernetes.io/revision": "2"}},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "c", "image": "nginx:2"}]}}},
        "status": {"observedGeneration": observed, "replicas": 3, "updatedReplicas": 3, "readyReplicas": ready,
            "availableReplicas": ready, "conditions": [
                {"type": "Available", "status": "True", "lastUpdateTime": "2026-11-23T15:39:54Z",
                    "reason": "MinimumReplicasAvailable", "message": "Deployment has minimum availability."}]}}))
}

/// The ReplicaSet of that Deployment.
pub(super) fn replica_set(ready: i64) -> Object {
    let owners = value!([(owner("apps/v1", "Deployment", "web", DEPLOYMENT_UID))]);
    Object::new(value!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": "web-7fb4c554f7", "namespace": "default", "uid": REPLICA_SET_UID, "generation": 1,
            "labels": {"app": "web", "pod-template-hash": "7fb4c554f7"}, "ownerReferences": owners},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}},
        "status": {"observedGeneration": 1, "replicas": 3, "fullyLabeledReplicas": 3, "readyReplicas": ready,
            "availableReplicas": ready}}))
}

/// A pod of that ReplicaSet; `n` is in everything that differs between pods.
pub(super) fn pod(n: u32, ready: bool) -> Object {
    let (name, uid) = (format!("web-7fb4c554f7-bcd{n:02}"), format!("c3685ca8-48e1-4127-abc8-{n:012}"));
    let (ip, node, volume) =
        (format!("10.244.0.{n}"), format!("node-{}", n % 3 + 1), format!("kube-api-access-rn{n:03}"));
    let started = format!("2026-11-23T15:{:02}:07Z", n % 60);
    let status = if ready { "True" } else { "False" };
    let condition = |kind: &str| {
        value!({"type": kind, "status": status, "reason": "ContainersNotReady", "observedGeneration": 1,
        "lastTransitionTime": (started.as_str())})
    };
    let conditions = Value::list(["Ready", "ContainersReady"].map(condition));
    let owners = value!([(owner("apps/v1", "ReplicaSet", "web-7fb4c554f7", REPLICA_SET_UID))]);
    Object::new(value!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "generateName": "web-7fb4c554f7-", "namespace": "default", "uid": uid, "generation": 1,
            "resourceVersion": (format!("{}", 500 + n)), "creationTimestamp": (started.as_str()), "ownerReferences": owners,
            "labels": {"app": "web", "pod-template-hash": "7fb4c554f7"},
            "managedFields": [{"manager": "kube-controller-manager", "operation": "Update", "time": (started.as_str())}]},
        "spec": {"nodeName": node, "restartPolicy": "Always", "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler", "serviceAccountName": "default",
            "volumes": [{"name": (volume.as_str()), "projected": {"defaultMode": 420, "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}]}}],
            "containers": [{"name": "c", "image": "example.com/staticweb:2", "imagePullPolicy": "IfNotPresent",
                "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}, "ports": [{"containerPort": 80, "protocol": "TCP"}],
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                "volumeMounts": [{"name": volume, "readOnly": true,
                    "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]}],
            "tolerations": [
                {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
                {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}]},
        "status": {"phase": "Running", "qosClass": "Burstable", "podIP": (ip.as_str()), "podIPs": [{"ip": ip}], "startTime": started,
            "hostIP": "192.168.0.1", "conditions": conditions, "containerStatuses": [{"name": "c", "ready": ready, "restartCount": 0, "started": true,
                "image": "example.com/staticweb:2", "containerID": (format!("containerd://{n:064x}")),
                "imageID": "example.com/staticweb@sha256:3f2a", "state": {"running": {"startedAt": "2026-11-23T15:39:53Z"}}}]}}))
}

/// A node with this status of its Ready condition.
pub(super) fn node(name: &str, ready: &str) -> Object {
    Object::new(value!({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "uid": (format!("uid-of-{name}")), "labels": {"kubernetes.io/hostname": name, "disk": "ssd"}},
        "spec": {"podCIDR": "10.244.0.0/24"},
        "status": {"addresses": [{"type": "InternalIP", "address": "192.168.0.1"}],
            "conditions": [{"type": "Ready", "status": ready, "reason": "NodeStatusUnknown",
                "lastHeartbeatTime": "2026-11-23T15:38:05Z", "message": "Kubelet stopped posting node status."}]}}))
}

/// `object` with the value at `path` set.
pub(super) fn with(object: &Object, path: &[&str], value: impl Into<Value>) -> Object {
    object.edited(|root| root.set_at(path, value))
}
