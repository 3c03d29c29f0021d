//! One Kubernetes object: a tree with the fields that every object has.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::{Managed, Map, Str, Value, encode};

/// An object as the API server stores it and clients share it. Immutable: an edit makes a new one that shares all it
/// did not touch. `metadata.managedFields` is kept beside the tree, because few ever read it.
#[derive(Debug, Default)]
pub struct Object {
    root: Value,
    managed: Managed,
    json: OnceLock<Encoded>,
}

/// The JSON text of an object and where in it the type ends.
#[derive(Debug)]
struct Encoded {
    text: Bytes,
    type_end: usize,
}

/// An owner reference, read from an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerRef<'a> {
    /// Group and version of the owner's kind.
    pub api_version: &'a str,
    /// The owner's kind.
    pub kind: &'a str,
    /// The owner's name.
    pub name: &'a str,
    /// The owner's uid.
    pub uid: &'a str,
    /// Whether the owner is the managing controller.
    pub controller: bool,
    /// Whether foreground deletion of the owner waits for this object.
    pub block_owner_deletion: bool,
}

impl Object {
    /// The object with this tree.
    pub fn new(root: Value) -> Self {
        Self::with_managed(root, Managed::default())
    }

    /// The object with this tree (without `metadata.managedFields`) and these owners of its fields.
    pub fn with_managed(root: Value, managed: Managed) -> Self {
        Self { root, managed, json: OnceLock::new() }
    }

    /// The object with this tree, ready to be shared.
    pub fn shared(root: Value) -> Arc<Self> {
        Arc::new(Self::new(root))
    }

    /// The tree, without `metadata.managedFields`.
    pub fn root(&self) -> &Value {
        &self.root
    }

    /// Who owns which fields.
    pub fn managed(&self) -> &Managed {
        &self.managed
    }

    /// The tree with `metadata.managedFields`, as clients see it.
    pub fn full_tree(&self) -> Value {
        let mut root = self.root.clone();
        if !self.managed.entries().is_empty() {
            root.set_at(&["metadata", "managedFields"], self.managed.to_value());
        }
        root
    }

    /// A new object: this one's tree after `edit`, with the same owners.
    pub fn edited(&self, edit: impl FnOnce(&mut Value)) -> Self {
        let mut root = self.root.clone();
        edit(&mut root);
        Self::with_managed(root, self.managed.clone())
    }

    /// The JSON text with `metadata.managedFields`, made once and kept. `apiVersion` and `kind` come first, all other
    /// keys are sorted.
    pub fn json(&self) -> &Bytes {
        &self.encoded().text
    }

    /// The JSON text after `{`, `apiVersion` and `kind`: items of lists of built-in kinds are written without their type.
    pub fn json_without_type(&self) -> &[u8] {
        let encoded = self.encoded();
        &encoded.text[encoded.type_end..]
    }

    /// Appends the JSON text of `metadata`, with `managedFields`.
    pub fn write_metadata_json(&self, out: &mut Vec<u8>) {
        encode::metadata_of(&self.root, &self.managed, out);
    }

    fn encoded(&self) -> &Encoded {
        self.json.get_or_init(|| {
            let mut out = Vec::with_capacity(1024);
            let type_end = encode::object(&self.root, &self.managed, &mut out);
            Encoded { text: out.into(), type_end }
        })
    }

    /// The value at the end of a path of map keys.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        self.root.at(path)
    }

    /// The string at the end of a path of map keys.
    pub fn str_at(&self, path: &[&str]) -> Option<&str> {
        self.root.str_at(path)
    }

    /// The integer at the end of a path of map keys.
    pub fn i64_at(&self, path: &[&str]) -> Option<i64> {
        self.root.i64_at(path)
    }

    /// The items of the list at the end of a path of map keys; nothing where there is none.
    pub fn items_at(&self, path: &[&str]) -> &[Value] {
        self.root.items_at(path)
    }

    /// `apiVersion`, or nothing.
    pub fn api_version(&self) -> &str {
        self.str_at(&["apiVersion"]).unwrap_or_default()
    }

    /// `kind`, or nothing.
    pub fn kind(&self) -> &str {
        self.str_at(&["kind"]).unwrap_or_default()
    }

    /// A string of `metadata`, or nothing.
    pub fn meta(&self, field: &str) -> &str {
        self.str_at(&["metadata", field]).unwrap_or_default()
    }

    /// `metadata.name`, or nothing.
    pub fn name(&self) -> &str {
        self.meta("name")
    }

    /// `metadata.namespace`, or nothing.
    pub fn namespace(&self) -> &str {
        self.meta("namespace")
    }

    /// `metadata.uid`, or nothing.
    pub fn uid(&self) -> &str {
        self.meta("uid")
    }

    /// `metadata.resourceVersion` as the store's number; 0 where there is none.
    pub fn revision(&self) -> u64 {
        self.meta("resourceVersion").parse().unwrap_or(0)
    }

    /// `metadata.generation`; 0 where there is none.
    pub fn generation(&self) -> i64 {
        self.i64_at(&["metadata", "generation"]).unwrap_or(0)
    }

    /// `metadata.labels`.
    pub fn labels(&self) -> Option<&Map> {
        self.at(&["metadata", "labels"])?.as_map()
    }

    /// The label with this key.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels()?.get(key)?.as_str()
    }

    /// The annotation with this key.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.str_at(&["metadata", "annotations", key])
    }

    /// Whether the object has a deletion timestamp.
    pub fn is_terminating(&self) -> bool {
        self.at(&["metadata", "deletionTimestamp"]).is_some()
    }

    /// `metadata.finalizers`.
    pub fn finalizers(&self) -> impl Iterator<Item = &str> {
        self.items_at(&["metadata", "finalizers"]).iter().filter_map(Value::as_str)
    }

    /// `metadata.ownerReferences`.
    pub fn owners(&self) -> impl Iterator<Item = OwnerRef<'_>> {
        self.items_at(&["metadata", "ownerReferences"]).iter().map(|owner| OwnerRef {
            api_version: owner.str_at(&["apiVersion"]).unwrap_or_default(),
            kind: owner.str_at(&["kind"]).unwrap_or_default(),
            name: owner.str_at(&["name"]).unwrap_or_default(),
            uid: owner.str_at(&["uid"]).unwrap_or_default(),
            controller: owner.at(&["controller"]).and_then(Value::as_bool).unwrap_or_default(),
            block_owner_deletion: owner
                .at(&["blockOwnerDeletion"])
                .and_then(Value::as_bool)
                .unwrap_or_default(),
        })
    }

    /// The managing controller's reference.
    pub fn controller(&self) -> Option<OwnerRef<'_>> {
        self.owners().find(|owner| owner.controller)
    }

    /// The condition of this type, from `status.conditions`.
    pub fn condition(&self, kind: &str) -> Option<&Value> {
        self.items_at(&["status", "conditions"]).iter().find(|c| c.str_at(&["type"]) == Some(kind))
    }

    /// Whether the condition of this type is `True`.
    pub fn is_condition_true(&self, kind: &str) -> bool {
        self.condition(kind).and_then(|c| c.str_at(&["status"])) == Some("True")
    }

    /// `namespace/name`, or the name alone; what messages print.
    pub fn path(&self) -> Str {
        match self.namespace() {
            "" => self.name().into(),
            namespace => smol_str::format_smolstr!("{namespace}/{}", self.name()),
        }
    }
}

/// Equal trees; owners are not compared.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}
