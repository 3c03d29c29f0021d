//! What a scenario expects of the objects: checks that must hold always, or in the end. It checks nothing.

use super::{EventPattern, KindName, RustCheck};
use crate::object::Value;

/// A named check.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The name in reports.
    pub name: String,
    /// When it must hold.
    pub modality: Modality,
    /// What must hold.
    pub check: Check,
    /// For `always`: judged at these requests only, before they take effect; at every commit without.
    pub on: Option<EventPattern>,
    /// For `always`: how long it may be false at a stretch.
    pub grace_ms: u64,
}

/// When a check must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modality {
    /// On the store's truth at every commit from t = 0.
    Always,
    /// When the run has converged.
    Eventually,
}

/// What must hold.
#[derive(Clone, Debug)]
pub enum Check {
    /// A CEL expression that gives `true`.
    Cel {
        /// What it may name.
        vars: Vec<Var>,
        /// The expression.
        source: String,
    },
    /// There is an object that has all of this: `apiVersion`, `kind`, `metadata.name`, and any fields.
    Match(Value),
    /// Code of the user's.
    Rust(RustCheck),
}

/// A variable of a CEL expression. With a name: that object, or null; else a list of objects sorted by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Var {
    /// The name in the expression.
    pub name: String,
    /// `apiVersion` of the objects.
    pub api_version: String,
    /// Their kind.
    pub kind: KindName,
    /// The object's name.
    pub object: Option<String>,
    /// Their namespace; the scenario's without one.
    pub namespace: Option<String>,
    /// Their labels, as kubectl writes them.
    pub selector: Option<String>,
}
