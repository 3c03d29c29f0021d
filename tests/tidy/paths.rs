//! Finds the modules of its own crate that a file names: by `crate::`, also in braces, and by chains of `super::` that reach the
//! crate's root. It does not follow re-exports, nor the bodies of macros.

use super::source::{Source, item_end, name, words};

/// Exported macros and the modules that define them. Paths name these macros in the crate's root.
const MACROS: &[(&str, &str)] = &[
    ("fault_table", "scenario"),
    ("key", "object"),
    ("value", "object"),
    ("var", "builder"),
    ("vars", "builder"),
];

/// Each top-level module that the file names, with the offset of the name.
pub(crate) fn named(source: &Source) -> Vec<(usize, String)> {
    let code = &source.code;
    let mut found = Vec::new();
    for at in words(code, "crate::") {
        heads(code, at + "crate::".len(), &mut found);
    }
    for at in words(code, "super::") {
        if code[..at].ends_with("super::") {
            continue; // the middle of a chain
        }
        let chain = code[at..].split("super::").take_while(|part| part.is_empty()).count();
        if chain == depth(source, at) {
            heads(code, at + chain * "super::".len(), &mut found);
        }
    }
    for (_, module) in &mut found {
        if let Some((_, home)) = MACROS.iter().find(|(mac, _)| mac == module) {
            *module = (*home).to_owned();
        }
    }
    found
}

/// How many `super::` lead from `at` to the crate's root.
fn depth(source: &Source, at: usize) -> usize {
    let inner = source.path.split_once("src/").map_or("", |(_, inner)| inner).trim_end_matches(".rs");
    let files = inner.split('/').filter(|part| !matches!(*part, "mod" | "lib" | "main")).count();
    let inline = words(&source.code, "mod").filter(|start| *start < at);
    files + inline.filter(|start| item_end(&source.code, *start) > at).count()
}

/// The first names of the path, or of each path in the braces, at `at`.
fn heads(code: &str, at: usize, found: &mut Vec<(usize, String)>) {
    let rest = &code[at..];
    if !rest.trim_start().starts_with('{') {
        let head = name(rest);
        if !head.is_empty() {
            found.push((at, head.to_owned()));
        }
        return;
    }
    let (mut level, mut expect) = (0, false);
    for (n, byte) in rest.bytes().enumerate() {
        match byte {
            b'{' => level += 1,
            b'}' => level -= 1,
            _ if expect && level == 1 && (byte.is_ascii_alphabetic() || byte == b'_') => {
                found.push((at + n, name(&rest[n..]).to_owned()));
                expect = false;
            }
            _ => {}
        }
        match byte {
            b'{' | b',' => expect = level == 1,
            _ if level == 0 && byte == b'}' => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::named;

    fn modules(path: &str, text: &str) -> Vec<String> {
        named(&Source::new(path, text, false)).into_iter().map(|(_, module)| module).collect()
    }

    #[test]
    fn paths_through_the_crate_are_found_in_every_form() {
        let path = "sim/src/wire/http/body.rs";
        assert_eq!(modules(path, "use crate::object::{Key, tree::Map};"), ["object"]);
        assert_eq!(
            modules(path, "use crate::{\n    engine::{Clock, Draw},\n    object,\n};"),
            ["engine", "object"]
        );
        assert_eq!(
            modules(path, "fn a(b: crate::engine::Time) -> Box<crate::faults::F> {}"),
            ["engine", "faults"]
        );
        assert_eq!(modules(path, "let a = crate::value!({});  // crate::faults"), ["object"]);
    }

    #[test]
    fn chains_of_super_count_where_they_reach_the_root() {
        assert_eq!(modules("sim/src/wire/http/body.rs", "use super::super::message::M;"), [""; 0]);
        assert_eq!(modules("sim/src/wire/http/body.rs", "use super::super::super::faults::F;"), ["faults"]);
        assert_eq!(
            modules("sim/src/wire/mod.rs", "use super::{faults, engine::Time};"),
            ["faults", "engine"]
        );
        assert_eq!(
            modules("sim/src/cluster.rs", "mod tests { use super::x; use super::super::faults; }"),
            ["faults"]
        );
    }
}
