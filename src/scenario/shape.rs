//! What a value may look like, as data, and the check of a tree against it. The check names every unknown field, wrong type
//! and malformed text; what only the whole file can tell (programs, manifests, names) is checked in `read`.

use wavetank_sim::object::Value;
use wavetank_sim::scenario::near::instead;

use super::problem::{Problems, Source, Spot};
use super::yaml::{Node, Tree};

/// What a value may look like.
#[derive(Clone, Copy)]
pub(super) enum Shape {
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
    /// A map with these fields, of which one decides what the others may be. The JSON Schema has this branch for it; `read`
    /// checks it.
    Branches(&'static Fields, fn() -> Value),
    /// The first of these that fits the value's type.
    OneOf(&'static [Shape]),
    /// Any value.
    Tree,
    /// Known, and not there yet.
    Later,
}

/// A scalar of some form.
pub(super) struct Leaf {
    /// What is right, with an example.
    pub(super) right: &'static str,
    /// The JSON Schema of it.
    pub(super) schema: &'static str,
    /// Whether a number or a boolean will do, by its text.
    pub(super) any_scalar: bool,
    /// What is wrong with a text.
    pub(super) check: fn(&str) -> Result<(), String>,
}

/// The names of a table, as far as they may stand at a place.
pub(super) struct Named {
    /// What has the names, in words.
    pub(super) what: &'static str,
    /// The names that are right.
    pub(super) names: fn() -> Vec<&'static str>,
    /// What is wrong with a text that is none of them, and what would be right.
    pub(super) check: fn(&str) -> Result<(), String>,
}

/// The fields of a map.
pub(super) struct Fields {
    /// What the map is, in words.
    pub(super) what: &'static str,
    /// Its fields.
    pub(super) fields: &'static [Field],
    /// Exactly one of these has to be there; any where there are none.
    pub(super) one_of: &'static [&'static str],
}

/// A field of a map.
#[derive(Clone, Copy)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: &'static str,
    /// What its value looks like.
    pub(super) shape: Shape,
    /// Whether it has to be there.
    pub(super) required: bool,
    /// What it means.
    pub(super) about: &'static str,
}

/// A field that may be left out.
pub(super) const fn may(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, shape, required: false, about }
}

/// A field that has to be there.
pub(super) const fn must(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, shape, required: true, about }
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
        if let Err(message) = leaf.check_text(&node.text().unwrap_or_default()) {
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
                None => {
                    let known = fields.fields.iter().map(|field| field.name);
                    let message = format!(
                        "{} has no field `{}`; {}",
                        fields.what,
                        entry.key,
                        instead(&entry.key, known)
                    );
                    self.wrong(entry.spot, message);
                }
                Some(Field { shape: Shape::Later, .. }) => {
                    self.wrong(entry.spot, format!("`{}` is not there yet", entry.key));
                }
                // A field that may be left out may be empty; one that something hangs on may not.
                Some(field) if needed(field) || !matches!(entry.value.tree, Tree::Null) => {
                    self.value(&entry.value, &field.shape);
                }
                Some(_) => {}
            }
        }
        let missing =
            |field: &&Field| field.required && !node.entries().iter().any(|entry| entry.key == field.name);
        for field in fields.fields.iter().filter(missing) {
            self.wrong(node.spot, format!("{} needs `{}`: {}", fields.what, field.name, field.about));
        }
        let given: Vec<_> =
            node.entries().iter().filter(|entry| fields.one_of.contains(&&*entry.key)).collect();
        if given.is_empty() && !fields.one_of.is_empty() {
            self.wrong(node.spot, format!("{} needs one of {}", fields.what, fields.one_of.join(", ")));
        }
        for entry in given.iter().skip(1) {
            let message =
                format!("{} has `{}` already: leave `{}` out", fields.what, given[0].key, entry.key);
            self.wrong(entry.spot, message);
        }
    }
}

/// A text that is quoted in a message.
fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(60).collect();
    if short.len() == text.len() { short } else { short + ".." }
}

impl Leaf {
    fn check_text(&self, text: &str) -> Result<(), String> {
        let right = || format!("`{}` is wrong here: write {}", shortened(text), self.right);
        (self.check)(text).map_err(|message| if message.is_empty() { right() } else { message })
    }
}

impl Fields {
    /// The field with this name.
    pub(super) fn named(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    fn right(&self) -> String {
        let names: Vec<_> = self.fields.iter().map(|field| field.name).collect();
        format!("a map for {}, of {}", self.what, names.join(", "))
    }
}

impl Shape {
    /// What is wrong with a text of this form.
    pub(super) fn check_text(&self, text: &str) -> Result<(), String> {
        if let Self::Leaf(leaf) = self { leaf.check_text(text) } else { Ok(()) }
    }

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

    /// What is right, in words.
    fn right(&self) -> String {
        match self {
            Self::Leaf(leaf) => leaf.right.into(),
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
