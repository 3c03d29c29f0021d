//! Pods in the format of `kubectl get pods`: all of them, or of many only those that have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wavetank_sim::engine::Time;
use wavetank_sim::object::{Object, PodRow, pod_row};
use wavetank_sim::wire::{Commit, ObjectKey, resource};

/// The most rows of a table. Our choice: a table of thousands of pods after each change is read by nobody, and fills disks.
const ROWS: usize = 20;

/// The pods at the current time of a run.
#[derive(Default)]
pub(super) struct Pods {
    pods: BTreeMap<ObjectKey, Arc<Object>>,
    /// What each pod's row last showed, without its age.
    shown: BTreeMap<ObjectKey, String>,
    /// Pods with commits since the last table.
    touched: BTreeSet<ObjectKey>,
}

impl Pods {
    /// Takes in a commit.
    pub(super) fn on_commit(&mut self, commit: &Commit) {
        if commit.resource != *resource::PODS {
            return;
        }
        self.touched.insert(commit.key.clone());
        match &commit.new {
            Some(new) => self.pods.insert(commit.key.clone(), new.clone()),
            None => self.pods.remove(&commit.key),
        };
    }

    /// The table, if more than ages has changed since the last one.
    pub(super) fn table(&mut self, now: Time) -> Option<Vec<String>> {
        let row =
            |pod: &Object| pod_row(pod, |text| Some(now.wall_s() - Time::parse_rfc3339(text)?.wall_s()));
        let mut changed = Vec::new();
        for key in std::mem::take(&mut self.touched) {
            let state = self.pods.get(&key).map(|pod| state(&row(pod)));
            let before = match &state {
                Some(state) => self.shown.insert(key.clone(), state.clone()),
                None => self.shown.remove(&key),
            };
            if state != before {
                changed.push(key);
            }
        }
        if changed.is_empty() {
            return None;
        }
        let mut lines = vec![format!("{:>10}  kubectl get pods", now.to_string())];
        if self.pods.is_empty() {
            lines.push("            No resources found.".into());
            return Some(lines);
        }
        let few = self.pods.len() <= ROWS;
        let keys: Vec<&ObjectKey> = if few { self.pods.keys().collect() } else { changed.iter().collect() };
        let gone = |key: &ObjectKey| PodRow {
            name: key.name.to_string(),
            ready: String::new(),
            status: "(gone)".into(),
            restarts: String::new(),
            age: String::new(),
        };
        let shown = keys.iter().take(ROWS);
        let rows: Vec<PodRow> =
            shown.map(|key| self.pods.get(*key).map_or_else(|| gone(key), |pod| row(pod))).collect();
        lines.extend(formatted(&rows));
        if !few {
            let others = keys.len().saturating_sub(ROWS);
            let others = if others > 0 { format!("{others} more that changed, ") } else { String::new() };
            lines.push(format!("            .. {others}{} pods in all", self.pods.len()));
        }
        Some(lines)
    }
}

fn formatted(rows: &[PodRow]) -> Vec<String> {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(4);
    let line = |name: &str, ready: &str, status: &str, restarts: &str, age: &str| {
        let line = format!("            {name:<width$}   {ready:<5}   {status:<17}   {restarts:<12}   {age}");
        line.trim_end().to_owned()
    };
    let head = line("NAME", "READY", "STATUS", "RESTARTS", "AGE");
    let rows = rows.iter().map(|r| line(&r.name, &r.ready, &r.status, &r.restarts, &r.age));
    std::iter::once(head).chain(rows).collect()
}

/// A row without its age and the time of the last restart.
fn state(row: &PodRow) -> String {
    let restarts = row.restarts.split(' ').next().unwrap_or_default();
    format!("{} {} {restarts}", row.ready, row.status)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wavetank_sim::engine::Time;
    use wavetank_sim::object::Object;
    use wavetank_sim::value;
    use wavetank_sim::wire::{Commit, ObjectKey, resource};

    use super::{Pods, ROWS};

    fn commit(pods: &mut Pods, name: &str, phase: Option<&str>) {
        let object = |phase: &str| {
            Object::shared(value!({
                "apiVersion": "v1", "kind": "Pod", "metadata": {"name": (name), "namespace": "default"},
                "spec": {"containers": [{"name": "c"}]}, "status": {"phase": (phase)}
            }))
        };
        let (old, new): (Option<Arc<Object>>, _) = (Some(object("Old")), phase.map(object));
        let (resource, key) = (*resource::PODS, ObjectKey::new("default", name));
        pods.on_commit(&Commit { revision: 1, resource, key, old, new, birth: None });
    }

    #[test]
    fn of_many_pods_only_those_that_have_changed_are_shown() {
        let mut pods = Pods::default();
        (0..ROWS).for_each(|n| commit(&mut pods, &format!("p{n:03}"), Some("Pending")));
        assert_eq!(pods.table(Time(1)).unwrap().len(), 2 + ROWS, "a heading, a head and all pods");
        commit(&mut pods, "p000", Some("Pending"));
        assert_eq!(pods.table(Time(2)), None);
        commit(&mut pods, "p001", Some("Running"));
        assert_eq!(pods.table(Time(3)).unwrap().len(), 2 + ROWS);
        (0..100).for_each(|n| commit(&mut pods, &format!("q{n:03}"), Some("Pending")));
        let table = pods.table(Time(4)).unwrap();
        assert_eq!(
            (table.len(), table.last().unwrap().as_str()),
            (3 + ROWS, "            .. 80 more that changed, 120 pods in all")
        );
        commit(&mut pods, "p001", None);
        commit(&mut pods, "p002", Some("Failed"));
        let table = pods.table(Time(5)).unwrap();
        assert_eq!(table.len(), 5, "{table:#?}");
        assert!(table[2].contains("p001") && table[2].ends_with("(gone)"), "{table:#?}");
        assert!(table[3].contains("p002") && table[3].contains("Failed"), "{table:#?}");
        assert_eq!(table[4], "            .. 119 pods in all");
    }
}
