//! Events of the control plane: readers find them, and a run without a reader has none.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Event;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, Client};
use wavetank::sim::wire::{What, resource};
use wavetank::{Scenario, faults, mins, pods, scale, secs};

use super::web_yaml;

fn web() -> Scenario {
    Scenario::new("web")
        .apply_yaml(&web_yaml(1))
        .step(scale("deployment/web", 3))
        .fault(faults::pod_deletion(pods("app=web").one()).at(secs(20)))
        .converges_within(mins(5))
        .settles_for(secs(60))
}

/// Lists Events: `KIND REASON TYPE COMPONENT` of each, with its message.
async fn events(client: Client, params: &ListParams) -> Result<Vec<(String, String)>, kube::Error> {
    let events = Api::<Event>::default_namespaced(client).list(params).await?;
    let describe = |event: Event| {
        let component = event.reporting_component.unwrap_or_default();
        let kind = event.involved_object.kind.unwrap_or_default();
        let (reason, grade) = (event.reason.unwrap_or_default(), event.type_.unwrap_or_default());
        assert!(event.metadata.resource_version.is_some());
        (format!("{kind} {reason} {grade} {component}"), event.message.unwrap_or_default())
    };
    Ok(events.items.into_iter().map(describe).collect())
}

#[test]
fn a_reader_finds_the_events_of_the_control_plane() {
    let checked = web().at_end(|host| async move {
        let client = Client::new(host.service(), "default");
        let all = events(client.clone(), &ListParams::default()).await?;
        let count = |line: &str| all.iter().filter(|(event, _)| event == line).count();
        // Four pods: one of setup, two of the step, and a replacement for the deleted one.
        for (line, times) in [
            ("Deployment ScalingReplicaSet Normal deployment-controller", 2),
            ("ReplicaSet SuccessfulCreate Normal replicaset-controller", 4),
            ("Pod Scheduled Normal default-scheduler", 4),
            ("Pod Created Normal kubelet", 4),
            ("Pod Started Normal kubelet", 4),
            ("Pod Killing Normal kubelet", 1),
            ("ReplicaSet SuccessfulDelete Normal replicaset-controller", 0),
        ] {
            assert_eq!(count(line), times, "{line}: {all:#?}");
        }
        let has_message = |text: &str| all.iter().any(|(_, message)| message.contains(text));
        for text in ["from 0 to 1", "from 1 to 3", "Stopping container web"] {
            assert!(has_message(text), "{text}: {all:#?}");
        }
        // The request of `kubectl describe deployment web`.
        let of_web = ListParams::default().fields("involvedObject.name=web,involvedObject.kind=Deployment");
        assert_eq!(events(client, &of_web).await?.len(), 2);
        Ok(())
    });
    let run = checked.run(1).unwrap();
    assert_eq!(run.verdict(), Ok(()));
}

/// A quota allows one pod. The first reader finds the refusals of the run so far, and later refusals as they happen.
#[test]
fn a_reader_finds_why_pods_could_not_be_created() {
    const QUOTA: &str = r#"
apiVersion: v1
kind: ResourceQuota
metadata: {name: few}
spec: {hard: {pods: "1"}}
"#;
    let few = Scenario::new("few")
        .apply_yaml(QUOTA)
        .apply_yaml(&web_yaml(1))
        .step(scale("deployment/web", 3))
        .step(scale("deployment/web", 1))
        .converges_within(mins(5))
        .settles_for(secs(60));
    let checked = few.at_end(|host| async move {
        let client = Client::new(host.service(), "default");
        let refusals = || async {
            let reason = ListParams::default().fields("reason=FailedCreate");
            Api::<Event>::default_namespaced(client.clone()).list(&reason).await
        };
        let count = |events: &[Event]| events.iter().filter_map(|event| event.count).sum::<i32>();
        let first = refusals().await?.items;
        let event = first.first().expect("the quota refuses two of three pods");
        assert_eq!(event.reporting_component.as_deref(), Some("replicaset-controller"));
        let why = event.message.as_deref().unwrap();
        assert!(why.starts_with("Error creating: pods \"web-"), "{why}");
        assert!(why.contains("is forbidden: exceeded quota: few"), "{why}");
        let three = Patch::Merge(serde_json::json!({"spec": {"replicas": 3}}));
        let web = Api::<Deployment>::default_namespaced(client.clone());
        web.patch("web", &PatchParams::default(), &three).await?;
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(count(&refusals().await?.items) > count(&first));
        Ok(())
    });
    let run = checked.run(1).unwrap();
    assert_eq!(run.verdict(), Ok(()));
}

#[test]
fn a_run_without_a_reader_writes_no_event() {
    let run = web().run(1).unwrap();
    let is_event = |what: &What| match what {
        What::Commit(commit) => commit.resource == *resource::EVENTS,
        What::Request { resource, .. } => *resource == Some(*resource::EVENTS),
        _ => false,
    };
    assert!(!run.record().record.entries().iter().any(|entry| is_event(&entry.what)));
}
