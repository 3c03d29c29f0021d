//! The scenario file format: reads YAML into a [`Scenario`] or a [`BadScenario`]. Runs nothing.
//!
//! - `files`: reads scenario files and manifests from disk
//! - `problem`: what is wrong with a file, with line and column
//! - `yaml`: parses YAML into a tree that knows the place of each value
//! - `shape`: what a value may look like, and the check of a tree against it
//! - `format`: the format itself, as data
//! - `schema`: the same data as a JSON Schema
//! - `read`: makes a scenario of a checked tree, and reads manifests
//!
//! To add a field: a line in `format`, and the code in `read` that reads it. For verbs of steps both are in `format/steps`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use files::load;
#[cfg(feature = "cli")]
pub(crate) use files::load_text;
pub(crate) use files::manifests;
pub use problem::{BadScenario, Problem};
pub use schema::schema;
use wavetank_sim::object::Object;
pub use wavetank_sim::scenario::Scenario;
pub(crate) use yaml::yaml_of;

mod files;
pub(crate) mod format;
mod problem;
mod read;
mod schema;
mod shape;
mod yaml;

use problem::{Problems, Source, Spot};

/// The most bytes of a scenario file. Our choice.
pub(crate) const MAX_BYTES: u64 = 1 << 20;
/// Reads the manifests at a path that a step names: sorted files with their bytes. The path is as in the scenario file.
pub type ReadManifests<'a> = &'a dyn Fn(&Path) -> std::io::Result<Vec<(PathBuf, Vec<u8>)>>;

/// Reads a scenario from the bytes of a file. Errors call the file `file_name`.
///
/// # Errors
/// As [`load`].
pub fn parse(
    bytes: &[u8],
    file_name: &str,
    read_manifests: ReadManifests<'_>,
    programs: &[&str],
) -> Result<Scenario, BadScenario> {
    let whole = |message: String| Source::new(file_name, "").problem(Spot::start(), message);
    if bytes.len() as u64 > MAX_BYTES {
        return Err(whole(format!(
            "the file has {} bytes: a scenario has at most {MAX_BYTES} (1 MiB)",
            bytes.len()
        ))
        .into());
    }
    let source = Source::from_bytes(file_name, bytes)?;
    if source.is_empty() {
        return Err(whole("the file is empty: begin with `apiVersion: wavetank.dev/v1alpha1`".into()).into());
    }
    let root = yaml::document(&source)?;
    let mut problems = Problems::default();
    shape::check(&root, &format::SCENARIO, &source, &mut problems);
    let scenario =
        read::scenario(&root, read::Context::new(&source, read_manifests, programs), &mut problems);
    read::refuse_unread(&root, &source, &mut problems);
    BadScenario::unless_none(problems)?;
    Ok(scenario)
}

/// The objects of a manifest's text.
pub(crate) fn manifests_of(text: &str) -> Result<Vec<Arc<Object>>, BadScenario> {
    let read = read::manifest::read_objects(&Source::new("(text)", text)).map_err(BadScenario::of)?;
    Ok(read.into_iter().map(|(object, _)| object).collect())
}

#[cfg(test)]
mod tests;
