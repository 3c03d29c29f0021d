//! `metadata.managedFields`: the owners of an object's fields.
//!
//! - [`FieldSet`], `elem`: sets of field paths and fieldsV1
//! - [`compare`]: the difference between two trees
//! - [`Managed`]: the list, with its pending writes
//! - `entry`: one entry, and the list after a write; `fold`: writes that count as one
//!
//! Real: every write computes the field sets of all managers. Differs: we compute the same lists when somebody reads them. A
//! write only notes its writer and the trees before and after, which share what they have in common. A read works off the
//! pending writes, and so does a write when there are too many. Not modelled: folding more than ten managers into
//! `ancient-changes`; the special treatment of kubectl's last-applied annotation.

mod compare;
mod elem;
mod entry;
mod fold;
mod list;
mod set;

pub use compare::{Comparison, compare};
pub use elem::Elem;
pub(crate) use entry::without;
pub use entry::{ManagedEntry, Operation, Writer};
pub use list::{BegunWrite, Managed};
pub use set::FieldSet;
pub(crate) use set::SetNode;

#[cfg(test)]
mod tests;
