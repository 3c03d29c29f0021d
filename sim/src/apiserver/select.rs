//! What a list or watch selects: a namespace, labels and the few fields that each kind knows.
//!
//! Parsed once per request; a stream keeps its selection. Grammar is `object`'s; which fields there are is here.

use crate::object::{FieldSelector, LabelSelector, Object, Str, Value};
use crate::wire::{Options, Resource, Status};

use super::kind::Kind;

/// The fields that a resource's selectors may name beside `metadata.name` and `metadata.namespace` (the
/// `AddFieldLabelConversionFunc` of each group), and the value that an absent field has.
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

/// What a list or watch selects.
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
    /// The selection of a list or watch of `kind`, or the server's complaint.
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
                    // The event's source is its component.
                    "source" => vec!["source".into(), "component".into()],
                    // The one field whose name is not its path.
                    "status.successful" => vec!["status".into(), "succeeded".into()],
                    // Stored under the core event's names.
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

    /// The namespace; empty for all.
    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Whether labels or fields narrow the selection; then no count of remaining items is told.
    pub(super) fn is_narrow(&self) -> bool {
        !self.labels.is_everything() || !self.fields.is_empty()
    }

    /// The value that the field at this path must have, if the selection asks for one.
    pub(super) fn exact(&self, path: &[&str]) -> Option<&Str> {
        self.fields.iter().find(|t| t.equals && t.path == path).map(|t| &t.value)
    }

    /// Whether labels and fields fit; the namespace is not looked at.
    pub(super) fn fits(&self, object: &Object) -> bool {
        (self.labels.is_everything() || self.labels.matches(object.labels()))
            && self.fields.iter().all(|term| term.holds(object))
    }
}

impl Term {
    fn holds(&self, object: &Object) -> bool {
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

/// What an absent field counts as; nothing where the kind does not know the field.
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
        assert!(schedulable.fits(&Object::new(value!({}))));
        assert!(!schedulable.fits(&Object::new(value!({"spec": {"unschedulable": true}}))));
        let unbound = parse(*PODS, "spec.nodeName=,status.phase!=Failed").unwrap();
        assert!(unbound.fits(&Object::new(value!({"status": {"phase": "Pending"}}))));
        assert!(!unbound.fits(&Object::new(value!({"status": {"phase": "Failed"}}))));
        assert_eq!(unbound.exact(&["spec", "nodeName"]).map(Str::as_str), Some(""));
    }

    #[test]
    fn a_field_that_the_kind_does_not_know_is_refused_by_name() {
        let status = parse(*PODS, "spec.x=1").unwrap_err();
        assert_eq!((status.code, status.message.as_str()), (400, "field label not supported: spec.x"));
    }
}
