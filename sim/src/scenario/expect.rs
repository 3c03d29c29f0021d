//! The expectations of a scenario: checks of objects that must hold always, or in the end. Module `oracles` checks them.

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
    /// For `always`: judge it only at these requests of programs, on the objects as they are when the request is sent; without
    /// it at every commit.
    pub on: Option<EventPattern>,
    /// For `always`: how long it may be false without a break.
    pub grace_ms: u64,
}

/// When a check must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modality {
    /// At every commit from t = 0.
    Always,
    /// When the run has converged.
    Eventually,
}

/// What must hold.
#[derive(Clone, Debug)]
pub enum Check {
    /// A CEL expression that must be true.
    Cel {
        /// The variables of the expression.
        vars: Vec<Var>,
        /// The expression.
        source: String,
    },
    /// The fields that some object must have: `apiVersion`, `kind`, `metadata.name`, and any others.
    Match(Value),
    /// Code of the user.
    Rust(RustCheck),
}

/// A variable of a CEL expression. With an object's name it is that object or null, else a list of objects sorted by key.
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
    /// Their namespace; without one the scenario's.
    pub namespace: Option<String>,
    /// Their labels, as kubectl writes them.
    pub selector: Option<String>,
}
