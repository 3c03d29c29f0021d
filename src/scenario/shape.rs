//! The form of a value, as data, and the check of a tree against it. The check notes every unknown field, wrong type and
//! malformed text. `read` checks what depends on the rest of the file: programs, manifests, names.

use wavetank_sim::object::Value;
use wavetank_sim::scenario::form::{Form, shortened};
use wavetank_sim::scenario::near::instead;

use super::problem::{Problems, Source, Spot};
use super::yaml::{Entry, Node, Tree};

/// The form of a value.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// A scalar of some form.
    Leaf(&'static Leaf),
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of the names of a table.
    Named(&'static Named),
    /// A list of these.
    List(&'static Shape),
    /// A map from any key to these.
    Map(&'static Shape),
    /// A map with these fields.
    Fields(&'static Fields),
    /// A map with these fields, one of which decides what the others may be. The function makes a closed map of the JSON Schema
    /// for each case; `read` checks it.
    Branches(&'static Fields, fn() -> Value),
    /// The first of these that fits the type of the value.
    OneOf(&'static [Shape]),
    /// Any value.
    Tree,
    /// A field of the format that this version lacks.
    Later,
}

/// A scalar of some form.
pub(crate) struct Leaf {
    /// The form of its text.
    pub(crate) form: &'static Form,
    /// Its JSON Schema.
    pub(crate) schema: &'static str,
    /// Whether a number or a boolean is accepted too.
    pub(crate) any_scalar: bool,
}

/// The names of a table that are valid at a place.
pub(crate) struct Named {
    /// What the names stand for, in words.
    pub(crate) what: &'static str,
    /// The valid names.
    pub(crate) names: fn() -> Vec<&'static str>,
    /// Says what is wrong with any other text, and what would be right.
    pub(crate) check: fn(&str) -> Result<(), String>,
}

/// The fields of a map.
pub(crate) struct Fields {
    /// What the map is, in words.
    pub(crate) what: &'static str,
    /// Its fields.
    pub(crate) fields: &'static [Field],
    /// Exactly one of these must be there. Empty: no such rule.
    pub(crate) one_of: &'static [&'static str],
}

/// A field of a map.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: &'static str,
    /// Another name, which a file may have in its place.
    pub(crate) other: Option<&'static str>,
    /// The form of its value.
    pub(crate) shape: Shape,
    /// Whether it is required.
    pub(crate) required: bool,
    /// What it means.
    pub(crate) about: &'static str,
}

/// An optional field.
pub(crate) const fn may(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, other: None, shape, required: false, about }
}

/// A required field.
pub(crate) const fn must(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, other: None, shape, required: true, about }
}

impl Field {
    /// The field with another name besides.
    pub(crate) const fn also(self, other: &'static str) -> Self {
        Self { other: Some(other), ..self }
    }

    fn is(&self, name: &str) -> bool {
        self.name == name || self.other == Some(name)
    }
}

/// Notes what is wrong with `node` as this map.
pub(super) fn check(node: &Node, fields: &'static Fields, source: &Source, problems: &mut Problems) {
    Checker { source, problems }.fields(node, fields);
}

struct Checker<'a> {
    source: &'a Source,
    problems: &'a mut Problems,
}

impl Checker<'_> {
    fn wrong(&mut self, spot: Spot, message: impl Into<String>) {
        self.problems.add(self.source, spot, message);
    }

    fn value(&mut self, node: &Node, shape: &'static Shape) {
        if !shape.fits(node) {
            return self.wrong_type(node, &shape.right());
        }
        match shape {
            Shape::Leaf(leaf) => self.leaf(node, leaf),
            Shape::Word(words) => {
                let text = node.text().unwrap_or_default();
                if !words.contains(&&*text) {
                    self.wrong(
                        node.spot,
                        format!("`{text}` is not known here; {}", instead(&text, words.iter().copied())),
                    );
                }
            }
            Shape::Named(named) => {
                if let Err(message) = (named.check)(&node.text().unwrap_or_default()) {
                    self.wrong(node.spot, message);
                }
            }
            Shape::List(item) => node.items().iter().for_each(|node| self.value(node, item)),
            Shape::Map(value) => node.entries().iter().for_each(|entry| self.value(&entry.value, value)),
            Shape::Fields(fields) | Shape::Branches(fields, _) => self.fields(node, fields),
            Shape::OneOf(shapes) => {
                if let Some(shape) = shapes.iter().find(|shape| shape.fits(node)) {
                    self.value(node, shape);
                }
            }
            Shape::Tree | Shape::Later => {}
        }
    }

    fn wrong_type(&mut self, node: &Node, right: &str) {
        let message = match node.text() {
            Some(text) if right == "a text" => {
                format!("`{text}` is {}: write a text, `\"{text}\"`", node.kind())
            }
            Some(text) => format!("`{}` does not belong here: write {right}", shortened(&text)),
            None => format!("{} does not belong here: write {right}", node.kind()),
        };
        self.wrong(node.spot, message);
    }

    fn leaf(&mut self, node: &Node, leaf: &'static Leaf) {
        if let Err(message) = leaf.form.check(&node.text().unwrap_or_default()) {
            self.wrong(node.spot, message);
        }
    }

    fn fields(&mut self, node: &Node, fields: &'static Fields) {
        if !matches!(node.tree, Tree::Map(_)) {
            return self.wrong_type(node, &fields.right());
        }
        let needed = |field: &Field| field.required || fields.one_of.contains(&field.name);
        for entry in node.entries() {
            match fields.named(&entry.key) {
                // YAML 1.1 tools write `on` so.
                None if entry.key == "true" && fields.named("on").is_some() => {
                    self.wrong(
                        entry.spot,
                        format!("{} has no field `true`; did you mean `event`?", fields.what),
                    );
                }
                None => {
                    let known = fields.available().map(|field| field.name);
                    let message = format!(
                        "{} has no field `{}`; {}",
                        fields.what,
                        entry.key,
                        instead(&entry.key, known)
                    );
                    self.wrong(entry.spot, message);
                }
                Some(Field { shape: Shape::Later, .. }) => {
                    let known: Vec<&str> = fields.available().map(|field| field.name).collect();
                    let message = format!(
                        "this version has no `{}` in {}: leave it out; known: {}",
                        entry.key,
                        fields.what,
                        known.join(", ")
                    );
                    self.wrong(entry.spot, message);
                }
                // Only an optional field that is no alternative of `one_of` may be empty.
                Some(field) if needed(field) || !matches!(entry.value.tree, Tree::Null) => {
                    self.value(&entry.value, &field.shape);
                }
                Some(_) => {}
            }
        }
        let missing =
            |field: &&Field| field.required && !node.entries().iter().any(|entry| field.is(&entry.key));
        for field in fields.fields.iter().filter(missing) {
            self.wrong(node.spot, format!("{} needs `{}`: {}", fields.what, field.name, field.about));
        }
        self.alternatives(node, fields);
    }

    /// Checks fields of which one excludes another.
    fn alternatives(&mut self, node: &Node, fields: &'static Fields) {
        let named = |entry: &Entry| fields.named(&entry.key);
        let is_one_of =
            |entry: &&Entry| named(entry).is_some_and(|field| fields.one_of.contains(&field.name));
        let given: Vec<&Entry> = node.entries().iter().filter(is_one_of).collect();
        if given.is_empty() && !fields.one_of.is_empty() {
            let one_of: Vec<&str> = fields.alternatives().collect();
            self.wrong(node.spot, format!("{} needs one of {}", fields.what, one_of.join(", ")));
        }
        let twice = node.entries().iter().enumerate().filter_map(|(i, entry)| {
            let is_same = |first: &&Entry| named(first).is_some_and(|field| field.is(&entry.key));
            Some((node.entries()[..i].iter().find(is_same)?, entry))
        });
        let excluded = given.iter().skip(1).map(|entry| (given[0], *entry));
        for (first, entry) in excluded.chain(twice) {
            let message = format!("{} has `{}` already: leave `{}` out", fields.what, first.key, entry.key);
            self.wrong(entry.spot, message);
        }
    }
}

impl Fields {
    /// The field with this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.is(name))
    }

    /// The fields that this version has.
    pub(crate) fn available(&self) -> impl Iterator<Item = &Field> + Clone {
        self.fields.iter().filter(|field| !matches!(field.shape, Shape::Later))
    }

    /// The names of which exactly one must be there.
    pub(crate) fn alternatives(&self) -> impl Iterator<Item = &'static str> {
        self.one_of.iter().copied().filter(|name| self.available().any(|field| field.name == *name))
    }

    fn right(&self) -> String {
        let names: Vec<_> = self.available().map(|field| field.name).collect();
        format!("a map for {}, of {}", self.what, names.join(", "))
    }
}

impl Shape {
    /// Whether a value has the type for this shape.
    fn fits(&self, node: &Node) -> bool {
        match (self, &node.tree) {
            (Self::Leaf(leaf), Tree::Bool(_) | Tree::Int(_) | Tree::Float(_)) => leaf.any_scalar,
            (Self::Leaf(_) | Self::Word(_) | Self::Named(_), Tree::Text(_))
            | (Self::List(_), Tree::List(_))
            | (Self::Map(_) | Self::Fields(_) | Self::Branches(..), Tree::Map(_))
            | (Self::Tree | Self::Later, _) => true,
            (Self::OneOf(shapes), _) => shapes.iter().any(|shape| shape.fits(node)),
            _ => false,
        }
    }

    /// What would be right, in words.
    fn right(&self) -> String {
        match self {
            Self::Leaf(leaf) => leaf.form.right.into(),
            Self::Word(words) => format!("one of {}", words.join(", ")),
            Self::Named(named) => format!("{}: one of {}", named.what, (named.names)().join(", ")),
            Self::List(_) => "a list (`- ..` or `[..]`)".into(),
            Self::Map(_) => "a map (`KEY: VALUE`)".into(),
            Self::Fields(fields) | Self::Branches(fields, _) => fields.right(),
            Self::OneOf(shapes) => shapes.iter().map(Self::right).collect::<Vec<_>>().join(", or "),
            Self::Tree => "a value".into(),
            Self::Later => "nothing".into(),
        }
    }
}
