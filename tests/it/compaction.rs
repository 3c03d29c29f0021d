//! `compaction`: a watch that comes back too late gets 410 and lists anew; a page that is asked for too late is 410.

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

/// A program that follows all pods.
fn follower() -> Program {
    Program::new("follower", follow_pods)
}

/// A program that reads all pods page by page, slowly, again and again.
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

/// Runs the plan twice, the second time from its printed text; both must be held and equal.
fn held(scenario: &Scenario, plan: &str) -> Run {
    let run = scenario.clone().run_plan(1, &plan.parse().unwrap()).unwrap();
    assert_eq!(run.verdict(), Ok(()), "{plan}");
    assert_eq!(run.plan().to_string(), plan);
    let again = scenario.clone().run_plan(1, &run.plan().to_string().parse().unwrap()).unwrap();
    assert_eq!(again.fingerprint(), run.fingerprint(), "{plan}");
    run
}

/// The errors that ended watches from t = 0 on, and the codes of lists after the first of them.
fn told(run: &Run, actor: &str) -> (Vec<u16>, Vec<u16>) {
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
fn a_watch_that_comes_back_after_a_compaction_gets_410_and_lists_anew() {
    let scenario = web(follower());
    let cut = "watch-cut(follower, kind=Pod)@10s+20s; pod-deletion(Pod/*[app=web])@12s";
    let run = held(&scenario, &format!("{cut}; compaction()@25s"));
    assert_eq!(told(&run, "follower"), (vec![410], vec![200]));
    // What bites is that the history is gone.
    for enough in ["", "; compaction(keep=1000)@25s"] {
        assert_eq!(
            told(&held(&scenario, &format!("{cut}{enough}")), "follower"),
            (vec![], vec![]),
            "{enough}"
        );
    }
}

#[test]
fn a_page_that_is_asked_for_after_a_compaction_is_410() {
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
    // Pods change from 10 s on, and one of the two strikes between a page and the next.
    let deletion = "pod-deletion(Pod/*[app=web]:all)@10s";
    assert_eq!(pages(deletion), 0);
    assert!(pages(&format!("{deletion}; compaction()@11.5s; compaction()@13.5s")) > 0);
}
