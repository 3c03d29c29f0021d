//! The list of owners, and the writes that wait until somebody reads it. What a write makes of the list is `entry`'s.

use std::sync::{Arc, OnceLock};

use super::{Entry, Writer, compare, entry, fold};
use crate::object::{Shape, Value};

/// How many writes may wait to be worked off. A lease is renewed for hours and read by nobody.
pub(super) const MAX_PENDING: u8 = 32;

/// The owners of an object's fields. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Managed(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    base: Base,
    entries: OnceLock<Arc<[Entry]>>,
}

#[derive(Debug)]
enum Base {
    /// The list itself.
    Entries,
    /// A list, and a write after it.
    Write(Write),
}

#[derive(Debug)]
struct Write {
    list: Managed,
    pending: u8,
    writer: Writer,
    before: Option<Value>,
    after: Value,
    shape: Arc<Shape>,
}

/// A write whose tree is not known for good yet.
#[derive(Debug)]
pub struct BegunWrite(Write);

impl Managed {
    /// The list of these entries, in the server's order.
    pub fn from_entries(mut entries: Vec<Entry>) -> Self {
        if entries.is_empty() {
            return Self::default();
        }
        entries.sort_by(Entry::order);
        Self::known(entries.into())
    }

    fn known(entries: Arc<[Entry]>) -> Self {
        if entries.is_empty() {
            return Self::default();
        }
        Self(Some(Arc::new(Inner { base: Base::Entries, entries: OnceLock::from(entries) })))
    }

    /// The owners after a write that is no apply: who wrote, the tree before (none for a create) and after it. Costs
    /// nothing now; `shape` must be the type of both trees.
    #[must_use]
    pub fn updated(&self, writer: Writer, before: Option<&Value>, after: &Value, shape: &Arc<Shape>) -> Self {
        self.begun(writer, before, after, shape).ended(after)
    }

    /// The first half of [`updated`](Self::updated), for a tree that the store gives a version before it is shared.
    pub fn begun(
        &self,
        writer: Writer,
        before: Option<&Value>,
        after: &Value,
        shape: &Arc<Shape>,
    ) -> BegunWrite {
        let (ended, shape) = (Value::Null, Arc::clone(shape));
        BegunWrite(match self.last_write() {
            Some(last) if before.is_some_and(|before| last.takes_in(&writer, before, after)) => {
                let (list, before) = (last.list.clone(), last.before.clone());
                Write { list, pending: last.pending, writer, before, after: ended, shape }
            }
            last => {
                let list = match last {
                    Some(last) if last.pending < MAX_PENDING => self.clone(),
                    _ => Self::known(self.list()),
                };
                let (pending, before) = (list.pending() + 1, before.cloned());
                Write { pending, list, writer, before, after: ended, shape }
            }
        })
    }

    /// The last write, if it waits to be worked off.
    fn last_write(&self) -> Option<&Write> {
        let inner = self.0.as_deref()?;
        match &inner.base {
            Base::Write(write) if inner.entries.get().is_none() => Some(write),
            _ => None,
        }
    }

    /// How many writes wait to be worked off.
    pub(super) fn pending(&self) -> u8 {
        match self.0.as_deref() {
            Some(Inner { base: Base::Write(write), .. }) => write.pending,
            _ => 0,
        }
    }

    fn list(&self) -> Arc<[Entry]> {
        let Some(inner) = &self.0 else { return Arc::default() };
        let entries = inner.entries.get_or_init(|| match &inner.base {
            Base::Entries => Arc::default(),
            Base::Write(write) => write.entries(),
        });
        Arc::clone(entries)
    }

    /// The entries, in the server's order.
    pub fn entries(&self) -> &[Entry] {
        let Some(inner) = &self.0 else { return &[] };
        self.list();
        inner.entries.get().map(|entries| &**entries).unwrap_or_default()
    }

    /// What counts after a client wrote an object with this `metadata.managedFields`: a list with one empty entry
    /// resets, a valid one replaces, anything else is ignored (recorded: `managed-fields-reset-and-corrupt`).
    #[must_use]
    pub fn submitted(&self, managed_fields: Option<&Value>) -> Self {
        match managed_fields.map(Value::items) {
            Some([Value::Map(empty)]) if empty.is_empty() => Self::default(),
            Some([_, ..]) => managed_fields.and_then(Self::from_value).unwrap_or_else(|| self.clone()),
            _ => self.clone(),
        }
    }

    /// Reads `metadata.managedFields`; nothing where an entry is malformed.
    pub fn from_value(value: &Value) -> Option<Self> {
        let entries: Option<Vec<Entry>> = value.as_list()?.iter().map(Entry::from_value).collect();
        Some(Self::from_entries(entries?))
    }

    /// The tree of `metadata.managedFields`; null where nobody owns anything.
    pub fn to_value(&self) -> Value {
        match self.entries() {
            [] => Value::Null,
            entries => Value::list(entries.iter().map(Entry::to_value)),
        }
    }

    /// Appends the JSON of `metadata.managedFields`.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (i, entry) in self.entries().iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            entry.write_json(out);
        }
        out.push(b']');
    }
}

impl BegunWrite {
    /// The owners after the write. Its tree may have got a version meanwhile, and nothing else.
    pub fn ended(mut self, after: &Value) -> Managed {
        self.0.after = after.clone();
        Managed(Some(Arc::new(Inner { base: Base::Write(self.0), entries: OnceLock::new() })))
    }
}

impl Write {
    /// Whether a write by the same writer, from `before` to `after`, counts as one with this one.
    fn takes_in(&self, writer: &Writer, before: &Value, after: &Value) -> bool {
        let same = self.writer.manager == writer.manager
            && self.writer.subresource == writer.subresource
            && self.writer.api_version == writer.api_version;
        let first = self.before.as_ref().filter(|_| same && fold::joins(&self.after, before));
        first.is_some_and(|first| fold::counts_as_one(first, before, after))
    }

    fn entries(&self) -> Arc<[Entry]> {
        let list = self.list.list();
        // The real server tracks objects from their creation on; one without owners stays without until an apply.
        if list.is_empty() && self.before.is_some() {
            return list;
        }
        let empty;
        let before = match &self.before {
            Some(before) => before,
            None => {
                empty = self.shape.empty_object();
                &empty
            }
        };
        let comparison = compare(&self.shape, before, &self.after);
        let mut entries = entry::after_update(&list, &comparison, &self.writer);
        entries.sort_by(Entry::order);
        entries.into()
    }
}

impl PartialEq for Managed {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) if Arc::ptr_eq(a, b) => true,
            _ => self.entries() == other.entries(),
        }
    }
}
