//! The path to a value in a tree, as a chain on the stack. It becomes text only when somebody needs it.

use std::fmt::Write;

use super::Key;

/// The path to a value; `up` is the path to the map or list that holds it.
pub(super) struct FieldPath<'a> {
    up: Option<&'a FieldPath<'a>>,
    step: PathStep,
}

enum PathStep {
    Field(Key),
    Index(usize),
}

impl<'a> FieldPath<'a> {
    /// The whole object.
    pub(super) const ROOT: FieldPath<'static> = FieldPath { up: None, step: PathStep::Index(0) };

    /// The path to the value at `key` of this map.
    pub(super) fn field(&'a self, key: Key) -> Self {
        Self { up: Some(self), step: PathStep::Field(key) }
    }

    /// The path to the item at `index` of this list.
    pub(super) fn index(&'a self, index: usize) -> Self {
        Self { up: Some(self), step: PathStep::Index(index) }
    }

    /// The dotted text, such as `spec.ports[0].port`.
    pub(super) fn dotted(&self) -> String {
        let mut path = String::new();
        self.write(&mut path);
        path
    }

    fn write(&self, out: &mut String) {
        let Some(up) = self.up else { return };
        up.write(out);
        let written = match self.step {
            PathStep::Index(index) => write!(out, "[{index}]"),
            PathStep::Field(key) if out.is_empty() => out.write_str(key.as_str()),
            PathStep::Field(key) => write!(out, ".{key}"),
        };
        written.expect("a String takes every write");
    }
}
