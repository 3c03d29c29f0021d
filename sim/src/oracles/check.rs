//! `always` and `eventually`: what a scenario expects of the objects as the API server has them.
//!
//! - `always` is judged from t = 0 at every commit of a kind that it reads, faults or not. It is a violation once it has not held
//!   for its `grace` at a stretch, and without a grace at once.
//! - `always` with an event is judged only at these requests of programs: on the objects as they are when the request is sent.
//! - `eventually` is no oracle of its own: while it does not hold the system is not converged (`convergence`).
//!
//! An expression that cannot be evaluated counts as one that does not hold. Not judged: what any client has seen; its reads may
//! be older.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::cel::{CelError, CelProgram, CelVar, FieldRead};
use super::kinds::{can_be, can_be_written, objects, served};
use super::{Violation, partial};
use crate::apiserver::ApiServer;
use crate::engine::{SECOND, Time};
use crate::hermetic;
use crate::object::{LabelSelector, Object, Value};
use crate::scenario::{
    self, EventPattern, Expectation, KindName, Modality, Place, Problem, Var, View, oracle,
};
use crate::wire::Resource;

/// A check of a scenario, compiled; all runs share it.
#[derive(Clone, Debug)]
pub struct Compiled {
    name: String,
    modality: Modality,
    grace_ms: u64,
    event: Option<EventPattern>,
    code: Code,
}

#[derive(Clone, Debug)]
enum Code {
    Cel { program: Arc<CelProgram>, vars: Vec<(Var, Option<LabelSelector>)> },
    Match(Value),
    Rust(scenario::RustCheck),
}

/// A check during one run.
#[derive(Clone, Debug)]
pub struct Check<'s> {
    compiled: &'s Compiled,
    namespace: &'s str,
    /// Since when it has not held, and what was wrong then.
    failing: Option<(Time, String)>,
    /// Whether one of its requests was sent.
    was_judged: bool,
}

impl Compiled {
    /// Compiles an expectation.
    pub fn new(expectation: &Expectation) -> Result<Self, CelError> {
        let (modality, grace_ms, event) =
            (expectation.modality, expectation.grace_ms, expectation.on.clone());
        Ok(Self { modality, grace_ms, event, ..Self::of(&expectation.name, &expectation.check)? })
    }

    /// Compiles a check that a step judges once.
    pub fn of(name: &str, check: &scenario::Check) -> Result<Self, CelError> {
        let code = match check {
            scenario::Check::Cel { vars, source } => {
                let names: Vec<&str> = vars.iter().map(|var| var.name.as_str()).collect();
                let program = Arc::new(CelProgram::compile(source, &names)?);
                let selector =
                    |var: &Var| var.selector.as_deref().and_then(|text| LabelSelector::parse(text).ok());
                Code::Cel { program, vars: vars.iter().map(|var| (var.clone(), selector(var))).collect() }
            }
            scenario::Check::Match(pattern) => Code::Match(pattern.clone()),
            scenario::Check::Rust(check) => Code::Rust(check.clone()),
        };
        Ok(Self { name: name.to_owned(), modality: Modality::Eventually, grace_ms: 0, event: None, code })
    }

    /// When it must hold.
    pub fn modality(&self) -> Modality {
        self.modality
    }

    /// The check at the beginning of a run. `namespace` is the scenario's.
    pub fn start<'s>(&'s self, namespace: &'s str) -> Check<'s> {
        Check { compiled: self, namespace, failing: None, was_judged: false }
    }
}

impl Check<'_> {
    /// The name in reports.
    pub fn name(&self) -> &str {
        &self.compiled.name
    }

    /// The requests at which alone it is judged, if it is not judged at commits.
    pub fn event(&self) -> Option<&EventPattern> {
        self.compiled.event.as_ref()
    }

    /// Whether it waited for requests of which none came.
    pub fn waited_in_vain(&self) -> bool {
        self.event().is_some() && !self.was_judged
    }

    /// Whether a change of an object of this resource and kind may change the outcome.
    pub fn is_about(&self, resource: Resource, kind: &str) -> bool {
        let is = |name: &KindName| name.matches(resource.group(), resource.plural(), kind);
        match &self.compiled.code {
            Code::Cel { vars, .. } => vars.iter().any(|(var, _)| is(&var.kind)),
            Code::Match(pattern) => pattern.str_at(&["kind"]) == Some(kind),
            Code::Rust(_) => true,
        }
    }

    /// Whether it holds now; if not, what was wanted and what is.
    pub fn holds(&self, server: &ApiServer) -> Result<(), String> {
        match &self.compiled.code {
            Code::Cel { program, vars } => self.cel(program, vars, server),
            Code::Match(pattern) => self.matches(pattern, server),
            Code::Rust(check) => {
                let list = |api_version: &str, kind: &str| {
                    can_be(api_version, &kind.into())?;
                    Ok(objects(server, api_version, &kind.into()).cloned().collect())
                };
                // The check is the user's code, and so is its panic.
                let judged = catch_unwind(AssertUnwindSafe(|| check.judge(&View::new(&list))));
                judged.unwrap_or_else(|_| Err(panicked()))
            }
        }
    }

    /// Judges an `always` now.
    pub fn always(&mut self, now: Time, server: &ApiServer) -> Option<Violation> {
        let Err(why) = self.holds(server) else {
            self.failing = None;
            return None;
        };
        let (since, first) = self.failing.get_or_insert((now, why));
        if now.since(*since) < self.compiled.grace_ms {
            return None;
        }
        let grace = match self.compiled.grace_ms / SECOND {
            0 => String::new(),
            seconds => format!(" for more than {seconds} s"),
        };
        let message = format!("\"{}\" did not hold at {now}{grace}: {first}", self.compiled.name);
        Some(Violation::new(oracle::ALWAYS, now, message))
    }

    /// Judges an `always` at one of its requests, which is sent now.
    pub fn at_request(&mut self, now: Time, request: &str, server: &ApiServer) -> Option<Violation> {
        self.was_judged = true;
        let why = self.holds(server).err()?;
        let message = format!("\"{}\" did not hold at {now}, at {request}: {why}", self.compiled.name);
        Some(Violation::new(oracle::ALWAYS, now, message))
    }

    /// The end of the grace that it is in.
    pub fn grace_ends(&self) -> Option<Time> {
        self.failing.as_ref().map(|(since, _)| *since + self.compiled.grace_ms)
    }

    fn cel(
        &self,
        program: &CelProgram,
        vars: &[(Var, Option<LabelSelector>)],
        server: &ApiServer,
    ) -> Result<(), String> {
        let lists: Vec<Vec<Arc<Object>>> =
            vars.iter().map(|(var, selector)| self.select(var, selector.as_ref(), server)).collect();
        let values: Vec<(&str, CelVar<'_>)> = vars
            .iter()
            .zip(&lists)
            .map(|((var, _), list)| {
                let value = match var.object {
                    Some(_) => CelVar::Object(list.first().map(|object| &**object)),
                    None => CelVar::Objects(list),
                };
                (var.name.as_str(), value)
            })
            .collect();
        match program.eval(&values) {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("it is false with {}", in_words(program, &values))),
            Err(why) => Err(format!("it {why}, with {}", in_words(program, &values))),
        }
    }

    fn select(&self, var: &Var, selector: Option<&LabelSelector>, server: &ApiServer) -> Vec<Arc<Object>> {
        let namespace = var.namespace.as_deref().unwrap_or(self.namespace);
        objects(server, &var.api_version, &var.kind)
            .filter(|object| object.namespace().is_empty() || object.namespace() == namespace)
            .filter(|object| var.object.as_ref().is_none_or(|name| name == object.name()))
            .filter(|object| selector.is_none_or(|selector| selector.matches(object.labels())))
            .cloned()
            .collect()
    }

    /// Some object of the pattern's kind, name and namespace matches.
    fn matches(&self, pattern: &Value, server: &ApiServer) -> Result<(), String> {
        let text = |path: &[&str]| pattern.str_at(path).unwrap_or_default();
        let (api_version, kind) = (text(&["apiVersion"]), KindName::from(text(&["kind"])));
        let Some(known) = served(server.registry(), api_version, &kind) else {
            return Err(format!(
                "the server has no kind {kind} of {api_version}: no definition of it is there"
            ));
        };
        let namespace = pattern.str_at(&["metadata", "namespace"]).unwrap_or(self.namespace);
        let name = pattern.str_at(&["metadata", "name"]);
        let all: Vec<&Arc<Object>> = objects(server, api_version, &kind)
            .filter(|o| o.namespace().is_empty() || o.namespace() == namespace)
            .collect();
        let mut differences = Vec::new();
        for object in all.iter().filter(|object| name.is_none_or(|name| name == object.name())) {
            match partial::difference(pattern, object.root()) {
                None => return Ok(()),
                Some(difference) => {
                    differences.push(format!("{} {}: {difference}", object.kind(), object.path()));
                }
            }
        }
        if !differences.is_empty() {
            return Err(some_of(&differences, "; "));
        }
        let namespace = if known.namespaced { namespace } else { "" };
        let everywhere: Vec<&Arc<Object>> = objects(server, api_version, &kind).collect();
        Err(is_absent(&kind.0, namespace, name, &everywhere))
    }
}

/// Why a check does not hold that has panicked.
fn panicked() -> String {
    let panic = hermetic::take_last_panic();
    panic.map_or_else(
        || "the check panicked".into(),
        |panic| format!("the check panicked at {}: {}", panic.location, panic.message),
    )
}

/// The words for an object, or any object of a kind, that is not there. `others` are all of the kind.
fn is_absent(kind: &str, namespace: &str, name: Option<&str>, others: &[&Arc<Object>]) -> String {
    let wanted = match (namespace, name) {
        ("", name) => format!("there is no {kind} {}", name.unwrap_or_default()),
        (namespace, Some(name)) => format!("there is no {kind} {namespace}/{name}"),
        (namespace, None) => format!("there is no {kind} in namespace {namespace}"),
    };
    let paths: Vec<_> = others.iter().map(|object| object.path()).collect();
    match paths.len() {
        0 => format!("{}, nor any other {kind}", wanted.trim_end()),
        1 => format!("{wanted}; there is {}", paths[0]),
        _ => format!("{wanted}; there are {}", some_of(&paths, ", ")),
    }
}

/// How many names or differences a message has. Our choice.
const MOST_IN_WORDS: usize = 12;

/// The first of these, with how many more there are.
fn some_of(all: &[impl AsRef<str>], between: &str) -> String {
    let first: Vec<&str> = all.iter().take(MOST_IN_WORDS).map(AsRef::as_ref).collect();
    match all.len().saturating_sub(MOST_IN_WORDS) {
        0 => first.join(between),
        more => format!("{}{between}and {more} more", first.join(between)),
    }
}

/// What is wrong with a check that only its judge knows: its expression, and the kinds that it names. Each problem has its place
/// in the check.
pub fn problems(check: &scenario::Check) -> Vec<Problem> {
    let problem = |fields: &[&str], checked: Result<(), String>| {
        checked.err().map(|why| Problem { place: Place::of(fields, None), why })
    };
    match check {
        scenario::Check::Rust(_) => Vec::new(),
        scenario::Check::Match(pattern) => {
            let text = |field: &str| pattern.str_at(&[field]).unwrap_or_default();
            let kind = KindName::from(text("kind"));
            problem(&["match", "kind"], can_be_written(text("apiVersion"), &kind)).into_iter().collect()
        }
        scenario::Check::Cel { vars, source } => {
            let names: Vec<&str> = vars.iter().map(|var| var.name.as_str()).collect();
            let compiled = CelProgram::compile(source, &names).map(drop).map_err(|error| error.to_string());
            let kinds = vars
                .iter()
                .filter_map(|var| problem(&["vars", &var.name, "kind"], can_be(&var.api_version, &var.kind)));
            problem(&["cel"], compiled).into_iter().chain(kinds).collect()
        }
    }
}

/// What an expression that was false has read: the values of single objects' fields, the names of the objects in lists.
fn in_words(program: &CelProgram, values: &[(&str, CelVar<'_>)]) -> String {
    let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
    let reads = program.reads(&names);
    let one = |(name, value): &(&str, CelVar<'_>)| match value {
        CelVar::Object(None) => vec![format!("{name} = null")],
        CelVar::Object(Some(object)) => {
            let fields = || reads.iter().filter(|read| read.var == *name && !read.is_whole());
            let field = |read: &FieldRead<'_>| match read.of(object.root()) {
                Some(value) => format!("{read} = {}", partial::short(value)),
                None => format!("{read} absent"),
            };
            match fields().next() {
                Some(_) => fields().map(field).collect(),
                None => vec![format!("{name} = {} {}", object.kind(), object.path())],
            }
        }
        CelVar::Objects(objects) => {
            let names: Vec<&str> = objects.iter().map(|object| object.name()).collect();
            vec![format!("{name} = [{}]", some_of(&names, ", "))]
        }
        CelVar::Value(value) => vec![format!("{name} = {}", partial::short(value))],
    };
    values.iter().flat_map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::tests::{played, scenario, wait};
    use crate::scenario::{Check, Scenario};
    use crate::value;

    /// What is reported of a check that does not hold in the end.
    fn report(check: Check) -> String {
        let (name, modality) = ("it".to_owned(), Modality::Eventually);
        let expect = vec![Expectation { name, modality, check, on: None, grace_ms: 0 }];
        let mut scenario = Scenario { expect, steps: vec![wait(1_000)], ..scenario() };
        scenario.converge.within_ms = 60_000;
        let found = played(scenario, "").violation.expect("the check does not hold");
        let (_, why) =
            found.message.split_once("expectation \"it\" does not hold: ").expect("it is the reason");
        why.split_once(", 60 s after").map_or(why, |(why, _)| why).to_owned()
    }

    #[test]
    fn a_pattern_of_an_absent_object_says_that_it_is_absent() {
        let pattern = |api_version: &str, kind: &str, metadata: Value| {
            report(Check::Match(value!({
                "apiVersion": api_version, "kind": kind, "metadata": metadata,
                "spec": {"replicas": 4}
            })))
        };
        for (report, wanted) in [
            (
                pattern("apps/v1", "Deployment", value!({"name": "web"})),
                "Deployment default/web: spec.replicas: want 4, is 3",
            ),
            (
                pattern("apps/v1", "Deployment", value!({"name": "wbe"})),
                "there is no Deployment default/wbe; there is default/web",
            ),
            (
                pattern("apps/v1", "Deployment", value!({"namespace": "other"})),
                "there is no Deployment in namespace other; there is default/web",
            ),
            (
                pattern("v1", "Node", value!({"name": "node-7"})),
                "there is no Node node-7; there are node-1, node-2, node-3",
            ),
            (
                pattern("batch/v1", "Job", value!({"name": "j"})),
                "there is no Job default/j, nor any other Job",
            ),
            (
                pattern("example.com/v1", "Web", value!({"name": "w"})),
                "the server has no kind Web of example.com/v1: no definition of it is there",
            ),
        ] {
            assert_eq!(report, wanted);
        }
    }

    #[test]
    fn an_expression_shows_the_fields_that_it_has_read() {
        let var = |name: &str, kind: &str, object: Option<&str>| Var {
            name: name.into(),
            api_version: "apps/v1".into(),
            kind: kind.into(),
            object: object.map(Into::into),
            namespace: None,
            selector: None,
        };
        let cel = |source: &str| {
            let vars = vec![
                var("d", "deployment", Some("web")),
                var("none", "Deployment", Some("nobody")),
                var("sets", "replicasets", None),
            ];
            report(Check::Cel { vars, source: source.into() })
        };
        let set = "none = null, sets = [web-";
        let text = cel("d.status.readyReplicas > d.spec.replicas && none != null && sets.size() > 1");
        assert!(
            text.starts_with(&format!(
                "it is false with d.status.readyReplicas = 3, d.spec.replicas = 3, {set}"
            )),
            "{text}"
        );
        let text = cel("has(d.status.collisionCount)");
        assert!(
            text.starts_with(&format!("it is false with d.status.collisionCount absent, {set}")),
            "{text}"
        );
        let text = cel("d == none");
        assert!(text.starts_with(&format!("it is false with d = Deployment default/web, {set}")), "{text}");
        let text = cel("d.spec.template.spec.containers[0].image == 'web:2'");
        assert!(text.contains("d.spec.template.spec.containers[0].image = \"web:1\""), "{text}");
    }

    #[test]
    fn a_check_in_rust_that_names_no_kind_does_not_hold() {
        let check = scenario::RustCheck::new(|view| view.require(view.list("v1/Pd").is_empty(), "pods"));
        assert_eq!(report(Check::Rust(check)), "there is no kind `Pd` in v1; did you mean `Pod`?");
    }

    #[test]
    fn an_always_of_a_plural_is_judged() {
        let pods = Var {
            name: "pods".into(),
            api_version: "v1".into(),
            kind: "pods".into(),
            object: None,
            namespace: None,
            selector: None,
        };
        let check = Check::Cel { vars: vec![pods], source: "pods.size() < 4".into() };
        let (name, modality) = ("few".to_owned(), Modality::Always);
        let expect = vec![Expectation { name, modality, check, on: None, grace_ms: 0 }];
        let found = played(Scenario { expect, ..scenario() }, "pod-deletion(pods/*)@5s").violation;
        assert!(found.is_some_and(|found| found.message.contains("pods = [web-")));
    }
}
