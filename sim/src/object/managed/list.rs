//! The list of owners, and the pending writes, which a read works off. `entry` computes the list after a write.

use std::sync::{Arc, OnceLock};

use super::{ManagedEntry, Writer, compare, entry, fold};
use crate::object::{Shape, Value};

/// The most pending writes. Our choice: it bounds the trees that they keep alive.
pub(super) const MAX_PENDING: u8 = 32;

/// The owners of the fields of an object. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Managed(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    base: Base,
    entries: OnceLock<Arc<[ManagedEntry]>>,
}

#[derive(Debug)]
enum Base {
    /// The list itself.
    Entries,
    /// A list and a pending write.
    PendingWrite(PendingWrite),
}

#[derive(Debug)]
struct PendingWrite {
    list: Managed,
    pending: u8,
    writer: Writer,
    before: Option<Value>,
    after: Value,
    shape: Arc<Shape>,
}

/// A write whose tree may still get its resourceVersion.
#[derive(Debug)]
pub struct BegunWrite(PendingWrite);

impl Managed {
    /// The list of these entries, sorted as the server does.
    pub fn from_entries(mut entries: Vec<ManagedEntry>) -> Self {
        if entries.is_empty() {
            return Self::default();
        }
        entries.sort_by(ManagedEntry::order);
        Self::known(entries.into())
    }

    fn known(entries: Arc<[ManagedEntry]>) -> Self {
        if entries.is_empty() {
            return Self::default();
        }
        Self(Some(Arc::new(Inner { base: Base::Entries, entries: OnceLock::from(entries) })))
    }

    /// The owners after a write other than an apply: its writer, and the trees before (none for a create) and after it. Only
    /// notes the write; `shape` must be the type of both trees.
    #[must_use]
    pub fn updated(&self, writer: Writer, before: Option<&Value>, after: &Value, shape: &Arc<Shape>) -> Self {
        self.begun(writer, before, after, shape).ended(after)
    }

    /// The first half of [`updated`](Self::updated), for a tree that the store will give a resourceVersion.
    pub fn begun(
        &self,
        writer: Writer,
        before: Option<&Value>,
        after: &Value,
        shape: &Arc<Shape>,
    ) -> BegunWrite {
        let (ended, shape) = (Value::Null, Arc::clone(shape));
        BegunWrite(match self.last_write() {
            Some(last) if before.is_some_and(|before| last.joins_with(&writer, before, after)) => {
                let (list, before) = (last.list.clone(), last.before.clone());
                PendingWrite { list, pending: last.pending, writer, before, after: ended, shape }
            }
            last => {
                let list = match last {
                    Some(last) if last.pending < MAX_PENDING => self.clone(),
                    _ => Self::known(self.list()),
                };
                let (pending, before) = (list.pending() + 1, before.cloned());
                PendingWrite { pending, list, writer, before, after: ended, shape }
            }
        })
    }

    /// The last write, if it is pending.
    fn last_write(&self) -> Option<&PendingWrite> {
        let inner = self.0.as_deref()?;
        match &inner.base {
            Base::PendingWrite(write) if inner.entries.get().is_none() => Some(write),
            _ => None,
        }
    }

    /// The number of pending writes.
    pub(super) fn pending(&self) -> u8 {
        match self.0.as_deref() {
            Some(Inner { base: Base::PendingWrite(write), .. }) => write.pending,
            _ => 0,
        }
    }

    fn list(&self) -> Arc<[ManagedEntry]> {
        let Some(inner) = &self.0 else { return Arc::default() };
        let entries = inner.entries.get_or_init(|| match &inner.base {
            Base::Entries => Arc::default(),
            Base::PendingWrite(write) => write.entries(),
        });
        Arc::clone(entries)
    }

    /// The entries, sorted as the server does.
    pub fn entries(&self) -> &[ManagedEntry] {
        let Some(inner) = &self.0 else { return &[] };
        self.list();
        inner.entries.get().map(|entries| &**entries).unwrap_or_default()
    }

    /// Whether both lists have the same entries in the same order, whatever their times.
    pub fn is_same_apart_from_times(&self, other: &Self) -> bool {
        self == other || {
            let (own, others) = (self.entries(), other.entries());
            own.len() == others.len() && own.iter().zip(others).all(|(a, b)| a.is_same_apart_from_time(b))
        }
    }

    /// The list after a client wrote an object with this `metadata.managedFields`: a list with one empty entry resets it, a
    /// valid list replaces it, anything else is ignored (recorded: `managed-fields-reset-and-corrupt`).
    #[must_use]
    pub fn submitted(&self, managed_fields: Option<&Value>) -> Self {
        match managed_fields.map(Value::items) {
            Some([Value::Map(empty)]) if empty.is_empty() => Self::default(),
            Some([_, ..]) => managed_fields.and_then(Self::from_value).unwrap_or_else(|| self.clone()),
            _ => self.clone(),
        }
    }

    /// Parses `metadata.managedFields`; none if an entry is malformed.
    pub fn from_value(value: &Value) -> Option<Self> {
        let entries: Option<Vec<ManagedEntry>> =
            value.as_list()?.iter().map(ManagedEntry::from_value).collect();
        Some(Self::from_entries(entries?))
    }

    /// The tree of `metadata.managedFields`; null if the list is empty.
    pub fn to_value(&self) -> Value {
        match self.entries() {
            [] => Value::Null,
            entries => Value::list(entries.iter().map(ManagedEntry::to_value)),
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
    /// The owners after the write. `after` may have a new resourceVersion and no other change.
    pub fn ended(mut self, after: &Value) -> Managed {
        debug_assert!(self.0.pending <= MAX_PENDING, "pending writes are bounded");
        self.0.after = after.clone();
        Managed(Some(Arc::new(Inner { base: Base::PendingWrite(self.0), entries: OnceLock::new() })))
    }
}

impl PendingWrite {
    /// Whether a write from `before` to `after` counts as one with this write.
    fn joins_with(&self, writer: &Writer, before: &Value, after: &Value) -> bool {
        let same = self.writer.manager == writer.manager
            && self.writer.subresource == writer.subresource
            && self.writer.api_version == writer.api_version;
        let first = self.before.as_ref().filter(|_| same && fold::joins(&self.after, before));
        first.is_some_and(|first| fold::counts_as_one(first, before, after))
    }

    fn entries(&self) -> Arc<[ManagedEntry]> {
        let list = self.list.list();
        // The real server tracks objects from creation; an object without owners gets none before an apply.
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
        entries.sort_by(ManagedEntry::order);
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
