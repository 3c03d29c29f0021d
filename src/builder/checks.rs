//! Variables for the CEL expressions of a scenario built in code.

use wavetank_sim::scenario::Var;

/// A variable of a CEL expression: `apps/v1/Deployment` is a list, `apps/v1/Deployment/m` is one object or null. The macro
/// [`vars!`](crate::vars) is shorter.
pub fn var(name: &str, objects: &str) -> Var {
    // Only kinds begin with a capital letter. The part after the kind is a name.
    let parts: Vec<&str> = objects.split('/').collect();
    let kind = parts.iter().position(|part| part.starts_with(|c: char| c.is_ascii_uppercase())).unwrap_or(0);
    Var {
        name: name.into(),
        api_version: parts[..kind].join("/"),
        kind: parts[kind].into(),
        object: Some(parts[kind + 1..].join("/")).filter(|name| !name.is_empty()),
        namespace: None,
        selector: None,
    }
}

/// Variables of a CEL expression: `vars! { d: "apps/v1/Deployment/m", pods: "v1/Pod" }`.
#[macro_export]
macro_rules! vars {
    ($($name:ident : $objects:expr),* $(,)?) => { vec![$($crate::var(stringify!($name), $objects)),*] };
}

#[cfg(test)]
mod tests {
    #[test]
    fn variables_name_lists_and_single_objects() {
        let vars = vars! { d: "apps/v1/Deployment/m", pods: "v1/Pod" };
        assert_eq!((vars[0].api_version.as_str(), vars[0].object.as_deref()), ("apps/v1", Some("m")));
        assert_eq!((vars[1].api_version.as_str(), vars[1].object.as_deref()), ("v1", None));
    }
}
