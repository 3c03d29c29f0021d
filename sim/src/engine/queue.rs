//! The events to come: one queue, ordered by time, then a seeded tie, then sequence.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Time;

/// The events to come.
#[derive(Debug)]
pub struct Queue<E> {
    heap: BinaryHeap<Reverse<Item>>,
    /// The events, so that the heap does not move them; `None` is a free slot.
    events: Vec<Option<E>>,
    free: Vec<u32>,
    now: Time,
    pushed: u64,
}

/// The time of an event, and its slot in `events`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Item {
    time: Time,
    tie: u64,
    sequence: u64,
    slot: u32,
}

impl<E> Queue<E> {
    /// An empty queue whose clock stands at `now`.
    pub fn new(now: Time) -> Self {
        Self { heap: BinaryHeap::new(), events: Vec::new(), free: Vec::new(), now, pushed: 0 }
    }

    /// The clock: the time of the event popped last.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Adds an event. Events of one time come in order of `tie`, a keyed draw. A time in the past counts as now.
    pub fn push(&mut self, time: Time, tie: u64, event: E) {
        self.pushed += 1;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.events.push(None);
            u32::try_from(self.events.len() - 1).expect("fewer events wait than u32 counts")
        });
        self.events[slot as usize] = Some(event);
        self.heap.push(Reverse(Item { time: time.max(self.now), tie, sequence: self.pushed, slot }));
    }

    /// The time of the next event.
    pub fn next_time(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse(item)| item.time)
    }

    /// Takes the next event and sets the clock to its time.
    pub fn pop(&mut self) -> Option<E> {
        let Reverse(item) = self.heap.pop()?;
        debug_assert!(item.time >= self.now, "the clock of a queue never goes back");
        self.now = item.time;
        self.free.push(item.slot);
        let event = self.events[item.slot as usize].take();
        debug_assert!(event.is_some(), "each item of the heap has its event");
        event
    }

    /// Moves the clock forward without an event, for what happens outside the queue: never back, never past an event.
    pub fn advance(&mut self, to: Time) {
        let limit = self.next_time().unwrap_or(to);
        self.now = self.now.max(to.min(limit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_then_tie_then_sequence() {
        let mut queue = Queue::new(Time(0));
        for (time, tie, event) in [(5, 1, "d"), (3, 9, "b"), (3, 2, "a"), (3, 9, "c")] {
            queue.push(Time(time), tie, event);
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, ["a", "b", "c", "d"]);
        assert_eq!(queue.now(), Time(5));
    }

    #[test]
    fn the_clock_never_goes_back_nor_past_an_event() {
        let mut queue = Queue::new(Time(10));
        queue.push(Time(4), 0, ());
        queue.advance(Time(50));
        assert_eq!((queue.now(), queue.next_time()), (Time(10), Some(Time(10))));
    }
}
