//! Problems and their places.

use std::fmt;

use crate::object::Str;

/// One thing that is wrong with a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What is wrong, and what would be right.
    pub why: String,
}

/// A place in a scenario, as files name it: `spec.faults[2].when.nth`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub Vec<Part>);

/// A part of a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A field of a map.
    Field(Str),
    /// An item of a list, from 0.
    Item(usize),
}

impl Place {
    /// The place of fields within fields, and an item of the list there.
    pub fn of(fields: &[&str], item: Option<usize>) -> Self {
        let fields = fields.iter().map(|field| Part::Field(Str::new(field)));
        Self(fields.chain(item.map(Part::Item)).collect())
    }

    /// Whether it is this place or within it.
    pub fn is_in(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(i, part)| match part {
            Part::Field(name) if i == 0 => f.write_str(name),
            Part::Field(name) => write!(f, ".{name}"),
            Part::Item(at) => write!(f, "[{at}]"),
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.why)
    }
}
