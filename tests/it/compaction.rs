//! `compaction`: a watch that resumes too late gets 410, and its client lists again; so does a page that is requested too late.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, Client};
use wavetank::sim::wire::{Verb, What};
use wavetank::{Program, Run, Scenario, mins};

use super::{follow_pods, web_yaml};

fn web(operator: Program) -> Scenario {
    Scenario::new("web")
        .apply_yaml(&web_yaml(2))
        .operator(operator)
        .converges_within(mins(5))
        .settles_for(mins(3))
}

/// A program that watches all pods.
fn follower() -> Program {
    Program::new("follower", follow_pods)
}

/// A program that lists all pods page by page, slowly, in a loop.
fn pager() -> Program {
    Program::new("pager", |host| async move {
        let pods: Api<Pod> = Api::default_namespaced(Client::new(host.service(), "default"));
        let mut token = None;
        loop {
            let page = ListParams { continue_token: token.take(), ..ListParams::default().limit(1) };
            token = pods.list(&page).await.ok().and_then(|list| list.metadata.continue_);
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        #[allow(unreachable_code, reason = "it gives the future its type")]
        Ok::<(), String>(())
    })
}

/// Runs the plan twice, the second time from its printed text. Both runs must hold and be equal.
fn held(scenario: &Scenario, plan: &str) -> Run {
    let run = scenario.clone().run_plan(1, &plan.parse().unwrap()).unwrap();
    assert_eq!(run.verdict(), Ok(()), "{plan}");
    assert_eq!(run.plan().to_string(), plan);
    let again = scenario.clone().run_plan(1, &run.plan().to_string().parse().unwrap()).unwrap();
    assert_eq!(again.fingerprint(), run.fingerprint(), "{plan}");
    run
}

/// The errors that ended the actor's watches, and the codes of its lists after the first of these errors.
fn watch_errors_and_lists(run: &Run, actor: &str) -> (Vec<u16>, Vec<u16>) {
    let (mut errors, mut lists) = (Vec::new(), Vec::new());
    for entry in run.record().record.entries().iter().filter(|e| run.record().actor(e.actor).name == actor) {
        match entry.what {
            What::Delivered { error, .. } if error != 0 => errors.push(error),
            What::Request { verb: Verb::List, code, .. } if !errors.is_empty() => lists.push(code),
            _ => {}
        }
    }
    (errors, lists)
}

#[test]
fn a_watch_that_resumes_after_a_compaction_gets_410_and_its_client_lists_again() {
    let scenario = web(follower());
    let cut = "watch-cut(follower, kind=Pod)@10s+20s; pod-deletion(Pod/*[app=web])@12s";
    let run = held(&scenario, &format!("{cut}; compaction()@25s"));
    assert_eq!(watch_errors_and_lists(&run, "follower"), (vec![410], vec![200]));
    // Without a compaction, or if it keeps enough history, the watch resumes.
    for enough in ["", "; compaction(keep=1000)@25s"] {
        assert_eq!(
            watch_errors_and_lists(&held(&scenario, &format!("{cut}{enough}")), "follower"),
            (vec![], vec![]),
            "{enough}"
        );
    }
}

#[test]
fn a_page_that_is_requested_after_a_compaction_gets_410() {
    let pages = |plan: &str| {
        let run = held(&web(pager()), plan);
        let listed = run.record().record.entries().iter().filter_map(|entry| match entry.what {
            What::Request { verb: Verb::List, code, .. }
                if run.record().actor(entry.actor).name == "pager" =>
            {
                Some(code)
            }
            _ => None,
        });
        listed.filter(|code| *code == 410).count()
    };
    // Pods change from 10 s on, and one of the two compactions strikes between two pages.
    let deletion = "pod-deletion(Pod/*[app=web]:all)@10s";
    assert_eq!(pages(deletion), 0);
    assert!(pages(&format!("{deletion}; compaction()@11.5s; compaction()@13.5s")) > 0);
}
