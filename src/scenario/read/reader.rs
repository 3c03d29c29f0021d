//! The tools of readers: they read fields, note problems, and make sure that no part of a file is ignored.
//!
//! A reader returns nothing for a malformed value, which `shape` has noted. If it returns nothing for a value that `shape`
//! accepts, the format and the reader disagree, and the scenario would lack a part of its file. So each value for which a
//! reader returns nothing is marked as unread, and a file with a mark but without problems is refused.

use std::collections::BTreeMap;
use std::str::FromStr;

use wavetank_sim::scenario::Places;
use wavetank_sim::scenario::range::Millis;

use super::programs::Running;
use crate::scenario::ReadManifests;
use crate::scenario::problem::{Problems, Source, Spot};
use crate::scenario::yaml::Node;

/// What a reader needs besides the tree.
pub(in crate::scenario) struct Context<'a> {
    pub(super) source: &'a Source,
    pub(super) read_manifests: ReadManifests<'a>,
    pub(super) programs: &'a [&'a str],
}

impl<'a> Context<'a> {
    /// The file, the function that reads its manifests, and the names of the registered programs.
    pub(in crate::scenario) fn new(
        source: &'a Source,
        read_manifests: ReadManifests<'a>,
        programs: &'a [&'a str],
    ) -> Self {
        Self { source, read_manifests, programs }
    }
}

/// Reads the parts of a scenario and notes problems.
pub(in crate::scenario) struct Reader<'a, 'p> {
    pub(super) context: Context<'a>,
    pub(super) problems: &'p mut Problems,
    /// Where the objects of manifests are written.
    pub(super) places: Places,
    pub(super) running: Running,
}

impl Reader<'_, '_> {
    /// Notes a problem at a place.
    pub(in crate::scenario) fn wrong(&mut self, spot: Spot, message: impl Into<String>) {
        self.problems.add(self.context.source, spot, message);
    }

    /// The value; an error becomes a problem at this place.
    pub(in crate::scenario) fn right<T>(&mut self, spot: Spot, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.wrong(spot, message)).ok()
    }

    /// Reads each of these.
    pub(super) fn each<T>(&mut self, nodes: &[Node], read: impl Fn(&mut Self, &Node) -> Option<T>) -> Vec<T> {
        nodes.iter().filter_map(|node| node.unread_if_none(read(self, node))).collect()
    }

    /// Where the steps of this spec and their manifests are written.
    pub(super) fn take_places(&mut self, spec: &Node) -> Places {
        let file = &self.context.source.name;
        let of = |list: &str| spec.list(list).iter().map(|step| step.spot.in_file(file)).collect();
        let mut places = std::mem::take(&mut self.places);
        (places.setup, places.steps) = (of("setup"), of("steps"));
        places
    }

    /// The value that a table gives the word in a field; nothing if the field is missing.
    pub(in crate::scenario) fn word<T: Copy>(
        &mut self,
        node: &Node,
        key: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let node = node.get(key)?;
        let text = node.text();
        let found = words.iter().find(|(word, _)| text.as_deref() == Some(word));
        node.unread_if_none(found.map(|(_, value)| *value))
    }
}

/// Refuses a file that passed all checks but has an unread part.
pub(in crate::scenario) fn refuse_unread(root: &Node, source: &Source, problems: &mut Problems) {
    if problems.is_empty()
        && let Some(spot) = root.first_unread()
    {
        problems.add(
            source,
            spot,
            "internal: the format accepts this, but no reader reads it; please report this bug",
        );
    }
}

/// A map of texts.
pub(in crate::scenario) fn texts(node: Option<&Node>) -> BTreeMap<String, String> {
    let entries = node.map_or(&[][..], Node::entries);
    entries.iter().filter_map(|entry| Some((entry.key.clone(), entry.value.text()?.into_owned()))).collect()
}

impl Node {
    /// Returns what a reader returned, and marks the node as unread if that is nothing.
    pub(in crate::scenario) fn unread_if_none<T>(&self, read: Option<T>) -> Option<T> {
        if read.is_none() {
            self.mark_unread();
        }
        read
    }

    /// The text of a field that is a scalar.
    pub(in crate::scenario) fn string(&self, key: &str) -> Option<String> {
        Some(self.get(key)?.text()?.into_owned())
    }

    /// A field, parsed; nothing if it is missing or malformed.
    pub(in crate::scenario) fn parse<T: FromStr>(&self, key: &str) -> Option<T> {
        let field = self.get(key)?;
        field.unread_if_none(field.text()?.parse().ok())
    }

    /// A duration in milliseconds.
    pub(in crate::scenario) fn millis(&self, key: &str) -> Option<u64> {
        self.parse::<Millis>(key).map(|ms| ms.0)
    }

    /// The items of a field that is a list.
    pub(in crate::scenario) fn list(&self, key: &str) -> &[Node] {
        self.get(key).map_or(&[], Node::items)
    }
}
