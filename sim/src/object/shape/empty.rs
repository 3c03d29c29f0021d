//! How built-in types store empty values: tables of what OpenAPI does not contain about the Go types.
//!
//! In Go a field is a pointer (kept if set), a value that is omitted if empty (`omitempty`), or a value that is always
//! written. OpenAPI has the required fields, but not which optional scalars are pointers.

use super::Value;

/// How the empty value of a field is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Empty {
    /// Values stay, null is dropped: a pointer.
    #[default]
    Kept,
    /// Dropped: `omitempty`.
    Omitted,
    /// Written, even if the field is absent.
    Written,
}

/// Optional integers that are not pointers.
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

/// Optional booleans that are not pointers.
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

/// Optional strings that are pointers: an empty one differs from none.
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

/// Empty lists that are written as null.
const LISTS: &[&str] = &[
    "EndpointSlice.endpoints",
    "EndpointSlice.ports",
    "Role.rules",
    "ClusterRole.rules",
    "CustomResourceDefinitionStatus.conditions",
    "CustomResourceDefinitionStatus.storedVersions",
    "HorizontalPodAutoscalerStatus.currentMetrics",
];

/// Times that are not pointers: absent ones are written as null.
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

/// Optional scalars that are always written.
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

/// How the type with the short name `owner` stores `field` if it is empty.
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
