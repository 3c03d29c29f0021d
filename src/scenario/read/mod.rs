//! Makes a scenario of a checked tree, and checks what only a file can have: programs that nobody registered, manifests that
//! cannot be read, fields that exclude each other. What is wrong with the scenario itself, `wavetank_sim` says, as for the
//! builder; here it gets its line and column.
//!
//! `shape` has already noted malformed values. Readers skip these or put a default in their place, because a file with a
//! problem yields no scenario.
//!
//! - `reader`: reads fields, notes problems, and refuses files of which it did not read a part
//! - `manifest`: reads objects from files and inline texts
//! - `programs`: the names of registered programs
//! - `cluster`, `steps`, `faults`, `checks`: the parts of the same names

use std::collections::BTreeMap;

use wavetank_sim::scenario::oracle::{OracleInfo, Use};
use wavetank_sim::scenario::range::seeds;
use wavetank_sim::scenario::{Converge, Disabled, Ignore, KindName, MayBePending, Places, Scenario};

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
    let mut reader = Reader { context, problems, lists: BTreeMap::new(), places: Places::default() };
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
    scenario.operators = reader.each("operators", spec.list("operators"), Reader::operator);
    let with_programs = spec.list("images").iter().chain(spec.list("operators"));
    scenario.permissions = with_programs.flat_map(|node| reader.permissions(node)).collect();
    scenario.setup = reader.each("setup", spec.list("setup"), Reader::step);
    scenario.steps = reader.each("steps", spec.list("steps"), Reader::step);
    scenario.faults = reader.each("faults", spec.list("faults"), Reader::fault);
    scenario.converge = spec.get("converge").map(|node| reader.converge(node)).unwrap_or_default();
    if let Some(expect) = spec.get("expect") {
        scenario.expect = reader.each("expect", expect.items(), Reader::expectation);
        scenario.expect_violation = expect.get("violation").and_then(|node| oracle(node, Use::Expected));
    }
    scenario.places = reader.take_places(spec);
    let disable = spec.get("oracles").map_or(&[][..], |node| node.list("disable"));
    scenario.disable = reader.each("disable", disable, |_, node| {
        let oracle = oracle(node.get("name")?, Use::Disabled)?;
        Some(Disabled { oracle, reason: node.string("reason")? })
    });
    for problem in wavetank_sim::explore::problems(&scenario) {
        reader.note(root, &problem);
    }
    scenario
}

impl Reader<'_, '_> {
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
        let may_be_pending = |_: &mut Self, entry: &Node| {
            let kind = KindName(entry.string("kind")?);
            Some(MayBePending { kind, name: entry.string("name"), selector: entry.string("selector") })
        };
        Converge {
            within_ms: node.millis("within").unwrap_or(usual.within_ms),
            settle_ms: node.millis("settle").unwrap_or(usual.settle_ms),
            ignore: self.each("ignore", node.list("ignore"), ignore),
            pending: self.each("pending", node.list("pending"), may_be_pending),
            without_resync: node.parse("withoutResync").unwrap_or(usual.without_resync),
        }
    }
}

fn oracle(node: &Node, wanted: Use) -> Option<&'static OracleInfo> {
    OracleInfo::usable(&node.text()?, wanted).ok()
}
