//! The line of a pod in `kubectl get pods`.
//!
//! Real: the API server's printer (`printPod`) and `HumanDuration`. Modelled: both, for the columns of the narrow form.

use super::containers::is_sidecar;
use crate::object::{Object, Value};

/// One row of `kubectl get pods`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PodRow {
    /// NAME.
    pub name: String,
    /// READY: `1/1`.
    pub ready: String,
    /// STATUS: `ContainerCreating`, `Running`, `Terminating`, `CrashLoopBackOff`, ...
    pub status: String,
    /// RESTARTS: `0`, `1 (5s ago)`.
    pub restarts: String,
    /// AGE.
    pub age: String,
}

/// The row of a pod. `since` returns the seconds since a timestamp of the object, if it can parse it.
pub fn pod_row(pod: &Object, since: impl Fn(&str) -> Option<i64>) -> PodRow {
    let mut tally = Tally { word: first_word(pod).to_owned(), ready: 0, restarts: 0, last: "" };
    let initializing = init_containers(pod, &mut tally);
    if !initializing || pod.is_condition_true("Initialized") {
        containers(pod, &mut tally);
    }
    if pod.is_terminating() && pod.str_at(&["status", "reason"]) == Some("NodeLost") {
        tally.word = "Unknown".into();
    } else if pod.is_terminating() && !pod.is_finished_pod() {
        tally.word = "Terminating".into();
    }
    let ago = |time: &str| since(time).map_or_else(|| "<unknown>".to_owned(), human_duration);
    let restarts = match (tally.restarts, tally.last) {
        (0, _) | (_, "") => tally.restarts.to_string(),
        (n, last) => format!("{n} ({} ago)", ago(last)),
    };
    let sidecars = pod.items_at(&["spec", "initContainers"]).iter().filter(|c| is_sidecar(c)).count();
    let total = pod.items_at(&["spec", "containers"]).len() + sidecars;
    PodRow {
        name: pod.name().to_owned(),
        ready: format!("{}/{total}", tally.ready),
        status: tally.word,
        restarts,
        age: ago(pod.meta("creationTimestamp")),
    }
}

struct Tally<'a> {
    word: String,
    ready: usize,
    restarts: i64,
    /// When the last restarted container had ended.
    last: &'a str,
}

impl<'a> Tally<'a> {
    fn count(&mut self, status: &'a Value) {
        self.restarts += status.i64_at(&["restartCount"]).unwrap_or(0);
        let ended = status.str_at(&["lastState", "terminated", "finishedAt"]).unwrap_or_default();
        self.last = self.last.max(ended);
    }
}

fn first_word(pod: &Object) -> &str {
    let gated = pod.condition("PodScheduled").and_then(|c| c.str_at(&["reason"])) == Some("SchedulingGated");
    let phase = pod.str_at(&["status", "phase"]).unwrap_or_default();
    match pod.str_at(&["status", "reason"]) {
        _ if gated => "SchedulingGated",
        Some(reason) if !reason.is_empty() => reason,
        _ => phase,
    }
}

/// Reads the init containers. Returns whether one of them is not finished.
fn init_containers<'a>(pod: &'a Object, tally: &mut Tally<'a>) -> bool {
    let specs = pod.items_at(&["spec", "initContainers"]);
    for (i, status) in pod.items_at(&["status", "initContainerStatuses"]).iter().enumerate() {
        tally.count(status);
        let sidecar = specs.iter().any(|c| c.get("name") == status.get("name") && is_sidecar(c));
        let is = |field: &str| status.get(field) == Some(&Value::Bool(true));
        if status.i64_at(&["state", "terminated", "exitCode"]) == Some(0) {
            continue;
        }
        if sidecar && is("started") {
            tally.ready += usize::from(is("ready"));
            continue;
        }
        let waiting = status.str_at(&["state", "waiting", "reason"]).unwrap_or_default();
        tally.word = if let Some(ended) = status.at(&["state", "terminated"]) {
            format!("Init:{}", end_word(ended))
        } else if !waiting.is_empty() && waiting != "PodInitializing" {
            format!("Init:{waiting}")
        } else {
            format!("Init:{i}/{}", specs.len())
        };
        return true;
    }
    false
}

/// Reads the containers from last to first, so that the word of the first wins.
fn containers<'a>(pod: &'a Object, tally: &mut Tally<'a>) {
    // The restarts of sidecars count, those of finished init containers do not.
    let specs = pod.items_at(&["spec", "initContainers"]);
    let sidecar = |name: Option<&Value>| specs.iter().any(|c| c.get("name") == name && is_sidecar(c));
    (tally.restarts, tally.last) = (0, "");
    let statuses = pod.items_at(&["status", "initContainerStatuses"]).iter();
    statuses.filter(|status| sidecar(status.get("name"))).for_each(|status| tally.count(status));
    let mut runs = false;
    for status in pod.items_at(&["status", "containerStatuses"]).iter().rev() {
        tally.count(status);
        if let Some(reason) = status.str_at(&["state", "waiting", "reason"]).filter(|r| !r.is_empty()) {
            tally.word = reason.to_owned();
        } else if let Some(ended) = status.at(&["state", "terminated"]) {
            tally.word = end_word(ended);
        } else if status.get("ready") == Some(&Value::Bool(true))
            && status.at(&["state", "running"]).is_some()
        {
            runs = true;
            tally.ready += 1;
        }
    }
    if tally.word == "Completed" && runs {
        tally.word = if pod.is_condition_true("Ready") { "Running" } else { "NotReady" }.to_owned();
    }
}

/// The status word of a `terminated` state.
fn end_word(ended: &Value) -> String {
    let reason = ended.str_at(&["reason"]).unwrap_or_default();
    match (reason, ended.i64_at(&["signal"]).unwrap_or(0)) {
        ("", 0) => format!("ExitCode:{}", ended.i64_at(&["exitCode"]).unwrap_or(0)),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

/// A duration as kubectl prints ages (`HumanDuration` of k8s.io/apimachinery).
pub fn human_duration(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let two = |large: i64, unit: &str, small: i64, of: &str| match small {
        0 => format!("{large}{unit}"),
        _ => format!("{large}{unit}{small}{of}"),
    };
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => two(minutes, "m", seconds % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => two(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 192 => two(hours / 24, "d", hours % 24, "h"),
        _ if hours < 24 * 365 * 2 => format!("{}d", hours / 24),
        _ if hours < 24 * 365 * 8 => two(hours / 24 / 365, "y", hours / 24 % 365, "d"),
        _ => format!("{}y", hours / 24 / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    fn row(status: Value, metadata: Value) -> String {
        let pod = value!({"metadata": metadata, "spec": {"containers": [{"name": "c"}]}, "status": status});
        let row = pod_row(&Object::new(pod), |time| time.parse::<i64>().ok());
        format!("{} {} {} {}", row.ready, row.status, row.restarts, row.age)
    }

    #[test]
    fn a_row_is_that_of_kubectl() {
        let young = value!({"creationTimestamp": "3"});
        let crash = value!({"phase": "Running", "containerStatuses": [{
            "ready": false, "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"finishedAt": "14"}}
        }]});
        let runs = value!({"phase": "Running", "containerStatuses": [
            {"ready": true, "restartCount": 0, "state": {"running": {}}, "lastState": {}}
        ]});
        let done = value!({"phase": "Failed", "containerStatuses": [
            {"ready": false, "restartCount": 0, "state": {"terminated": {"exitCode": 3}}, "lastState": {}}
        ]});
        let going = value!({"creationTimestamp": "121", "deletionTimestamp": "1"});
        assert_eq!(row(value!({"phase": "Pending"}), young.clone()), "0/1 Pending 0 3s");
        assert_eq!(row(crash, young.clone()), "0/1 CrashLoopBackOff 2 (14s ago) 3s");
        assert_eq!(row(runs.clone(), young), "1/1 Running 0 3s");
        assert_eq!(row(runs, going.clone()), "1/1 Terminating 0 2m1s");
        assert_eq!(row(done, going), "0/1 ExitCode:3 0 2m1s");
    }

    #[test]
    fn an_unfinished_init_container_gives_the_status() {
        let pod = value!({
            "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "c"}], "initContainers": [{"name": "a"}, {"name": "b"}]},
            "status": {"phase": "Pending", "initContainerStatuses": [
                {"name": "a", "restartCount": 1, "state": {"terminated": {"exitCode": 0}}},
                {"name": "b", "restartCount": 0, "state": {"running": {}}}
            ]}
        });
        let row = pod_row(&Object::new(pod), |_| None);
        assert_eq!((row.ready.as_str(), row.status.as_str()), ("0/1", "Init:1/2"));
    }

    #[test]
    fn ages_get_coarser_as_they_grow() {
        let ages = [119, 120, 599, 600, 10_800, 8 * 3600, 50 * 3600, 200 * 3600, 3 * 365 * 86_400];
        let texts = ages.map(human_duration);
        assert_eq!(texts, ["119s", "2m", "9m59s", "10m", "3h", "8h", "2d2h", "8d", "3y"]);
    }
}
