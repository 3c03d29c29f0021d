//! Reads steps: a verb with its name and its trigger.

use wavetank_sim::scenario::{Moment, Step};

use super::Reader;
use crate::scenario::format::{self, VERBS};
use crate::scenario::yaml::Node;

impl Reader<'_, '_> {
    /// A step; nothing if it is malformed.
    pub(super) fn step(&mut self, node: &Node) -> Option<Step> {
        let given = VERBS.iter().find_map(|verb| Some((verb, node.get(verb.field.name)?)));
        let (verb, value) = given?;
        let action = (verb.read)(self, value)?;
        self.right(value.spot, format::check_step(&action));
        let when = node.get("when");
        if let Some(when) = when.filter(|_| action.waits()) {
            let message = format!("`{}` with `when` is not there yet: leave one out", action.verb());
            self.wrong(when.spot, message);
        }
        if let Some(every) = when.and_then(|when| when.get("every")) {
            self.wrong(every.spot, "a step runs once: write `at` or `on`");
        }
        if let Some(moment) =
            when.and_then(|when| when.get("moment")).filter(|m| m.text().is_some_and(|t| t == "before"))
        {
            self.wrong(moment.spot, "a step cannot run before a request: write `after` or `after-response`");
        }
        let name = node.string("name");
        let Some(holder) = when else { return Some(Step { name, when: None, action }) };
        let when = self.when(Moment::default(), holder)?;
        for (field, why) in when.check() {
            self.wrong(holder.get(field).unwrap_or(holder).spot, why);
        }
        Some(Step { name, when: Some(when), action })
    }

    /// A step of setup.
    pub(super) fn ordered_step(&mut self, node: &Node) -> Option<Step> {
        if let Some(when) = node.get("when") {
            self.wrong(
                when.spot,
                "`when` does not go with `setup`, whose steps run in order before t = 0: leave it out",
            );
        }
        self.step(node)
    }
}
