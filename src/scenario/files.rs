//! Reads scenario files and manifests from disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wavetank_sim::object::Object;
use wavetank_sim::scenario::Places;

use super::problem::{BadScenario, Source, Spot};
use super::{MAX_BYTES, Scenario, parse, read};

/// The most bytes of a manifest. Our choice: bundles of CRDs are large.
const MAX_MANIFEST_BYTES: u64 = 16 << 20;

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

/// Reads the text of a scenario, which errors call `name`, and the manifests that it names. Their paths are relative to the
/// working directory.
#[cfg(feature = "cli")]
pub(crate) fn load_text(text: &[u8], name: &str, programs: &[&str]) -> Result<Scenario, BadScenario> {
    parse(text, name, &read_files, programs)
}

/// The objects of a manifest file, or of a folder's files sorted by name. Notes where they are written.
pub(crate) fn manifests(path: &Path, places: &mut Places) -> Result<Vec<Arc<Object>>, BadScenario> {
    let name = path.display().to_string();
    let whole = |e: std::io::Error| {
        Source::new(&name, "").problem(Spot::start(), format!("wavetank cannot read the manifest ({e})"))
    };
    let files = read_files(path).map_err(|e| BadScenario::from(whole(e)))?;
    let mut objects = Vec::new();
    for (path, bytes) in &files {
        let source = Source::from_bytes(&path.display().to_string(), bytes)?;
        for (object, spot) in read::manifest::read_objects(&source).map_err(BadScenario::of)? {
            places.note_object(&object, spot.in_file(&source.name));
            objects.push(object);
        }
    }
    Ok(objects)
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
