//! Makes a scenario of a checked tree, and checks what depends on the rest of the file: names of programs and faults,
//! manifests, values that do not go together.
//!
//! `shape` has already noted malformed values. Readers skip these or put a default in their place, because a file with a
//! problem yields no scenario.
//!
//! - `reader`: reads fields, notes problems, and refuses files of which it did not read a part
//! - `manifest`: reads objects from files and inline texts
//! - `programs`: checks the names of programs
//! - `cluster`, `steps`, `faults`, `checks`: the parts of the same names

use std::collections::BTreeSet;

use wavetank_sim::scenario::oracle::{OracleInfo, Use};
use wavetank_sim::scenario::range::seeds;
use wavetank_sim::scenario::{Converge, Disabled, Ignore, KindName, MayBePending, Places, Scenario};

use self::programs::Running;
pub(super) use self::reader::{Context, Reader, refuse_unread, texts};
use super::problem::Problems;
use super::yaml::Node;

mod checks;
mod cluster;
mod faults;
pub(super) mod manifest;
mod programs;
mod reader;
mod steps;

/// The scenario. It is incomplete if there are problems.
pub(super) fn scenario(root: &Node, context: Context<'_>, problems: &mut Problems) -> Scenario {
    let mut reader = Reader { context, problems, places: Places::default(), running: Running::default() };
    let mut scenario =
        Scenario::new(root.get("metadata").and_then(|meta| meta.string("name")).unwrap_or_default());
    let Some(spec) = root.get("spec") else { return scenario };
    if let Some(node) = spec.get("seeds")
        && let Some(seeds) = node.unread_if_none(node.text().and_then(|text| seeds(&text).ok()))
    {
        scenario.seeds = seeds;
    }
    if let Some(namespace) = spec.string("namespace") {
        scenario.namespace = namespace;
    }
    scenario.cluster = spec.get("cluster").map_or_else(Default::default, |node| reader.cluster(node));
    scenario.images = spec.list("images").iter().map(|node| reader.image(node)).collect();
    scenario.operators = reader.operators(spec.list("operators"));
    reader.running = Running::of(&scenario);
    scenario.setup = reader.each(spec.list("setup"), Reader::ordered_step);
    scenario.steps = reader.each(spec.list("steps"), Reader::step);
    scenario.faults = reader.each(spec.list("faults"), Reader::fault);
    reader.unique(spec.list("faults"), "fault");
    scenario.converge = spec.get("converge").map(|node| reader.converge(node)).unwrap_or_default();
    if let Some(expect) = spec.get("expect") {
        scenario.expect = reader.each(expect.items(), Reader::expectation);
        scenario.expect_violation = expect.get("violation").and_then(|node| oracle(node, Use::Expected));
        reader.unique(expect.items(), "expectation");
    }
    scenario.places = reader.take_places(spec);
    let disable = spec.get("oracles").map_or(&[][..], |node| node.list("disable"));
    scenario.disable = reader.each(disable, |_, node| {
        let oracle = oracle(node.get("name")?, Use::Disabled)?;
        Some(Disabled { oracle, reason: node.string("reason")? })
    });
    scenario
}

impl Reader<'_, '_> {
    /// Notes entries that have the same name as an earlier one.
    fn unique(&mut self, entries: &[Node], what: &str) {
        let mut seen = BTreeSet::new();
        for name in entries.iter().filter_map(|entry| entry.get("name")) {
            if !seen.insert(name.text()) {
                let text = name.text().unwrap_or_default();
                self.wrong(name.spot, format!("another {what} has the name `{text}`: choose another"));
            }
        }
    }

    fn converge(&mut self, node: &Node) -> Converge {
        let usual = Converge::default();
        let ignore = |_: &mut Self, entry: &Node| {
            Some(Ignore {
                kind: KindName(entry.string("kind")?),
                selector: entry.string("selector"),
                fields: entry
                    .list("fields")
                    .iter()
                    .filter_map(|field| Some(field.text()?.into_owned()))
                    .collect(),
            })
        };
        Converge {
            within_ms: node.millis("within").unwrap_or(usual.within_ms),
            settle_ms: node.millis("settle").unwrap_or(usual.settle_ms),
            ignore: self.each(node.list("ignore"), ignore),
            pending: self.each(node.list("pending"), Self::may_be_pending),
            without_resync: node.parse("withoutResync").unwrap_or(usual.without_resync),
        }
    }

    fn may_be_pending(&mut self, node: &Node) -> Option<MayBePending> {
        let entry = MayBePending {
            kind: KindName(node.string("kind")?),
            name: node.string("name"),
            selector: node.string("selector"),
        };
        self.right(node.get("selector").unwrap_or(node).spot, entry.check())?;
        Some(entry)
    }
}

fn oracle(node: &Node, wanted: Use) -> Option<&'static OracleInfo> {
    OracleInfo::usable(&node.text()?, wanted).ok()
}
