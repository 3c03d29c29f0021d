//! Checks the names of programs: those that are registered, and those that run in the scenario.

use std::collections::BTreeSet;

use wavetank_sim::scenario::near::nearest;
use wavetank_sim::scenario::{Pattern, Scenario};

use super::Reader;
use crate::scenario::problem::Spot;
use crate::scenario::yaml::Node;

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
        let beside = scenario.operators.iter().flat_map(|operator| [&operator.program, &operator.name]);
        Self { names: beside.chain(in_pods()).cloned().collect(), in_pods: in_pods().next().is_some() }
    }
}

impl Reader<'_, '_> {
    /// A registered program.
    pub(super) fn program(&mut self, node: &Node) -> Option<String> {
        let name = node.text()?;
        if self.context.programs.contains(&&*name) {
            return Some(name.into_owned());
        }
        let near = nearest(&name, self.context.programs.iter().copied());
        let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
        let known = match self.context.programs {
            [] => "none".to_owned(),
            programs => programs.join(", "),
        };
        let instead = format!(
            "{near}known: {known}. Register a program of your own in your crate, in examples/tank.rs: \
             `wavetank::cli(wavetank::registry().program(\"{name}\", run))`"
        );
        self.wrong(node.spot, format!("there is no program `{name}`; {instead}"));
        None
    }

    /// A glob of hosts. Notes a problem if no host can match it.
    pub(super) fn host(&mut self, spot: Spot, pattern: &str) -> Pattern {
        let glob = Pattern(pattern.into());
        let names = || self.running.names.iter().map(String::as_str);
        let near = nearest(pattern, names());
        let is_component = COMPONENTS.contains(&pattern);
        let may_be_a_pod = self.running.in_pods && !is_component && near.is_none();
        if names().any(|name| glob.matches(name)) || may_be_a_pod {
            return glob;
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
        self.wrong(spot, format!("`{pattern}` {why}; {instead}"));
        glob
    }
}
