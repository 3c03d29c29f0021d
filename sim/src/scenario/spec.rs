//! The whole scenario, and when the system counts as converged.

use super::{ClusterSpec, Expectation, FaultSpec, ImageRule, KindName, OperatorSpec, OracleInfo, Step};
use crate::object::names::DEFAULT_NAMESPACE;

/// All that is fixed before a run. With a seed it determines the run completely.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The name in reports, from `metadata.name`.
    pub name: String,
    /// Where namespaced objects without a namespace go, as `kubectl -n`.
    pub namespace: String,
    /// The seeds of a sweep; the end is left out.
    pub seeds: std::ops::Range<u64>,
    /// Nodes, version and flags.
    pub cluster: ClusterSpec,
    /// How containers behave, by image; the first match wins.
    pub images: Vec<ImageRule>,
    /// Programs that run beside the cluster.
    pub operators: Vec<OperatorSpec>,
    /// Applied without faults; the system must converge on it before t = 0.
    pub setup: Vec<Step>,
    /// The changes, in order.
    pub steps: Vec<Step>,
    /// The failures.
    pub faults: Vec<FaultSpec>,
    /// When the system counts as converged.
    pub converge: Converge,
    /// What must hold, beside the built-in oracles.
    pub expect: Vec<Expectation>,
    /// The oracle that this scenario must be found failing by: a run is held if it has no violation or only this one, a
    /// sweep fails if no seed has it.
    pub expect_violation: Option<&'static OracleInfo>,
    /// Oracles that do not judge this scenario.
    pub disable: Vec<Disabled>,
}

/// When the system counts as converged.
#[derive(Clone, Debug, PartialEq)]
pub struct Converge {
    /// The time from the end of healing in which it must converge.
    pub within_ms: u64,
    /// The time for which it must stay converged.
    pub settle_ms: u64,
    /// What is left out of the masked state.
    pub ignore: Vec<Ignore>,
}

/// Objects, or fields of objects, that do not belong to the masked state.
#[derive(Clone, Debug, PartialEq)]
pub struct Ignore {
    /// The kind of the objects.
    pub kind: KindName,
    /// The labels of the objects, as kubectl writes them; all of the kind without.
    pub selector: Option<String>,
    /// JSON pointers of the fields; the whole object where there are none.
    pub fields: Vec<String>,
}

/// An oracle that does not judge.
#[derive(Clone, Debug, PartialEq)]
pub struct Disabled {
    /// The oracle.
    pub oracle: &'static OracleInfo,
    /// Why not.
    pub reason: String,
}

impl Default for Converge {
    /// Crash-loop and pull back-off may take 5 m each, as may a requeue; the window outlasts a 5 m requeue and a 5 m watch
    /// timeout.
    fn default() -> Self {
        Self { within_ms: 20 * 60_000, settle_ms: 10 * 60_000, ignore: Vec::new() }
    }
}

impl Scenario {
    /// A scenario of a booted three-node cluster in which nothing happens, with 200 seeds.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            namespace: DEFAULT_NAMESPACE.into(),
            seeds: 0..200,
            cluster: ClusterSpec::default(),
            images: Vec::new(),
            operators: Vec::new(),
            setup: Vec::new(),
            steps: Vec::new(),
            faults: Vec::new(),
            converge: Converge::default(),
            expect: Vec::new(),
            expect_violation: None,
            disable: Vec::new(),
        }
    }

    /// The rule for an image: the first that matches, else the one for images that match nothing.
    pub fn image(&self, image: &str) -> &ImageRule {
        self.images.iter().find(|rule| rule.image.matches(image)).unwrap_or(ImageRule::unmatched())
    }

    /// The name that the draws of a fault entry are keyed by: its own, else its kind and its n-th of that kind among the
    /// unnamed ones (`crash#2`), so that naming or moving another entry shifts nothing.
    pub fn fault_name(&self, index: usize) -> String {
        let entry = &self.faults[index];
        entry.name.clone().unwrap_or_else(|| {
            let same = |other: &&FaultSpec| other.name.is_none() && other.fault.name == entry.fault.name;
            format!("{}#{}", entry.fault.name, self.faults[..=index].iter().filter(same).count())
        })
    }
}
