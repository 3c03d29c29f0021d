//! Finds unknown names and too deep nesting when an expression is compiled, not in the middle of a run.

use kube_cel::cel::common::ast::{CallExpr, EntryExpr, Expr, IdedEntryExpr};
use kube_cel::cel::parser::Expression;

use super::CelError;
use super::eval::is_operator;
use super::functions::knows;

/// How deep brackets and conditionals may nest. Our choice, below the parser's own limit of 96, which it checks too late for its
/// own stack.
const DEEPEST: usize = 64;

/// How many operators there may be. A chain such as `a.b.c` or `1 + 1 + 1` nests as deep as it is long, and the parser overflows a
/// stack of 2 MiB somewhere beyond 1,000.
const MOST_OPERATORS: usize = 800;

/// How deep the parsed expression may be, so that evaluating it does not overflow the stack. Our choice.
const DEEPEST_TREE: usize = 160;

/// Checks that the expression cannot overflow a stack. Brackets and operators in strings count too.
pub(super) fn nesting(text: &str) -> Result<(), CelError> {
    let (mut depth, mut conditionals, mut operators) = (0_usize, 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '?' => conditionals += 1,
            _ => (),
        }
        operators += usize::from(".[?<>=!+-*/%&|".contains(c));
        let message = if depth > DEEPEST {
            format!("brackets nest deeper than {DEEPEST}")
        } else if conditionals > DEEPEST {
            format!("more than {DEEPEST} `?`")
        } else if operators > MOST_OPERATORS {
            format!("more than {MOST_OPERATORS} operators")
        } else {
            continue;
        };
        let (line, column) = line_and_column(text, at);
        return Err(CelError { line, column, message });
    }
    Ok(())
}

/// Checks that every variable is among `names` or bound by a macro, and that every function exists.
pub(super) fn names(expression: &Expression, text: &str, names: &[&str]) -> Result<(), CelError> {
    Check { text, names, bound: names.to_vec(), depth: 0 }.expression(expression)
}

/// The walk over an expression, with the variables that its current part may name.
struct Check<'a> {
    text: &'a str,
    names: &'a [&'a str],
    bound: Vec<&'a str>,
    depth: usize,
}

impl<'a> Check<'a> {
    fn expression(&mut self, expression: &'a Expression) -> Result<(), CelError> {
        if self.depth == DEEPEST_TREE {
            return self.wrong(self.text, format!("the expression nests deeper than {DEEPEST_TREE}"));
        }
        self.depth += 1;
        let answer = self.parts(expression);
        self.depth -= 1;
        answer
    }

    fn wrong(&self, name: &str, message: String) -> Result<(), CelError> {
        let (line, column) = position(self.text, name);
        Err(CelError { line, column, message })
    }

    fn unknown_variable(&self, name: &str) -> Result<(), CelError> {
        let known = if self.names.is_empty() { "none".into() } else { self.names.join(", ") };
        self.wrong(name, format!("unknown variable `{name}`, there are {known}"))
    }

    fn parts(&mut self, expression: &'a Expression) -> Result<(), CelError> {
        match &expression.expr {
            Expr::Ident(name) if self.bound.contains(&name.as_str()) => Ok(()),
            Expr::Ident(name) => self.unknown_variable(name),
            Expr::Select(select) => self.expression(&select.operand),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.expression(element)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| self.entry(entry)),
            Expr::Struct(message) => message.entries.iter().try_for_each(|entry| self.entry(entry)),
            Expr::Comprehension(of) => {
                self.expression(&of.iter_range)?;
                self.expression(&of.accu_init)?;
                let depth = self.bound.len();
                let names = [&of.accu_var, &of.iter_var].into_iter().chain(&of.iter_var2);
                self.bound.extend(names.map(String::as_str));
                let inside = [&of.loop_cond, &of.loop_step, &of.result];
                let answer = inside.into_iter().try_for_each(|part| self.expression(part));
                self.bound.truncate(depth);
                answer
            }
            Expr::Literal(_) | Expr::Unspecified => Ok(()),
        }
    }

    fn call(&mut self, call: &'a CallExpr) -> Result<(), CelError> {
        let name = call.func_name.as_str();
        let namespace = match call.target.as_deref() {
            Some(Expression { expr: Expr::Ident(target), .. }) if !self.bound.contains(&target.as_str()) => {
                Some(target)
            }
            _ => None,
        };
        match namespace {
            Some(namespace) if knows(&format!("{namespace}.{name}")) => (),
            Some(namespace) => return self.unknown_variable(namespace),
            None if is_operator(name) || knows(name) => (),
            None => return self.wrong(name, format!("unknown function `{name}`")),
        }
        let target = call.target.as_deref().filter(|_| namespace.is_none());
        target.into_iter().chain(&call.args).try_for_each(|part| self.expression(part))
    }

    fn entry(&mut self, entry: &'a IdedEntryExpr) -> Result<(), CelError> {
        match &entry.expr {
            EntryExpr::MapEntry(entry) => {
                self.expression(&entry.key).and_then(|()| self.expression(&entry.value))
            }
            EntryExpr::StructField(field) => self.expression(&field.value),
        }
    }
}

/// Line and column of the first `name` in `text` that stands alone.
fn position(text: &str, name: &str) -> (usize, usize) {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let alone = |at: &usize| {
        !text[..*at].ends_with(|c| is_word(c) || c == '.') && !text[at + name.len()..].starts_with(is_word)
    };
    let hits = || text.match_indices(name).map(|(at, _)| at);
    let at = hits().find(alone).or_else(|| hits().next()).unwrap_or(0);
    line_and_column(text, at)
}

fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    (text[..at].matches('\n').count() + 1, text[line_start..at].chars().count() + 1)
}
