//! Field selectors. This only parses them: the API server knows the fields of each kind.

use super::{SelectorError, parse};
use crate::object::Str;

/// One term of a field selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldTerm {
    /// The field, such as `metadata.name`.
    pub field: Str,
    /// Whether the value must be equal; else it must differ.
    pub equals: bool,
    /// The value of the comparison.
    pub value: Str,
}

/// A conjunction of terms on fields. An empty one selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    /// The terms, all of which must hold.
    pub terms: Vec<FieldTerm>,
}

impl FieldSelector {
    /// Parses `metadata.name=a,status.phase!=Running`; `\,`, `\=` and `\\` stand for themselves.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        Ok(Self { terms: parse::fields(text)? })
    }

    /// Whether every term holds. `field` returns the text of a field, or empty.
    pub fn matches<'a>(&self, field: impl Fn(&str) -> &'a str) -> bool {
        self.terms.iter().all(|term| (field(&term.field) == term.value) == term.equals)
    }
}
