//! Label and field selectors, from text or from `matchLabels` and `matchExpressions`.
//!
//! - `parse`: the text form, with the messages of the real server
//! - `field`: field selectors

mod field;
mod parse;

pub use field::{FieldSelector, FieldTerm};

use derive_more::Display;

use super::{Key, Map, Str, Value, names};

/// A conjunction of requirements on labels. An empty one selects everything.
#[derive(Clone, Debug, Default)]
pub struct LabelSelector {
    /// Labels that must have these values: the usual selector, shared with its object.
    labels: Map,
    requirements: Vec<Requirement>,
}

/// One requirement on one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The label's key.
    pub key: Str,
    /// The comparison.
    pub operator: Operator,
    /// The values of the comparison.
    pub values: Vec<Str>,
}

/// The comparison of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// The label exists with one of the values.
    In,
    /// The label is absent or has another value.
    NotIn,
    /// The label exists.
    Exists,
    /// The label is absent.
    DoesNotExist,
    /// The label is an integer above the value.
    Gt,
    /// The label is an integer below the value.
    Lt,
}

/// Why a text or tree is not a selector: the message of the real server, for a 400.
#[derive(Clone, Debug, PartialEq, Eq, Display)]
pub struct SelectorError(pub String);

impl std::error::Error for SelectorError {}

impl LabelSelector {
    /// Parses `a=b,c in (x,y),!d`.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        Ok(Self { labels: Map::default(), requirements: parse::requirements(text)? })
    }

    /// The selector that requires these labels, such as `spec.selector` of a Service.
    pub fn from_labels(labels: &Map) -> Self {
        Self { labels: labels.clone(), requirements: Vec::new() }
    }

    /// The selector of a `LabelSelector` tree (`matchLabels`, `matchExpressions`). An empty tree selects everything. The meaning
    /// of an absent one depends on the field, so it is up to the caller.
    pub fn from_value(selector: &Value) -> Result<Self, SelectorError> {
        let labels = selector.get("matchLabels").and_then(Value::as_map);
        let mut out = labels.map(Self::from_labels).unwrap_or_default();
        for expression in selector.items_at(&["matchExpressions"]) {
            let operator = expression.str_at(&["operator"]).unwrap_or_default();
            let operator = match operator {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                // Node affinity only.
                "Gt" => Operator::Gt,
                "Lt" => Operator::Lt,
                _ => return parse::bad(format!("{operator:?} is not a valid label selector operator")),
            };
            let key = expression.str_at(&["key"]).unwrap_or_default().into();
            let values = expression.items_at(&["values"]).iter().filter_map(Value::as_str).map(Str::new);
            out.requirements.push(Requirement::new(key, operator, values.collect())?);
        }
        Ok(out)
    }

    /// Whether the selector is empty.
    pub fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.requirements.is_empty()
    }

    /// The requirements, all of which must hold.
    pub fn requirements(&self) -> Vec<Requirement> {
        let labels = self.labels.iter().map(|(key, value)| Requirement {
            key: key.as_str().into(),
            operator: Operator::In,
            values: vec![text_of(value).into()],
        });
        labels.chain(self.requirements.iter().cloned()).collect()
    }

    /// Whether an object with these labels is selected.
    pub fn matches(&self, labels: Option<&Map>) -> bool {
        let has = |(key, value): &(Key, Value)| {
            labels.and_then(|labels| labels.get_key(*key)).and_then(Value::as_str) == Some(text_of(value))
        };
        self.labels.iter().all(has)
            && self.requirements.iter().all(|requirement| {
                requirement
                    .holds(labels.and_then(|labels| labels.get(&requirement.key)).and_then(Value::as_str))
            })
    }
}

/// The required value of a label.
fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Equal if the requirements are, in the same order.
impl PartialEq for LabelSelector {
    fn eq(&self, other: &Self) -> bool {
        self.requirements() == other.requirements()
    }
}

impl Eq for LabelSelector {}

impl Requirement {
    /// A requirement, or the message with which the server refuses it.
    pub fn new(key: Str, operator: Operator, values: Vec<Str>) -> Result<Self, SelectorError> {
        let invalid =
            |path: &str, bad: &str, why: &str| parse::bad(format!("{path}: Invalid value: {bad:?}: {why}"));
        let complaints = names::qualified_name(&key);
        if !complaints.is_empty() {
            return invalid("<nil>", &key, &complaints.join("; "));
        }
        let count = values.len();
        match operator {
            Operator::In | Operator::NotIn if count == 0 => {
                return parse::bad(
                    "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
                );
            }
            Operator::Exists | Operator::DoesNotExist if count > 0 => {
                return parse::bad(
                    "values: Invalid value: values set must be empty for exists and does not exist",
                );
            }
            Operator::Gt | Operator::Lt if count != 1 || values[0].parse::<i64>().is_err() => {
                let bad = values.first().map(Str::as_str).unwrap_or_default();
                return invalid("values[0]", bad, "for 'Gt', 'Lt' operators, the value must be an integer");
            }
            _ => (),
        }
        for (i, value) in values.iter().enumerate() {
            let complaints = names::label_value(value);
            if !complaints.is_empty() {
                return invalid(&format!("values[{i}][{key}]"), value, &complaints.join("; "));
            }
        }
        Ok(Self { key, operator, values })
    }

    fn holds(&self, label: Option<&str>) -> bool {
        let one_of = |label: &str| self.values.iter().any(|value| value == label);
        let compare = |label: &str| {
            let wanted = self.values.first()?.parse::<i64>().ok()?;
            Some(label.parse::<i64>().ok()?.cmp(&wanted))
        };
        match self.operator {
            Operator::In => label.is_some_and(one_of),
            Operator::NotIn => !label.is_some_and(one_of),
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::Gt => label.and_then(compare).is_some_and(|o| o.is_gt()),
            Operator::Lt => label.and_then(compare).is_some_and(|o| o.is_lt()),
        }
    }
}

#[cfg(test)]
mod tests;
