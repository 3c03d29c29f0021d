//! Collects complaints. Paths are dotted, as causes name them, and written only for a complaint.

use std::fmt;

use crate::object::{FieldError, Value};

/// Where a value is: written out only for a complaint.
pub(super) type Field<'a> = fmt::Arguments<'a>;

/// The complaints so far.
#[derive(Debug, Default)]
pub(super) struct Check {
    pub(super) errors: Vec<FieldError>,
}

impl Check {
    pub(super) fn invalid(&mut self, field: impl fmt::Display, bad: impl Into<Value>, why: &str) {
        self.errors.push(FieldError::invalid(&field.to_string(), &bad.into(), why));
    }

    /// One complaint for each text that a check of names returned.
    pub(super) fn names(&mut self, field: impl fmt::Display, bad: &str, complaints: Vec<String>) {
        for why in complaints {
            self.invalid(&field, bad, &why);
        }
    }

    pub(super) fn required(&mut self, field: impl fmt::Display, why: &str) {
        self.errors.push(FieldError::required(&field.to_string(), why));
    }

    pub(super) fn forbidden(&mut self, field: impl fmt::Display, why: &str) {
        self.errors.push(FieldError::new(
            &field.to_string(),
            "FieldValueForbidden",
            format!("Forbidden: {why}"),
        ));
    }

    pub(super) fn duplicate(&mut self, field: impl fmt::Display, bad: &Value) {
        let message = format!("Duplicate value: {}", bad.to_json());
        self.errors.push(FieldError::new(&field.to_string(), "FieldValueDuplicate", message));
    }

    pub(super) fn not_found(&mut self, field: impl fmt::Display, bad: &str) {
        self.errors.push(FieldError::new(
            &field.to_string(),
            "FieldValueNotFound",
            format!("Not found: {bad:?}"),
        ));
    }

    /// A value that is set and not one of `supported`.
    pub(super) fn one_of(&mut self, field: impl fmt::Display, value: Option<&Value>, supported: &[&str]) {
        let Some(value) = value else { return };
        if !value.as_str().is_some_and(|text| supported.contains(&text)) {
            let supported: Vec<Value> = supported.iter().map(|text| Value::from(*text)).collect();
            self.errors.push(FieldError::not_supported(&field.to_string(), value, &supported));
        }
    }

    /// A number that is set and below zero.
    pub(super) fn not_negative(&mut self, field: impl fmt::Display, value: Option<&Value>) {
        if let Some(number) = value.and_then(Value::as_i64).filter(|n| *n < 0) {
            self.invalid(field, number, "must be greater than or equal to 0");
        }
    }

    /// A number that is set and outside `low..=high`.
    pub(super) fn within(&mut self, field: impl fmt::Display, value: Option<&Value>, low: i64, high: i64) {
        if let Some(number) = value.and_then(Value::as_i64).filter(|n| !(low..=high).contains(n)) {
            self.invalid(field, number, &format!("must be between {low} and {high}, inclusive"));
        }
    }
}

/// The string at `key`, or nothing.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.str_at(&[key]).unwrap_or_default()
}
