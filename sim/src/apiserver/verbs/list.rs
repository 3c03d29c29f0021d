//! List: what is there now, or was at a revision; in pages that are one snapshot.
//!
//! Real: lists without a version are never stale. Modelled: the same; `resourceVersion=0` and NotOlderThan, which may be
//! answered from an old cache, are answered with the present. Sorted by namespace and name.

use std::sync::Arc;

use super::super::errors;
use super::super::kind::Kind;
use super::super::select::Selection;
use super::super::server::ApiServer;
use super::super::view::View;
use super::page::Token;
use super::{Reply, versions};
use crate::object::{FieldError, Object};
use crate::wire::{Answer, List, ObjectKey, Options, Request, Status};

/// A list as it is asked for.
struct Asked {
    /// The revision to show; the present where there is none.
    revision: Option<u64>,
    /// The last object of the page before.
    last: Option<ObjectKey>,
    /// How many objects; 0 for all.
    limit: usize,
}

impl ApiServer {
    pub(super) fn list(&self, kind: &Arc<Kind>, request: &Request) -> Reply {
        let selection = Selection::parse(kind, &request.namespace, &request.options)?;
        let asked = self.asked(kind, request)?;
        let (picked, remaining) = self.pick(kind, &selection, &asked);
        let revision = asked.revision.unwrap_or(self.revision());
        let mut list = list_of(kind, &self.view(kind), &picked);
        list.revision = revision;
        if remaining > 0 {
            let last = ObjectKey::of(picked.last().expect("a page with more to come has objects"));
            list.continue_token = Token { revision: Some(revision), last }.encode(&request.namespace).into();
            list.remaining = (!selection.is_narrow()).then_some(remaining);
        }
        Ok(Answer::List(Box::new(list)))
    }

    /// All objects that a selection picks.
    pub(super) fn select(&self, kind: &Kind, selection: &Selection) -> Vec<Arc<Object>> {
        self.pick(kind, selection, &Asked { revision: None, last: None, limit: 0 }).0
    }

    /// One page, and how many objects follow it.
    fn pick(&self, kind: &Kind, selection: &Selection, asked: &Asked) -> (Vec<Arc<Object>>, u64) {
        let Some(table) = self.store.table(kind.storage) else { return (Vec::new(), 0) };
        match asked.revision {
            Some(revision) if revision < table.last() => {
                let then = table.at(selection.namespace(), revision);
                page(then.iter(), selection, asked)
            }
            _ => match selection.exact(&["metadata", "name"]) {
                // At most one object, which is not searched for.
                Some(name) if !kind.namespaced || !selection.namespace().is_empty() => {
                    let key = ObjectKey::new(selection.namespace(), name.clone());
                    let found = table.get(&key);
                    page(found.map(|object| (&key, object)).into_iter(), selection, asked)
                }
                _ => page(table.after(selection.namespace(), asked.last.as_ref()), selection, asked),
            },
        }
    }

    fn asked(&self, kind: &Kind, request: &Request) -> Result<Asked, Box<Status>> {
        let options = &request.options;
        check(options)?;
        let limit = usize::try_from(options.limit).unwrap_or(usize::MAX);
        if !options.continue_token.is_empty() {
            return self.continued(kind, request, limit);
        }
        let version = versions::of_list(options.resource_version.as_deref())?;
        if version > self.revision() {
            return Err(errors::too_large(version, self.revision()));
        }
        // A limit with a version and no match means exactly that version (API concepts, "resourceVersion").
        let exact = options.resource_version_match == "Exact"
            || (options.resource_version_match.is_empty() && limit > 0 && version > 0);
        if exact && version < self.store.compacted() {
            return Err(Box::new(Status::expired("The resourceVersion for the provided list is too old.")));
        }
        // From the watch cache, `resourceVersion=0` comes whole.
        let cached = options.resource_version.as_deref() == Some("0");
        Ok(Asked { revision: exact.then_some(version), last: None, limit: if cached { 0 } else { limit } })
    }

    fn continued(&self, kind: &Kind, request: &Request, limit: usize) -> Result<Asked, Box<Status>> {
        let options = &request.options;
        if options.resource_version.as_deref().is_some_and(|v| !v.is_empty() && v != "0") {
            let message = "specifying resource version is not allowed when using continue";
            return Err(Box::new(Status::bad_request(message)));
        }
        let token = Token::decode(&options.continue_token, &request.namespace, kind.namespaced)?;
        if token.revision.is_some_and(|revision| revision < self.store.compacted()) {
            let fresh = Token { revision: None, last: token.last }.encode(&request.namespace);
            return Err(Box::new(Status::expired(TOKEN_EXPIRED).continued(fresh)));
        }
        Ok(Asked { revision: token.revision, last: Some(token.last), limit })
    }
}

/// apiserver `handleCompactedErrorForPaging`.
const TOKEN_EXPIRED: &str = "The provided continue parameter is too old to display a consistent list result. You can \
     start a new list without the continue parameter, or use the continue token in this response to retrieve the \
     remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were \
     created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/// The list that shows these objects.
pub(super) fn list_of(kind: &Kind, view: &View, objects: &[Arc<Object>]) -> List {
    List {
        kind: kind.list_kind.clone(),
        api_version: kind.api_version().into(),
        items: objects.iter().map(|object| view.of(object)).collect(),
        typed_items: kind.custom,
        ..List::default()
    }
}

fn page<'a>(
    objects: impl Iterator<Item = (&'a ObjectKey, &'a Arc<Object>)>,
    selection: &Selection,
    asked: &Asked,
) -> (Vec<Arc<Object>>, u64) {
    let mut picked = Vec::new();
    let mut remaining = 0;
    for (key, object) in objects {
        if asked.last.as_ref().is_some_and(|last| key <= last) || !selection.fits(object) {
            continue;
        }
        if asked.limit > 0 && picked.len() == asked.limit {
            remaining += 1;
        } else {
            picked.push(object.clone());
        }
    }
    (picked, remaining)
}

/// What a list may not ask for (apimachinery `ValidateListOptions`).
fn check(options: &Options) -> Result<(), Box<Status>> {
    let mut errors = Vec::new();
    let mut forbid = |field: &str, why: &str| errors.push(super::forbidden(field, why));
    let (version, matching) = (options.resource_version.as_deref(), options.resource_version_match.as_str());
    if !matching.is_empty() {
        const FIELD: &str = "resourceVersionMatch";
        if version.unwrap_or_default().is_empty() {
            forbid(FIELD, "resourceVersionMatch is forbidden unless resourceVersion is provided");
        }
        if !options.continue_token.is_empty() {
            forbid(FIELD, "resourceVersionMatch is forbidden when continue is provided");
        }
        if matching != "Exact" && matching != "NotOlderThan" {
            let supported = ["Exact".into(), "NotOlderThan".into(), "".into()];
            errors.push(FieldError::not_supported(FIELD, &matching.into(), &supported));
        } else if matching == "Exact" && version == Some("0") {
            forbid(FIELD, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
        }
    }
    if options.initial_events.is_some() {
        errors.push(super::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    super::options_hold("ListOptions", &errors)
}
