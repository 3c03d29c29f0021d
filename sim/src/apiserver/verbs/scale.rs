//! The scale subresource: shows and sets the replicas of any workload as a Scale.
//!
//! Recorded in `deployment-scale`. All built-in kinds keep their replicas in the same fields; a definition names those of its
//! kind.

use std::sync::Arc;

use super::super::errors;
use super::super::kind::{Kind, ScalePaths};
use super::super::server::{ApiServer, Replies};
use super::{VerbResult, body, patch, write};
use crate::object::{FieldError, LabelSelector, Object, Operator, Str, Value};
use crate::value;
use crate::wire::{Answer, Body, PatchType, Request, Status, Verb};

/// The apiVersion of a Scale.
const API_VERSION: &str = "autoscaling/v1";
/// Where a Scale keeps its replicas.
const REPLICAS: &[&str] = &["spec", "replicas"];
/// Where an object keeps its version.
const VERSION: &[&str] = &["metadata", "resourceVersion"];

impl ApiServer {
    pub(super) fn scale(&mut self, kind: &Arc<Kind>, request: &Request, out: &mut Replies) -> VerbResult {
        let stored = self.stored(kind, request)?;
        let shown = |object: &Object| {
            let object = Object::shared(scale_of(kind, object));
            Ok(Answer::Object { code: 200, object, warnings: Vec::new() })
        };
        if request.verb == Verb::Get {
            return shown(&stored);
        }
        let wanted = wanted_scale(kind, request, &stored)?;
        body::fits_url(request, &wanted)?;
        let replicas = wanted.i64_at(REPLICAS).unwrap_or(0);
        if replicas < 0 {
            let error =
                FieldError::invalid("spec.replicas", &replicas.into(), "must be greater than or equal to 0");
            return Err(errors::invalid("autoscaling", "Scale", &request.name, &[error]));
        }
        let scaled = |mut root: Value| {
            root.set_at(&keys(&paths(kind).spec), replicas);
            match wanted.at(VERSION) {
                Some(version) => root.set_at(VERSION, version.clone()),
                None => drop(root.remove_at(VERSION)),
            }
            root
        };
        let reply = if let Body::Patch(PatchType::Apply, _) = request.body {
            let config = value!({"apiVersion": (kind.api_version()), "kind": (kind.kind.as_str())});
            self.apply(kind, request, &scaled(config), out)?
        } else {
            let decoded = write::decode(kind, request, &scaled(stored.root().clone()), Some(stored.root()))
                .map_err(|why| write::cannot_decode(kind, &why))?;
            self.replace(kind, request, &stored, decoded, None, out)?
        };
        match reply {
            Answer::Object { object, .. } => shown(&object),
            other => Ok(other),
        }
    }
}

/// The Scale that the client wants.
fn wanted_scale(kind: &Kind, request: &Request, stored: &Object) -> Result<Value, Box<Status>> {
    match &request.body {
        Body::Object(scale) => {
            check_type(scale)?;
            Ok(scale.root().clone())
        }
        Body::Patch(PatchType::Apply, config) => Ok(config.clone()),
        Body::Patch(patch_type, change) => {
            let current = Object::new(scale_of(kind, stored));
            patch::patched_tree(&current, *patch_type, change)
        }
        Body::Undecodable(status) => Err(status.clone()),
        Body::None => Err(Box::new(Status::bad_request("EOF"))),
    }
}

/// Where the kind keeps the fields of its Scale.
fn paths(kind: &Kind) -> ScalePaths {
    kind.scale.clone().unwrap_or_else(|| ScalePaths {
        spec: vec!["spec".into(), "replicas".into()],
        status: vec!["status".into(), "replicas".into()],
        selector: vec!["spec".into(), "selector".into()],
    })
}

fn keys(path: &[Str]) -> Vec<&str> {
    path.iter().map(Str::as_str).collect()
}

fn check_type(scale: &Object) -> Result<(), Box<Status>> {
    let (version, kind) = (scale.api_version(), scale.kind());
    let message = if !matches!(version, "" | API_VERSION) {
        format!(
            "the API version in the data ({version}) does not match the expected API version ({API_VERSION})"
        )
    } else if !matches!(kind, "" | "Scale") {
        format!(
            "{kind} in version \"v1\" cannot be handled as a Scale: no kind {kind:?} is registered for version \
             {API_VERSION:?} in scheme \"pkg/api/legacyscheme/scheme.go:30\""
        )
    } else {
        return Ok(());
    };
    Err(Box::new(Status::bad_request(message)))
}

/// The Scale of a workload.
fn scale_of(kind: &Kind, object: &Object) -> Value {
    let mut scale = value!({"apiVersion": API_VERSION, "kind": "Scale"});
    for field in ["creationTimestamp", "name", "namespace", "resourceVersion", "uid"] {
        if let Some(value) = object.at(&["metadata", field]) {
            scale.set_at(&["metadata", field], value.clone());
        }
    }
    scale.set_at(&["spec"], Value::empty_map());
    let paths = paths(kind);
    if let Some(replicas) = object.i64_at(&keys(&paths.spec)).filter(|n| *n != 0) {
        scale.set_at(REPLICAS, replicas);
    }
    scale.set_at(&["status", "replicas"], object.i64_at(&keys(&paths.status)).unwrap_or(0));
    if let Some(selector) = object.at(&keys(&paths.selector)).and_then(selector_text) {
        scale.set_at(&["status", "selector"], selector);
    }
    scale
}

/// A selector as text: `a=b,c in (d,e)`. ReplicationControllers keep plain labels, custom resources the text itself.
fn selector_text(selector: &Value) -> Option<String> {
    if let Value::Str(text) = selector {
        return Some(text.to_string());
    }
    let is_tree = selector.get("matchLabels").is_some() || selector.get("matchExpressions").is_some();
    let selector = if is_tree {
        LabelSelector::from_value(selector).ok()?
    } else {
        LabelSelector::from_labels(selector.as_map()?)
    };
    let mut texts: Vec<String> = Vec::new();
    for requirement in selector.requirements() {
        let (key, values) = (&requirement.key, requirement.values.join(","));
        texts.push(match (requirement.operator, requirement.values.len()) {
            (Operator::In, 1) => format!("{key}={values}"),
            (Operator::In, _) => format!("{key} in ({values})"),
            (Operator::NotIn, 1) => format!("{key}!={values}"),
            (Operator::NotIn, _) => format!("{key} notin ({values})"),
            (Operator::Exists, _) => key.to_string(),
            (Operator::DoesNotExist, _) => format!("!{key}"),
            (Operator::Gt, _) => format!("{key}>{values}"),
            (Operator::Lt, _) => format!("{key}<{values}"),
        });
    }
    texts.sort();
    Some(texts.join(","))
}
