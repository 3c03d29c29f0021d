//! Decodes query strings to options.

use crate::object::{Str, Value};
use crate::value;
use crate::wire::{Options, Status, Verb};

/// Whether a flag's text means yes, as Go reads booleans in queries.
pub(super) fn is_true(text: &str) -> bool {
    !matches!(text, "false" | "0" | "False" | "FALSE" | "f" | "F")
}

/// The options of a query.
pub(super) fn options(verb: Verb, query: &str) -> Result<Options, Box<Status>> {
    let mut options = Options::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        set(&mut options, verb, &name, &value)?;
    }
    Ok(options)
}

fn set(options: &mut Options, verb: Verb, name: &str, value: &str) -> Result<(), Box<Status>> {
    match name {
        "fieldManager" => options.field_manager = value.into(),
        "fieldValidation" => options.field_validation = value.into(),
        "force" => options.force = is_true(value),
        "dryRun" => options.dry_run = dry_run(verb, value)?,
        "labelSelector" => options.label_selector = value.into(),
        "fieldSelector" => options.field_selector = value.into(),
        "limit" => options.limit = count(value)?,
        "continue" => options.continue_token = value.into(),
        "resourceVersion" => options.resource_version = Some(value.into()).filter(|v: &Str| !v.is_empty()),
        "resourceVersionMatch" => options.resource_version_match = value.into(),
        "timeoutSeconds" => options.timeout_s = Some(count(value)?),
        "allowWatchBookmarks" => options.bookmarks = is_true(value),
        "sendInitialEvents" => options.initial_events = Some(is_true(value)),
        "propagationPolicy" => options.propagation = value.into(),
        "orphanDependents" => options.propagation = orphan(is_true(value)),
        "gracePeriodSeconds" => options.grace_s = Some(number(value)?),
        _ => {}
    }
    Ok(())
}

fn orphan(orphan: bool) -> Str {
    if orphan { "Orphan".into() } else { "Background".into() }
}

fn dry_run(verb: Verb, value: &str) -> Result<bool, Box<Status>> {
    let kind = match (value, verb) {
        ("", _) => return Ok(false),
        ("All", _) => return Ok(true),
        (_, Verb::Create) => "CreateOptions",
        (_, Verb::Update) => "UpdateOptions",
        (_, Verb::Patch) => "PatchOptions",
        (_, Verb::Delete | Verb::DeleteCollection) => "DeleteOptions",
        (_, Verb::Get | Verb::List | Verb::Watch | Verb::Raw) => return Ok(false),
    };
    let why = format!("Unsupported value: [{value:?}]: supported values: \"All\"");
    Err(invalid(kind, "FieldValueNotSupported", "dryRun", &why))
}

/// 422 about one option.
fn invalid(kind: &str, reason: &str, field: &str, why: &str) -> Box<Status> {
    let message = format!("{kind}.meta.k8s.io \"\" is invalid: {field}: {why}");
    let causes = value!([{"reason": reason, "message": why, "field": field}]);
    let details = value!({"group": "meta.k8s.io", "kind": kind, "causes": causes});
    Box::new(Status::new(422, "Invalid", message).details(details))
}

/// A count; a negative number counts as 0.
fn count(text: &str) -> Result<u64, Box<Status>> {
    Ok(u64::try_from(number::<i64>(text)?).unwrap_or(0))
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, Box<Status>> {
    let invalid = || Status::bad_request(format!("strconv.ParseInt: parsing \"{text}\": invalid syntax"));
    text.parse().map_err(|_| Box::new(invalid()))
}

/// Adds the options in the body of a delete.
pub(super) fn add_delete_options(options: &mut Options, body: &Value) -> Result<(), Box<Status>> {
    let kind = body.str_at(&["kind"]).unwrap_or_default();
    if !matches!(kind, "" | "DeleteOptions") {
        let version = body.str_at(&["apiVersion"]).unwrap_or_default();
        let message = format!(
            "no kind {kind:?} is registered for version {version:?} in scheme \
             \"pkg/apis/meta/internalversion/scheme/register.go:27\""
        );
        return Err(Box::new(Status::bad_request(message)));
    }
    if let Some(grace) = body.i64_at(&["gracePeriodSeconds"]) {
        options.grace_s = Some(grace);
    }
    if let Some(policy) = body.str_at(&["propagationPolicy"]) {
        options.propagation = policy.into();
    }
    if let Some(orphans) = body.at(&["orphanDependents"]).and_then(Value::as_bool) {
        if let Some(policy) = body.str_at(&["propagationPolicy"]) {
            let why = format!(
                "Invalid value: {policy:?}: orphanDependents and deletionPropagation cannot be both set"
            );
            return Err(invalid("DeleteOptions", "FieldValueInvalid", "propagationPolicy", &why));
        }
        options.propagation = orphan(orphans);
    }
    for item in body.items_at(&["dryRun"]) {
        options.dry_run |= dry_run(Verb::Delete, item.as_str().unwrap_or_default())?;
    }
    options.precondition_uid = body.str_at(&["preconditions", "uid"]).map(Str::new);
    options.precondition_version = body.str_at(&["preconditions", "resourceVersion"]).map(Str::new);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let options = options(
            Verb::List,
            "labelSelector=a%3Db%2Cc+in+%28x%29&limit=5&resourceVersion=0&force=true&dryRun=All",
        )
        .unwrap();
        assert_eq!((options.label_selector.as_str(), options.limit), ("a=b,c in (x)", 5));
        assert_eq!(options.resource_version.as_deref(), Some("0"));
        assert!(options.force && options.dry_run);
    }

    #[test]
    fn a_bad_number_is_a_bad_request() {
        assert_eq!(options(Verb::List, "limit=x").unwrap_err().code, 400);
    }
}
