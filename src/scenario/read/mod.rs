//! A checked tree to a scenario, and what only the whole file can tell: names of programs and faults, manifests, values that
//! do not go together.
//!
//! The check has already named what is malformed, so that readers pass over it in silence and put a default in its place;
//! with any problem noted the scenario is thrown away.
//!
//! - `manifest`: files and inline texts to objects
//! - `programs`: names of programs that are registered, and that run in the scenario
//! - `cluster`, `steps`, `faults`, `checks`: the parts of the same names

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use wavetank_sim::scenario::oracle::{OracleInfo, Use};
use wavetank_sim::scenario::range::{Millis, seeds};
use wavetank_sim::scenario::{Converge, Disabled, Ignore, KindName, Scenario};

use self::programs::Running;
use super::ReadManifests;
use super::problem::{Problems, Source, Spot};
use super::yaml::Node;

mod checks;
mod cluster;
mod faults;
pub(super) mod manifest;
mod programs;
mod steps;

/// What a scenario is read with.
pub(super) struct Context<'a> {
    source: &'a Source,
    read_manifests: ReadManifests<'a>,
    programs: &'a [&'a str],
}

impl<'a> Context<'a> {
    /// A file, where its manifests come from, and the registered programs.
    pub(super) fn new(
        source: &'a Source,
        read_manifests: ReadManifests<'a>,
        programs: &'a [&'a str],
    ) -> Self {
        Self { source, read_manifests, programs }
    }
}

/// The scenario, or something like it where there are problems.
pub(super) fn scenario(root: &Node, context: Context<'_>, problems: &mut Problems) -> Scenario {
    let mut reader = Reader { context, problems, running: Running::default() };
    let mut scenario =
        Scenario::new(root.get("metadata").and_then(|meta| meta.string("name")).unwrap_or_default());
    let Some(spec) = root.get("spec") else { return scenario };
    if let Some(seeds) = spec.string("seeds").and_then(|text| seeds(&text).ok()) {
        scenario.seeds = seeds;
    }
    if let Some(namespace) = spec.string("namespace") {
        scenario.namespace = namespace;
    }
    scenario.cluster = spec.get("cluster").map_or_else(Default::default, |node| reader.cluster(node));
    scenario.images = spec.list("images").iter().map(|node| reader.image(node)).collect();
    scenario.operators = reader.operators(spec.list("operators"));
    reader.running = Running::of(&scenario);
    scenario.setup = spec.list("setup").iter().filter_map(|node| reader.ordered_step(node)).collect();
    scenario.steps = spec.list("steps").iter().filter_map(|node| reader.step(node)).collect();
    scenario.faults = spec.list("faults").iter().filter_map(|node| reader.fault(node)).collect();
    reader.unique(spec.list("faults"), "fault");
    scenario.converge = spec.get("converge").map(converge).unwrap_or_default();
    if let Some(expect) = spec.get("expect") {
        scenario.expect = expect.items().iter().filter_map(|node| reader.expectation(node)).collect();
        scenario.expect_violation = expect.get("violation").and_then(|node| oracle(node, Use::Expected));
        reader.unique(expect.items(), "expectation");
    }
    scenario.disable = spec
        .get("oracles")
        .map_or(&[][..], |node| node.list("disable"))
        .iter()
        .filter_map(|node| {
            let oracle = oracle(node.get("name")?, Use::Disabled)?;
            Some(Disabled { oracle, reason: node.string("reason")? })
        })
        .collect();
    scenario
}

/// Reads the parts, and notes what is wrong with them.
struct Reader<'a, 'p> {
    context: Context<'a>,
    problems: &'p mut Problems,
    running: Running,
}

impl Reader<'_, '_> {
    fn wrong(&mut self, spot: Spot, message: impl Into<String>) {
        self.problems.add(self.context.source, spot, message);
    }

    /// The value, or a problem at this place.
    fn right<T>(&mut self, spot: Spot, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.wrong(spot, message)).ok()
    }

    /// Names of these entries must differ.
    fn unique(&mut self, entries: &[Node], what: &str) {
        let mut seen = BTreeSet::new();
        for name in entries.iter().filter_map(|entry| entry.get("name")) {
            if !seen.insert(name.text()) {
                let text = name.text().unwrap_or_default();
                self.wrong(name.spot, format!("another {what} has the name `{text}`: choose another"));
            }
        }
    }
}

fn oracle(node: &Node, wanted: Use) -> Option<&'static OracleInfo> {
    OracleInfo::usable(&node.text()?, wanted).ok()
}

fn converge(node: &Node) -> Converge {
    let usual = Converge::default();
    let ignore = node.list("ignore").iter().filter_map(|entry| {
        Some(Ignore {
            kind: KindName(entry.string("kind")?),
            selector: entry.string("selector"),
            fields: entry
                .list("fields")
                .iter()
                .filter_map(|field| Some(field.text()?.into_owned()))
                .collect(),
        })
    });
    Converge {
        within_ms: node.millis("within").unwrap_or(usual.within_ms),
        settle_ms: node.millis("settle").unwrap_or(usual.settle_ms),
        ignore: ignore.collect(),
    }
}

/// A map of texts.
fn texts(node: Option<&Node>) -> BTreeMap<String, String> {
    let entries = node.map_or(&[][..], Node::entries);
    entries.iter().filter_map(|entry| Some((entry.key.clone(), entry.value.text()?.into_owned()))).collect()
}

impl Node {
    /// The text of a field.
    fn string(&self, key: &str) -> Option<String> {
        Some(self.get(key)?.text()?.into_owned())
    }

    /// A field, read as something; nothing where it is malformed.
    fn parse<T: FromStr>(&self, key: &str) -> Option<T> {
        self.get(key)?.text()?.parse().ok()
    }

    /// A duration in milliseconds.
    fn millis(&self, key: &str) -> Option<u64> {
        self.parse::<Millis>(key).map(|ms| ms.0)
    }

    /// The items of a field that is a list.
    fn list(&self, key: &str) -> &[Node] {
        self.get(key).map_or(&[], Node::items)
    }
}
