//! What all validation shares: the write to validate, and the list of errors.

use std::fmt;

use super::super::errors;
use crate::object::{FieldError, Value};

/// The dotted path of a value. It is formatted only for an error.
pub(super) type FieldPath<'a> = fmt::Arguments<'a>;

/// A write to validate.
pub(super) struct PendingWrite<'a> {
    pub(super) new: &'a Value,
    /// The stored object, on update.
    pub(super) old: Option<&'a Value>,
    pub(super) subresource: &'a str,
}

impl PendingWrite<'_> {
    /// Whether the write sets or removes the value at `path`. A value that is not shared with the stored one counts as set.
    pub(super) fn changes(&self, path: &[&str]) -> bool {
        let Some(mut old) = self.old else { return true };
        let mut new = self.new;
        for (i, key) in path.iter().enumerate() {
            let rest = &path[i + 1..];
            match (old.get(key), new.get(key)) {
                (Some(was), Some(is)) if !was.is_shared_with(is) => (old, new) = (was, is),
                (Some(_), Some(_)) | (None, None) => return false,
                (Some(one), None) | (None, Some(one)) => return one.at(rest).is_some(),
            }
        }
        true
    }
}

/// Checks values and collects the errors.
#[derive(Debug, Default)]
pub(super) struct Checker {
    pub(super) errors: Vec<FieldError>,
}

impl Checker {
    pub(super) fn invalid(&mut self, field: impl fmt::Display, bad: impl Into<Value>, why: &str) {
        self.errors.push(FieldError::invalid(&field.to_string(), &bad.into(), why));
    }

    /// Adds one error for each reason why a name is invalid.
    pub(super) fn names(&mut self, field: impl fmt::Display, bad: &str, reasons: Vec<String>) {
        for why in reasons {
            self.invalid(&field, bad, &why);
        }
    }

    pub(super) fn required(&mut self, field: impl fmt::Display, why: &str) {
        self.errors.push(FieldError::required(&field.to_string(), why));
    }

    pub(super) fn forbidden(&mut self, field: impl fmt::Display, why: &str) {
        self.errors.push(errors::forbidden(&field.to_string(), why));
    }

    /// As [`invalid`](Self::invalid), for a value that the real server prints as a Go struct.
    pub(super) fn invalid_struct(&mut self, field: impl fmt::Display, printed: &str, why: &str) {
        self.errors.push(errors::invalid_struct(&field.to_string(), printed, why));
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

    /// Adds an error if the value is set and not one of `supported`.
    pub(super) fn one_of(&mut self, field: impl fmt::Display, value: Option<&Value>, supported: &[&str]) {
        let Some(value) = value else { return };
        if !value.as_str().is_some_and(|text| supported.contains(&text)) {
            let supported: Vec<Value> = supported.iter().map(|text| Value::from(*text)).collect();
            self.errors.push(FieldError::not_supported(&field.to_string(), value, &supported));
        }
    }

    /// Adds an error if the number is set and below zero.
    pub(super) fn not_negative(&mut self, field: impl fmt::Display, value: Option<&Value>) {
        if let Some(number) = value.and_then(Value::as_i64).filter(|n| *n < 0) {
            self.invalid(field, number, "must be greater than or equal to 0");
        }
    }

    /// Adds an error if the number is set and outside `low..=high`.
    pub(super) fn within(&mut self, field: impl fmt::Display, value: Option<&Value>, low: i64, high: i64) {
        if let Some(number) = value.and_then(Value::as_i64).filter(|n| !(low..=high).contains(n)) {
            self.invalid(field, number, &format!("must be between {low} and {high}, inclusive"));
        }
    }
}

/// The string at `key`; empty if it is absent.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.str_at(&[key]).unwrap_or_default()
}
