//! Expressions and what they give, and that the walk agrees with the one of the `cel` crate.

use kube_cel::KubeCelExt;
use kube_cel::cel::{self, Program};
use proptest::prelude::*;

use super::*;
use crate::value;

fn pod(name: &str, phase: &str) -> Arc<Object> {
    Object::shared(value!({"metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {"nodeName": "node-1", "containers": [{"name": "c", "image": "nginx:2", "resources": {"limits": {"memory": "64Mi"}}}]},
        "status": {"phase": phase, "restarts": 2, "load": 0.5}}))
}

fn node(name: &str, ready: &str) -> Arc<Object> {
    Object::shared(value!({"metadata": {"name": name}, "status": {"conditions": [
        {"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": ready}]}}))
}

/// Evaluates with `pods` (three), `nodes` (two), `pod`, `none` and `facts`.
fn eval(text: &str) -> Result<bool, String> {
    let terminating = pod("c", "Failed")
        .edited(|root| root.set_at(&["metadata", "deletionTimestamp"], "2026-01-01T00:00:00Z"));
    let pods = [pod("a", "Running"), pod("b", "Succeeded"), Arc::new(terminating)];
    let nodes = [node("node-1", "True"), node("node-2", "Unknown")];
    let facts = value!({"members": 3, "healthy": 2});
    let vars = [
        ("pods", CelVar::Objects(&pods)),
        ("nodes", CelVar::Objects(&nodes)),
        ("pod", CelVar::Object(Some(&pods[0]))),
        ("none", CelVar::Object(None)),
        ("facts", CelVar::Value(&facts)),
    ];
    CelProgram::compile(text, &vars.map(|(name, _)| name)).map_err(|error| error.to_string())?.eval(&vars)
}

#[test]
fn expressions_of_scenarios_hold() {
    for text in [
        "pods.size() == 3 && pods.all(p, nodes.exists(n, n.metadata.name == p.spec.nodeName && \
         n.status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')))",
        "pods.filter(p, !has(p.metadata.deletionTimestamp) && !(p.status.phase in ['Failed','Succeeded'])).size() <= 3",
        "pods.filter(p, !has(p.metadata.deletionTimestamp)).map(p, p.metadata.name) == ['a', 'b']",
        "pods.all(p, p.spec.containers[0].image.endsWith(':2'))",
        "facts.healthy >= facts.members - 1",
        "none == null && pod != null",
        "pods.exists_one(p, p.status.phase == 'Failed')",
        "size(pods) == 3 && size('é') == 1 && {'a': 1}.size() == 1",
        "pod.status.load < 1 && pod.status.restarts == 2.0 && pod.status.restarts == 2u && pod.status.load > -1",
        "'app' in pod.metadata.labels && !('b' in pod.metadata.labels) && pod.metadata.labels.all(k, k.startsWith('a'))",
        "pod.metadata.labels == {'app': 'web'} && pod.metadata['name'] == 'a'",
        "quantity(pod.spec.containers[0].resources.limits.memory).isLessThan(quantity('1Gi'))",
        "timestamp('2026-01-01T00:00:00Z') < timestamp(pods[2].metadata.deletionTimestamp) + duration('1s')",
        "pod.spec.containers[0].image.matches('^nginx:[0-9]+$') && pod.metadata.name.upperAscii() == 'A'",
        "pods.map(p, p.status.restarts).sum() == 6 && math.greatest(1, 2) == 2 && 7 % 4 == 3 && 7 / 2 == 3",
        "pod.?status.?phase.orValue('') == 'Running' && pod.?spec.?paused.orValue(true) && !pod.?spec.?paused.hasValue()",
        "pod[?'spec'].hasValue() && [1, 2][?5].orValue(7) == 7 && optional.of(1).value() == 1",
        "false && none.status.x == 1 || true",
        "none.status.x == 1 || true",
        "pods.exists(p, p.metadata.absent == 1 || p.metadata.name == 'b')",
        "b'abc' == b'abc' && dyn(1) == 1 && [1, 2] + [3] == [1, 2, 3] && 'a' + 'b' == 'ab'",
        "pods.size() > 5 ? none.x : true",
    ] {
        assert_eq!(eval(text), Ok(true), "{text}");
    }
}

#[test]
fn what_has_no_truth_value_says_why() {
    for (text, why) in [
        ("pod.status.absent == 1", "no such key: absent"),
        ("none.status.phase == 'a'", "null has no field `status`"),
        ("has(none.status)", "no such overload: `has` of null"),
        ("pod.metadata.name.x == 1", "a string has no field `x`"),
        ("pods[3].kind == 'Pod'", "index out of bounds: 3 in a list of 3"),
        ("pods.all(p, p.metadata.absent == 1)", "no such key: absent"),
        ("pod.status", "it is a map and not a bool"),
        ("pod.status.phase < 1", "no such overload: `<` of a string and an int"),
        ("pod.status.phase && true", "no such overload: a string in place of a bool"),
        ("pods.size() / 0 == 1", "division by zero"),
        ("1 in 2", "no such overload: `in` of an int and an int"),
        ("optional.none().value() == 1", "`value` of an optional that has none"),
    ] {
        let said = eval(text).unwrap_err();
        assert!(said.starts_with(&format!("cannot be evaluated: {why}")), "{text}: {said}");
        assert_eq!(said.contains("test it with `has(..)` first"), why.starts_with("no such key"), "{said}");
    }
}

#[test]
fn errors_of_compilation_name_the_place_and_the_text() {
    let error = |text: &str| CelProgram::compile(text, &["pods"]).unwrap_err().to_string();
    let at = |line: usize, column: usize| format!("line {line}, column {column} of the expression: ");
    assert_eq!(error("pods.size() = 3").split(": ").next(), at(1, 13).strip_suffix(": "));
    assert!(error("pods.size() = 3").ends_with("in `pods.size() = 3`"));
    assert_eq!(error("true &&\n  pod.size() == 3"), at(2, 3) + "unknown variable `pod`, there are pods");
    assert_eq!(error("pods.all(p, p.foo())"), at(1, 15) + "unknown function `foo`");
    assert_eq!(error("foo(pods)"), at(1, 1) + "unknown function `foo`");
    assert_eq!(error("pods.all(p, true) && p"), at(1, 10) + "unknown variable `p`, there are pods");
    assert!(CelProgram::compile("", &[]).is_err());
}

#[test]
fn a_program_is_compiled_once_and_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<CelProgram>();
}

/// Terms, each followed by `; ` but the last.
const TERMS: &str = "f.n; f.l; f.m; f.s; f.f; f.t; f.absent; f.l[0]; f.l[9]; f.m.a; f.m['b']; 1; 'text'; null; [1]; \
    {'a': 1}; f.l.size(); f.s.size(); f.l.map(x, x + 1); f.l.filter(x, x > 1); f.l.exists(x, x == 2); \
    f.l.all(x, x < 3); f.l.exists_one(x, x == 1); f.m.map(k, k).size(); -f.n; !f.t; \
    f.s.startsWith('te'); f.s.upperAscii(); f.l.sum(); has(f.m.a); has(f.m.z); f.l.max()";

/// Where the crate differs from cel-go, and we follow cel-go: a map cannot be added to a list, and what cannot be a key is in no map.
fn is_known_difference(operator: &str, ours: &Result<cel::Value, String>) -> bool {
    match operator {
        "+" => ours.as_ref().err().is_some_and(|error| error == "no such overload: `+` of a list and a map"),
        _ => operator == "in" && *ours == Ok(cel::Value::Bool(false)),
    }
}

#[test]
fn the_walk_agrees_with_the_one_of_the_crate() {
    let facts = value!({"l": [3, 1, 2], "m": {"a": 1, "b": "x"}, "s": "text", "n": 5, "f": 2.5, "t": true});
    let mut context = cel::Context::default().with_all();
    context.add_variable("f", &facts).unwrap();
    let vars = [("f", CelVar::Value(&facts))];
    let operators = ["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "&&", "||", "in"];
    let terms = || TERMS.split("; ");
    let pairs = terms().flat_map(|left| terms().map(move |right| (left, right)));
    let mut differences = Vec::new();
    for (left, right) in pairs {
        for operator in operators {
            let text = format!("({left}) {operator} ({right})");
            let program = CelProgram::compile(&text, &["f"]).unwrap();
            let ours = Eval::new(&vars).eval(&program.expression).map(|value| library::to_library(&value));
            let theirs = Program::compile(&text).unwrap().execute(&context);
            let same = ours.as_ref().ok() == theirs.as_ref().ok();
            if !same && !is_known_difference(operator, &ours) {
                differences.push(format!("{text}: ours {ours:?}, theirs {theirs:?}"));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Words of CEL, in no order.
fn words() -> impl Strategy<Value = String> {
    let words = "pods pod none facts . .? [ ] [? ( ) { } : , ? ! - + * / % == < <= && || in 1 2u 1.5 'a' b'a' null true x has( size( \
        .all(x, .map(x, .filter(x, .exists(x, .exists_one(x, .size() .status .value() .orValue( .sum() .min() .find( .split( \
        .substring( .format( .replace( .join( .indexOf( .charAt( .isSorted() quantity( timestamp( duration( ip( cidr( semver( \
        int( string( double( bytes( math.greatest( sets.contains( base64.decode( optional.of( optional.none() é \u{0} \" ' \\ // //x";
    let words: Vec<&str> = words.split_whitespace().collect();
    prop::collection::vec(prop::sample::select(words), 0..12).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn no_text_makes_the_compiler_or_the_walk_panic(text in prop_oneof![words(), any::<String>()]) {
        let _ = eval(&text);
    }
}

#[test]
fn an_endless_evaluation_ends_with_an_error() {
    let text = "pods.all(x, ".repeat(20) + "true" + &")".repeat(20);
    assert_eq!(eval(&text), Err("cannot be evaluated: it takes more than 10000000 steps".into()));
}

#[test]
fn deep_nesting_is_an_error_not_an_overflow() {
    let nested = |open: &str, n: usize, close: &str| open.repeat(n) + "1" + &close.repeat(n);
    for n in [64, 799, 5000] {
        for text in [
            nested("(", n, ")"),
            nested("[", n, "]"),
            nested("{1: ", n, "}"),
            nested("!", n, ""),
            nested("true ? 1 : ", n, ""),
            nested("", n, " + 1"),
            nested("", n, " < 1"),
            nested("", n, "[0]"),
            nested("[].all(x, ", n, ")"),
            "pod".to_owned() + &".a".repeat(n),
        ] {
            assert_ne!(eval(&text), Ok(false));
        }
        assert!(n == 64 || eval(&nested("(", n, ")")).is_err());
    }
}
