//! The forms of texts, such as names, quantities and targets: what is wrong with a text, and what would be right. Files and
//! values are checked by the same forms.

use super::range::{Millis, seeds};
use super::target::check_selector;
use super::{CountRange, Hosting, Pick, TimeRange};
use crate::object::{Quantity, names};

/// A form of text.
#[derive(derive_more::Debug)]
#[debug("Form({right})")]
pub struct Form {
    /// What would be right, with an example.
    pub right: &'static str,
    /// Says what is wrong with a text. An empty message stands for `right`.
    check: fn(&str) -> Result<(), String>,
}

impl Form {
    /// A form whose check says what is wrong; an empty message stands for `right`.
    pub const fn new(right: &'static str, check: fn(&str) -> Result<(), String>) -> Self {
        Self { right, check }
    }

    /// What is wrong with this text.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn check(&self, text: &str) -> Result<(), String> {
        let right = || format!("`{}` is wrong here: write {}", shortened(text), self.right);
        (self.check)(text).map_err(|message| if message.is_empty() { right() } else { message })
    }
}

/// A text, short enough to quote in a message.
pub fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(60).collect();
    if short.len() == text.len() { short } else { short + ".." }
}

/// A check whose message is [`Form::right`].
fn only(right: bool) -> Result<(), String> {
    if right { Ok(()) } else { Err(String::new()) }
}

/// Text that is not empty.
pub const TEXT: Form = Form::new("a text", |text| only(!text.trim().is_empty()));

/// Any text.
pub const ANY: Form = Form::new("a value", |_| Ok(()));

/// True or false.
pub const BOOLEAN: Form = Form::new("`true` or `false`", |text| only(text.parse::<bool>().is_ok()));

/// A whole number.
pub const COUNT: Form = Form::new("a whole number such as `3`", |text| only(text.parse::<u32>().is_ok()));

/// How many API servers this version has.
pub const API_SERVERS: Form = Form::new("`1`, as this version has one API server", |text| only(text == "1"));

/// How many nodes, or replicas of a program.
pub const SIZE: Form =
    // kubernetes.io/docs/setup/best-practices/cluster-large: no more than 5,000 nodes
    Form::new("a whole number from 0 to 5000", |text| only(text.parse::<u32>().is_ok_and(|n| n <= 5000)));

/// A process's exit code.
pub const EXIT_CODE: Form = Form::new("an exit code from 0 to 255", |text| only(text.parse::<u8>().is_ok()));

/// A Kubernetes quantity that is not negative.
pub const QUANTITY: Form = Form::new("a quantity such as `4`, `500m` or `16Gi`", |text| {
    only(text.parse::<Quantity>().is_ok() && !text.starts_with('-'))
});

/// A label selector.
pub const SELECTOR: Form = Form::new("a label selector such as `app=web,tier in (a,b)`", check_selector);

/// A kind by any of its names.
pub const KIND: Form = Form::new("a kind such as `Pod` or `deployments.apps`", |text| only(is_kind(text)));

/// `kind/name`.
pub const KIND_AND_NAME: Form = Form::new("a target such as `deployment/web`", |text| {
    only(text.split_once('/').is_some_and(|(kind, name)| is_kind(kind) && is_name(name)))
});

/// The name of an object.
pub const NAME: Form = Form::new("an object's name such as `web`", |text| only(is_name(text)));

/// A DNS label.
pub const LABEL: Form =
    Form::new("a name of lower case letters, digits and `-`", |text| only(names::label(text).is_empty()));

/// The name of a program.
pub const PROGRAM: Form = Form::new("a name of letters, digits, `.`, `_` and `-`", |text| {
    only(!text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)))
});

/// The key of a label or a taint.
pub const LABEL_KEY: Form = Form::new("a label's key such as `app` or `example.com/app`", |text| {
    only(names::qualified_name(text).is_empty())
});

/// The value of a label or a taint.
pub const LABEL_VALUE: Form = Form::new("a label's value of letters, digits, `.`, `_` and `-`", |text| {
    only(names::label_value(text).is_empty())
});

/// The effect of a taint.
pub const EFFECT: Form = Form::new("one of NoSchedule, PreferNoSchedule, NoExecute", |text| {
    only(["NoSchedule", "PreferNoSchedule", "NoExecute"].contains(&text))
});

/// A JSON pointer.
pub const POINTER: Form =
    Form::new("a JSON pointer such as `/spec/replicas`", |text| only(text.starts_with('/')));

/// A subresource of a request, as a glob.
pub const SUBRESOURCE: Form =
    Form::new("a subresource such as `status`, `\"\"` for the object itself, or `*` for both", |text| {
        only(text.bytes().all(|b| b.is_ascii_lowercase() || b == b'*'))
    });

/// A Kubernetes version of a node. Kubelets may be older or newer than the API server.
pub const NODE_VERSION: Form = Form::new("a version such as `v1.36.1`", |text| {
    let parts = text.strip_prefix("v1.").and_then(|rest| rest.split_once('.'));
    only(parts.is_some_and(|(minor, patch)| [minor, patch].iter().all(|n| n.parse::<u32>().is_ok())))
});

/// A Kubernetes version of the API server.
pub const VERSION: Form = Form::new("a version such as `v1.36.0`", |text| {
    let right = text.strip_prefix("v1.36.").is_some_and(|patch| patch.parse::<u32>().is_ok());
    if right { Ok(()) } else { Err(format!("this version has no Kubernetes `{text}`: write `v1.36.0`")) }
});

/// What ends a wait.
pub const WAIT_FOR: Form =
    Form::new("`converged`, `condition=TYPE`, `delete` or a duration such as `30s`", |text| {
        let condition = text.strip_prefix("condition=").is_some_and(|condition| !condition.is_empty());
        only(condition || text == "converged" || text == "delete" || text.parse::<Millis>().is_ok())
    });

/// The name of a variable in a CEL expression.
pub const VARIABLE: Form = Form::new("letters, digits and `_`, with no digit first", |text| {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(());
    }
    Err(format!("`{text}` is no name for a CEL variable: write letters, digits and `_`, with no digit first"))
});

/// A whole number or a range of them.
pub const COUNTS: Form = Form::new("a whole number such as `3`, or a range such as `0..3`", |text| {
    text.parse::<CountRange>().map(drop)
});

/// A duration.
pub const DURATION: Form = Form::new("a duration such as `30s`", |text| text.parse::<Millis>().map(drop));

/// A duration or a range of them.
pub const DURATIONS: Form = Form::new("a duration such as `30s`, or a range such as `10s..1m`", |text| {
    text.parse::<TimeRange>().map(drop)
});

/// When a container is ready.
pub const READY: Form = Form::new("a duration such as `1s..3s`, or `never`", |text| match text {
    "never" => Ok(()),
    _ => text.parse::<TimeRange>().map(drop).map_err(|message| message + ", or `never`"),
});

/// The pods that a node must host.
pub const HOSTING: Form =
    Form::new("pods such as `kind=Pod,app=web`", |text| text.parse::<Hosting>().map(drop));

/// How many of a selection.
pub const PICK: Form =
    Form::new("`one`, `all`, `leader`, `2` or `50%`", |text| text.parse::<Pick>().map(drop));

/// A number or a range of seeds.
pub const SEEDS: Form =
    Form::new("a number of seeds such as `200`, or `0..200`", |text| seeds(text).map(drop));

fn is_kind(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && names::path_segment(text).is_empty() && !text.contains(char::is_whitespace)
}
