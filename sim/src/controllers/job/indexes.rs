//! Sets of completion indexes in the form of `status.completedIndexes`: `0,2-4`.
//!
//! Real: pkg/controller/job/indexed_job_utils.go. Modelled: the text, including that two neighbours are written `2,3` and
//! only three or more as `2-4`.

use std::fmt;

/// Indexes as sorted, closed intervals that neither overlap nor touch.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Indexes(Vec<(i64, i64)>);

impl Indexes {
    /// Reads a text. Ignores what is not a number, and indexes from `limit` on.
    pub(super) fn parse(text: &str, limit: i64) -> Self {
        let mut all = Self::default();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            if let (Ok(first), Ok(last)) = (first.parse::<i64>(), last.parse::<i64>()) {
                all.add(first, last.min(limit - 1));
            }
        }
        all
    }

    /// Adds the indexes from `first` to `last`.
    fn add(&mut self, first: i64, last: i64) {
        if first > last {
            return;
        }
        let (mut first, mut last) = (first, last);
        self.0.retain(|(from, to)| {
            let apart = *to + 1 < first || last + 1 < *from;
            if !apart {
                (first, last) = (first.min(*from), last.max(*to));
            }
            apart
        });
        let at = self.0.partition_point(|(from, _)| *from < first);
        self.0.insert(at, (first, last));
        debug_assert!(self.0.is_sorted_by(|a, b| a.1 + 1 < b.0), "the intervals are sorted and do not touch");
    }

    /// Adds one index.
    pub(super) fn insert(&mut self, index: i64) {
        self.add(index, index);
    }

    /// Adds all of another set.
    pub(super) fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(first, last)| self.add(*first, *last));
    }

    pub(super) fn contains(&self, index: i64) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&index))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many indexes it has.
    pub(super) fn total(&self) -> i64 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// How many indexes both sets have.
    pub(super) fn overlap(&self, other: &Self) -> i64 {
        let common = |a: &(i64, i64), b: &(i64, i64)| (a.1.min(b.1) - a.0.max(b.0) + 1).max(0);
        self.0.iter().map(|a| other.0.iter().map(|b| common(a, b)).sum::<i64>()).sum()
    }

    /// The lowest `count` indexes below `limit` that it lacks.
    pub(super) fn missing(&self, count: usize, limit: i64) -> Vec<i64> {
        let mut out = Vec::with_capacity(count.min(512));
        let mut next = 0;
        let end = (limit, limit);
        for (first, last) in self.0.iter().chain([&end]) {
            while next < (*first).min(limit) && out.len() < count {
                out.push(next);
                next += 1;
            }
            next = next.max(*last + 1);
        }
        out
    }
}

impl fmt::Display for Indexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (first, last)) in self.0.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma}{first}")?;
            match last - first {
                0 => {}
                1 => write!(f, ",{last}")?,
                _ => write!(f, "-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_written_as_the_real_controller_writes_it_and_read_back() {
        let mut set = Indexes::default();
        for index in [7, 3, 0, 4, 9, 5] {
            set.insert(index);
        }
        assert_eq!((set.to_string().as_str(), set.total()), ("0,3-5,7,9", 6));
        set.insert(8);
        set.insert(1);
        assert_eq!(set.to_string(), "0,1,3-5,7-9");
        assert_eq!(Indexes::parse("0,1,3-5,7-9", 100), set);
        assert_eq!(Indexes::parse("0,x,3-", 100).to_string(), "0");
        assert_eq!(Indexes::parse("1,4-9,12", 7).to_string(), "1,4-6");
    }

    #[test]
    fn missing_indexes_come_lowest_first_and_stay_below_the_limit() {
        let set = Indexes::parse("0,2,3,5", 100);
        assert_eq!(set.missing(10, 8), [1, 4, 6, 7]);
        assert_eq!(set.missing(2, 8), [1, 4]);
        assert_eq!(set.missing(9, 3), [1]);
        assert_eq!(Indexes::default().missing(2, 5), [0, 1]);
        assert_eq!(set.overlap(&Indexes::parse("1-3,5,9", 100)), 3);
        assert!(set.contains(3) && !set.contains(4));
    }
}
