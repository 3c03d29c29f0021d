//! The custom resource: the spec that a user writes, and the status that the operator reports.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, CustomResourceExt};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A web server, as its user wants it.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "example.wavetank.dev",
    version = "v1",
    kind = "Website",
    namespaced,
    status = "WebsiteStatus",
    doc = "A web server: pods behind a Service, and its registration.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].status"#
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct WebsiteSpec {
    /// How many pods serve it.
    #[serde(default = "one")]
    #[schemars(range(min = 0))]
    pub replicas: i32,
    /// The web server's image.
    pub image: String,
    /// The port that the web server listens on.
    #[serde(default = "http_alt")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
}

/// What the operator has made of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebsiteStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// How many pods answer.
    #[serde(default)]
    pub ready_replicas: i32,
    /// Ready: the website is served as its spec says. Reconciling: it is being brought there.
    #[serde(default)]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
}

/// The definition to install. A test writes `scenarios/website-operator/crd.yaml` from it.
pub fn crd() -> CustomResourceDefinition {
    Website::crd()
}

fn one() -> i32 {
    1
}

fn http_alt() -> i32 {
    8080
}

/// The schema of conditions by the API conventions: a list that is a map by type.
fn conditions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "description": "Ready: the website is served as its spec says. Reconciling: it is being brought there.",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["type", "status", "lastTransitionTime", "reason", "message"],
            "properties": {
                "type": {"type": "string"},
                "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
                "observedGeneration": {"type": "integer", "format": "int64"},
                "lastTransitionTime": {"type": "string", "format": "date-time"},
                "reason": {"type": "string"},
                "message": {"type": "string"},
            },
        },
    })
}
