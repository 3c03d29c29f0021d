//! Evaluates an expression part by part.

use std::rc::Rc;

use kube_cel::cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, ListExpr, LiteralValue, MapExpr,
};
use kube_cel::cel::common::ast::{SelectExpr, operators};
use kube_cel::cel::parser::Expression;

use super::CelVar;
use super::functions::{call, index, operator};
use super::library::no_overload;
use super::value::Val;

type Answer<'a> = Result<Val<'a>, String>;

/// One evaluation: the variables, and those of the macros around its current part.
pub(super) struct Eval<'a> {
    vars: &'a [(&'a str, CelVar<'a>)],
    scope: Vec<(&'a str, Val<'a>)>,
    steps: u32,
}

/// How many parts one evaluation may evaluate. Our choice, in place of cel-go's cost limit: three nested macros over 200 objects,
/// and under a second.
const MOST_STEPS: u32 = 10_000_000;

impl<'a> Eval<'a> {
    pub(super) fn new(vars: &'a [(&'a str, CelVar<'a>)]) -> Self {
        Self { vars, scope: Vec::new(), steps: 0 }
    }

    pub(super) fn eval(&mut self, expression: &'a Expression) -> Answer<'a> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            self.steps = MOST_STEPS; // every part fails from here on
            return Err(format!("it takes more than {MOST_STEPS} steps"));
        }
        match &expression.expr {
            Expr::Literal(literal) => Ok(self::literal(literal)),
            Expr::Ident(name) => match self.variable(name) {
                Some(Val::Fault(error)) => Err(error.as_ref().into()),
                value => value.ok_or_else(|| format!("no such variable: {name}")),
            },
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => self.call(call),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::List(list) => self.list(list),
            Expr::Map(map) => self.map(map),
            Expr::Struct(message) => {
                Err(format!("messages such as `{}` are not supported", message.type_name))
            }
            Expr::Unspecified => Err("the expression has a part that says nothing".into()),
        }
    }

    fn variable(&self, name: &str) -> Option<Val<'a>> {
        let inner = self.scope.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        inner.or_else(|| self.vars.iter().find(|(known, _)| *known == name).map(|(_, var)| (*var).into()))
    }

    fn select(&mut self, select: &'a SelectExpr) -> Answer<'a> {
        let of = self.eval(&select.operand)?;
        let key = Val::Str(&select.field);
        if !select.test {
            return index(&of, &key);
        }
        match &of {
            Val::Optional(of) => Ok(Val::Bool(of.as_ref().and_then(|of| of.at(&key)).flatten().is_some())),
            of => of
                .at(&key)
                .map(|found| Val::Bool(found.is_some()))
                .ok_or_else(|| no_overload("has", std::slice::from_ref(of))),
        }
    }

    fn call(&mut self, expr: &'a CallExpr) -> Answer<'a> {
        if expr.target.is_none() && is_operator(&expr.func_name) {
            return self.operator(&expr.func_name, &expr.args);
        }
        let namespace = match expr.target.as_deref() {
            Some(Expression { expr: Expr::Ident(name), .. }) if self.variable(name).is_none() => {
                Some(name.as_str())
            }
            _ => None,
        };
        let target = expr.target.as_deref().filter(|_| namespace.is_none());
        let args =
            target.into_iter().chain(&expr.args).map(|arg| self.eval(arg)).collect::<Result<Vec<_>, _>>()?;
        call(&expr.func_name, namespace, target.is_some(), &args)
    }

    fn operator(&mut self, name: &'a str, args: &'a [Expression]) -> Answer<'a> {
        match (name, args) {
            (operators::LOGICAL_AND, [left, right]) => self.decide(left, right, false),
            (operators::LOGICAL_OR, [left, right]) => self.decide(left, right, true),
            (operators::NOT_STRICTLY_FALSE, [value]) => Ok(Val::Bool(self.truth(value).unwrap_or(true))),
            (operators::CONDITIONAL, [test, yes, no]) => {
                if self.truth(test)? {
                    self.eval(yes)
                } else {
                    self.eval(no)
                }
            }
            (name, [value]) => {
                let value = self.eval(value)?;
                operator(name, std::slice::from_ref(&value))
            }
            (name, [left, right]) => {
                let args = [self.eval(left)?, self.eval(right)?];
                operator(name, &args)
            }
            (name, args) => Err(format!("`{name}` has {} operands", args.len())),
        }
    }

    fn truth(&mut self, expression: &'a Expression) -> Result<bool, String> {
        match self.eval(expression)? {
            Val::Bool(truth) => Ok(truth),
            other => Err(format!("no such overload: {} in place of a bool", other.type_name())),
        }
    }

    /// `&&` and `||`: an operand that decides wins over an error of the other.
    fn decide(&mut self, left: &'a Expression, right: &'a Expression, decisive: bool) -> Answer<'a> {
        let left = self.truth(left);
        if left == Ok(decisive) {
            return Ok(Val::Bool(decisive));
        }
        let right = self.truth(right);
        if right == Ok(decisive) {
            return Ok(Val::Bool(decisive));
        }
        left.and(right).map(Val::Bool)
    }

    fn list(&mut self, list: &'a ListExpr) -> Answer<'a> {
        let mut items = Vec::with_capacity(list.elements.len());
        for (i, element) in list.elements.iter().enumerate() {
            let value = self.eval(element)?;
            match value {
                Val::Optional(value) if list.optional_indices.contains(&i) => {
                    items.extend(value.map(|value| value.as_ref().clone()));
                }
                value => items.push(value),
            }
        }
        Ok(Val::list(items))
    }

    fn map(&mut self, map: &'a MapExpr) -> Answer<'a> {
        let mut entries: Vec<(Val<'a>, Val<'a>)> = Vec::with_capacity(map.entries.len());
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else {
                return Err("a map has keys, not fields".into());
            };
            let (key, value) = (self.eval(&entry.key)?, self.eval(&entry.value)?);
            if entries.iter().any(|(known, _)| known.equals(&key)) {
                return Err(format!("the key {key:?} is there twice"));
            }
            match value {
                Val::Optional(value) if entry.optional => {
                    entries.extend(value.map(|value| (key, value.as_ref().clone())));
                }
                value => entries.push((key, value)),
            }
        }
        Ok(Val::Map(Rc::new(entries)))
    }

    fn comprehension(&mut self, of: &'a ComprehensionExpr) -> Answer<'a> {
        let range = self.eval(&of.iter_range)?;
        let start = self.eval(&of.accu_init)?;
        let depth = self.scope.len();
        self.scope.push((&of.accu_var, start));
        let names = std::iter::once(&of.iter_var).chain(&of.iter_var2);
        self.scope.extend(names.map(|name| (name.as_str(), Val::Null)));
        let answer = self.run(of, &range, depth);
        self.scope.truncate(depth);
        answer
    }

    fn run(&mut self, of: &'a ComprehensionExpr, range: &Val<'a>, depth: usize) -> Answer<'a> {
        let pairs = of.iter_var2.is_some();
        if let Some(items) = range.items() {
            for (i, item) in items.enumerate() {
                let number = || i64::try_from(i).map_or(Val::Null, Val::Int);
                let (first, second) = if pairs { (number(), Some(item)) } else { (item, None) };
                if !self.step(of, depth, first, second)? {
                    break;
                }
            }
        } else {
            let entries =
                range.entries().ok_or_else(|| no_overload("a macro", std::slice::from_ref(range)))?;
            for (key, value) in entries {
                if !self.step(of, depth, key, pairs.then_some(value))? {
                    break;
                }
            }
        }
        self.eval(&of.result)
    }

    /// One turn of a macro; `false` says that the other items make no difference.
    fn step(
        &mut self,
        of: &'a ComprehensionExpr,
        depth: usize,
        first: Val<'a>,
        second: Option<Val<'a>>,
    ) -> Result<bool, String> {
        if !self.truth(&of.loop_cond)? {
            return Ok(false);
        }
        self.scope[depth + 1].1 = first;
        if let Some(second) = second {
            self.scope[depth + 2].1 = second;
        }
        let step = match conditional(&of.loop_step, &of.accu_var) {
            Some((test, _)) if !self.truth(test)? => return Ok(true),
            Some((_, step)) => step,
            None => &of.loop_step,
        };
        let Some(element) = appended(step, &of.accu_var) else {
            self.scope[depth].1 = self.eval(step).unwrap_or_else(|error| Val::Fault(error.into()));
            return Ok(true);
        };
        let element = self.eval(element)?;
        match &mut self.scope[depth].1 {
            Val::List(items) => Rc::make_mut(items).push(element),
            other => return Err(no_overload("+", &[other.clone(), element])),
        }
        Ok(true)
    }
}

/// `test ? step : accu`, as `filter` and `exists_one` are written out.
fn conditional<'a>(step: &'a Expression, accu: &str) -> Option<(&'a Expression, &'a Expression)> {
    let Expr::Call(call) = &step.expr else { return None };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::CONDITIONAL, [test, step, rest]) if is_ident(rest, accu) => Some((test, step)),
        _ => None,
    }
}

/// The element of `accu + [element]`. It is appended in place: otherwise `map` and `filter` would copy their list at every turn.
fn appended<'a>(step: &'a Expression, accu: &str) -> Option<&'a Expression> {
    let Expr::Call(call) = &step.expr else { return None };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::ADD, [left, Expression { expr: Expr::List(list), .. }]) if is_ident(left, accu) => {
            list.elements.first().filter(|_| list.elements.len() == 1 && list.optional_indices.is_empty())
        }
        _ => None,
    }
}

fn is_ident(expression: &Expression, name: &str) -> bool {
    matches!(&expression.expr, Expr::Ident(known) if known == name)
}

/// Operators have names that no identifier can have: `_+_`, `!_`, `-_`, `@in`.
pub(super) fn is_operator(name: &str) -> bool {
    match name.as_bytes() {
        [b'_', second, ..] => !second.is_ascii_alphanumeric() && *second != b'_',
        [first, ..] => matches!(first, b'!' | b'-' | b'@'),
        [] => false,
    }
}

fn literal(literal: &LiteralValue) -> Val<'_> {
    match literal {
        LiteralValue::Boolean(b) => Val::Bool(*b.inner()),
        LiteralValue::Double(n) => Val::Float(*n.inner()),
        LiteralValue::Int(n) => Val::Int(*n.inner()),
        LiteralValue::UInt(n) => Val::UInt(*n.inner()),
        LiteralValue::String(s) => Val::Str(s.inner()),
        LiteralValue::Bytes(b) => Val::Other(kube_cel::cel::Value::Bytes(b.inner().to_vec().into())),
        LiteralValue::Null => Val::Null,
    }
}
