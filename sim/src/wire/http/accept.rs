//! The form of an answer that a client accepts.
//!
//! Not modelled: tables, YAML and protobuf (we skip them, and answer 501 if the client accepts nothing else); weights (`q=`): we
//! take the first type that we can encode.

use http::{HeaderMap, header};

use crate::value;
use crate::wire::{Form, Status};

/// Reads the Accept header. Without one, a client accepts everything.
pub(super) fn form(headers: &HeaderMap) -> Result<Form, Box<Status>> {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accept.is_empty() {
        return Ok(Form::Full);
    }
    let (mut known, mut other) = (false, None);
    for media in accept.split(',') {
        let mut parts = media.split(';').map(str::trim);
        match parts.next().unwrap_or_default() {
            "application/json" | "*/*" => match form_of(parts) {
                Ok(form) => return Ok(form),
                Err("Table") => other = Some("Table"),
                Err(_) => known = true,
            },
            media @ ("application/yaml" | "application/vnd.kubernetes.protobuf") => other = Some(media),
            _ => {}
        }
    }
    Err(Box::new(match other {
        Some(media) => Status::not_modelled(format!("answers of type {media}")),
        None => not_acceptable(known),
    }))
}

/// The form in the parameters of a media type; `Err` with the name of a known form that we cannot encode.
fn form_of<'a>(parameters: impl Iterator<Item = &'a str>) -> Result<Form, &'a str> {
    let (mut name, mut group_version) = ("", ("", ""));
    for (key, value) in parameters.filter_map(|parameter| parameter.split_once('=')) {
        match key {
            "as" => name = value,
            "g" => group_version.0 = value,
            "v" => group_version.1 = value,
            _ => {}
        }
    }
    match (name, group_version) {
        ("", _) => Ok(Form::Full),
        ("PartialObjectMetadata", ("meta.k8s.io", "v1")) => Ok(Form::Metadata),
        ("PartialObjectMetadataList", ("meta.k8s.io", "v1")) => Ok(Form::MetadataList),
        ("Table", ("meta.k8s.io", "v1")) => Err("Table"),
        _ => Err(""),
    }
}

/// 406. An unknown form of a known media type has another message than an unknown media type.
fn not_acceptable(known: bool) -> Status {
    const MEDIA_TYPES: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
    if known {
        return Status::new(
            406,
            "NotAcceptable",
            format!("only the following media types are accepted: {MEDIA_TYPES}"),
        );
    }
    let message = format!("406: Not Acceptable\n\nAvailable representations: {MEDIA_TYPES}");
    Status::new(406, "NotAcceptable", message).details(value!({}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_form_that_we_can_encode_is_taken() {
        let meta = |name: &str| format!("application/json;as={name};g=meta.k8s.io;v=v1");
        let cases = [
            ("*/*".to_owned(), Ok(Form::Full)),
            (meta("PartialObjectMetadata"), Ok(Form::Metadata)),
            (format!("{},application/json", meta("PartialObjectMetadataList")), Ok(Form::MetadataList)),
            (format!("{},application/json", meta("Table")), Ok(Form::Full)),
            ("image/png, application/json;charset=utf-8".to_owned(), Ok(Form::Full)),
            (meta("Bogus"), Err(406)),
            ("application/*".to_owned(), Err(406)),
            ("application/yaml".to_owned(), Err(501)),
            (meta("Table"), Err(501)),
        ];
        for (accept, wanted) in cases {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(form(&headers).map_err(|status| status.code), wanted, "{accept}");
        }
    }
}
