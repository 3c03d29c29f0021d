//! `metadata.managedFields`: who owns which fields of an object.
//!
//! - [`FieldSet`], `elem`: sets of field paths and fieldsV1
//! - [`compare`]: what changed between two trees
//! - [`Managed`]: the list, with the writes that wait to be worked off
//! - `entry`: one entry, and what a write makes of the list; `fold`: writes that count as one
//!
//! Real: every write computes the field sets of all managers. Modelled: the same lists, computed when somebody reads
//! them. A write only notes who wrote and the trees before and after, which share all they have in common; the notes
//! are worked off when the list is read, or when there are several of them. Not modelled: the fold of more than
//! ten managers into `ancient-changes`, the special place of kubectl's last-applied annotation.

mod compare;
mod elem;
mod entry;
mod fold;
mod list;
mod set;

pub use compare::{Comparison, compare};
pub use elem::Elem;
pub(crate) use entry::without;
pub use entry::{Entry, Operation, Writer};
pub use list::{BegunWrite, Managed};
pub use set::FieldSet;
pub(crate) use set::Node;

#[cfg(test)]
mod tests;
