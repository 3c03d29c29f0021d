//! Which fields of its variables an expression reads: a report about it shows their values.

use kube_cel::cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue, operators};
use kube_cel::cel::parser::Expression;

use crate::object::Value;

/// A field that an expression reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRead<'a> {
    /// The variable.
    pub var: &'a str,
    /// The way from the variable's object to the field; empty for the object as a whole.
    way: Vec<Part<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'a> {
    Field(&'a str),
    Item(i64),
}

/// The reads in the order of the text, each once.
pub(super) fn reads<'a>(expression: &'a Expression, names: &[&str]) -> Vec<FieldRead<'a>> {
    let mut walk = Walk { names, bound: Vec::new(), found: Vec::new() };
    walk.expression(expression);
    walk.found
}

struct Walk<'a, 'n> {
    names: &'n [&'n str],
    /// The variables of the macros around the current part.
    bound: Vec<&'a str>,
    found: Vec<FieldRead<'a>>,
}

impl<'a> Walk<'a, '_> {
    fn expression(&mut self, expression: &'a Expression) {
        if let Some((var, way)) = way_of(expression) {
            let read = FieldRead { var, way };
            if self.names.contains(&var) && !self.bound.contains(&var) && !self.found.contains(&read) {
                self.found.push(read);
            }
            return;
        }
        match &expression.expr {
            Expr::Select(select) => self.expression(&select.operand),
            Expr::Call(call) => {
                call.target.as_deref().into_iter().chain(&call.args).for_each(|part| self.expression(part));
            }
            Expr::List(list) => list.elements.iter().for_each(|part| self.expression(part)),
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.expression(&entry.key);
                        self.expression(&entry.value);
                    }
                }
            }
            Expr::Comprehension(of) => {
                self.expression(&of.iter_range);
                let depth = self.bound.len();
                let names = [&of.accu_var, &of.iter_var].into_iter().chain(&of.iter_var2);
                self.bound.extend(names.map(String::as_str));
                for part in [&of.accu_init, &of.loop_cond, &of.loop_step, &of.result] {
                    self.expression(part);
                }
                self.bound.truncate(depth);
            }
            Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => {}
        }
    }
}

/// `a.b[0]`: the variable and the way.
fn way_of(expression: &Expression) -> Option<(&str, Vec<Part<'_>>)> {
    match &expression.expr {
        Expr::Ident(name) => Some((name, Vec::new())),
        Expr::Select(select) => further(&select.operand, Part::Field(&select.field)),
        Expr::Call(CallExpr { func_name, args, target: None }) if is_access(func_name) => match &args[..] {
            [of, Expression { expr: Expr::Literal(LiteralValue::String(key)), .. }] => {
                further(of, Part::Field(key.inner()))
            }
            [of, Expression { expr: Expr::Literal(LiteralValue::Int(at)), .. }] => {
                further(of, Part::Item(*at.inner()))
            }
            _ => None,
        },
        _ => None,
    }
}

fn is_access(operator: &str) -> bool {
    [operators::INDEX, operators::OPT_INDEX, operators::OPT_SELECT].contains(&operator)
}

fn further<'a>(of: &'a Expression, part: Part<'a>) -> Option<(&'a str, Vec<Part<'a>>)> {
    let (var, mut way) = way_of(of)?;
    way.push(part);
    Some((var, way))
}

impl FieldRead<'_> {
    /// Whether it is the object as a whole.
    pub fn is_whole(&self) -> bool {
        self.way.is_empty()
    }

    /// The field in an object; nothing where it is absent.
    pub fn of<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        self.way.iter().try_fold(root, |value, part| match part {
            Part::Field(key) => value.get(key),
            Part::Item(at) => value.items().get(usize::try_from(*at).ok()?),
        })
    }
}

impl std::fmt::Display for FieldRead<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.var)?;
        let plain = |key: &str| key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        self.way.iter().try_for_each(|part| match part {
            Part::Field(key) if plain(key) => write!(f, ".{key}"),
            Part::Field(key) => write!(f, "['{key}']"),
            Part::Item(at) => write!(f, "[{at}]"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::CelProgram;

    #[test]
    fn the_reads_of_an_expression_are_its_longest_paths() {
        for (text, wanted) in [
            ("d.status.readyReplicas == d.spec.replicas", "d.status.readyReplicas, d.spec.replicas"),
            ("has(d.status.x) && d.status.x == 1 || d.status.x == 2", "d.status.x"),
            ("d != null && d.metadata.labels['a/b'] == 'c'", "d, d.metadata.labels['a/b']"),
            ("d.status.conditions.exists(c, c.type == d.kind)", "d.status.conditions, d.kind"),
            ("d.spec.containers[0].image.endsWith('2')", "d.spec.containers[0].image"),
            ("d.?status.?phase.orValue('') == ''", "d.status.phase"),
            ("e.map(d, d.spec.x).size() == [d.spec.y].size() ? true : false", "e, d.spec.y"),
            ("{'a': d.spec.z}.size() == 1 && d.spec[d.kind] == 1", "d.spec.z, d.spec, d.kind"),
        ] {
            let program = CelProgram::compile(text, &["d", "e"]).unwrap();
            let reads: Vec<String> = program.reads(&["d", "e"]).iter().map(ToString::to_string).collect();
            assert_eq!(reads.join(", "), wanted, "{text}");
        }
    }
}
