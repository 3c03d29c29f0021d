//! Objects and fields that a scenario leaves out of convergence: `converge.ignore: [{kind, selector, fields}]`.

use crate::object::{LabelSelector, Object, Str, Value};

/// Objects or fields of objects that are never pending, and whose changes do not matter.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    /// The kind; empty for every kind.
    pub kind: Str,
    /// The selector; `None` for every object.
    pub selector: Option<LabelSelector>,
    /// JSON pointers of the fields to leave out; empty leaves out the whole object.
    pub fields: Vec<Str>,
}

impl Ignore {
    /// Whether this entry selects `object`.
    pub fn covers(&self, object: &Object) -> bool {
        (self.kind.is_empty() || self.kind == object.kind())
            && self.selector.as_ref().is_none_or(|selector| selector.matches(object.labels()))
    }

    /// Whether this entry leaves out the whole `object`.
    pub fn drops(&self, object: &Object) -> bool {
        self.fields.is_empty() && self.covers(object)
    }
}

/// `object` without the fields that `entries` leave out; none if they leave out no field.
pub(super) fn without_fields(object: &Object, entries: &[Ignore]) -> Option<Object> {
    let mut fields =
        entries.iter().filter(|entry| entry.covers(object)).flat_map(|entry| &entry.fields).peekable();
    fields.peek()?;
    Some(object.edited(|root| fields.for_each(|pointer| remove(root, pointer))))
}

/// Removes the value at an RFC 6901 JSON pointer, if there is one.
fn remove(root: &mut Value, pointer: &str) {
    let Some(rest) = pointer.strip_prefix('/') else { return };
    let (token, rest) = rest.split_once('/').map_or((rest, None), |(token, rest)| (token, Some(rest)));
    let token = token.replace("~1", "/").replace("~0", "~");
    match (root, rest) {
        (Value::Map(map), None) => drop(map.remove(&token)),
        (Value::Map(map), Some(rest)) => {
            if let Some(child) = map.get_mut(&token) {
                remove(child, &format!("/{rest}"));
            }
        }
        (Value::List(items), rest) => {
            let Some(i) = token.parse::<usize>().ok().filter(|i| *i < items.len()) else { return };
            let mut edited = items.to_vec();
            match rest {
                None => drop(edited.remove(i)),
                Some(rest) => remove(&mut edited[i], &format!("/{rest}")),
            }
            *items = edited.into();
        }
        _ => (),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn fields_are_removed_through_maps_and_lists() {
        let object = Object::new(value!({"kind": "A", "a": [{"b/c": 1, "d": 2}, 3], "e": {"f": 1}}));
        let fields = ["/a/0/b~1c", "/a/1", "/e/x/y", "/e/f"];
        let entry = Ignore { kind: "A".into(), selector: None, fields: fields.map(Str::from).to_vec() };
        let left = without_fields(&object, &[entry]).unwrap();
        assert_eq!(left.root().to_json(), r#"{"a":[{"d":2}],"e":{},"kind":"A"}"#);
    }

    #[test]
    fn an_entry_of_another_kind_or_selector_leaves_the_object_alone() {
        let object = Object::new(value!({"kind": "A", "a": 1}));
        let other_kind = Ignore { kind: "B".into(), selector: None, fields: vec!["/a".into()] };
        let unselected = Ignore {
            selector: LabelSelector::parse("no=such").ok(),
            fields: vec!["/a".into()],
            ..Ignore::default()
        };
        assert!(without_fields(&object, &[other_kind, unselected]).is_none());
    }
}
