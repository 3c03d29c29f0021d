//! List: the objects as they are, or as they were at a revision, sorted by namespace and name. All pages of a list show one
//! snapshot.
//!
//! Real and modelled: lists without a version are current. Differs: lists with `resourceVersion=0` or NotOlderThan are current,
//! too. A real server may answer them from a stale cache; a client that cannot cope with that passes here.

use std::sync::Arc;

use super::super::errors;
use super::super::kind::Kind;
use super::super::select::Selection;
use super::super::server::ApiServer;
use super::super::view::ClientView;
use super::page::ContinueToken;
use super::{VerbResult, versions};
use crate::object::{FieldError, Object};
use crate::wire::{Answer, List, ObjectKey, Options, Request, Status};

/// What a request wants to list, besides its selection.
struct ListQuery {
    /// The revision to show; none for the current one.
    revision: Option<u64>,
    /// The last object of the previous page.
    last: Option<ObjectKey>,
    /// The most objects to return; 0 for all.
    limit: usize,
}

impl ApiServer {
    pub(super) fn list(&self, kind: &Arc<Kind>, request: &Request) -> VerbResult {
        let selection = Selection::parse(kind, &request.namespace, &request.options)?;
        let query = self.list_query(kind, request)?;
        let (page, remaining) = self.page(kind, &selection, &query);
        let revision = query.revision.unwrap_or(self.revision());
        let mut list = list_of(kind, &self.view(kind), &page);
        list.revision = revision;
        if remaining > 0 {
            let last = ObjectKey::of(page.last().expect("a page before the last one has objects"));
            let token = ContinueToken { revision: Some(revision), last };
            list.continue_token = token.encode(&request.namespace).into();
            list.remaining = (!selection.is_narrow()).then_some(remaining);
        }
        Ok(Answer::List(Box::new(list)))
    }

    /// All objects of a selection.
    pub(super) fn select(&self, kind: &Kind, selection: &Selection) -> Vec<Arc<Object>> {
        self.page(kind, selection, &ListQuery { revision: None, last: None, limit: 0 }).0
    }

    /// One page, and how many objects follow it.
    fn page(&self, kind: &Kind, selection: &Selection, query: &ListQuery) -> (Vec<Arc<Object>>, u64) {
        let Some(table) = self.store.table(kind.storage) else { return (Vec::new(), 0) };
        match query.revision {
            Some(revision) if revision < table.last() => {
                debug_assert!(revision >= self.store.compacted(), "lists of compacted revisions are refused");
                page_of(table.at(selection.namespace(), revision).iter(), selection, query)
            }
            _ => match selection.exact(&["metadata", "name"]) {
                // At most one object, found by its key.
                Some(name) if !kind.namespaced || !selection.namespace().is_empty() => {
                    let key = ObjectKey::new(selection.namespace(), name.clone());
                    let found = table.get(&key);
                    page_of(found.map(|object| (&key, object)).into_iter(), selection, query)
                }
                _ => page_of(table.after(selection.namespace(), query.last.as_ref()), selection, query),
            },
        }
    }

    fn list_query(&self, kind: &Kind, request: &Request) -> Result<ListQuery, Box<Status>> {
        let options = &request.options;
        check_options(options)?;
        let limit = usize::try_from(options.limit).unwrap_or(usize::MAX);
        if !options.continue_token.is_empty() {
            return self.next_page_query(kind, request, limit);
        }
        let version = versions::of_list(options.resource_version.as_deref())?;
        if version > self.revision() {
            return Err(errors::too_large(version, self.revision()));
        }
        // Version and limit without a match mean exactly this version (Kubernetes API concepts, "Semantics for list").
        let exact = options.resource_version_match == "Exact"
            || (options.resource_version_match.is_empty() && limit > 0 && version > 0);
        if exact && version < self.store.compacted() {
            return Err(Box::new(Status::expired("The resourceVersion for the provided list is too old.")));
        }
        // With `resourceVersion=0` the watch cache answers, which ignores the limit.
        let limit = if options.resource_version.as_deref() == Some("0") { 0 } else { limit };
        Ok(ListQuery { revision: exact.then_some(version), last: None, limit })
    }

    fn next_page_query(
        &self,
        kind: &Kind,
        request: &Request,
        limit: usize,
    ) -> Result<ListQuery, Box<Status>> {
        let options = &request.options;
        if options.resource_version.as_deref().is_some_and(|v| !v.is_empty() && v != "0") {
            let message = "specifying resource version is not allowed when using continue";
            return Err(Box::new(Status::bad_request(message)));
        }
        let token = ContinueToken::decode(&options.continue_token, &request.namespace, kind.namespaced)?;
        if token.revision.is_some_and(|revision| revision < self.store.compacted()) {
            let fresh = ContinueToken { revision: None, last: token.last };
            let status = Status::expired(TOKEN_EXPIRED).continued(fresh.encode(&request.namespace));
            return Err(Box::new(status));
        }
        Ok(ListQuery { revision: token.revision, last: Some(token.last), limit })
    }
}

/// The message for an expired continue token (apiserver `handleCompactedErrorForPaging`).
const TOKEN_EXPIRED: &str = "The provided continue parameter is too old to display a consistent list result. You can \
     start a new list without the continue parameter, or use the continue token in this response to retrieve the \
     remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were \
     created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/// The list that shows these objects.
pub(super) fn list_of(kind: &Kind, view: &ClientView, objects: &[Arc<Object>]) -> List {
    List {
        kind: kind.list_kind.clone(),
        api_version: kind.api_version().into(),
        items: objects.iter().map(|object| view.of(object)).collect(),
        typed_items: kind.custom,
        ..List::default()
    }
}

/// The page that begins after `query.last`, and how many objects follow it.
fn page_of<'a>(
    objects: impl Iterator<Item = (&'a ObjectKey, &'a Arc<Object>)>,
    selection: &Selection,
    query: &ListQuery,
) -> (Vec<Arc<Object>>, u64) {
    let mut page = Vec::new();
    let mut remaining = 0;
    for (key, object) in objects {
        if query.last.as_ref().is_some_and(|last| key <= last) || !selection.matches(object) {
            continue;
        }
        if query.limit > 0 && page.len() == query.limit {
            remaining += 1;
        } else {
            page.push(object.clone());
        }
    }
    (page, remaining)
}

/// 422 for invalid options of a list (apimachinery `ValidateListOptions`).
fn check_options(options: &Options) -> Result<(), Box<Status>> {
    let mut errors = Vec::new();
    let mut forbid = |field: &str, why: &str| errors.push(errors::forbidden(field, why));
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
        errors.push(errors::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    super::refuse_invalid_options("ListOptions", &errors)
}
