//! Where the parts of a scenario are written, for messages. A run does not depend on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Scenario, Step};
use crate::object::Object;

/// The places of steps, and of the manifests that they name.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Of each step of `setup`: `file:line:column`. Empty for a scenario built in code.
    pub setup: Vec<String>,
    /// Of each of `steps`.
    pub steps: Vec<String>,
    /// Of objects, by their address; the objects are kept, so that no other gets the address.
    objects: BTreeMap<usize, (Arc<Object>, String)>,
}

impl Places {
    /// Notes the manifest of an object: `file:line:column`.
    pub fn note_object(&mut self, object: &Arc<Object>, place: String) {
        self.objects.insert(Arc::as_ptr(object) as usize, (object.clone(), place));
    }

    /// The manifest of an object.
    pub fn of_object(&self, object: &Arc<Object>) -> Option<&str> {
        self.objects.get(&(Arc::as_ptr(object) as usize)).map(|(_, place)| place.as_str())
    }
}

impl Scenario {
    /// Where one of its steps is written.
    pub fn place_of(&self, step: &Step) -> Option<&str> {
        let lists = [(&self.setup, &self.places.setup), (&self.steps, &self.places.steps)];
        lists.into_iter().find_map(|(steps, places)| {
            let at = steps.iter().position(|other| std::ptr::eq(other, step))?;
            places.get(at).map(String::as_str)
        })
    }
}
