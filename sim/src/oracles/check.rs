//! `always` and `eventually`: what a scenario expects of the objects as the API server has them.
//!
//! - `always` is judged from t = 0 at every commit of a kind that it reads, faults or not. It is a violation once it has not held
//!   for its `grace` at a stretch, and without a grace at once.
//! - `eventually` is no oracle of its own: while it does not hold the system is not converged (`convergence`).
//!
//! An expression that cannot be evaluated counts as one that does not hold. Not judged: what any client has seen; its reads may
//! be older.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Violation;
use super::cel::{CelError, CelProgram, CelVar};
use super::partial;
use crate::apiserver::ApiServer;
use crate::engine::{SECOND, Time};
use crate::hermetic;
use crate::object::{LabelSelector, Object, Value};
use crate::scenario::{self, Expectation, Modality, Var, View, oracle};

/// A check of a scenario, compiled; all runs share it.
#[derive(Clone, Debug)]
pub struct Compiled {
    name: String,
    modality: Modality,
    grace_ms: u64,
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
}

impl Compiled {
    /// Compiles an expectation.
    pub fn new(expectation: &Expectation) -> Result<Self, CelError> {
        let (modality, grace_ms) = (expectation.modality, expectation.grace_ms);
        Ok(Self { modality, grace_ms, ..Self::of(&expectation.name, &expectation.check)? })
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
        Ok(Self { name: name.to_owned(), modality: Modality::Eventually, grace_ms: 0, code })
    }

    /// When it must hold.
    pub fn modality(&self) -> Modality {
        self.modality
    }

    /// The check at the beginning of a run. `namespace` is the scenario's.
    pub fn start<'s>(&'s self, namespace: &'s str) -> Check<'s> {
        Check { compiled: self, namespace, failing: None }
    }
}

impl Check<'_> {
    /// The name in reports.
    pub fn name(&self) -> &str {
        &self.compiled.name
    }

    /// Whether a change of an object of this kind may change the outcome.
    pub fn is_about(&self, kind: &str) -> bool {
        match &self.compiled.code {
            Code::Cel { vars, .. } => vars.iter().any(|(var, _)| var.kind.matches("", "", kind)),
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
                let list =
                    |api_version: &str, kind: &str| objects(server, api_version, kind).cloned().collect();
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
            Ok(false) => Err(format!("it is false with {}", in_words(&values))),
            Err(why) => Err(format!("it {why}, with {}", in_words(&values))),
        }
    }

    fn select(&self, var: &Var, selector: Option<&LabelSelector>, server: &ApiServer) -> Vec<Arc<Object>> {
        let namespace = var.namespace.as_deref().unwrap_or(self.namespace);
        objects(server, &var.api_version, &var.kind.0)
            .filter(|object| object.namespace().is_empty() || object.namespace() == namespace)
            .filter(|object| var.object.as_ref().is_none_or(|name| name == object.name()))
            .filter(|object| selector.is_none_or(|selector| selector.matches(object.labels())))
            .cloned()
            .collect()
    }

    fn matches(&self, pattern: &Value, server: &ApiServer) -> Result<(), String> {
        let text = |path: &[&str]| pattern.str_at(path).unwrap_or_default();
        let (api_version, kind) = (text(&["apiVersion"]), text(&["kind"]));
        let namespace = pattern.str_at(&["metadata", "namespace"]).unwrap_or(self.namespace);
        let mut why = None;
        for object in objects(server, api_version, kind)
            .filter(|o| o.namespace().is_empty() || o.namespace() == namespace)
        {
            match partial::difference(pattern, object.root()) {
                None => return Ok(()),
                Some(difference) => why = Some(format!("{} {}: {difference}", object.kind(), object.path())),
            }
        }
        Err(why.unwrap_or_else(|| format!("there is no {kind} {namespace}/{}", text(&["metadata", "name"]))))
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

/// The objects of a kind.
fn objects<'a>(
    server: &'a ApiServer,
    api_version: &str,
    kind: &str,
) -> impl Iterator<Item = &'a Arc<Object>> {
    let known = server.registry().by_kind(api_version, kind).map(|kind| kind.resource);
    known.into_iter().flat_map(|resource| server.objects_of(resource))
}

/// The variables of an expression that was false, with the names of their objects.
fn in_words(values: &[(&str, CelVar<'_>)]) -> String {
    let one = |(name, value): &(&str, CelVar<'_>)| match value {
        CelVar::Object(None) => format!("{name} = null"),
        CelVar::Object(Some(object)) => format!("{name} = {} {}", object.kind(), object.path()),
        CelVar::Objects(objects) => {
            let names: Vec<&str> = objects.iter().map(|object| object.name()).collect();
            format!("{name} = [{}]", names.join(", "))
        }
        CelVar::Value(value) => format!("{name} = {}", value.to_json()),
    };
    values.iter().map(one).collect::<Vec<_>>().join(", ")
}
