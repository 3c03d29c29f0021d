//! What the server knows about one kind, as data: names, verbs, subresources, shape and rules.
//!
//! `rules` says how kinds differ; `registry` makes and finds kinds.

use std::sync::{Arc, OnceLock};

use super::rules::Rules;
use super::schema;
use crate::object::{Shape, Str, Value};
use crate::wire::Resource;

/// One served version of a resource.
#[derive(Clone, Debug)]
pub struct Kind {
    /// The resource that requests name.
    pub resource: Resource,
    /// The resource under which objects are stored: all versions of a resource share it.
    pub storage: Resource,
    /// `Pod`.
    pub kind: Str,
    /// `PodList`.
    pub list_kind: Str,
    /// `pod`.
    pub singular: Str,
    /// `po`.
    pub short_names: Vec<Str>,
    /// `all`.
    pub categories: Vec<Str>,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// Whether a CRD defines it.
    pub custom: bool,
    /// Whether the type is modelled. Requests for other types get 501.
    pub modelled: bool,
    /// The verbs that discovery lists. Others get 405.
    pub verbs: Vec<Str>,
    /// The subresources that discovery lists. Others get 404.
    pub subresources: Vec<Subresource>,
    /// The hash of the storage version, as discovery shows it; empty if it shows none.
    pub storage_hash: Str,
    /// How the kind differs from others.
    pub rules: Rules,
    /// Whether its definition is terminating. Then creates get 405.
    pub terminating: bool,
    /// `additionalPrinterColumns` of a custom resource, copied from its definition.
    pub columns: Vec<Value>,
    /// The fields that field selectors of a custom resource may use besides name and namespace: `spec.color`.
    pub selectable: Vec<Str>,
    /// Where a custom resource keeps the fields that `/scale` shows.
    pub scale: Option<ScalePaths>,
    /// The type of its objects. That of a built-in kind is built on first use.
    pub(super) shape: OnceLock<Arc<Shape>>,
    /// The status of a new object, built on first use.
    pub(super) new_status: OnceLock<Option<Value>>,
}

/// Where a custom resource keeps the fields that `/scale` shows, as paths of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalePaths {
    /// `spec.replicas` of the Scale.
    pub spec: Vec<Str>,
    /// `status.replicas` of the Scale.
    pub status: Vec<Str>,
    /// `status.selector` of the Scale; empty if the definition names none.
    pub selector: Vec<Str>,
}

/// A subresource of a kind.
#[derive(Clone, Debug)]
pub struct Subresource {
    /// `status`, `scale`, `binding`, ...
    pub name: Str,
    /// The kind of its body and answer.
    pub kind: Str,
    /// The group and version of that kind if they differ from the parent's; else empty.
    pub api_version: Str,
    /// Its verbs.
    pub verbs: Vec<Str>,
}

impl Kind {
    /// The type of its objects.
    pub fn shape(&self) -> &Arc<Shape> {
        self.shape.get_or_init(|| schema::shape(self.api_version(), &self.kind))
    }

    /// The status of an object whose status nobody has written.
    pub fn new_status(&self) -> Option<&Value> {
        let make = || {
            let mut empty = self.shape().empty_object();
            self.shape().apply_defaults(&mut empty);
            empty.remove_at(&["status"])
        };
        self.new_status.get_or_init(make).as_ref()
    }

    /// The subresource with this name.
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|s| s.name == name)
    }

    /// Whether the kind has `/status`. Then updates of the object ignore `status`, and most creates drop it.
    pub fn has_status(&self) -> bool {
        self.subresource("status").is_some()
    }

    /// Whether a create drops the status that the client sends.
    pub fn drops_status(&self) -> bool {
        self.has_status() && !self.rules.status_on_create
    }

    /// Whether discovery lists this verb.
    pub fn has_verb(&self, verb: &str) -> bool {
        self.verbs.iter().any(|v| v == verb)
    }

    /// The group and version as objects carry them.
    pub fn api_version(&self) -> &'static str {
        self.resource.api_version()
    }
}
