//! The scenario file format: reads YAML into a [`Scenario`] or a [`BadScenario`]. Runs nothing.
//!
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

pub use problem::{BadScenario, Problem};
pub use schema::schema;
use wavetank_sim::object::Object;
pub use wavetank_sim::scenario::Scenario;

pub(crate) mod format;
mod problem;
mod read;
mod schema;
mod shape;
mod yaml;

use problem::{Problems, Source, Spot};

/// The most bytes of a scenario file. Our choice.
const MAX_BYTES: u64 = 1 << 20;
/// The most bytes of a manifest. Our choice: bundles of CRDs are large.
const MAX_MANIFEST_BYTES: u64 = 16 << 20;

/// Reads the manifests at a path that a step names: sorted files with their bytes. The path is as in the scenario file.
pub type ReadManifests<'a> = &'a dyn Fn(&Path) -> std::io::Result<Vec<(PathBuf, Vec<u8>)>>;

/// Reads a scenario file and the manifests that it names. Their paths are relative to the file. `programs` are the names of
/// the registered programs.
///
/// # Errors
/// Everything that is wrong with the file or its manifests, each with its place and what would be right.
pub fn load(path: &Path, programs: &[&str]) -> Result<Scenario, BadScenario> {
    let name = path.display().to_string();
    let whole = |message: String| Source::new(&name, "").problem(Spot::start(), message).into();
    let size = std::fs::metadata(path).map(|meta| meta.len());
    let size = size.map_err(|e| {
        whole(format!("wavetank cannot read the file ({e}): write the path of a scenario file"))
    })?;
    if size > MAX_BYTES {
        return Err(whole(format!("the file has {size} bytes: a scenario has at most {MAX_BYTES} (1 MiB)")));
    }
    let bytes = std::fs::read(path).map_err(|e| whole(format!("wavetank cannot read the file ({e})")))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    parse(&bytes, &name, &|manifest| read_files(&folder.join(manifest)), programs)
}

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

/// The objects of a manifest file, or of a folder's files sorted by name.
pub(crate) fn manifests(path: &Path) -> Result<Vec<Arc<Object>>, BadScenario> {
    let name = path.display().to_string();
    let whole = |e: std::io::Error| {
        Source::new(&name, "").problem(Spot::start(), format!("wavetank cannot read this ({e})"))
    };
    let files = read_files(path).map_err(|e| BadScenario::from(whole(e)))?;
    let read = |(path, bytes): &(PathBuf, Vec<u8>)| -> Result<Vec<Arc<Object>>, BadScenario> {
        let source = Source::from_bytes(&path.display().to_string(), bytes)?;
        read::manifest::read_objects(&source).map_err(BadScenario::of)
    };
    let objects: Vec<_> = files.iter().map(read).collect::<Result<_, _>>()?;
    Ok(objects.into_iter().flatten().collect())
}

/// The objects of a manifest's text.
pub(crate) fn manifests_of(text: &str) -> Result<Vec<Arc<Object>>, BadScenario> {
    read::manifest::read_objects(&Source::new("(text)", text)).map_err(BadScenario::of)
}

/// The manifests at a path: one file, or the files of a folder, sorted by name, without subfolders, as `kubectl apply -f`.
fn read_files(path: &Path) -> std::io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let read = |path: PathBuf| {
        let size = std::fs::metadata(&path)?.len();
        if size > MAX_MANIFEST_BYTES {
            let message =
                format!("{} has {size} bytes: a manifest has at most {MAX_MANIFEST_BYTES}", path.display());
            return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, message));
        }
        let bytes = std::fs::read(&path)?;
        Ok((path, bytes))
    };
    if !path.is_dir() {
        return Ok(vec![read(path.to_owned())?]);
    }
    let entries: Vec<_> = std::fs::read_dir(path)?.collect::<Result<_, _>>()?;
    let is_manifest = |path: &PathBuf| {
        path.is_file() && path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json")
    };
    let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).filter(is_manifest).collect();
    paths.sort();
    if paths.is_empty() {
        return Err(std::io::Error::new(
            std::io::ErrorKind::NotFound,
            "the folder has no .yaml, .yml or .json file",
        ));
    }
    paths.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests;
