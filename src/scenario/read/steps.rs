//! Reads steps: a verb with its name and its trigger.

use wavetank_sim::scenario::{Moment, Step};

use super::Reader;
use crate::scenario::format::VERBS;
use crate::scenario::yaml::Node;

impl Reader<'_, '_> {
    /// A step; nothing if it is malformed.
    pub(super) fn step(&mut self, node: &Node) -> Option<Step> {
        let given = VERBS.iter().find_map(|verb| Some((verb, node.get(verb.field.name)?)));
        let (verb, value) = given?;
        let action = (verb.read)(self, value)?;
        let when = match node.get("when") {
            Some(when) => Some(self.when(Moment::default(), when)?),
            None => None,
        };
        Some(Step { name: node.string("name"), when, action })
    }
}
