//! Collects what programs write to stdout and stderr in a run, line by line, with the time and the host.
//!
//! A panic is a line, too. Escape sequences of terminals are left out. What a task of a dead incarnation writes is dropped.

use std::cell::RefCell;
use std::ffi::c_int;

use super::owners::{self, Owner};
use super::state;

/// The most that is kept of one line, in bytes. Our choice: the rest becomes a line of its own.
const LINE_BYTES: usize = 64 << 10;
/// The most that is kept until somebody takes it, in bytes. Our choice: a program that prints more at one instant is in a loop.
const WAITING_BYTES: usize = 8 << 20;

/// A line that a program wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The wall clock in the run, in ns since 1970.
    pub wall_ns: u64,
    /// The address of the host, if that is known.
    pub host: Option<u32>,
    /// The text, without its end of line.
    pub text: String,
}

#[derive(Default)]
struct Output {
    lines: Vec<Line>,
    /// How many lines there were when the last turn of an incarnation began or ended.
    marked: usize,
    bytes: usize,
    begun: Vec<Begun>,
}

/// The beginning of a line.
struct Begun {
    descriptor: c_int,
    owner: Option<Owner>,
    wall_ns: u64,
    bytes: Vec<u8>,
}

thread_local! {
    static OUTPUT: RefCell<Output> = RefCell::default();
}

/// The lines since the last call, oldest first. They outlive the guard.
pub fn take_output() -> Vec<Line> {
    OUTPUT.with_borrow_mut(|output| {
        (output.bytes, output.marked) = (0, 0);
        std::mem::take(&mut output.lines)
    })
}

/// Ends the lines that have no end, when a run is over.
pub fn end_lines() {
    OUTPUT.with_borrow_mut(|output| {
        for line in std::mem::take(&mut output.begun) {
            output.push(line.owner, line.wall_ns, readable(&line.bytes));
        }
    });
}

/// Forgets all of it, before a run.
pub(super) fn clear() {
    OUTPUT.take();
}

/// Takes in what the current code writes to this descriptor. False: it cannot, because the thread ends or is taking in already.
pub(super) fn write(descriptor: c_int, bytes: &[u8]) -> bool {
    let owner = owners::current();
    let taken = OUTPUT.try_with(|output| {
        let Ok(mut output) = output.try_borrow_mut() else { return false };
        if !owner.is_some_and(owners::is_over) {
            output.write(descriptor, owner, bytes);
        }
        true
    });
    taken.unwrap_or(false)
}

/// A turn of an incarnation begins or ends.
pub(super) fn mark() {
    OUTPUT.with_borrow_mut(|output| output.marked = output.lines.len());
}

/// What this incarnation has written since the last turn of any began or ended, the beginning of a line included.
pub(super) fn last_words(owner: Owner) -> Vec<String> {
    let words = OUTPUT.try_with(|output| {
        let Ok(output) = output.try_borrow() else { return Vec::new() };
        let new = output.lines.get(output.marked..).unwrap_or_default();
        let own = new.iter().filter(|line| line.host == Some(owner.host)).map(|line| line.text.clone());
        let begun = output.begun.iter().filter(|line| line.owner == Some(owner));
        own.chain(begun.map(|line| readable(&line.bytes))).collect()
    });
    words.unwrap_or_default()
}

/// Adds lines that this incarnation would write now.
pub(super) fn say(owner: Owner, lines: Vec<String>) {
    let wall_ns = state::wall_ns().unwrap_or_default();
    OUTPUT.with_borrow_mut(|output| {
        // Among them is the end of what it has begun.
        output.begun.retain(|line| line.owner != Some(owner));
        lines.into_iter().for_each(|text| output.push(Some(owner), wall_ns, text));
    });
}

/// Adds a line in the name of the current code.
pub(super) fn add(text: String) {
    let owner = owners::current();
    let _ = OUTPUT.try_with(|output| {
        if let Ok(mut output) = output.try_borrow_mut() {
            output.push(owner, state::wall_ns().unwrap_or_default(), text);
        }
    });
}

impl Output {
    fn write(&mut self, descriptor: c_int, owner: Option<Owner>, bytes: &[u8]) {
        let wall_ns = state::wall_ns().unwrap_or_default();
        let found = self.begun.iter().position(|line| (line.descriptor, line.owner) == (descriptor, owner));
        let begun = found.map(|at| self.begun.swap_remove(at));
        let mut line = begun.unwrap_or(Begun { descriptor, owner, wall_ns, bytes: Vec::new() });
        for byte in bytes {
            if *byte != b'\n' {
                line.bytes.push(*byte);
            }
            if *byte == b'\n' || line.bytes.len() >= LINE_BYTES {
                self.push(owner, line.wall_ns, readable(&line.bytes));
                line.bytes.clear();
                line.wall_ns = wall_ns;
            }
        }
        if !line.bytes.is_empty() {
            self.begun.push(line);
        }
    }

    fn push(&mut self, owner: Option<Owner>, wall_ns: u64, mut text: String) {
        if self.bytes > WAITING_BYTES {
            return;
        }
        self.bytes += text.len() + size_of::<Line>();
        if self.bytes > WAITING_BYTES {
            text = format!("(more than {WAITING_BYTES} bytes at one instant: what follows is not kept)");
        }
        self.lines.push(Line { wall_ns, host: owner.map(|owner| owner.host), text });
    }
}

/// The text of a line, without the escape sequences that set colours (ECMA-48: `ESC [`, parameters, a final byte).
fn readable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut parts = text.split("\u{1b}[");
    let mut readable = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| ('@'..='~').contains(&c)).map_or(part.len(), |end| end + 1);
        readable.push_str(&part[end..]);
    }
    readable.truncate(readable.trim_end().len());
    readable
}
