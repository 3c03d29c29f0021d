//! The walk over a scenario that collects problems.

use std::collections::BTreeSet;

use super::programs::Running;
use super::{Part, Place, Problem};
use crate::object::Str;
use crate::scenario::Scenario;
use crate::scenario::form::{self, Form};
use crate::scenario::range::check_seeds;

/// The walk over a scenario.
pub(super) struct Checker<'s> {
    pub(super) scenario: &'s Scenario,
    pub(super) running: Running,
    pub(super) place: Place,
    pub(super) problems: Vec<Problem>,
}

impl<'s> Checker<'s> {
    /// All of `spec`.
    pub(super) fn spec(&mut self) {
        let scenario = self.scenario;
        self.right("seeds", check_seeds(&scenario.seeds));
        self.form("namespace", &form::LABEL, &scenario.namespace);
        self.field("cluster", Self::cluster);
        self.each("images", &scenario.images, Self::image);
        self.unique(
            "images",
            "image",
            "image rule",
            scenario.images.iter().map(|rule| rule.image.0.as_str()),
        );
        self.each("operators", &scenario.operators, Self::operator);
        self.unique("operators", "name", "operator", scenario.operators.iter().map(|op| op.name.as_str()));
        self.each("setup", &scenario.setup, Self::setup_step);
        self.each("steps", &scenario.steps, Self::step);
        self.each("faults", &scenario.faults, Self::fault);
        self.unique(
            "faults",
            "name",
            "fault",
            scenario.faults.iter().map(|fault| fault.name.as_deref().unwrap_or("")),
        );
        self.field("converge", Self::converge);
        self.each("expect", &scenario.expect, Self::expectation);
        self.unique(
            "expect",
            "name",
            "expectation",
            scenario.expect.iter().map(|expect| expect.name.as_str()),
        );
        self.field("oracles", Self::oracles);
    }

    /// Checks something in a field.
    pub(super) fn field(&mut self, name: &str, check: impl FnOnce(&mut Self)) {
        self.place.0.push(Part::Field(Str::new(name)));
        check(self);
        self.place.0.pop();
    }

    /// Checks each item of a list.
    pub(super) fn each<T>(&mut self, list: &str, items: &'s [T], check: impl Fn(&mut Self, &'s T)) {
        self.field(list, |checker| {
            for (i, item) in items.iter().enumerate() {
                checker.place.0.push(Part::Item(i));
                check(checker, item);
                checker.place.0.pop();
            }
        });
    }

    pub(super) fn wrong(&mut self, why: impl Into<String>) {
        self.problems.push(Problem { place: self.place.clone(), why: why.into() });
    }

    /// Notes an error of a field.
    pub(super) fn right(&mut self, field: &str, checked: Result<(), String>) {
        if let Err(why) = checked {
            self.field(field, |checker| checker.wrong(why));
        }
    }

    pub(super) fn form(&mut self, field: &str, form: &Form, text: &str) {
        self.right(field, form.check(text));
    }

    /// Checks a text that need not be there.
    pub(super) fn may(&mut self, field: &str, form: &Form, text: Option<&str>) {
        if let Some(text) = text {
            self.form(field, form, text);
        }
    }

    /// Notes the entries that have the same name as an earlier one. Empty names do not count.
    pub(super) fn unique<'n>(
        &mut self,
        list: &str,
        field: &str,
        what: &str,
        names: impl Iterator<Item = &'n str>,
    ) {
        let mut seen = BTreeSet::new();
        for (i, name) in names.enumerate().filter(|(_, name)| !name.is_empty()) {
            if !seen.insert(name) {
                let parts = [Part::Field(Str::new(list)), Part::Item(i), Part::Field(Str::new(field))];
                let place = Place(self.place.0.iter().cloned().chain(parts).collect());
                let why = format!("another {what} has the {field} `{name}`: choose another");
                self.problems.push(Problem { place, why });
            }
        }
    }
}
