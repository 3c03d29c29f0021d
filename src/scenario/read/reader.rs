//! The tools of reading: where problems are noted, how a field is read, and that nothing is dropped in silence.
//!
//! The check has named what is malformed, so a reader returns nothing for it and says nothing. A reader may also return nothing
//! for a value that the check accepts: then the format and the reader disagree, and a file would lose a part of itself. So
//! what is not read is marked, and a file with a mark and no other problem is refused.

use std::collections::BTreeMap;
use std::str::FromStr;

use wavetank_sim::scenario::range::Millis;

use super::programs::Running;
use crate::scenario::ReadManifests;
use crate::scenario::problem::{Problems, Source, Spot};
use crate::scenario::yaml::Node;

/// What a scenario is read with.
pub(in crate::scenario) struct Context<'a> {
    pub(super) source: &'a Source,
    pub(super) read_manifests: ReadManifests<'a>,
    pub(super) programs: &'a [&'a str],
}

impl<'a> Context<'a> {
    /// A file, where its manifests come from, and the registered programs.
    pub(in crate::scenario) fn new(
        source: &'a Source,
        read_manifests: ReadManifests<'a>,
        programs: &'a [&'a str],
    ) -> Self {
        Self { source, read_manifests, programs }
    }
}

/// Reads the parts, and notes what is wrong with them.
pub(in crate::scenario) struct Reader<'a, 'p> {
    pub(super) context: Context<'a>,
    pub(super) problems: &'p mut Problems,
    pub(super) running: Running,
}

impl Reader<'_, '_> {
    /// Notes what is wrong at a place.
    pub(in crate::scenario) fn wrong(&mut self, spot: Spot, message: impl Into<String>) {
        self.problems.add(self.context.source, spot, message);
    }

    /// The value, or a problem at this place.
    pub(in crate::scenario) fn right<T>(&mut self, spot: Spot, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.wrong(spot, message)).ok()
    }

    /// Reads each of these.
    pub(super) fn each<T>(&mut self, nodes: &[Node], read: impl Fn(&mut Self, &Node) -> Option<T>) -> Vec<T> {
        nodes.iter().filter_map(|node| node.unless_lost(read(self, node))).collect()
    }

    /// The value of a word of a table; nothing where the field is left out.
    pub(in crate::scenario) fn word<T: Copy>(
        &mut self,
        node: &Node,
        key: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let node = node.get(key)?;
        let text = node.text();
        let found = words.iter().find(|(word, _)| text.as_deref() == Some(word));
        node.unless_lost(found.map(|(_, value)| *value))
    }
}

/// Refuses a file that has passed all checks, but of which the readers have lost a part.
pub(in crate::scenario) fn refuse_what_was_lost(root: &Node, source: &Source, problems: &mut Problems) {
    if problems.is_empty()
        && let Some(spot) = root.lost()
    {
        problems.add(source, spot, "internal: the format accepts this, but it is not read; please report it");
    }
}

/// A map of texts.
pub(in crate::scenario) fn texts(node: Option<&Node>) -> BTreeMap<String, String> {
    let entries = node.map_or(&[][..], Node::entries);
    entries.iter().filter_map(|entry| Some((entry.key.clone(), entry.value.text()?.into_owned()))).collect()
}

impl Node {
    /// What was read of it. Nothing marks it as lost.
    pub(in crate::scenario) fn unless_lost<T>(&self, read: Option<T>) -> Option<T> {
        if read.is_none() {
            self.lose();
        }
        read
    }

    /// The text of a field.
    pub(in crate::scenario) fn string(&self, key: &str) -> Option<String> {
        Some(self.get(key)?.text()?.into_owned())
    }

    /// A field, read as something; nothing where it is malformed.
    pub(in crate::scenario) fn parse<T: FromStr>(&self, key: &str) -> Option<T> {
        let field = self.get(key)?;
        field.unless_lost(field.text()?.parse().ok())
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
