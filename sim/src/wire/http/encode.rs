//! Encodes answers to HTTP, and watch events to lines.

use bytes::Bytes;
use http::{HeaderValue, Response, header};

use super::ResponseBody;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::{Answer, Form, List, Status, WatchEvent};

/// Room for the JSON of most objects, in bytes. Our choice: one allocation in place of several.
const OBJECT_BYTES: usize = 2048;

/// The response for an answer. For [`Answer::Watching`] it has an empty body, which the caller replaces with the stream.
pub fn encode(answer: &Answer, form: Form) -> Response<ResponseBody> {
    if let Some(status) = misfit(answer, form) {
        return encode(&Answer::Status(Box::new(status)), Form::Full);
    }
    let metadata_only = form != Form::Full;
    let mut media_type = "application/json";
    let bytes = match answer {
        Answer::Object { object, .. } if metadata_only => {
            let mut out = Vec::with_capacity(OBJECT_BYTES);
            write_partial(object, &mut out);
            out.into()
        }
        Answer::Object { object, .. } => object.json().clone(),
        Answer::List(list) => list_json(list, metadata_only),
        Answer::Watching => Bytes::new(),
        Answer::Status(status) => status.to_value().to_json().into(),
        Answer::Raw { content_type, body, .. } => {
            media_type = content_type;
            body.clone()
        }
    };
    let mut response = Response::new(ResponseBody::full(bytes));
    *response.status_mut() = http::StatusCode::from_u16(answer.code()).expect("answers have HTTP codes");
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    match answer {
        Answer::Status(status) => {
            if let Some(seconds) = status.details.i64_at(&["retryAfterSeconds"]) {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
        }
        Answer::Object { object, warnings, .. } => {
            add_deprecation(&mut response, object.api_version(), object.kind());
            warnings.iter().for_each(|text| add_warning(&mut response, text));
        }
        Answer::List(list) => add_deprecation(&mut response, &list.api_version, &list.kind),
        _ => {}
    }
    response
}

/// 406: the client asked for the metadata of an object and gets a list, or the reverse.
fn misfit(answer: &Answer, form: Form) -> Option<Status> {
    let (asked, found, kind, api_version) = match (answer, form) {
        (Answer::List(list), Form::Metadata) => {
            ("PartialObjectMetadata", "a list", list.kind.as_str(), list.api_version.as_str())
        }
        (Answer::Object { object, .. }, Form::MetadataList) => {
            ("PartialObjectMetadataList", "not a list", object.kind(), object.api_version())
        }
        _ => return None,
    };
    let group = api_version.split_once('/').map_or("core", |(group, _)| group);
    // The Go type: an internal one for built-in groups.
    let (package, rest) = group.split_once('.').unwrap_or((group, "k8s.io"));
    let go_type = match (rest.ends_with("k8s.io"), kind.ends_with("List")) {
        (true, _) => format!("{package}.{kind}"),
        (false, true) => "unstructured.UnstructuredList".to_owned(),
        (false, false) => "unstructured.Unstructured".to_owned(),
    };
    let message = format!("you requested {asked}, but the requested object is {found} (*{go_type})");
    Some(Status::new(406, "NotAcceptable", message))
}

/// Kinds of `v1` with a deprecation warning in every answer (`APILifecycleDeprecated`). A deletion that answers with a
/// Status does not name the kind, and so has none.
const DEPRECATED: &[(&str, &str)] = &[
    ("Endpoints", "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
    ("ComponentStatus", "v1 ComponentStatus is deprecated in v1.19+"),
];

fn add_deprecation(response: &mut Response<ResponseBody>, api_version: &str, kind: &str) {
    if api_version != "v1" {
        return;
    }
    let kind = kind.strip_suffix("List").unwrap_or(kind);
    if let Some((_, text)) = DEPRECATED.iter().find(|(deprecated, _)| *deprecated == kind) {
        add_warning(response, text);
    }
}

fn add_warning(response: &mut Response<ResponseBody>, text: &str) {
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
    if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
        response.headers_mut().append(header::WARNING, value);
    }
}

/// Appends the object as `PartialObjectMetadata`.
fn write_partial(object: &Object, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata","metadata":"#);
    object.write_metadata_json(out);
    out.push(b'}');
}

fn list_json(list: &List, metadata_only: bool) -> Bytes {
    let (kind, api_version) = match metadata_only {
        true => ("PartialObjectMetadataList", "meta.k8s.io/v1"),
        false => (list.kind.as_str(), list.api_version.as_str()),
    };
    let mut metadata = value!({"resourceVersion": (list.revision.to_string())});
    // Lists of custom resources have an empty token even on the last page.
    if !list.continue_token.is_empty() || list.typed_items {
        metadata.set_at(&["continue"], list.continue_token.clone());
    }
    if let Some(remaining) = list.remaining {
        metadata.set_at(&["remainingItemCount"], i64::try_from(remaining).unwrap_or(i64::MAX));
    }
    let size: usize = list.items.iter().map(|item| item.json().len() + 1).sum();
    let mut out = Vec::with_capacity(size + 256);
    out.extend_from_slice(
        format!("{{\"kind\":\"{kind}\",\"apiVersion\":\"{api_version}\",\"metadata\":").as_bytes(),
    );
    metadata.write_json(&mut out);
    out.extend_from_slice(b",\"items\":[");
    for (i, item) in list.items.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_item(item, list.typed_items, metadata_only, &mut out);
    }
    out.extend_from_slice(b"]}");
    out.into()
}

fn write_item(item: &Object, typed: bool, metadata_only: bool, out: &mut Vec<u8>) {
    if metadata_only {
        write_partial(item, out);
    } else if typed {
        out.extend_from_slice(item.json());
    } else {
        out.push(b'{');
        out.extend_from_slice(item.json_without_type());
    }
}

/// The lines of watch events.
pub fn encode_events(events: &[WatchEvent], form: Form, bookmark: &Value) -> Bytes {
    let metadata_only = form != Form::Full;
    let mut out = Vec::with_capacity(events.len() * OBJECT_BYTES);
    for event in events {
        let (kind, object) = match event {
            WatchEvent::Added(object) => ("ADDED", Ok(object)),
            WatchEvent::Modified(object) => ("MODIFIED", Ok(object)),
            WatchEvent::Deleted(object) => ("DELETED", Ok(object)),
            WatchEvent::Bookmark { revision, initial_events_end } => {
                ("BOOKMARK", Err(bookmark_at(bookmark, metadata_only, *revision, *initial_events_end)))
            }
            WatchEvent::Error(status) => ("ERROR", Err(status.to_value())),
        };
        for part in ["{\"type\":\"", kind, "\",\"object\":"] {
            out.extend_from_slice(part.as_bytes());
        }
        match object {
            Ok(object) if metadata_only => write_partial(object, &mut out),
            Ok(object) => out.extend_from_slice(object.json()),
            Err(value) => value.write_json(&mut out),
        }
        out.extend_from_slice(b"}\n");
    }
    out.into()
}

fn bookmark_at(template: &Value, metadata_only: bool, revision: u64, initial_events_end: bool) -> Value {
    let mut bookmark = match metadata_only {
        true => value!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}),
        false => template.clone(),
    };
    bookmark.set_at(&["metadata", "resourceVersion"], revision.to_string());
    if initial_events_end {
        bookmark.set_at(&["metadata", "annotations", "k8s.io/initial-events-end"], "true");
    }
    bookmark
}
