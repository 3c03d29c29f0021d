//! The bytes on a lane: reads and writes messages, without knowing what they mean.

use std::io::{self, Read, Write};

/// What a server says when it is ready.
#[derive(Clone, Copy)]
pub(super) struct Ready {
    /// Whether its addresses are fixed.
    pub(super) fixed: bool,
    /// Whether the trial of the warm-up was stuck.
    pub(super) warm_up_stuck: bool,
}

impl Ready {
    pub(super) fn byte(self) -> u8 {
        b'r' | u8::from(self.fixed) | u8::from(self.warm_up_stuck) << 2
    }

    pub(super) fn of(byte: u8) -> Self {
        Self { fixed: byte & 1 != 0, warm_up_stuck: byte & 4 != 0 }
    }
}

/// The byte that makes a server fork.
pub(super) const GO: u8 = b'g';
const TOLD: u8 = b't';
const ANSWER: u8 = b'a';
const EXIT: u8 = b'x';
/// Words of a job whose time is over; several of them make a text.
pub(super) const STUCK: u8 = b's';
/// Words of a job in which a program reads the clock for ever.
pub(super) const LOOPED: u8 = b'l';
const ENDED: u8 = b'e';

/// A message to the driver.
pub(super) enum Message {
    /// What the job told.
    Told(Vec<u8>),
    /// The job's answer, as JSON.
    Answer(Vec<u8>),
    /// A program's call of `exit` or `abort`, as JSON. The job ends with it.
    Exit(Vec<u8>),
    /// What the job did when its time was over, a part of a text.
    Stuck(String),
    /// What the job does for ever.
    Looped(String),
    /// The status of the job's process as waitpid(2) gives it. It is the last message of a job.
    Ended(i32),
}

/// Writes `before` and a block with its length, all in one call.
pub(super) fn write_block(lane: &mut impl Write, before: &[u8], block: &[u8]) -> io::Result<()> {
    let length = u32::try_from(block.len()).map_err(|_| io::Error::other("a message of more than 4 GiB"))?;
    let mut bytes = Vec::with_capacity(before.len() + 4 + block.len());
    bytes.extend_from_slice(before);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(block);
    lane.write_all(&bytes)
}

pub(super) fn read_block(lane: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    lane.read_exact(&mut length)?;
    read_bytes(lane, u32::from_le_bytes(length))
}

pub(super) fn write_answer(lane: &mut impl Write, json: &[u8]) -> io::Result<()> {
    write_block(lane, &[ANSWER], json)
}

pub(super) fn write_exit(lane: &mut impl Write, json: &[u8]) -> io::Result<()> {
    write_block(lane, &[EXIT], json)
}

/// Allocates nothing, because a job calls it in the midst of a run.
pub(super) fn write_told(lane: &mut impl Write, text: &str) -> io::Result<()> {
    write_words(lane, TOLD, text)
}

/// Writes words of this kind. Allocates nothing, because a signal handler calls it.
pub(super) fn write_words(lane: &mut impl Write, kind: u8, words: &str) -> io::Result<()> {
    // A text beyond 4 GiB has no length here, and nobody reads one.
    let Ok(length) = u32::try_from(words.len()) else { return Ok(()) };
    let [a, b, c, d] = length.to_le_bytes();
    lane.write_all(&[kind, a, b, c, d])?;
    lane.write_all(words.as_bytes())
}

/// Allocates nothing, because a server calls it.
pub(super) fn write_ended(lane: &mut impl Write, status: i32) -> io::Result<()> {
    let [a, b, c, d] = status.to_le_bytes();
    lane.write_all(&[ENDED, a, b, c, d])
}

pub(super) fn read_message(lane: &mut impl Read) -> io::Result<Message> {
    let mut head = [0; 5];
    lane.read_exact(&mut head)?;
    let [kind, number @ ..] = head;
    match kind {
        TOLD => read_bytes(lane, u32::from_le_bytes(number)).map(Message::Told),
        ANSWER => read_bytes(lane, u32::from_le_bytes(number)).map(Message::Answer),
        EXIT => read_bytes(lane, u32::from_le_bytes(number)).map(Message::Exit),
        STUCK | LOOPED => {
            let words = read_bytes(lane, u32::from_le_bytes(number))?;
            let words = String::from_utf8_lossy(&words).into_owned();
            Ok(if kind == STUCK { Message::Stuck(words) } else { Message::Looped(words) })
        }
        ENDED => Ok(Message::Ended(i32::from_le_bytes(number))),
        other => Err(io::Error::other(format!("an unknown message {other} from a lane"))),
    }
}

fn read_bytes(lane: &mut impl Read, length: u32) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length as usize];
    lane.read_exact(&mut bytes)?;
    Ok(bytes)
}
