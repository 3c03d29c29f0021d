//! Where a value is in a tree: a chain on the stack, written out only when there is something to say about it.

use std::fmt::Write;

use super::Key;

/// The place of a value; `up` is that of the map or list which holds it.
pub(super) struct Place<'a> {
    up: Option<&'a Place<'a>>,
    segment: Segment,
}

enum Segment {
    Field(Key),
    Index(usize),
}

impl<'a> Place<'a> {
    /// The whole object.
    pub(super) const ROOT: Place<'static> = Place { up: None, segment: Segment::Index(0) };

    /// The value at `key` of the map here.
    pub(super) fn field(&'a self, key: Key) -> Self {
        Self { up: Some(self), segment: Segment::Field(key) }
    }

    /// The item at `index` of the list here.
    pub(super) fn index(&'a self, index: usize) -> Self {
        Self { up: Some(self), segment: Segment::Index(index) }
    }

    /// The dotted path, such as `spec.ports[0].port`.
    pub(super) fn path(&self) -> String {
        let mut path = String::new();
        self.write(&mut path);
        path
    }

    fn write(&self, out: &mut String) {
        let Some(up) = self.up else { return };
        up.write(out);
        let written = match self.segment {
            Segment::Index(index) => write!(out, "[{index}]"),
            Segment::Field(key) if out.is_empty() => out.write_str(key.as_str()),
            Segment::Field(key) => write!(out, ".{key}"),
        };
        written.expect("a String takes every write");
    }
}
