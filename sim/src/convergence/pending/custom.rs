//! The rules of custom resources and of their definitions.

use smol_str::format_smolstr;

use super::super::reason::Want;
use super::{Lookup, because, observed};
use crate::object::{Object, Str, Value};

/// The rule of kstatus for unknown kinds, whose parts speak in this order: the generation is observed, if the status says which
/// one is; `Reconciling` is not True; `Stalled` is not True; `Ready` is True, if there is such a condition.
pub(super) fn resource(object: &Object, _: &dyn Lookup) -> Option<Want> {
    let is = |kind: &str, wanted: fn(&str) -> bool| {
        let condition = object.condition(kind).filter(|condition| wanted(status(condition)))?;
        Some(in_words(kind, condition))
    };
    observed(object)
        .or_else(|| is("Reconciling", |status| status == "True").map(Want::Busy))
        .or_else(|| is("Stalled", |status| status == "True").map(Want::Stalled))
        .or_else(|| is("Ready", |status| status != "True").map(Want::Busy))
}

/// Established: until then the server does not serve the kind.
pub(super) fn definition(object: &Object, _: &dyn Lookup) -> Option<Want> {
    if object.is_condition_true("Established") {
        return None;
    }
    let refused = object.condition("NamesAccepted").filter(|condition| status(condition) == "False");
    let condition = refused.or_else(|| object.condition("Established"));
    let has = condition.map_or_else(|| "the server has not looked at it yet".into(), because);
    Some(Want::State { want: "Established", has: has.into() })
}

fn status(condition: &Value) -> &str {
    condition.str_at(&["status"]).unwrap_or_default()
}

/// A condition with its status, its reason and its message: `Ready=False: NoQuota: 2 of 3 pods`.
fn in_words(kind: &str, condition: &Value) -> Str {
    let (status, because) = (status(condition), because(condition));
    if because == status {
        return format_smolstr!("{kind}={status}");
    }
    format_smolstr!("{kind}={status}: {because}")
}
