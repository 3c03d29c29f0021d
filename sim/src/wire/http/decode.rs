//! Decodes a request from HTTP: verb and resource from method and path, the encoding of the body from the headers.

use http::request::Parts;
use http::{HeaderMap, Method, header};

use super::accept;
use super::path::ApiPath;
use super::query;
use super::syntax;
use crate::object::{Object, Str, Value};
use crate::wire::{Body, PatchType, Request, Status, Verb};

/// Largest request body, in bytes (kube-apiserver `--max-request-bytes`, 3 MiB).
const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// Longest field manager, in bytes (apimachinery `FieldManagerMaxLength`).
const MANAGER_LIMIT: usize = 128;

/// Decodes a request. A failure travels in the body of the request, because the server checks the path first.
pub fn decode(parts: &Parts, body: &[u8]) -> Request {
    decode_target(parts, body).unwrap_or_else(|status| Request {
        verb: Verb::Raw,
        path: parts.uri.path().into(),
        body: Body::Undecodable(status),
        ..Request::default()
    })
}

fn decode_target(parts: &Parts, body: &[u8]) -> Result<Request, Box<Status>> {
    let path = ApiPath::of(parts.uri.path());
    let query = parts.uri.query().unwrap_or_default();
    let verb = verb(&parts.method, &path, query)?;
    let mut options = query::options(verb, query)?;
    if options.field_manager.is_empty() {
        options.field_manager = manager_of(&parts.headers);
    }
    if path.resource.is_some() {
        options.form = accept::form(&parts.headers)?;
    }
    let mut request = Request {
        verb,
        resource: path.resource,
        subresource: path.subresource,
        namespace: path.namespace,
        name: path.name,
        options,
        path: parts.uri.path().into(),
        ..Request::default()
    };
    if let Err(status) = add_body(&mut request, &parts.headers, body) {
        // A delete with undecodable options must fail here: the server does not look at the body of a delete.
        if matches!(verb, Verb::Delete | Verb::DeleteCollection) {
            return Err(status);
        }
        request.body = Body::Undecodable(status);
    }
    Ok(request)
}

fn verb(method: &Method, path: &ApiPath, query: &str) -> Result<Verb, Box<Status>> {
    if path.resource.is_none() {
        return if method == Method::GET { Ok(Verb::Raw) } else { Err(Box::new(Status::page_not_found())) };
    }
    let one = !path.name.is_empty();
    let watches = || {
        form_urlencoded::parse(query.as_bytes())
            .any(|(name, value)| name == "watch" && query::is_true(&value))
    };
    Ok(match *method {
        Method::GET | Method::HEAD if !one && watches() => Verb::Watch,
        Method::GET | Method::HEAD if one => Verb::Get,
        Method::GET | Method::HEAD => Verb::List,
        Method::POST => Verb::Create,
        Method::PUT => Verb::Update,
        Method::PATCH => Verb::Patch,
        Method::DELETE if one => Verb::Delete,
        Method::DELETE => Verb::DeleteCollection,
        _ => {
            let message = "the server does not allow this method on the requested resource";
            return Err(Box::new(Status::new(405, "MethodNotAllowed", message)));
        }
    })
}

/// The field manager of a user agent: the text before the first slash.
fn manager_of(headers: &HeaderMap) -> Str {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    match agent.split('/').next() {
        None | Some("") => "unknown".into(),
        Some(manager) => manager.get(..MANAGER_LIMIT).unwrap_or(manager).into(),
    }
}

fn add_body(request: &mut Request, headers: &HeaderMap, body: &[u8]) -> Result<(), Box<Status>> {
    if body.len() > BODY_LIMIT {
        let message = format!("Request entity too large: limit is {BODY_LIMIT}");
        return Err(Box::new(Status::new(413, "RequestEntityTooLarge", message)));
    }
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|t| t.to_str().ok()).unwrap_or("application/json");
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    match request.verb {
        Verb::Create | Verb::Update => {
            check_media_type(media_type)?;
            let root = object(body, &mut request.options.duplicate_fields)?;
            request.body = Body::Object(Object::shared(root));
        }
        Verb::Patch => {
            let patch_type = patch_type(media_type)?;
            let patch = parse(body, &mut request.options.duplicate_fields);
            let patch = patch.map_err(|why| match patch_type {
                PatchType::Strategic => bad(why),
                _ => bad(format!("error decoding patch: {why}")),
            })?;
            request.body = Body::Patch(patch_type, patch);
        }
        Verb::Delete | Verb::DeleteCollection if !body.is_empty() => {
            check_media_type(media_type)?;
            let options = parse(body, &mut Vec::new())
                .map_err(|why| bad(format!("{NO_KIND}; json parse error: {why}")))?;
            query::add_delete_options(&mut request.options, &options)?;
        }
        _ => {}
    }
    Ok(())
}

fn check_media_type(media_type: &str) -> Result<(), Box<Status>> {
    match media_type {
        "" | "*/*" | "application/json" => Ok(()),
        "application/yaml" | "application/vnd.kubernetes.protobuf" => {
            Err(Box::new(Status::not_modelled(format!("request bodies of type {media_type}"))))
        }
        _ => Err(unsupported("application/json, application/yaml, application/vnd.kubernetes.protobuf")),
    }
}

fn patch_type(media_type: &str) -> Result<PatchType, Box<Status>> {
    Ok(match media_type {
        "application/json-patch+json" => PatchType::Json,
        "application/merge-patch+json" => PatchType::Merge,
        "application/strategic-merge-patch+json" => PatchType::Strategic,
        // JSON is YAML: kube-rs sends JSON under this type.
        "application/apply-patch+yaml" => PatchType::Apply,
        _ => {
            return Err(unsupported(
                "application/json-patch+json, application/merge-patch+json, \
                 application/strategic-merge-patch+json, application/apply-patch+yaml",
            ));
        }
    })
}

fn unsupported(accepted: &str) -> Box<Status> {
    let message = format!(
        "the body of the request was in an unknown format - accepted media types include: {accepted}"
    );
    Box::new(Status::new(415, "UnsupportedMediaType", message))
}

/// The object of a body, or the real server's description of a body that is none.
fn object(body: &[u8], duplicates: &mut Vec<Str>) -> Result<Value, Box<Status>> {
    let why = match parse(body, duplicates) {
        Ok(root @ (Value::Map(_) | Value::Null)) => return Ok(root),
        Ok(Value::List(_)) => no_struct("array"),
        Ok(Value::Str(_)) => no_struct("string"),
        Ok(Value::Bool(_)) => no_struct("bool"),
        Ok(_) => no_struct("number"),
        Err(why) => why,
    };
    Err(bad(format!("{NO_KIND}; json parse error: {why} ({})", summary(body))))
}

/// The first words of a failure to decode version and kind.
const NO_KIND: &str = "couldn't get version/kind";

fn no_struct(found: &str) -> String {
    const WANTED: &str = r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;
    format!("json: cannot unmarshal {found} into Go value of type {WANTED}")
}

/// The beginning of a body: as text if it may be an object, else in hex (apiserver `summarizeData`).
fn summary(body: &[u8]) -> String {
    const LENGTH: usize = 30;
    let (start, more) = (body.get(..LENGTH).unwrap_or(body), if body.len() > LENGTH { " ..." } else { "" });
    match start.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(start)),
        Some(_) => start.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + more,
    }
}

/// The tree of a body, or why it has none.
fn parse(body: &[u8], duplicates: &mut Vec<Str>) -> Result<Value, String> {
    Value::from_json_noting(body, &mut |path| duplicates.push(path.into()))
        .map_err(|error| syntax::go_message(body).unwrap_or_else(|| error.to_string()))
}

fn bad(message: impl Into<String>) -> Box<Status> {
    Box::new(Status::bad_request(message))
}
