//! The whole scenario, and its conditions for convergence.

use super::{
    ClusterSpec, Expectation, FaultSpec, ImageRule, KindName, OperatorSpec, OracleInfo, Places, Step,
};
use crate::object::LabelSelector;
use crate::object::names::DEFAULT_NAMESPACE;

/// The input of a run. Together with a seed it determines the run completely.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The name in reports, from `metadata.name`.
    pub name: String,
    /// The namespace of objects that name none, as `kubectl -n`.
    pub namespace: String,
    /// The seeds of a sweep.
    pub seeds: std::ops::Range<u64>,
    /// Nodes, version and flags.
    pub cluster: ClusterSpec,
    /// How containers behave, by image; the first match wins.
    pub images: Vec<ImageRule>,
    /// Programs that run beside the cluster.
    pub operators: Vec<OperatorSpec>,
    /// The steps of setup: they run without faults, and the system must converge after them before t = 0.
    pub setup: Vec<Step>,
    /// The changes, in order.
    pub steps: Vec<Step>,
    /// The failures.
    pub faults: Vec<FaultSpec>,
    /// When the system counts as converged.
    pub converge: Converge,
    /// What must hold, besides the built-in oracles.
    pub expect: Vec<Expectation>,
    /// The oracle whose violation the scenario expects: a run holds if it has no violation or this one, and a sweep fails if
    /// no seed has it.
    pub expect_violation: Option<&'static OracleInfo>,
    /// Oracles that are off in this scenario.
    pub disable: Vec<Disabled>,
    /// Where its parts are written.
    pub places: Places,
}

/// When the system counts as converged.
#[derive(Clone, Debug, PartialEq)]
pub struct Converge {
    /// The time from healing in which the system must converge.
    pub within_ms: u64,
    /// The time for which it must stay converged.
    pub settle_ms: u64,
    /// What does not belong to the masked state.
    pub ignore: Vec<Ignore>,
    /// What may be pending when all is well. It belongs to the masked state.
    pub pending: Vec<MayBePending>,
    /// Whether a convergence that only a timer of a program brings about is a violation. It is a note otherwise.
    pub without_resync: bool,
}

/// Objects, or fields of objects, that do not belong to the masked state.
#[derive(Clone, Debug, PartialEq)]
pub struct Ignore {
    /// The kind of the objects.
    pub kind: KindName,
    /// The labels of the objects, as kubectl writes them; without them, all of the kind.
    pub selector: Option<String>,
    /// JSON pointers of the fields; without them, the whole object.
    pub fields: Vec<String>,
}

/// Objects that may be pending when all is well.
#[derive(Clone, Debug, PartialEq)]
pub struct MayBePending {
    /// The kind of the objects.
    pub kind: KindName,
    /// The name of the object; without it, all of the kind.
    pub name: Option<String>,
    /// The labels of the objects, as kubectl writes them; without them, all of the kind.
    pub selector: Option<String>,
}

impl MayBePending {
    /// Whether it selects objects by their name or by their labels.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn check(&self) -> Result<(), String> {
        let Some(selector) = &self.selector else { return Ok(()) };
        if self.name.is_some() {
            return Err("`selector` does not go with `name`: leave one out".into());
        }
        let wrong =
            |error| format!("`{selector}` is no label selector ({error}): write one such as `app=web`");
        LabelSelector::parse(selector).map(drop).map_err(wrong)
    }
}

/// An oracle that is off.
#[derive(Clone, Debug, PartialEq)]
pub struct Disabled {
    /// The oracle.
    pub oracle: &'static OracleInfo,
    /// Why it is off.
    pub reason: String,
}

impl Default for Converge {
    /// Our choice: crash-loop back-off, pull back-off and a requeue may take 5 minutes each, and the settle window is longer
    /// than a requeue and a watch timeout of 5 minutes.
    fn default() -> Self {
        Self {
            within_ms: 20 * 60_000,
            settle_ms: 10 * 60_000,
            ignore: Vec::new(),
            pending: Vec::new(),
            without_resync: false,
        }
    }
}

impl Scenario {
    /// A booted cluster of three nodes in which nothing happens, with 200 seeds.
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
            places: Places::default(),
        }
    }

    /// The rule for an image: the first that matches, else the default rule.
    pub fn image(&self, image: &str) -> &ImageRule {
        self.images.iter().find(|rule| rule.image.matches(image)).unwrap_or(ImageRule::unmatched())
    }

    /// The name on which the draws of a fault entry depend: its own, else its kind and its number among the unnamed entries of
    /// that kind (`crash#2`). So a name for another entry changes no draws of other kinds.
    pub fn fault_name(&self, index: usize) -> String {
        let entry = &self.faults[index];
        entry.name.clone().unwrap_or_else(|| {
            let same = |other: &&FaultSpec| other.name.is_none() && other.fault.name == entry.fault.name;
            format!("{}#{}", entry.fault.name, self.faults[..=index].iter().filter(same).count())
        })
    }
}
