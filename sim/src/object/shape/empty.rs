//! Which empty values a built-in type writes: what the OpenAPI does not tell about the Go types, as tables.
//!
//! In Go a field is a pointer (kept when set), or a value that may be left out when empty (`omitempty`), or one that may
//! not. OpenAPI says which fields are required; for optional scalars it does not say which are pointers.

use super::Value;

/// What becomes of a field's empty value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Empty {
    /// What is there stays, null goes: a pointer.
    #[default]
    Kept,
    /// It goes: `omitempty`.
    Omitted,
    /// It is written, even where the field was absent.
    Written,
}

/// Optional integers that are no pointers.
const INTEGERS: &[&str] = &[
    "minReadySeconds",
    "numberAvailable",
    "numberUnavailable",
    "observedGeneration",
    "updatedNumberScheduled",
    "availableReplicas",
    "readyReplicas",
    "unavailableReplicas",
    "updatedReplicas",
    "fullyLabeledReplicas",
    "currentReplicas",
    "active",
    "failed",
    "succeeded",
    "sizeBytes",
    "hostPort",
    "signal",
    "count",
    "initialDelaySeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
    "Probe.timeoutSeconds",
    "nodePort",
    "healthCheckNodePort",
    "deprecatedCount",
    "number",
    "code",
    "retryAfterSeconds",
    "generation",
    "DeploymentStatus.replicas",
    "AWSElasticBlockStoreVolumeSource.partition",
    "GCEPersistentDiskVolumeSource.partition",
    "CustomResourceColumnDefinition.priority",
];

/// Optional booleans that are no pointers.
const BOOLEANS: &[&str] = &[
    "paused",
    "authenticated",
    "denied",
    "stdin",
    "stdinOnce",
    "tty",
    "chapAuthDiscovery",
    "chapAuthSession",
    "unschedulable",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "sslEnabled",
    "publishNotReadyAddresses",
    "globalDefault",
    "preserveUnknownFields",
    "deprecated",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "nullable",
    "uniqueItems",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "readOnly",
];

/// Optional strings that are pointers: an empty one means something.
const STRING_POINTERS: &[&str] = &[
    "PersistentVolumeClaimSpec.storageClassName",
    "ingressClassName",
    "volumeAttributesClassName",
    "ipFamilyPolicy",
    "internalTrafficPolicy",
    "loadBalancerClass",
    "trafficDistribution",
    "appProtocol",
    "holderIdentity",
    "preferredHolder",
    "LeaseSpec.strategy",
    "runtimeClassName",
    "preemptionPolicy",
    "hostnameOverride",
    "mountPropagation",
    "recursiveReadOnly",
    "volumeMode",
    "TypedLocalObjectReference.apiGroup",
    "TypedObjectReference.apiGroup",
    "reclaimPolicy",
    "volumeBindingMode",
    "podReplacementPolicy",
    "completionMode",
    "managedBy",
    "timeZone",
    "failedIndexes",
    "nodeAffinityPolicy",
    "nodeTaintsPolicy",
    "localhostProfile",
    "fsGroupChangePolicy",
    "seLinuxChangePolicy",
    "supplementalGroupsPolicy",
    "procMount",
    "sideEffects",
    "matchPolicy",
    "failurePolicy",
    "reinvocationPolicy",
    "unhealthyPodEvictionPolicy",
    "Endpoint.hostname",
    "Endpoint.nodeName",
    "Endpoint.zone",
    "EndpointPort.name",
    "EndpointPort.protocol",
    "NetworkPolicyPort.protocol",
    "PodDNSConfigOption.value",
    "HostPathVolumeSource.type",
    "ClusterTrustBundleProjection.name",
    "ClusterTrustBundleProjection.signerName",
    "resourceClaimName",
    "resourceClaimTemplateName",
    "Container.restartPolicy",
    "stopSignal",
    "RuleWithOperations.scope",
];

/// Lists that are written as null.
const LISTS: &[&str] = &[
    "EndpointSlice.endpoints",
    "EndpointSlice.ports",
    "Role.rules",
    "ClusterRole.rules",
    "CustomResourceDefinitionStatus.conditions",
    "CustomResourceDefinitionStatus.storedVersions",
    "HorizontalPodAutoscalerStatus.currentMetrics",
];

/// Times that are no pointers and are written as null.
const TIMES: &[&str] = &[
    "lastProbeTime",
    "lastTransitionTime",
    "lastUpdateTime",
    "lastHeartbeatTime",
    "Event.firstTimestamp",
    "Event.lastTimestamp",
    "Event.eventTime",
    "deprecatedFirstTimestamp",
    "deprecatedLastTimestamp",
    "EventSeries.lastObservedTime",
    "ContainerStateRunning.startedAt",
    "ContainerStateTerminated.startedAt",
    "ContainerStateTerminated.finishedAt",
];

/// Scalars that are written although nothing requires them.
const SCALARS: &[&str] = &[
    "StatefulSetOrdinals.start",
    "StatefulSetStatus.availableReplicas",
    "PodDisruptionBudgetStatus.currentHealthy",
    "PodDisruptionBudgetStatus.desiredHealthy",
    "PodDisruptionBudgetStatus.disruptionsAllowed",
    "PodDisruptionBudgetStatus.expectedPods",
    "Event.reportingComponent",
    "Event.reportingInstance",
    "TokenRequestStatus.token",
    "RoleRef.apiGroup",
    "PriorityClass.value",
    "PodFailurePolicyOnPodConditionsPattern.status",
];

/// What the type named `owner` (its short name) does with `field` when it is empty.
pub(super) fn of(owner: &str, field: &str, schema: &Value, required: bool) -> Empty {
    let listed = |table: &[&str]| {
        table.iter().any(|entry| match entry.split_once('.') {
            Some((on, name)) => on == owner && name == field,
            None => *entry == field,
        })
    };
    let choose = |written: bool, omitted: bool| match (written, omitted) {
        (true, _) => Empty::Written,
        (_, true) => Empty::Omitted,
        _ => Empty::Kept,
    };
    if let Some(target) = schema.str_at(&["$ref"]) {
        let time = target.ends_with(".Time") || target.ends_with(".MicroTime");
        return choose(schema.get("default").is_some() || if time { listed(TIMES) } else { required }, false);
    }
    let is_zero = schema
        .get("default")
        .is_some_and(|d| matches!(d, Value::Int(0) | Value::Bool(false)) || d.as_str() == Some(""));
    match schema.str_at(&["type"]) {
        Some("array" | "object") => choose(required || listed(LISTS), true),
        _ if required || listed(SCALARS) => choose(is_zero, false),
        Some("integer") => choose(false, is_zero || listed(INTEGERS)),
        Some("boolean") => choose(false, is_zero || listed(BOOLEANS)),
        Some("string") => choose(false, !listed(STRING_POINTERS)),
        _ => Empty::Kept,
    }
}
