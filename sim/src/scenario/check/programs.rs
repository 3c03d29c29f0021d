//! Which programs run in a scenario: faults and events must name one of them, or they would wait for ever.

use std::collections::BTreeSet;

use crate::scenario::near::nearest;
use crate::scenario::{Pattern, Scenario};

/// The names of the cluster's own actors.
const COMPONENTS: [&str; 8] = [
    "chaos",
    "containerd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kubelet/*",
    "user",
];

/// The programs that run in the scenario.
#[derive(Default)]
pub(super) struct Running {
    /// The names of programs, and of hosts beside the cluster.
    names: BTreeSet<String>,
    /// Whether some run in pods. The names of pods are known only at run time.
    in_pods: bool,
}

impl Running {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let in_pods = || scenario.images.iter().filter_map(|image| image.program.as_ref());
        let mut names: BTreeSet<String> = in_pods().cloned().collect();
        for operator in &scenario.operators {
            names.extend([operator.program.clone(), operator.name.clone()]);
            let replicas = 0..operator.replicas;
            names
                .extend(replicas.filter(|_| operator.replicas > 1).map(|i| format!("{}-{i}", operator.name)));
        }
        Self { names, in_pods: in_pods().next().is_some() }
    }

    /// Whether no program runs.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// A problem if no host can match the glob.
    pub(super) fn check(&self, glob: &Pattern) -> Result<(), String> {
        let names = || self.names.iter().map(String::as_str);
        let near = nearest(&glob.0, names());
        let is_component = COMPONENTS.contains(&glob.0.as_str());
        let may_be_a_pod = self.in_pods && !is_component && near.is_none();
        if names().any(|name| glob.matches(name)) || may_be_a_pod {
            return Ok(());
        }
        let here: Vec<&str> = names().collect();
        let instead = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if here.is_empty() => "no program runs: name one under `operators` or `images`".into(),
            None => format!("running: {}", here.join(", ")),
        };
        let why = if is_component {
            "is a component of the cluster and no program"
        } else {
            "is no program that runs here"
        };
        Err(format!("`{glob}` {why}; {instead}"))
    }
}
