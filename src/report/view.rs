//! What a run tells while it goes.

use serde::{Deserialize, Serialize};
use wavetank_sim::explore::Watch;
use wavetank_sim::wire::History;

use crate::isolate::tell;

/// What to tell of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) enum View {
    /// Nothing.
    #[default]
    Nothing,
    /// Now and then, its virtual time.
    Clock,
}

/// After so many entries of the record the clock is told again. Our choice: tens of milliseconds of wall time.
const ENTRIES: usize = 4096;

/// Tells what a view wants, as the record of a run grows.
pub(crate) struct Showing {
    watch: Option<Box<Watch<'static>>>,
}

impl View {
    /// Begins to show a run.
    pub(crate) fn begin(&self) -> Showing {
        let watch: Option<Box<Watch<'static>>> = match self {
            Self::Nothing => None,
            Self::Clock => Some(clock()),
        };
        Showing { watch }
    }
}

impl Showing {
    /// Who watches the run.
    pub(crate) fn watch(&mut self) -> Option<&mut Watch<'static>> {
        self.watch.as_deref_mut()
    }

    /// The run is over, and this is its record.
    pub(crate) fn end(self, _history: &History) {}
}

/// Tells the time. It allocates nothing, so that a run is the same on a terminal and elsewhere.
fn clock() -> Box<Watch<'static>> {
    use std::io::Write;
    let mut next = ENTRIES;
    Box::new(move |_, history| {
        let entries = history.record.entries();
        let Some(last) = entries.last().filter(|_| entries.len() >= next) else { return };
        next = entries.len() + ENTRIES;
        let mut text = [0_u8; 32];
        let mut rest = &mut text[..];
        let written = write!(rest, "{}", last.time).is_ok();
        let length = 32 - rest.len();
        if let (true, Ok(text)) = (written, str::from_utf8(&text[..length])) {
            tell(text);
        }
    })
}
