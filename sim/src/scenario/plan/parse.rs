//! Reads plan text. Every error has a column and says what would be right.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use derive_more::Display;

use super::{ExactWhen, Plan, PlannedFault};
use crate::object::LabelSelector;
use crate::scenario::range::Millis;
use crate::scenario::{
    Args, EventPattern, EventVerb, FaultInfo, FaultTarget, Hosting, KindName, Moment, Pattern, Pick,
};

/// What is wrong with a plan's text.
#[derive(Clone, Debug, PartialEq, Eq, Display)]
#[display("plan, column {column}: {message}")]
pub struct BadPlan {
    /// The place, in characters from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl std::error::Error for BadPlan {}

impl FromStr for Plan {
    type Err = BadPlan;

    fn from_str(text: &str) -> Result<Self, BadPlan> {
        let mut reader = Reader { text, at: 0 };
        let mut faults = Vec::new();
        reader.spaces();
        while !reader.rest().is_empty() {
            faults.push(reader.fault()?);
            reader.spaces();
            if !reader.rest().is_empty() {
                reader.need(";", "`; ` between two faults")?;
                reader.spaces();
            }
        }
        Ok(Self(faults))
    }
}

impl FromStr for PlannedFault {
    type Err = BadPlan;

    fn from_str(text: &str) -> Result<Self, BadPlan> {
        let mut reader = Reader { text, at: 0 };
        let fault = reader.fault()?;
        if reader.rest().is_empty() { Ok(fault) } else { Err(reader.wants("the end, or `+DURATION`")) }
    }
}

/// A place in the text.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error_at(&self, at: usize, message: impl Into<String>) -> BadPlan {
        BadPlan { column: self.text[..at].chars().count() + 1, message: message.into() }
    }

    /// The error for a wrong character here.
    fn wants(&self, right: &str) -> BadPlan {
        match self.rest().chars().next() {
            None => self.error_at(self.at, format!("the text ends here: write {right}")),
            Some(c) => self.error_at(self.at, format!("`{c}` does not belong here: write {right}")),
        }
    }

    fn spaces(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn need(&mut self, token: &str, right: &str) -> Result<(), BadPlan> {
        if self.take(token) { Ok(()) } else { Err(self.wants(right)) }
    }

    /// The characters of a name or glob.
    fn word(&mut self, right: &str) -> Result<&'a str, BadPlan> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-~*%".contains(c);
        let rest = self.rest();
        let end = rest.find(|c| !plain(c)).unwrap_or(rest.len());
        if end == 0 {
            return Err(self.wants(right));
        }
        self.at += end;
        Ok(&rest[..end])
    }

    /// A word, read as something.
    fn parsed<T: FromStr<Err: fmt::Display>>(&mut self, right: &str) -> Result<T, BadPlan> {
        let start = self.at;
        self.word(right)?.parse().map_err(|e: T::Err| self.error_at(start, e.to_string()))
    }

    fn fault(&mut self) -> Result<PlannedFault, BadPlan> {
        let start = self.at;
        let fault = self.known_fault()?;
        self.need("(", "`(` and what the fault strikes")?;
        let target_at = self.at;
        let target = if fault.strikes_the_cluster() { FaultTarget::Cluster } else { self.target()? };
        if !fault.strikes(&target) {
            let message =
                format!("`{}` cannot strike `{target}`: it strikes {}", fault.name, fault.victims());
            return Err(self.error_at(target_at, message));
        }
        let args = self.args(fault)?;
        self.need(")", "`, ARG=VALUE` or `)`")?;
        self.need("@", "`@` and when: `@30s` or `@after(patch pods/default/web#1)`")?;
        let when = self.strike()?;
        let duration_ms =
            if self.take("+") { Some(self.parsed::<Millis>("a duration such as `30s`")?.0) } else { None };
        fault.check_args(&args).map_err(|message| self.error_at(start, message))?;
        fault.check_duration(duration_ms.is_some()).map_err(|message| self.error_at(start, message))?;
        Ok(PlannedFault { fault, target, args, when, duration_ms })
    }

    fn known_fault(&mut self) -> Result<&'static FaultInfo, BadPlan> {
        let start = self.at;
        let name = self.word("a fault such as `crash(etcd-operator)@30s`")?;
        FaultInfo::usable(name).map_err(|message| self.error_at(start, message))
    }

    fn target(&mut self) -> Result<FaultTarget, BadPlan> {
        if self.take("image=") {
            let rest = self.rest();
            let end = rest.find([',', ')']).ok_or_else(|| self.wants("an image and `)`"))?;
            self.at += end;
            return Ok(FaultTarget::Image { image: rest[..end].into() });
        }
        let first = self.word("a program, or KIND/NAMESPACE/NAME")?;
        if !self.take("/") {
            return Ok(FaultTarget::Program { program: first.into(), pick: self.pick()? });
        }
        let second = self.word("a name or `*`")?;
        let (namespace, name) =
            if self.take("/") { (Some(second), self.word("a name or `*`")?) } else { (None, second) };
        let kind = KindName::from(first);
        Ok(FaultTarget::Objects {
            namespace: namespace.filter(|n| *n != EventPattern::CLUSTER).map(str::to_owned),
            name: name.into(),
            selector: self.selector()?,
            hosting: self.hosting(&kind)?,
            pick: self.pick()?,
            kind,
        })
    }

    fn hosting(&mut self, kind: &KindName) -> Result<Option<Hosting>, BadPlan> {
        let start = self.at;
        if !self.take(" hosting [") {
            return Ok(None);
        }
        if !kind.matches("", "nodes", "Node") {
            return Err(self.error_at(start + 1, format!("`{kind}` hosts no pods: only nodes do")));
        }
        let rest = self.rest();
        let end = rest.find(']').ok_or_else(|| self.wants("pods such as `kind=Pod,app=web` and `]`"))?;
        let hosting = rest[..end].parse().map_err(|message: String| self.error_at(self.at, message))?;
        self.at += end + 1;
        Ok(Some(hosting))
    }

    fn pick(&mut self) -> Result<Pick, BadPlan> {
        if self.take(":") { self.parsed("`one`, `all`, `leader`, `2` or `50%`") } else { Ok(Pick::One) }
    }

    fn selector(&mut self) -> Result<Option<String>, BadPlan> {
        if !self.take("[") {
            return Ok(None);
        }
        let rest = self.rest();
        let end = rest.find(']').ok_or_else(|| self.wants("a label selector and `]`"))?;
        if let Err(error) = LabelSelector::parse(&rest[..end]) {
            return Err(self.error_at(self.at, format!("`{}` is no label selector ({error})", &rest[..end])));
        }
        self.at += end + 1;
        Ok(Some(rest[..end].to_owned()))
    }

    fn args(&mut self, fault: &'static FaultInfo) -> Result<Args, BadPlan> {
        let (mut args, mut given) = (fault.default_args(), BTreeSet::new());
        // Without a target, no comma precedes the first argument.
        let mut more =
            if fault.strikes_the_cluster() { !self.rest().starts_with(')') } else { self.take(",") };
        while more {
            self.spaces();
            let start = self.at;
            let name = self.word("an argument such as `status=504`")?;
            let Some(arg) = fault.arg(name) else {
                return Err(self.error_at(start, fault.no_arg(name)));
            };
            if !given.insert(name) {
                return Err(self.error_at(start, format!("`{name}` is there twice: leave one out")));
            }
            self.need("=", "`=` and a value")?;
            let start = self.at;
            let rest = self.rest();
            let end = rest.find([',', ')']).ok_or_else(|| self.wants("a value and `)`"))?;
            self.at += end;
            let value = arg.read(&rest[..end]).map_err(|message| self.error_at(start, message))?;
            if !value.is_exact() {
                return Err(
                    self.error_at(start, format!("a plan is exact: write one value in place of `{value}`"))
                );
            }
            args.0.insert(arg.name, value);
            more = self.take(",");
        }
        Ok(args)
    }

    fn strike(&mut self) -> Result<ExactWhen, BadPlan> {
        let start = self.at;
        let right = "a time such as `30s`, or `before(..)`, `after(..)` or `after-response(..)`";
        let word = self.word(right)?;
        if !self.take("(") {
            let time =
                word.parse::<Millis>().map_err(|e| self.error_at(start, format!("{e}, or {right}")))?;
            return Ok(ExactWhen::At(time.0));
        }
        let Some(moment) = Moment::ALL.iter().copied().find(|moment| moment.as_str() == word) else {
            return Err(
                self.error_at(start, format!("`{word}` is no moment: write before, after or after-response"))
            );
        };
        let (event, nth) = self.event()?;
        self.need(")", "`)` after the event")?;
        Ok(ExactWhen::On { moment, event, nth })
    }

    fn event(&mut self) -> Result<(EventPattern, u64), BadPlan> {
        let right = "an event such as `patch pods/default/web#1`";
        let (mut start, mut word, mut actor) = (self.at, self.word(right)?, None);
        if self.take(":") {
            self.spaces();
            actor = Some(Pattern::from(word));
            (start, word) = (self.at, self.word(right)?);
        }
        if word == "call" {
            return Err(self.error_at(start, "this version has no `call` events: write a request of the API"));
        }
        let verb: EventVerb = word.parse().map_err(|message: String| self.error_at(start, message))?;
        self.need(" ", "a space, then KIND/NAMESPACE/NAME")?;
        let (kind, subresource, namespace, name) = self.path()?;
        let selector = self.selector()?;
        self.need("#", "`#` and which occurrence, such as `#1`")?;
        let nth_at = self.at;
        let nth = self.word("which occurrence, from 1")?;
        let nth = nth.parse().ok().filter(|n| *n > 0).ok_or_else(|| {
            self.error_at(nth_at, format!("`{nth}` is no occurrence: write a number from 1, such as `1`"))
        })?;
        let kind = (kind != "*").then(|| KindName::from(kind));
        let subresource = subresource.map_or_else(Pattern::any, Pattern::from);
        let (namespace, name) = (namespace.into(), name.into());
        let event = EventPattern { actor, verb, kind, subresource, namespace, name, selector };
        match event.check().into_iter().next() {
            Some((_, why)) => Err(self.error_at(start, why)),
            None => Ok((event, nth)),
        }
    }

    /// `KIND[/SUBRESOURCE]/NAMESPACE/NAME`. The subresource may be empty.
    fn path(&mut self) -> Result<(&'a str, Option<&'a str>, &'a str, &'a str), BadPlan> {
        let start = self.at;
        let mut parts = vec![self.word("KIND/NAMESPACE/NAME")?];
        while self.take("/") {
            let no_subresource = parts.len() == 1 && self.rest().starts_with('/');
            parts.push(if no_subresource { "" } else { self.word("a name or `*`")? });
        }
        match parts[..] {
            [_, "", _] => Err(self.error_at(
                start,
                format!("`{}` has no namespace: write `-` for cluster-scoped kinds", parts.join("/")),
            )),
            [kind, namespace, name] => Ok((kind, None, namespace, name)),
            [kind, subresource, namespace, name] => Ok((kind, Some(subresource), namespace, name)),
            _ => {
                let message = format!(
                    "`{}` has {} parts: write KIND/NAMESPACE/NAME or KIND/SUBRESOURCE/NAMESPACE/NAME, with `-` as the \
                     namespace of cluster-scoped kinds",
                    parts.join("/"),
                    parts.len()
                );
                Err(self.error_at(start, message))
            }
        }
    }
}
