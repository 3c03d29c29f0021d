//! Conflicts of an apply, with the messages of the real server.

use std::fmt;

use crate::object::Str;
use crate::object::managed::{FieldSet, ManagedEntry, Operation};

/// One field that another manager owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The manager that owns the field.
    pub manager: Str,
    /// How the manager came to own the field.
    pub operation: Operation,
    /// The subresource of the manager's write.
    pub subresource: Str,
    /// The version of the manager's write.
    pub api_version: Str,
    /// The field, such as `.spec.ports[port=80].name`: the `field` of the cause.
    pub path: String,
}

impl Conflict {
    fn owner(&self) -> String {
        let mut text = format!("{:?}", self.manager.as_str());
        if !self.subresource.is_empty() {
            text.push_str(&format!(" with subresource {:?}", self.subresource.as_str()));
        }
        if self.operation == Operation::Update {
            text.push_str(&format!(" using {}", self.api_version));
        }
        text
    }

    /// The message of the cause; its reason is `FieldManagerConflict`.
    pub fn message(&self) -> String {
        format!("conflict with {}", self.owner())
    }
}

/// All conflicts of one apply, by manager; `Display` is the message of the Status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conflicts(pub Vec<Conflict>);

impl Conflicts {
    /// The fields of `touched` that the entries own.
    pub(super) fn between(others: &[ManagedEntry], touched: &FieldSet) -> Self {
        let mut owners: Vec<_> = others.iter().filter(|entry| entry.fields.overlaps(touched)).collect();
        owners
            .sort_by_key(|e| (e.manager.clone(), e.operation, e.api_version.clone(), e.subresource.clone()));
        let conflicts = owners.into_iter().flat_map(|entry| {
            entry.fields.intersection(touched).paths().into_iter().map(|path| Conflict {
                manager: entry.manager.clone(),
                operation: entry.operation,
                subresource: entry.subresource.clone(),
                api_version: entry.api_version.clone(),
                path,
            })
        });
        Self(conflicts.collect())
    }

    /// Whether there is no conflict.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [one] = &self.0[..] {
            return write!(f, "Apply failed with 1 conflict: {}: {}", one.message(), one.path);
        }
        write!(f, "Apply failed with {} conflicts: ", self.0.len())?;
        let mut last = None;
        for conflict in &self.0 {
            let owner = conflict.owner();
            if last.as_ref() != Some(&owner) {
                let separator = if last.is_some() { "\n" } else { "" };
                write!(f, "{separator}conflicts with {owner}:")?;
                last = Some(owner);
            }
            write!(f, "\n- {}", conflict.path)?;
        }
        Ok(())
    }
}
