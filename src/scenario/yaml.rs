//! Parses YAML into a tree that knows the place of each value. It does not know what the values mean.
//!
//! It reads scalars as Kubernetes does: YAML 1.1 booleans (`yes`, `on`), octal numbers with a leading zero (`0644`). It limits
//! aliases and nesting, so that a small file cannot fill the memory.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Error, Options, Spanned};
use wavetank_sim::object::{Key, Map, Value};

use super::problem::{Problem, Source, Spot};

/// The most values that aliases may add to a file. Our choice.
const MAX_ALIASED: usize = 100_000;

/// How deep lists and maps may be nested. Our choice: definitions of custom resources reach 30 levels and more.
const MAX_DEPTH: usize = 64;

/// The reader's stack: a level takes 50 KB of it in a debug build, and a test's thread has 2 MB.
const STACK_BYTES: usize = 16 << 20;

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Where it begins.
    pub(super) spot: Spot,
    /// What it is.
    pub(super) tree: Tree,
    /// Whether a reader has returned nothing for it.
    is_unread: Cell<bool>,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<Entry>),
}

/// An entry of a map.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its key.
    pub(super) key: String,
    /// The place of the key.
    pub(super) spot: Spot,
    /// Its value.
    pub(super) value: Node,
}

/// The one document of a file.
pub(super) fn document(source: &Source) -> Result<Node, Problem> {
    with_stack(|| {
        serde_saphyr::from_str_with_options(&source.text, options()).map_err(|error| problem(source, &error))
    })
}

/// The documents of a file, without empty ones.
pub(super) fn documents(source: &Source) -> Result<Vec<Node>, Problem> {
    with_stack(|| {
        serde_saphyr::from_multiple_with_options(&source.text, options())
            .map_err(|error| problem(source, &error))
    })
}

/// A value as YAML.
pub(crate) fn yaml_of(value: &Value) -> String {
    serde_saphyr::to_string(value).unwrap_or_else(|_| value.to_json())
}

/// Reads on a thread whose stack is large enough for any file within the limits.
fn with_stack<T: Send>(read: impl FnOnce() -> T + Send) -> T {
    let reader = std::thread::Builder::new().stack_size(STACK_BYTES);
    std::thread::scope(|scope| {
        let reading = reader.spawn_scoped(scope, read).expect("the system has room for a thread");
        reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn options() -> Options {
    serde_saphyr::options! {
        with_snippet: false,
        legacy_octal_numbers: true,
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_ALIASED },
        budget: serde_saphyr::budget! {
            max_nodes: 2_000_000, max_events: 6_000_000, max_depth: MAX_DEPTH, flow_nesting_limit: MAX_DEPTH,
        },
    }
}

/// What is wrong with the YAML, and what would be right.
fn problem(source: &Source, error: &Error) -> Problem {
    let spot = error.location().map_or(Spot::start(), spot);
    let mut inner = error.without_snippet();
    while let Error::AliasError { error, .. } = inner {
        inner = error.without_snippet();
    }
    let message = match inner {
        Error::AliasReplayLimitExceeded { .. } => {
            "aliases (`*name`) make this file too large: write the values out, or use fewer aliases".into()
        }
        Error::Budget { .. } => {
            format!(
                "this file has too many levels or values: write at most {MAX_DEPTH} levels, and fewer values"
            )
        }
        Error::MultipleDocuments { .. } => {
            "a second document begins here: write one scenario in each file".into()
        }
        Error::DuplicateMappingKey { .. } => {
            let key = source.slice(spot);
            format!("the key `{key}` is there twice: remove one")
        }
        other => {
            let text = other.render_with_formatter(&serde_saphyr::UserMessageFormatter);
            let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message).to_owned();
            if text.contains("recursion limit") {
                format!("this has too many levels: write at most {MAX_DEPTH}")
            } else {
                format!("this is not YAML: {text}")
            }
        }
    };
    source.problem(spot, message)
}

fn spot(at: serde_saphyr::Location) -> Spot {
    let width = usize::try_from(at.span().len()).unwrap_or(1).max(1);
    let place = |n: u64| usize::try_from(n).unwrap_or(1).max(1);
    Spot { line: place(at.line()), column: place(at.column()), width }
}

impl Source {
    /// The text at a place.
    fn slice(&self, spot: Spot) -> String {
        let line = self.text.split('\n').nth(spot.line - 1).unwrap_or_default();
        line.chars().skip(spot.column - 1).take(spot.width).collect()
    }
}

impl Node {
    /// The value of a field; nothing if it is missing or null.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let value = self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value);
        value.filter(|value| !matches!(value.tree, Tree::Null))
    }

    /// The entries of a map; none for any other value.
    pub(super) fn entries(&self) -> &[Entry] {
        if let Tree::Map(entries) = &self.tree { entries } else { &[] }
    }

    /// The items of a list; none for any other value.
    pub(super) fn items(&self) -> &[Node] {
        if let Tree::List(items) = &self.tree { items } else { &[] }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        Some(match &self.tree {
            Tree::Text(text) => Cow::Borrowed(text),
            Tree::Bool(b) => Cow::Owned(b.to_string()),
            Tree::Int(n) => Cow::Owned(n.to_string()),
            Tree::Float(n) => Cow::Owned(n.to_string()),
            Tree::Null | Tree::List(_) | Tree::Map(_) => return None,
        })
    }

    /// Marks it as unread: a reader has returned nothing for it.
    pub(super) fn mark_unread(&self) {
        self.is_unread.set(true);
    }

    /// The place of the first unread value in this tree.
    pub(super) fn first_unread(&self) -> Option<Spot> {
        let inner = || match &self.tree {
            Tree::List(items) => items.iter().find_map(Node::first_unread),
            Tree::Map(entries) => entries.iter().find_map(|entry| entry.value.first_unread()),
            _ => None,
        };
        if self.is_unread.get() { Some(self.spot) } else { inner() }
    }

    /// The value as an object has it. A number without a fraction is an integer, as in the JSON that kubectl makes of YAML.
    pub(super) fn value(&self) -> Value {
        match &self.tree {
            Tree::Null => Value::Null,
            Tree::Bool(b) => Value::Bool(*b),
            Tree::Int(n) => Value::Int(*n),
            Tree::Float(n) if n.fract() == 0.0 && n.abs() < 9e15 => Value::Int(*n as i64),
            Tree::Float(n) => Value::Float(*n),
            Tree::Text(text) => text.as_str().into(),
            Tree::List(items) => Value::list(items.iter().map(Node::value)),
            Tree::Map(entries) => {
                let entry = |entry: &Entry| (Key::new(&entry.key), entry.value.value());
                Value::Map(entries.iter().map(entry).collect::<Map>())
            }
        }
    }

    /// What it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self.tree {
            Tree::Null => "nothing",
            Tree::Bool(_) => "true or false",
            Tree::Int(_) | Tree::Float(_) => "a number",
            Tree::Text(_) => "a text",
            Tree::List(_) => "a list",
            Tree::Map(_) => "a map",
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Tree>::deserialize(deserializer)?;
        Ok(Self { spot: spot(spanned.referenced), tree: spanned.value, is_unread: Cell::default() })
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(b))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Tree, E> {
        Ok(Tree::Int(n))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Tree, E> {
        Ok(i64::try_from(n).map_or(Tree::Float(n as f64), Tree::Int))
    }

    fn visit_f64<E>(self, n: f64) -> Result<Tree, E> {
        Ok(Tree::Float(n))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let value = map.next_value()?;
            entries.push(Entry { key: key.value, spot: spot(key.referenced), value });
        }
        Ok(Tree::Map(entries))
    }
}
