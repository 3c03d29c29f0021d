//! The functions of `cel` and `kube-cel`, called with our values. No other file converts values.

use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use kube_cel::KubeCelExt;
use kube_cel::cel::common::ast::{CallExpr, Expr};
use kube_cel::cel::objects::{self, OptionalValue};
use kube_cel::cel::parser::Expression;
use kube_cel::cel::{self, Context, ExecutionError};

use super::value::Val;

static LIBRARY: LazyLock<Context<'static>> = LazyLock::new(|| Context::default().with_all());

/// The names under which the library gets arguments. More than these are refused.
const NAMES: [&str; 8] = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7"];

/// Whether the library has the function. Called without arguments, a function that is there complains about the arguments.
pub(super) fn knows(function: &str) -> bool {
    let call = CallExpr { func_name: function.to_owned(), ..CallExpr::default() };
    let answer = LIBRARY.resolve(&Expression { id: 0, expr: Expr::Call(call) });
    !matches!(answer, Err(ExecutionError::UndeclaredReference(name)) if name.as_str() == function)
}

/// Calls `function`, as a method where the first of `args` is its target, or in a namespace such as `math`.
pub(super) fn call<'a>(
    function: &str,
    namespace: Option<&str>,
    is_method: bool,
    args: &[Val<'a>],
) -> Result<Val<'a>, String> {
    if args.len() > NAMES.len() {
        return Err(format!(
            "`{function}` has {} arguments, at most {} are supported",
            args.len(),
            NAMES.len()
        ));
    }
    let mut context = LIBRARY.new_inner_scope();
    let mut names = Vec::with_capacity(args.len());
    for (name, arg) in NAMES.iter().zip(args) {
        context.add_variable_from_value(*name, to_library(arg));
        names.push(ident(name));
    }
    let target = match namespace {
        Some(namespace) => Some(ident(namespace)),
        None => (is_method && !names.is_empty()).then(|| names.remove(0)),
    };
    let call = CallExpr { func_name: function.to_owned(), target: target.map(Box::new), args: names };
    let expression = Expression { id: 0, expr: Expr::Call(call) };
    let answer = context.resolve(&expression);
    answer.map(from_library).map_err(|error| message(function, args, &error))
}

fn ident(name: &str) -> Expression {
    Expression { id: 0, expr: Expr::Ident(name.to_owned()) }
}

/// The library's error in our words: its own prints whole objects.
fn message(function: &str, args: &[Val<'_>], error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
        ExecutionError::FunctionError { function, message } => format!("`{function}`: {message}"),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "division by zero".into(),
        ExecutionError::Overflow(..) => "integer overflow".into(),
        ExecutionError::IndexOutOfBounds(_) => "index out of bounds".into(),
        _ => no_overload(function, args),
    }
}

/// That a function or operator does not take these types.
pub(super) fn no_overload(function: &str, args: &[Val<'_>]) -> String {
    let types: Vec<&str> = args.iter().map(Val::type_name).collect();
    let function = function.trim_matches(['_', '@']);
    format!("no such overload: `{function}` of {}", types.join(" and "))
}

/// Our value as the library's: a deep copy.
pub(super) fn to_library(value: &Val<'_>) -> cel::Value {
    if let Some(text) = value.as_str() {
        return text.into();
    }
    if let Some(items) = value.items() {
        return cel::Value::List(Arc::new(items.map(|item| to_library(&item)).collect()));
    }
    if let Some(entries) = value.entries() {
        let entry = |(key, value): &(Val<'_>, Val<'_>)| {
            let key: objects::Key = to_library(key).try_into().ok()?;
            Some((key, to_library(value)))
        };
        return cel::Value::Map(objects::Map { map: Arc::new(entries.iter().filter_map(entry).collect()) });
    }
    match value {
        Val::Bool(b) => cel::Value::Bool(*b),
        Val::Int(n) => cel::Value::Int(*n),
        Val::UInt(n) => cel::Value::UInt(*n),
        Val::Float(n) => cel::Value::Float(*n),
        Val::Other(other) => other.clone(),
        Val::Optional(None) => cel::Value::Opaque(Arc::new(OptionalValue::none())),
        Val::Optional(Some(value)) => cel::Value::Opaque(Arc::new(OptionalValue::of(to_library(value)))),
        _ => cel::Value::Null,
    }
}

/// The library's value as ours.
fn from_library<'a>(value: cel::Value) -> Val<'a> {
    match value {
        cel::Value::Null => Val::Null,
        cel::Value::Bool(b) => Val::Bool(b),
        cel::Value::Int(n) => Val::Int(n),
        cel::Value::UInt(n) => Val::UInt(n),
        cel::Value::Float(n) => Val::Float(n),
        cel::Value::String(s) => Val::Text(s.as_str().into()),
        cel::Value::List(items) => Val::list(items.iter().cloned().map(from_library).collect()),
        cel::Value::Map(map) => {
            let mut entries: Vec<_> =
                map.map.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            let entries =
                entries.into_iter().map(|(key, value)| (from_library(key.into()), from_library(value)));
            Val::Map(Rc::new(entries.collect()))
        }
        cel::Value::Opaque(opaque) => match opaque.downcast_ref::<OptionalValue>() {
            Some(optional) => {
                Val::Optional(optional.value().map(|value| Rc::new(from_library(value.clone()))))
            }
            None => Val::Other(cel::Value::Opaque(opaque)),
        },
        other => Val::Other(other),
    }
}
