//! Watch: opens a stream that begins with the existing objects, or with the changes since a version.
//!
//! Real and modelled: a watch from version N gets every change after N. A watch without a version or from 0 first gets an ADDED
//! event for each object. A watch from a future version gets nothing until the store reaches it. A watch from a version that
//! is too old opens, and gets an ERROR event with 410.

use std::sync::Arc;

use super::super::errors::forbidden;
use super::super::kind::Kind;
use super::super::select::Selection;
use super::super::server::{ApiServer, Replies};
use super::super::watch_cache::Watcher;
use super::{VerbResult, versions};
use crate::object::FieldError;
use crate::wire::{Answer, Options, Request, Status, WatchEvent};

/// The shortest timeout of a watch whose client sets none; the longest is twice as long (kube-apiserver
/// `--min-request-timeout`).
const MIN_TIMEOUT_S: u64 = 1800;

impl ApiServer {
    pub(super) fn watch(&mut self, kind: &Arc<Kind>, request: &Request, out: &mut Replies) -> VerbResult {
        let options = &request.options;
        check_options(options)?;
        let selection = Selection::parse(kind, &request.namespace, options)?;
        let version = versions::of_read(options.resource_version.as_deref())?;
        let stream = (request.from, request.id);
        let mut watcher =
            Watcher { stream, selection, view: self.view(kind), bookmarks: options.bookmarks, seen: version };
        if options.initial_events.unwrap_or(version == 0) {
            self.send_initial_events(kind, &mut watcher, out);
        } else if version == 0 {
            watcher.seen = self.revision();
        } else if let Some(table) = self.store.table(kind.storage) {
            if version < table.watch_floor() {
                let message = format!("too old resource version: {version} ({})", table.watch_floor());
                let error = WatchEvent::Error(Box::new(Status::expired(message)));
                out.events.push((stream.0, stream.1, error));
                out.ended.push(stream);
                return Ok(Answer::Watching);
            }
            watcher.catch_up(table, version, &mut out.events);
        }
        self.watchers.add(kind.storage, watcher);
        let timeout_s = options.timeout_s.filter(|s| *s > 0).unwrap_or_else(|| {
            let sender = request.from.0.to_string();
            let name = ["watch timeout", sender.as_str(), kind.resource.as_str()];
            self.names.between(&name, MIN_TIMEOUT_S, 2 * MIN_TIMEOUT_S)
        });
        self.time_out(stream, timeout_s, out);
        self.set_bookmark_timer(out);
        Ok(Answer::Watching)
    }

    /// Sends all objects, and to a watch that asked for bookmarks the bookmark that ends the initial events.
    fn send_initial_events(&self, kind: &Kind, watcher: &mut Watcher, out: &mut Replies) {
        let (to, id) = watcher.stream;
        for object in self.select(kind, &watcher.selection) {
            out.events.push((to, id, WatchEvent::Added(watcher.view.of(&object))));
        }
        watcher.seen = self.revision();
        if watcher.bookmarks {
            let end = WatchEvent::Bookmark { revision: watcher.seen, initial_events_end: true };
            out.events.push((to, id, end));
        }
    }
}

/// 422 for invalid options of a watch (apimachinery `validateWatchOptions`).
fn check_options(options: &Options) -> Result<(), Box<Status>> {
    const FIELD: &str = "resourceVersionMatch";
    let mut errors = Vec::new();
    let matching = options.resource_version_match.as_str();
    if options.initial_events.is_some() && matching != "NotOlderThan" {
        let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        errors.push(forbidden(FIELD, why));
    }
    if !matching.is_empty() {
        if options.initial_events.is_none() {
            let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            errors.push(forbidden(FIELD, why));
        }
        if matching != "NotOlderThan" {
            errors.push(FieldError::not_supported(FIELD, &matching.into(), &["NotOlderThan".into()]));
        }
        if !options.continue_token.is_empty() {
            let why = "resourceVersionMatch is forbidden when continue is provided";
            errors.push(forbidden(FIELD, why));
        }
    }
    super::refuse_invalid_options("ListOptions", &errors)
}

#[cfg(test)]
mod tests;
