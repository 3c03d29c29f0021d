//! Which objects a list or watch selects: by namespace, by labels, and by the few fields that each kind supports.
//!
//! `object` parses selectors; this file knows the supported fields. A watch keeps its parsed selection.

use crate::object::{FieldSelector, LabelSelector, Object, Str, Value};
use crate::wire::{Options, Resource, Status};

use super::kind::Kind;

/// The fields that field selectors of a resource support besides `metadata.name` and `metadata.namespace` (the
/// `AddFieldLabelConversionFunc` of each group), each with the value that counts for an absent field.
const FIELDS: &[(&str, &[(&str, &str)])] = &[
    ("apps/v1/replicasets", &[("status.replicas", "0")]),
    ("batch/v1/jobs", &[("status.successful", "0")]),
    ("certificates.k8s.io/v1/certificatesigningrequests", &[("spec.signerName", "")]),
    (
        "events.k8s.io/v1/events",
        &[
            ("reason", ""),
            ("regarding.apiVersion", ""),
            ("regarding.fieldPath", ""),
            ("regarding.kind", ""),
            ("regarding.name", ""),
            ("regarding.namespace", ""),
            ("regarding.resourceVersion", ""),
            ("regarding.uid", ""),
            ("reportingController", ""),
            ("type", ""),
        ],
    ),
    (
        "v1/events",
        &[
            ("involvedObject.apiVersion", ""),
            ("involvedObject.fieldPath", ""),
            ("involvedObject.kind", ""),
            ("involvedObject.name", ""),
            ("involvedObject.namespace", ""),
            ("involvedObject.resourceVersion", ""),
            ("involvedObject.uid", ""),
            ("reason", ""),
            ("reportingComponent", ""),
            ("source", ""),
            ("type", ""),
        ],
    ),
    ("v1/namespaces", &[("name", ""), ("status.phase", "")]),
    ("v1/nodes", &[("spec.unschedulable", "false")]),
    (
        "v1/pods",
        &[
            ("spec.hostNetwork", "false"),
            ("spec.nodeName", ""),
            ("spec.restartPolicy", ""),
            ("spec.schedulerName", ""),
            ("spec.serviceAccountName", ""),
            ("status.nominatedNodeName", ""),
            ("status.phase", ""),
            ("status.podIP", ""),
        ],
    ),
    ("v1/replicationcontrollers", &[("status.replicas", "0")]),
    ("v1/secrets", &[("type", "")]),
    ("v1/services", &[("spec.clusterIP", ""), ("spec.type", "")]),
];

/// Which objects a list or watch selects.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    namespace: Str,
    labels: LabelSelector,
    fields: Vec<Term>,
}

/// One requirement on one field.
#[derive(Clone, Debug)]
struct Term {
    path: Vec<Str>,
    absent: Str,
    equals: bool,
    value: Str,
}

impl Selection {
    /// The selection of a list or watch of `kind`; 400 for a selector that does not parse or a field that is not supported.
    pub(super) fn parse(kind: &Kind, namespace: &Str, options: &Options) -> Result<Self, Box<Status>> {
        let mut selection = Self { namespace: namespace.clone(), ..Self::default() };
        if !options.label_selector.is_empty() {
            selection.labels = LabelSelector::parse(&options.label_selector)
                .map_err(|e| Box::new(Status::bad_request(e.to_string())))?;
        }
        if !options.field_selector.is_empty() {
            let terms = FieldSelector::parse(&options.field_selector)
                .map_err(|e| Box::new(Status::bad_request(e.to_string())))?
                .terms;
            for term in terms {
                let absent = absent_value(kind, &term.field).ok_or_else(|| {
                    Box::new(Status::bad_request(format!("field label not supported: {}", term.field)))
                })?;
                let path = match term.field.as_str() {
                    "name" => vec!["metadata".into(), "name".into()],
                    // `source` selects by the component of the source.
                    "source" => vec!["source".into(), "component".into()],
                    // The name differs from the path.
                    "status.successful" => vec!["status".into(), "succeeded".into()],
                    // Events are stored with the field names of the core group.
                    "reportingController" => vec!["reportingComponent".into()],
                    field => {
                        let parts = field.split('.');
                        parts
                            .map(|part| if part == "regarding" { "involvedObject" } else { part }.into())
                            .collect()
                    }
                };
                selection.fields.push(Term { path, absent, equals: term.equals, value: term.value });
            }
        }
        Ok(selection)
    }

    /// The namespace; empty for all namespaces.
    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Whether labels or fields narrow the selection. Then a page has no `remainingItemCount`.
    pub(super) fn is_narrow(&self) -> bool {
        !self.labels.is_everything() || !self.fields.is_empty()
    }

    /// The value that the selection requires at this path, if it requires one.
    pub(super) fn exact(&self, path: &[&str]) -> Option<&Str> {
        self.fields.iter().find(|t| t.equals && t.path == path).map(|t| &t.value)
    }

    /// Whether labels and fields match. Does not look at the namespace.
    pub(super) fn matches(&self, object: &Object) -> bool {
        (self.labels.is_everything() || self.labels.matches(object.labels()))
            && self.fields.iter().all(|term| term.matches(object))
    }
}

impl Term {
    fn matches(&self, object: &Object) -> bool {
        let value = self.path.iter().try_fold(object.root(), |value, key| value.get(key));
        let equal = match value {
            Some(Value::Str(text)) => *text == self.value,
            Some(Value::Bool(b)) => self.value == if *b { "true" } else { "false" },
            Some(Value::Int(n)) => self.value.parse() == Ok(*n),
            _ => self.absent == self.value,
        };
        equal == self.equals
    }
}

/// The value that counts for an absent field; none if the kind does not support the field.
fn absent_value(kind: &Kind, field: &str) -> Option<Str> {
    if field == "metadata.name" || field == "metadata.namespace" {
        return Some(Str::default());
    }
    if kind.custom {
        return kind.selectable.iter().any(|known| known == field).then(Str::default);
    }
    let known = |resource: Resource| {
        let (_, fields) = FIELDS.iter().find(|(name, _)| *name == resource.as_str())?;
        fields.iter().find(|(name, _)| *name == field).map(|(_, absent)| Str::new_static(absent))
    };
    known(kind.resource)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apiserver::Registry;
    use crate::value;
    use crate::wire::resource::{NODES, PODS};

    fn parse(resource: Resource, fields: &str) -> Result<Selection, Box<Status>> {
        let kind = Registry::builtin().lookup(resource).unwrap().clone();
        Selection::parse(&kind, &"".into(), &Options { field_selector: fields.into(), ..Options::default() })
    }

    #[test]
    fn an_absent_field_counts_as_its_zero_value() {
        let schedulable = parse(*NODES, "spec.unschedulable=false").unwrap();
        assert!(schedulable.matches(&Object::new(value!({}))));
        assert!(!schedulable.matches(&Object::new(value!({"spec": {"unschedulable": true}}))));
        let unbound = parse(*PODS, "spec.nodeName=,status.phase!=Failed").unwrap();
        assert!(unbound.matches(&Object::new(value!({"status": {"phase": "Pending"}}))));
        assert!(!unbound.matches(&Object::new(value!({"status": {"phase": "Failed"}}))));
        assert_eq!(unbound.exact(&["spec", "nodeName"]).map(Str::as_str), Some(""));
    }

    #[test]
    fn a_field_that_the_kind_does_not_support_is_refused() {
        let status = parse(*PODS, "spec.x=1").unwrap_err();
        assert_eq!((status.code, status.message.as_str()), (400, "field label not supported: spec.x"));
    }
}
