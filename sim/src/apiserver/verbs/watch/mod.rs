//! Watch: opens a stream, with what is there or with what happened since a version.
//!
//! Real and modelled alike: from version N nothing after N is lost; without a version, or from 0, a synthetic ADDED for
//! each object comes first; a version that is still to come is waited for in silence; one that is too old is an ERROR
//! event with 410 in a stream that opened well.

use std::sync::Arc;

use super::super::kind::Kind;
use super::super::select::Selection;
use super::super::server::{ApiServer, Replies};
use super::super::watch_cache::Watcher;
use super::{Reply, versions};
use crate::object::FieldError;
use crate::wire::{Answer, Options, Request, Status, WatchEvent};

/// The shortest life of a watch whose client names none, in seconds; the longest is twice that (kube-apiserver
/// `--min-request-timeout`).
const MIN_TIMEOUT_S: u64 = 1800;

impl ApiServer {
    pub(super) fn watch(&mut self, kind: &Arc<Kind>, request: &Request, out: &mut Replies) -> Reply {
        let options = &request.options;
        check(options)?;
        let selection = Selection::parse(kind, &request.namespace, options)?;
        let version = versions::of_read(options.resource_version.as_deref())?;
        let stream = (request.from, request.id);
        let mut watcher =
            Watcher { stream, selection, view: self.view(kind), bookmarks: options.bookmarks, seen: version };
        if options.initial_events.unwrap_or(version == 0) {
            self.show_all(kind, &mut watcher, out);
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
        self.tick(out);
        Ok(Answer::Watching)
    }

    /// Sends all that is there, and where bookmarks are wanted the one that ends it.
    fn show_all(&self, kind: &Kind, watcher: &mut Watcher, out: &mut Replies) {
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

/// What a watch may not ask for (apimachinery `validateWatchOptions`).
fn check(options: &Options) -> Result<(), Box<Status>> {
    const FIELD: &str = "resourceVersionMatch";
    let mut errors = Vec::new();
    let matching = options.resource_version_match.as_str();
    if options.initial_events.is_some() && matching != "NotOlderThan" {
        let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        errors.push(super::forbidden(FIELD, why));
    }
    if !matching.is_empty() {
        if options.initial_events.is_none() {
            let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            errors.push(super::forbidden(FIELD, why));
        }
        if matching != "NotOlderThan" {
            errors.push(FieldError::not_supported(FIELD, &matching.into(), &["NotOlderThan".into()]));
        }
        if !options.continue_token.is_empty() {
            let why = "resourceVersionMatch is forbidden when continue is provided";
            errors.push(super::forbidden(FIELD, why));
        }
    }
    super::options_hold("ListOptions", &errors)
}

#[cfg(test)]
mod tests;
