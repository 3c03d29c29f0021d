//! Tests of the pure functions, and of the definition against its manifest.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::ObjectMeta;

use super::failures::Failures;
use super::status::{READY, RECONCILING, status};
use super::*;

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/website-operator/crd.yaml");

fn shop() -> Website {
    let spec = WebsiteSpec { replicas: 3, image: "example.com/shop:v1".into(), port: 8080 };
    let mut website = Website::new("shop", spec);
    website.metadata.namespace = Some("web".into());
    website.metadata.uid = Some("9b0f".into());
    website.metadata.generation = Some(4);
    website
}

/// The shop's Deployment, completely rolled out or with two of three pods ready.
fn rolled_out(ready: i32) -> Deployment {
    let status = DeploymentStatus {
        observed_generation: Some(2),
        replicas: Some(3),
        updated_replicas: Some(3),
        ready_replicas: Some(ready),
        ..DeploymentStatus::default()
    };
    let metadata = ObjectMeta { generation: Some(2), ..ObjectMeta::default() };
    Deployment { metadata, status: Some(status), ..Deployment::default() }
}

fn at(seconds: i64) -> Time {
    Time(Timestamp::from_second(seconds).unwrap())
}

fn condition<'a>(status: &'a WebsiteStatus, type_: &str) -> (&'a str, &'a Time) {
    let found = status.conditions.iter().find(|condition| condition.type_ == type_).unwrap();
    (&found.status, &found.last_transition_time)
}

#[test]
fn the_committed_definition_is_the_one_in_the_code() {
    let code = serde_json::to_value(crd()).unwrap();
    if std::env::var_os("WAVETANK_BLESS").is_some() {
        let text = serde_saphyr::to_string(&code).unwrap();
        let head = "# Written by the test that compares it, with WAVETANK_BLESS=1.\n";
        std::fs::write(MANIFEST, format!("{head}{text}")).unwrap();
    }
    let file: serde_json::Value =
        serde_saphyr::from_str(&std::fs::read_to_string(MANIFEST).unwrap()).unwrap();
    assert_eq!(file, code, "run this test with WAVETANK_BLESS=1");
}

#[test]
fn a_website_without_replicas_and_port_has_one_on_8080() {
    let spec: WebsiteSpec = serde_json::from_str(r#"{"image": "example.com/shop:v1"}"#).unwrap();
    assert_eq!((spec.replicas, spec.port), (1, 8080));
}

#[test]
fn deployment_and_service_are_owned_and_the_registration_is_not() {
    let (deployment, service) = (children::deployment(&shop()), children::service(&shop()));
    for meta in [&deployment.metadata, &service.metadata] {
        let owner = &meta.owner_references.as_ref().unwrap()[0];
        assert_eq!((&*owner.kind, &*owner.uid, owner.controller), ("Website", "9b0f", Some(true)));
        assert_eq!((meta.name.as_deref(), meta.namespace.as_deref()), (Some("shop"), Some("web")));
    }
    let registration = children::registration(&shop());
    assert_eq!(registration.metadata.owner_references, None);
    assert_eq!(registration.metadata.name.as_deref(), Some("shop-registration"));
    assert_eq!(registration.data.unwrap()["host"], "shop.web.svc");
}

#[test]
fn deployment_and_service_select_the_pods_of_the_template() {
    let spec = children::deployment(&shop()).spec.unwrap();
    let labels = spec.template.metadata.unwrap().labels;
    assert_eq!(spec.selector.match_labels, labels);
    assert_eq!(children::service(&shop()).spec.unwrap().selector, labels);
}

#[test]
fn the_website_is_ready_when_all_pods_of_the_newest_template_are() {
    let (complete, partly) = (rolled_out(3), rolled_out(2));
    let mut unseen = rolled_out(3);
    unseen.metadata.generation = Some(3);
    for (deployment, expected) in
        [(&complete, "True"), (&partly, "False"), (&unseen, "False"), (&Deployment::default(), "False")]
    {
        let status = status(&shop(), deployment, &at(0));
        assert_eq!(condition(&status, READY).0, expected);
        assert_ne!(condition(&status, RECONCILING).0, expected);
    }
    assert_eq!(status(&shop(), &partly, &at(0)).ready_replicas, 2);
    assert_eq!(status(&shop(), &partly, &at(0)).observed_generation, Some(4));
}

#[test]
fn status_stays_the_same_while_nothing_changes() {
    let mut website = shop();
    let first = status(&website, &rolled_out(3), &at(10));
    website.status = Some(first.clone());
    assert_eq!(status(&website, &rolled_out(3), &at(99)), first);
    let later = status(&website, &rolled_out(2), &at(99));
    assert_eq!(condition(&later, READY), ("False", &at(99)));
}

#[test]
fn waits_double_up_to_a_minute_and_start_again_after_a_success() {
    let failures = Failures::default();
    let waits: Vec<u64> = (0..8).map(|_| failures.count("shop").as_secs()).collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(failures.count("blog"), Duration::from_secs(1));
    failures.forget("shop");
    assert_eq!(failures.count("shop"), Duration::from_secs(1));
}
