//! One Kubernetes object: a tree, with accessors for the fields that every object has.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::pod::PodState;
use super::positions::Positions;
use super::{Key, Managed, Map, Str, Value, encode, keys};

/// An object as the API server stores it and clients share it. Immutable: an edit makes a new object, which shares what the
/// edit did not touch. `metadata.managedFields` is kept beside the tree, because few clients read it.
#[derive(Debug, Default)]
pub struct Object {
    root: Value,
    managed: Managed,
    positions: Positions,
    pod: PodState,
    json: OnceLock<encode::Encoded>,
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

impl<'a> OwnerRef<'a> {
    fn read(owner: &'a Value) -> Self {
        // The numbers are the positions in a reference that has all fields.
        let field = |key, guess| owner.as_map().and_then(|owner| owner.get_near(key, guess));
        let text = |key, guess| field(key, guess).and_then(Value::as_str).unwrap_or_default();
        let is_true = |key, guess| field(key, guess).and_then(Value::as_bool).unwrap_or_default();
        Self {
            api_version: text(keys::API_VERSION, 0),
            block_owner_deletion: is_true(keys::BLOCK_OWNER_DELETION, 1),
            controller: is_true(keys::CONTROLLER, 2),
            kind: text(keys::KIND, 3),
            name: text(keys::NAME, 4),
            uid: text(keys::UID, 5),
        }
    }
}

fn is_true(map: &Value, field: Key) -> bool {
    map.get_key(field).and_then(Value::as_bool).unwrap_or_default()
}

impl Object {
    /// The object with this tree.
    pub fn new(root: Value) -> Self {
        Self::with_managed(root, Managed::default())
    }

    /// The object with this tree (without `metadata.managedFields`) and these owners of fields.
    pub fn with_managed(root: Value, managed: Managed) -> Self {
        let positions = Positions::of(&root);
        Self { root, managed, positions, pod: PodState::default(), json: OnceLock::new() }
    }

    /// The object with this tree, ready to be shared.
    pub fn shared(root: Value) -> Arc<Self> {
        Arc::new(Self::new(root))
    }

    pub(super) fn pod_state(&self) -> &PodState {
        &self.pod
    }

    /// The tree, without `metadata.managedFields`.
    pub fn root(&self) -> &Value {
        &self.root
    }

    /// The owners of fields.
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

    /// A new object: the tree after `edit`, with the same owners of fields.
    pub fn edited(&self, edit: impl FnOnce(&mut Value)) -> Self {
        let mut root = self.root.clone();
        edit(&mut root);
        Self::with_managed(root, self.managed.clone())
    }

    /// The JSON text with `metadata.managedFields`, encoded once. `apiVersion` and `kind` come first, all other keys are
    /// sorted.
    pub fn json(&self) -> &Bytes {
        &self.encoded().text
    }

    /// The JSON text after `{`, `apiVersion` and `kind`, which items of lists of built-in kinds lack.
    pub fn json_without_type(&self) -> &[u8] {
        let encoded = self.encoded();
        &encoded.text[encoded.type_end..]
    }

    /// Appends the JSON text of `metadata`, with `managedFields`.
    pub fn write_metadata_json(&self, out: &mut Vec<u8>) {
        match self.json.get() {
            Some(encoded) if !encoded.metadata.is_empty() => {
                out.extend_from_slice(&encoded.text[encoded.metadata.clone()]);
            }
            _ => encode::metadata_of(&self.root, &self.managed, out),
        }
    }

    fn encoded(&self) -> &encode::Encoded {
        self.json.get_or_init(|| encode::encoded(&self.root, &self.managed))
    }

    /// The value at the end of a path of map keys.
    #[inline]
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

    /// The items of the list at the end of a path of map keys; empty if there is none.
    pub fn items_at(&self, path: &[&str]) -> &[Value] {
        self.root.items_at(path)
    }

    /// `apiVersion`, or empty.
    pub fn api_version(&self) -> &str {
        self.root.get_key(keys::API_VERSION).and_then(Value::as_str).unwrap_or_default()
    }

    /// `kind`, or empty.
    pub fn kind(&self) -> &str {
        self.root.get_key(keys::KIND).and_then(Value::as_str).unwrap_or_default()
    }

    /// `metadata`.
    pub fn metadata(&self) -> Option<&Map> {
        self.top(keys::METADATA)
    }

    fn top(&self, field: Key) -> Option<&Map> {
        self.positions.get(self.root.as_map()?, field)?.as_map()
    }

    /// A field of `spec`.
    pub fn spec(&self, field: Key) -> Option<&Value> {
        self.top(keys::SPEC)?.get_key(field)
    }

    /// A field of `status`.
    pub fn status(&self, field: Key) -> Option<&Value> {
        self.top(keys::STATUS)?.get_key(field)
    }

    /// A count in `status`; 0 if it is absent.
    pub fn count(&self, field: Key) -> i64 {
        self.status(field).and_then(Value::as_i64).unwrap_or(0)
    }

    /// A string of `metadata`, or empty.
    pub fn meta(&self, field: &str) -> &str {
        self.metadata().and_then(|metadata| metadata.get(field)?.as_str()).unwrap_or_default()
    }

    /// A string of `metadata`, shared with the object, or empty.
    pub fn meta_text(&self, field: Key) -> Str {
        self.meta_value(field).and_then(Value::as_text).cloned().unwrap_or_default()
    }

    /// Namespace and name, shared with the object.
    pub fn namespace_and_name(&self) -> (Str, Str) {
        (self.meta_text(keys::NAMESPACE), self.meta_text(keys::NAME))
    }

    fn meta_value(&self, field: Key) -> Option<&Value> {
        if self.positions.lacks(field) {
            return None;
        }
        self.positions.get(self.metadata()?, field)
    }

    fn meta_str(&self, field: Key) -> &str {
        self.meta_value(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// `metadata.name`, or empty.
    pub fn name(&self) -> &str {
        self.meta_str(keys::NAME)
    }

    /// `metadata.namespace`, or empty.
    pub fn namespace(&self) -> &str {
        self.meta_str(keys::NAMESPACE)
    }

    /// `metadata.uid`, or empty.
    pub fn uid(&self) -> &str {
        self.meta_str(keys::UID)
    }

    /// `metadata.resourceVersion` as a number; 0 if it is absent or no number.
    pub fn revision(&self) -> u64 {
        let text = self.meta_str(keys::RESOURCE_VERSION);
        if text.len() < 18 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.bytes().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
        }
        text.parse().unwrap_or(0)
    }

    /// `metadata.generation`; 0 if it is absent.
    pub fn generation(&self) -> i64 {
        self.meta_value(keys::GENERATION).and_then(Value::as_i64).unwrap_or(0)
    }

    /// `metadata.labels`.
    pub fn labels(&self) -> Option<&Map> {
        self.meta_value(keys::LABELS)?.as_map()
    }

    /// The label with this key.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels()?.get(key)?.as_str()
    }

    /// The annotation with this key.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.meta_value(keys::ANNOTATIONS)?.get(key)?.as_str()
    }

    /// Whether the object has a deletion timestamp.
    pub fn is_terminating(&self) -> bool {
        self.meta_value(keys::DELETION_TIMESTAMP).is_some()
    }

    /// `metadata.finalizers`.
    pub fn finalizers(&self) -> impl Iterator<Item = &str> {
        self.meta_items(keys::FINALIZERS).iter().filter_map(Value::as_str)
    }

    /// `metadata.ownerReferences`.
    pub fn owners(&self) -> impl Iterator<Item = OwnerRef<'_>> {
        self.meta_items(keys::OWNER_REFERENCES).iter().map(OwnerRef::read)
    }

    fn meta_items(&self, field: Key) -> &[Value] {
        self.meta_value(field).map(Value::items).unwrap_or_default()
    }

    /// Whether both have the same owners, in the same order.
    pub fn has_owners_of(&self, other: &Self) -> bool {
        self.meta_value(keys::OWNER_REFERENCES) == other.meta_value(keys::OWNER_REFERENCES)
    }

    fn controlling_owner(&self) -> Option<&Value> {
        self.meta_items(keys::OWNER_REFERENCES).iter().find(|owner| is_true(owner, keys::CONTROLLER))
    }

    /// The ownerReference of the managing controller.
    pub fn controller(&self) -> Option<OwnerRef<'_>> {
        self.controlling_owner().map(OwnerRef::read)
    }

    /// The kind of the managing controller.
    pub fn controller_kind(&self) -> Option<&str> {
        self.controlling_owner()
            .map(|owner| owner.get_key(keys::KIND).and_then(Value::as_str).unwrap_or_default())
    }

    /// Whether the object with this uid is the managing controller.
    pub fn is_controlled_by(&self, uid: &str) -> bool {
        self.controlling_owner().and_then(|owner| owner.get_key(keys::UID)?.as_str()) == Some(uid)
    }

    /// `status.conditions`.
    pub fn conditions(&self) -> &[Value] {
        self.status(keys::CONDITIONS).map(Value::items).unwrap_or_default()
    }

    /// The condition of this type, from `status.conditions`.
    pub fn condition(&self, kind: &str) -> Option<&Value> {
        self.conditions().iter().find(|c| c.get_key(keys::TYPE).and_then(Value::as_str) == Some(kind))
    }

    /// Whether the condition of this type is `True`.
    pub fn is_condition_true(&self, kind: &str) -> bool {
        self.condition(kind).and_then(|c| c.get_key(keys::STATUS)?.as_str()) == Some("True")
    }

    /// `namespace/name`, or only the name; for messages.
    pub fn path(&self) -> Str {
        match self.namespace() {
            "" => self.name().into(),
            namespace => smol_str::format_smolstr!("{namespace}/{}", self.name()),
        }
    }
}

/// Compares trees, not owners of fields.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}
