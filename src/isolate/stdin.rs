//! What this process was given on stdin. A zygote executes the same code again and has to read the same.

use std::io;
use std::sync::OnceLock;

static READ: OnceLock<Vec<u8>> = OnceLock::new();

/// Reads stdin to its end, at most `limit` bytes and one. A second call returns the same.
///
/// # Errors
/// Stdin cannot be read.
#[cfg(feature = "cli")]
pub(crate) fn read_stdin(limit: u64) -> io::Result<&'static [u8]> {
    use std::io::Read;
    if READ.get().is_none() {
        let mut bytes = Vec::new();
        io::stdin().take(limit + 1).read_to_end(&mut bytes)?;
        let _ = READ.set(bytes);
    }
    Ok(READ.get().expect("it has been read"))
}

/// The stdin of a zygote: what this process has read, else nothing.
#[cfg(target_os = "linux")]
pub(super) fn for_zygote() -> io::Result<std::process::Stdio> {
    use std::io::{Seek, Write};
    use std::process::Stdio;
    let Some(bytes) = READ.get() else { return Ok(Stdio::null()) };
    let mut file = super::sys::output_file()?;
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file.into())
}
