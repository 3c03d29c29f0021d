//! CEL expressions over objects: what `always` and `eventually` say in scenario files.
//!
//! Real: Kubernetes evaluates CEL with cel-go and its own function libraries.
//! Modelled: `cel` parses the text and `kube-cel` has the functions; we evaluate the expression ourselves, on the object tree.
//! The crate's evaluation copies whole objects at every step: 240 to 320 µs for three pods and three nodes, against 4 to 10 here.
//! It also takes a field of null for false, and counts the bytes of a string. Errors are those of cel-go: `&&`, `||`, `all` and
//! `exists` ignore an error where another operand decides.
//! Differs: the cost limit is one of steps.
//! Not modelled: static types, `type()`, messages, `url()` and the like, which need tables of Unicode. We refuse an expression that
//! uses them when it is compiled; a type error shows only when it is evaluated.
//!
//! The crates keep maps in hash order. We sort each before we iterate it.

mod check;
mod eval;
mod functions;
mod library;
mod value;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use derive_more::Display;
use kube_cel::cel::parser::{Expression, Parser};

use self::eval::Eval;
use self::value::Val;
use crate::object::{Object, Value};

/// A compiled expression. Compiling takes up to a millisecond, so it is done once per scenario and all runs share it.
#[derive(Debug)]
pub struct CelProgram {
    expression: Expression,
}

/// Why an expression cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, Display)]
#[display("line {line}, column {column} of the expression: {message}")]
pub struct CelError {
    /// The line in the expression, from 1.
    pub line: usize,
    /// The column in that line, in characters from 1.
    pub column: usize,
    /// What is wrong, with the offending text.
    pub message: String,
}

/// What a variable stands for.
#[derive(Clone, Copy, Debug)]
pub enum CelVar<'a> {
    /// One object, or null.
    Object(Option<&'a Object>),
    /// A list of objects, sorted by key.
    Objects(&'a [Arc<Object>]),
    /// Any other value: the facts of a probe.
    Value(&'a Value),
}

impl CelProgram {
    /// Compiles `text`, which may name the variables `names`.
    pub fn compile(text: &str, names: &[&str]) -> Result<Self, CelError> {
        check::nesting(text)?;
        let parsed = Parser::new().enable_optional_syntax(true).parse(text);
        let expression = parsed.map_err(|errors| parse_error(text, &errors))?;
        check::names(&expression, text, names)?;
        Ok(Self { expression })
    }

    /// Evaluates the expression; an error says why it has no truth value (`cannot be evaluated: no such key: x`).
    pub fn eval(&self, vars: &[(&str, CelVar<'_>)]) -> Result<bool, String> {
        match Eval::new(vars).eval(&self.expression) {
            Ok(Val::Bool(truth)) => Ok(truth),
            Ok(other) => Err(format!("cannot be evaluated: it is {} and not a bool", other.type_name())),
            Err(error) => {
                let absent = error.starts_with("no such key: ");
                let hint =
                    if absent { " (where it may be absent, test it with `has(..)` first)" } else { "" };
                Err(format!("cannot be evaluated: {error}{hint}"))
            }
        }
    }
}

fn parse_error(text: &str, errors: &kube_cel::cel::ParseErrors) -> CelError {
    let Some(first) = errors.errors.first() else {
        return CelError { line: 1, column: 1, message: format!("`{text}` is not a CEL expression") };
    };
    let at = |n: isize| usize::try_from(n).unwrap_or(1).max(1);
    let (line, column) = (at(first.pos.0), at(first.pos.1));
    let what = first.msg.strip_prefix("Syntax error: ").unwrap_or(&first.msg);
    let source = text.lines().nth(line - 1).unwrap_or_default().trim();
    CelError { line, column, message: format!("{what} in `{source}`") }
}

impl std::error::Error for CelError {}
