//! Checks written in Rust, and the objects that they see: those in the store at one instant.

use std::cell::RefCell;
use std::sync::Arc;

use crate::object::Object;

/// Lists the objects of a kind, by apiVersion and kind.
type List<'a> = &'a dyn Fn(&str, &str) -> Result<Vec<Arc<Object>>, String>;

/// The objects at one instant, and the demands of a check that they do not meet.
#[derive(derive_more::Debug)]
#[debug("View")]
pub struct View<'a> {
    list: List<'a>,
    unmet: RefCell<Vec<String>>,
}

impl<'a> View<'a> {
    /// A view of what `list` lists.
    pub fn new(list: List<'a>) -> Self {
        Self { list, unmet: RefCell::default() }
    }

    /// The objects of a kind in all namespaces, sorted by key: `apps/v1/Deployment`, `v1/Pod`. A check that names a kind which
    /// cannot exist does not hold.
    pub fn list(&self, kind: &str) -> Vec<Arc<Object>> {
        let (api_version, kind) = kind.rsplit_once('/').unwrap_or(("v1", kind));
        (self.list)(api_version, kind).unwrap_or_else(|why| {
            self.require(false, why);
            Vec::new()
        })
    }

    /// The object of a kind with this namespace (empty for cluster-scoped objects) and name.
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<Object>> {
        self.list(kind).into_iter().find(|object| object.namespace() == namespace && object.name() == name)
    }

    /// Notes `otherwise` as what is wrong, unless `holds`.
    pub fn require(&self, holds: bool, otherwise: impl Into<String>) {
        if !holds {
            self.unmet.borrow_mut().push(otherwise.into());
        }
    }
}

/// A check written in Rust.
#[derive(Clone, derive_more::Debug)]
#[debug("RustCheck")]
pub struct RustCheck(Arc<dyn Fn(&View<'_>) + Send + Sync>);

impl RustCheck {
    /// A check. It calls [`View::require`] for each demand.
    pub fn new(check: impl Fn(&View<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(check))
    }

    /// Runs the check on a view. The error says what is wrong.
    pub fn judge(&self, view: &View<'_>) -> Result<(), String> {
        (self.0)(view);
        let unmet = view.unmet.take();
        if unmet.is_empty() { Ok(()) } else { Err(unmet.join("; ")) }
    }
}
