//! What is wrong with expectations and the checks of `assert` steps.

use super::Checker;
use crate::scenario::expect::{Check, Expectation, Modality, Var};
use crate::scenario::{EventVerb, form};

impl<'s> Checker<'s> {
    pub(super) fn expectation(&mut self, expectation: &'s Expectation) {
        let Expectation { name, modality, check, on, grace_ms } = expectation;
        self.form("name", &form::TEXT, name);
        let is_always = *modality == Modality::Always;
        let field = if is_always { "always" } else { "eventually" };
        self.field(field, |checker| {
            checker.check(check);
            if *grace_ms > 0 && !is_always {
                let why =
                    "`grace` goes with `always`: an `eventually` has until the end of `converge.within`";
                checker.right("grace", Err(why.into()));
            }
            let Some(on) = on else { return };
            if !is_always {
                checker.right("event", Err("`event` goes with `always`: leave it out".into()));
            }
            if *grace_ms > 0 {
                let why =
                    "`grace` does not go with `event`: the check is judged at each of these requests at once";
                checker.right("grace", Err(why.into()));
            }
            if on.verb.class() == EventVerb::WatchEvent {
                checker.right("event", Err("a check is judged at requests: write `write` or `read`".into()));
            }
            checker.field("event", |checker| checker.event(on, false));
        });
    }

    pub(super) fn check(&mut self, check: &'s Check) {
        match check {
            Check::Rust(_) => {}
            Check::Match(part) => {
                for field in ["apiVersion", "kind"] {
                    if part.str_at(&[field]).is_none_or(str::is_empty) {
                        let why = format!("`match` needs `{field}`: write both `apiVersion` and `kind`");
                        self.right("match", Err(why));
                    }
                }
            }
            Check::Cel { vars, .. } => {
                if vars.is_empty() {
                    let why =
                        "without variables the expression is the same in every run: name objects in `vars`";
                    self.right("cel", Err(why.into()));
                }
                self.field("vars", |checker| {
                    for (i, var) in vars.iter().enumerate() {
                        let first = vars[..i].iter().all(|other| other.name != var.name);
                        checker.field(&var.name, |checker| checker.var(var, first));
                    }
                });
            }
        }
    }

    fn var(&mut self, var: &Var, first: bool) {
        if let Err(why) = form::VARIABLE.check(&var.name) {
            self.wrong(why);
        }
        if !first {
            self.wrong(format!("the variable `{}` is there twice: choose another name", var.name));
        }
        self.form("apiVersion", &form::TEXT, &var.api_version);
        self.form("kind", &form::KIND, &var.kind.0);
        self.may("name", &form::NAME, var.object.as_deref());
        self.may("namespace", &form::LABEL, var.namespace.as_deref());
        self.may("selector", &form::SELECTOR, var.selector.as_deref());
        if var.object.is_some() && var.selector.is_some() {
            self.right("selector", Err("`selector` does not go with `name`: leave one out".into()));
        }
    }
}
