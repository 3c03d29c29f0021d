//! Reads objects from files, folders and inline texts, in their order. The API server checks kinds and schemas.

use std::path::Path;
use std::sync::Arc;

use wavetank_sim::object::Object;

use super::Reader;
use crate::scenario::problem::{Problem, Source, Spot};
use crate::scenario::yaml::{self, Node, Tree};

impl Reader<'_, '_> {
    /// The objects of `PATH`, `[PATH..]` or `{inline: TEXT}`; nothing if that is malformed.
    pub(in crate::scenario) fn manifests(&mut self, node: &Node) -> Option<Vec<Arc<Object>>> {
        let (mut objects, problems) = (Vec::new(), self.problems.count());
        match &node.tree {
            Tree::Text(_) => self.files(node, &mut objects),
            Tree::List(paths) => paths.iter().for_each(|path| self.files(path, &mut objects)),
            _ => {
                if let Some(inline) = node.get("inline") {
                    self.inline(inline, &mut objects);
                }
            }
        }
        (self.problems.count() == problems).then_some(objects)
    }

    fn files(&mut self, node: &Node, objects: &mut Vec<Arc<Object>>) {
        let Tree::Text(path) = &node.tree else { return };
        let files = match (self.context.read_manifests)(Path::new(path)) {
            Ok(files) => files,
            Err(error) => {
                let right = "write the path of a manifest or a folder of them, relative to this file";
                return self.wrong(node.spot, format!("wavetank cannot read `{path}` ({error}): {right}"));
            }
        };
        let mut empty = true;
        for (name, bytes) in files {
            let read =
                Source::from_bytes(&name.display().to_string(), &bytes).map_err(|problem| vec![problem]);
            match read.and_then(|source| read_objects(&source)) {
                Ok(found) => {
                    empty &= found.is_empty();
                    let name = name.display().to_string();
                    for (object, spot) in found {
                        self.places.note_object(&object, spot.in_file(&name));
                        objects.push(object);
                    }
                }
                Err(problems) => {
                    empty = false;
                    problems.into_iter().for_each(|problem| self.problems.note(problem));
                }
            }
        }
        if empty {
            self.wrong(
                node.spot,
                format!("`{path}` has no manifest: write one with apiVersion, kind and metadata"),
            );
        }
    }

    fn inline(&mut self, node: &Node, objects: &mut Vec<Arc<Object>>) {
        let Tree::Text(text) = &node.tree else { return };
        match read_objects(&Source::new(&self.context.source.name, text)) {
            Ok(found) if found.is_empty() => self
                .wrong(node.spot, "this text has no manifest: write one with apiVersion, kind and metadata"),
            Ok(found) => {
                for (object, spot) in found {
                    let place = self.inside(node, text, spot).in_file(&self.context.source.name);
                    self.places.note_object(&object, place);
                    objects.push(object);
                }
            }
            Err(problems) => {
                for problem in problems {
                    let Problem { line, column, .. } = problem;
                    let spot = self.inside(node, text, Spot { line, column, width: 1 });
                    self.wrong(spot, problem.message);
                }
            }
        }
    }

    /// The place in the file of a place in an inline text: its own line in a block (`|`), else the beginning of the text.
    fn inside(&self, node: &Node, text: &str, inner: Spot) -> Spot {
        let line = |at: usize| self.context.source.text.split('\n').nth(at - 1).unwrap_or_default();
        let at = node.spot.line + inner.line - 1;
        let line_of_text = text.split('\n').nth(inner.line - 1).unwrap_or_default();
        let indent = node.spot.column - 1;
        let outer: String = line(at).chars().skip(indent).collect();
        if text.contains('\n') && outer.trim_end_matches('\r') == line_of_text {
            Spot { line: at, column: inner.column + indent, width: 1 }
        } else {
            Spot { width: 1, ..node.spot }
        }
    }
}

/// The objects of a file and their places, with the items of lists as objects of their own, as kubectl reads them.
pub(in crate::scenario) fn read_objects(source: &Source) -> Result<Vec<(Arc<Object>, Spot)>, Vec<Problem>> {
    let documents = yaml::documents(source).map_err(|problem| vec![problem])?;
    let mut objects = Vec::new();
    let mut problems = Vec::new();
    for document in &documents {
        let is_list = document.string("kind").is_some_and(|kind| kind.ends_with("List"))
            && document.get("items").is_some();
        let items = if is_list { document.list("items") } else { std::slice::from_ref(document) };
        for item in items {
            match check(item) {
                Ok(()) => objects.push((Object::shared(item.value()), item.spot)),
                Err((spot, message)) => problems.push(source.problem(spot, message)),
            }
        }
    }
    if problems.is_empty() { Ok(objects) } else { Err(problems) }
}

/// Checks that this may be an object.
fn check(node: &Node) -> Result<(), (Spot, String)> {
    if !matches!(node.tree, Tree::Map(_)) {
        return Err((
            node.spot,
            format!("{} is no manifest: write a map with apiVersion, kind and metadata", node.kind()),
        ));
    }
    for field in ["apiVersion", "kind"] {
        match node.get(field) {
            None => {
                return Err((
                    node.spot,
                    format!("a manifest needs `{field}`: write apiVersion, kind and metadata"),
                ));
            }
            Some(Node { tree: Tree::Text(text), .. }) if !text.is_empty() => {}
            Some(other) => return Err((other.spot, format!("`{field}` is {}: write a text", other.kind()))),
        }
    }
    let Some(meta) = node.get("metadata") else {
        return Err((node.spot, "a manifest needs `metadata` with a `name`".into()));
    };
    match (meta.get("name"), meta.get("generateName")) {
        (None, None) => Err((meta.spot, "`metadata` needs a `name` or a `generateName`".into())),
        (Some(name), _) if !matches!(name.tree, Tree::Text(_)) => {
            let text = name.text().unwrap_or_default();
            Err((name.spot, format!("the name is {}: write a text, `\"{text}\"`", name.kind())))
        }
        _ => Ok(()),
    }
}
