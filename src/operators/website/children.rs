//! The objects of a website, as pure functions: a Deployment and a Service that it owns, and a registration that it does not
//! own. Because of the registration, deleting a website needs a finalizer.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{
    ConfigMap, Container, ContainerPort, HTTPGetAction, PodSpec, PodTemplateSpec, Probe, Service,
    ServicePort, ServiceSpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::api::ObjectMeta;
use kube::{Resource, ResourceExt};

use super::{NAME, Website};

/// The port of the Service and the name of the container's port.
const HTTP: (i32, &str) = (80, "http");

/// The Deployment of the pods that serve the website.
pub(super) fn deployment(website: &Website) -> Deployment {
    let container = Container {
        name: "web".into(),
        image: Some(website.spec.image.clone()),
        ports: Some(vec![ContainerPort {
            name: Some(HTTP.1.into()),
            container_port: website.spec.port,
            ..ContainerPort::default()
        }]),
        readiness_probe: Some(Probe {
            http_get: Some(HTTPGetAction {
                path: Some("/".into()),
                port: IntOrString::String(HTTP.1.into()),
                ..HTTPGetAction::default()
            }),
            ..Probe::default()
        }),
        ..Container::default()
    };
    let template = PodTemplateSpec {
        metadata: Some(ObjectMeta { labels: Some(selector(website)), ..ObjectMeta::default() }),
        spec: Some(PodSpec { containers: vec![container], ..PodSpec::default() }),
    };
    Deployment {
        metadata: owned(website),
        spec: Some(DeploymentSpec {
            replicas: Some(website.spec.replicas),
            selector: LabelSelector { match_labels: Some(selector(website)), ..LabelSelector::default() },
            template,
            ..DeploymentSpec::default()
        }),
        status: None,
    }
}

/// The Service with the website's address.
pub(super) fn service(website: &Website) -> Service {
    Service {
        metadata: owned(website),
        spec: Some(ServiceSpec {
            selector: Some(selector(website)),
            ports: Some(vec![ServicePort {
                name: Some(HTTP.1.into()),
                port: HTTP.0,
                target_port: Some(IntOrString::String(HTTP.1.into())),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

/// The entry in the directory of websites, which others read. It has no owner reference: the operator deletes it.
pub(super) fn registration(website: &Website) -> ConfigMap {
    let host = format!("{}.{}.svc", website.name_any(), website.namespace().unwrap_or_default());
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(registration_name(website)),
            owner_references: None,
            ..owned(website)
        },
        data: Some(BTreeMap::from([("host".into(), host), ("port".into(), HTTP.0.to_string())])),
        ..ConfigMap::default()
    }
}

/// The name of the registration.
pub(super) fn registration_name(website: &Website) -> String {
    format!("{}-registration", website.name_any())
}

fn owned(website: &Website) -> ObjectMeta {
    let mut labels = selector(website);
    labels.insert("app.kubernetes.io/managed-by".into(), NAME.into());
    ObjectMeta {
        name: website.meta().name.clone(),
        namespace: website.meta().namespace.clone(),
        labels: Some(labels),
        owner_references: website.controller_owner_ref(&()).map(|owner| vec![owner]),
        ..ObjectMeta::default()
    }
}

/// The labels that only the pods of this website have. They never change, because a Deployment's selector cannot change.
fn selector(website: &Website) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("app.kubernetes.io/name".into(), "website".into()),
        ("app.kubernetes.io/instance".into(), website.name_any()),
    ])
}
