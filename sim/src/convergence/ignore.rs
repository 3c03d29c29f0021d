//! Objects and fields that a scenario leaves out of convergence: `converge.ignore: [{kind, selector, fields}]`, and objects that
//! it leaves out of what is pending: `converge.pending: [{kind, name|selector}]`.

use crate::object::{LabelSelector, Object, Str, Value};

/// Objects, or fields of objects, that are left out.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    /// The kind, by a name that users write: `Website`, `websites`, `websites.example.com`.
    pub kind: Str,
    /// The name; `None` for every name.
    pub name: Option<Str>,
    /// The selector; `None` for every object.
    pub selector: Option<LabelSelector>,
    /// JSON pointers of the fields to leave out; empty leaves out the whole object.
    pub fields: Vec<Str>,
}

impl Ignore {
    /// Whether this entry selects `object`.
    pub fn covers(&self, object: &Object) -> bool {
        is_of_kind(object, &self.kind)
            && self.name.as_ref().is_none_or(|name| name == object.name())
            && self.selector.as_ref().is_none_or(|selector| selector.matches(object.labels()))
    }

    /// Whether this entry leaves out the whole `object`.
    pub fn drops(&self, object: &Object) -> bool {
        self.fields.is_empty() && self.covers(object)
    }
}

/// Whether users name the kind of this object so: by kind or plural, with or without the group, in any letter case. An object
/// does not say its plural, so this is the regular one (apimachinery `UnsafeGuessKindToResource`).
fn is_of_kind(object: &Object, name: &str) -> bool {
    let (kind, group) = (object.kind(), object.api_version().rsplit_once('/').map_or("", |(group, _)| group));
    let tail = |plain: &str| {
        let head = name.get(..plain.len()).filter(|head| head.eq_ignore_ascii_case(plain))?;
        Some(&name[head.len()..])
    };
    let ends = |tail: &str| match tail.strip_prefix('.') {
        Some(rest) => !group.is_empty() && rest.eq_ignore_ascii_case(group),
        None => tail.is_empty(),
    };
    let stem = kind.strip_suffix(['y', 'Y']).map(|stem| format!("{stem}ies"));
    let plural = stem.unwrap_or_else(|| kind.to_owned() + if kind.ends_with('s') { "es" } else { "s" });
    tail(kind).is_some_and(ends) || tail(&plural).is_some_and(ends)
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
        let fields = fields.map(Str::from).to_vec();
        let entry = Ignore { kind: "A".into(), fields, ..Ignore::default() };
        let left = without_fields(&object, &[entry]).unwrap();
        assert_eq!(left.root().to_json(), r#"{"a":[{"d":2}],"e":{},"kind":"A"}"#);
    }

    #[test]
    fn an_entry_of_another_kind_or_selector_leaves_the_object_alone() {
        let object = Object::new(value!({"kind": "A", "a": 1}));
        let fields = || vec!["/a".into()];
        let other_kind = Ignore { kind: "B".into(), fields: fields(), ..Ignore::default() };
        let unselected = Ignore {
            kind: "A".into(),
            selector: LabelSelector::parse("no=such").ok(),
            fields: fields(),
            ..Ignore::default()
        };
        assert!(without_fields(&object, &[other_kind, unselected]).is_none());
    }

    #[test]
    fn a_kind_is_known_by_the_names_that_kubectl_takes() {
        let object = |api_version: &str, kind: &str| {
            Object::new(value!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "n"}}))
        };
        let website = object("example.com/v1", "Website");
        for name in ["Website", "website", "websites", "Websites.example.com", "website.example.com"] {
            assert!(is_of_kind(&website, name), "{name}");
        }
        for name in ["", "Web", "website.example", "websites.", "website.example.com.", "Websitess"] {
            assert!(!is_of_kind(&website, name), "{name}");
        }
        assert!(is_of_kind(&object("networking.k8s.io/v1", "NetworkPolicy"), "networkpolicies"));
        assert!(is_of_kind(&object("networking.k8s.io/v1", "Ingress"), "ingresses.networking.k8s.io"));
        assert!(is_of_kind(&object("v1", "Pod"), "pods") && !is_of_kind(&object("v1", "Pod"), "pods."));
    }

    #[test]
    fn an_entry_with_a_name_covers_only_that_object() {
        let object = |name: &str| Object::new(value!({"kind": "A", "metadata": {"name": name}}));
        let entry = Ignore { kind: "A".into(), name: Some("a".into()), ..Ignore::default() };
        assert!(entry.drops(&object("a")) && !entry.drops(&object("b")));
    }
}
