//! Replays a case: sends its steps to one new server, as HTTP, in virtual time.

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::request::Parts;
use http_body::Body as _;
use serde_json::Value;
use wavetank_sim::apiserver::{ApiServer, Plugins, Replies, ServerInput};
use wavetank_sim::engine::Time;
use wavetank_sim::object::Value as Tree;
use wavetank_sim::value;
use wavetank_sim::wire::http::{ResponseBody, decode, encode, encode_events};
use wavetank_sim::wire::{Addr, Answer, Request, RequestId, WatchEvent};

use super::case::{Case, Compare, Exchange, Step};
use super::compare::{difference, plain};

/// The time between requests, in milliseconds. Our choice: less than [`POLLS`], and more than none, as in a recording.
const STEP_MS: u64 = 5;
/// How often a polled step is repeated, and how many milliseconds apart. Our choice: 10 s cover all recorded waits.
const POLLS: (usize, u64) = (100, 100);

/// The outcome of a step.
pub(crate) enum Outcome {
    /// The answer equals the recorded one.
    Passed,
    /// The first difference.
    Differs(String),
    /// The step has no recorded answer to compare with.
    NotCompared,
}

/// The compared parts of a response.
struct Response {
    status: u16,
    content_type: String,
    warning: String,
    retry_after: String,
    body: Vec<u8>,
}

struct Player {
    server: ApiServer,
    now: Time,
    timers: Vec<(Time, u64)>,
    requests: RequestId,
    captured: BTreeMap<String, String>,
}

/// Replays a case.
pub(crate) fn play(case: &Case) -> Vec<Outcome> {
    let mut server = ApiServer::new(1, Time(0));
    server.set_plugins(Plugins { service_account: false, object_in_use: true });
    let mut player =
        Player { server, now: Time(0), timers: Vec::new(), requests: 0, captured: BTreeMap::new() };
    case.steps.iter().map(|step| player.step(step)).collect()
}

impl Player {
    fn step(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Sleep { sleep } => {
                self.pass(sleep * 1000, &mut Vec::new());
                Outcome::NotCompared
            }
            Step::Restart { .. } => {
                self.server.compact(self.server.revision());
                Outcome::NotCompared
            }
            Step::Http(exchange) => self.exchange(exchange),
        }
    }

    fn exchange(&mut self, exchange: &Exchange) -> Outcome {
        if let Some(user) = &exchange.user {
            return Outcome::Differs(format!("not sent: the server does not model users, here {user}"));
        }
        self.pass(STEP_MS, &mut Vec::new());
        let (parts, body) = self.request(exchange);
        let mut response = self.send(&parts, &body);
        for _ in 0..if exchange.polled { POLLS.0 } else { 0 } {
            if compare(exchange, &response).is_none() && has_conditions(exchange, &response) {
                break;
            }
            self.pass(POLLS.1, &mut Vec::new());
            response = self.send(&parts, &body);
        }
        let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        for (name, pointer) in &exchange.captures {
            let captured = answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            self.captured.insert(name.clone(), captured.to_owned());
        }
        match compare(exchange, &response) {
            _ if exchange.compare == Compare::Skip => Outcome::NotCompared,
            None => Outcome::Passed,
            Some(how) => Outcome::Differs(how),
        }
    }

    /// The request with the captured values.
    fn request(&self, exchange: &Exchange) -> (Parts, Vec<u8>) {
        let filled = |text: &str| {
            self.captured
                .iter()
                .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value))
        };
        let mut request =
            http::Request::builder().method(exchange.method.as_str()).uri(filled(&exchange.path));
        for (name, value) in &exchange.headers {
            request = request.header(name, value);
        }
        if !exchange.headers.contains_key("User-Agent") {
            request = request.header("User-Agent", "wavetank-rec/1");
        }
        let body = match (&exchange.body, exchange.raw.as_deref()) {
            (Some(body), _) => filled(&body.to_string()).into_bytes(),
            (None, Some(raw)) => big(raw).unwrap_or_else(|| raw.to_owned()).into_bytes(),
            (None, None) => Vec::new(),
        };
        (request.body(()).unwrap().into_parts().0, body)
    }

    fn send(&mut self, parts: &Parts, body: &[u8]) -> Response {
        let mut request = decode(parts, body);
        self.requests += 1;
        request.id = self.requests;
        let form = request.options.form;
        let (bookmark, timeout_s) = (self.bookmark(&request), request.options.timeout_s);
        let mut events = Vec::new();
        let answer =
            self.input(ServerInput::Request(Box::new(request)), &mut events).expect("requests are answered");
        let response = encode(&answer, form);
        if let Answer::Watching = answer {
            self.pass(timeout_s.expect("recorded watches end") * 1000, &mut events);
            self.server.close_watch(Addr(0), self.requests);
        }
        let header = |name: &str| {
            let values: Vec<_> =
                response.headers().get_all(name).iter().map(|v| v.to_str().unwrap()).collect();
            values.join(", ")
        };
        let mut taken = Response {
            status: response.status().as_u16(),
            content_type: header("content-type"),
            warning: header("warning"),
            retry_after: header("retry-after"),
            body: Vec::new(),
        };
        taken.body = match answer {
            Answer::Watching => encode_events(&events, form, &bookmark).to_vec(),
            _ => bytes_of(response.into_body()),
        };
        taken
    }

    /// The object that a watch's bookmarks carry.
    fn bookmark(&self, request: &Request) -> Tree {
        let kind = request.resource.and_then(|resource| self.server.registry().lookup(resource));
        kind.map_or(
            Tree::Null,
            |kind| value!({"kind": (kind.kind.as_str()), "apiVersion": (kind.api_version())}),
        )
    }

    /// Lets time pass. Collects the watch events of the last request.
    fn pass(&mut self, ms: u64, events: &mut Vec<WatchEvent>) {
        let until = self.now + ms;
        loop {
            self.timers.sort();
            let Some((due, timer)) = self.timers.first().copied().filter(|(due, _)| *due <= until) else {
                break;
            };
            self.timers.remove(0);
            self.now = self.now.max(due);
            self.input(ServerInput::Timer(timer), events);
        }
        self.now = until;
    }

    fn input(&mut self, input: ServerInput, events: &mut Vec<WatchEvent>) -> Option<Answer> {
        let mut replies = Replies::default();
        self.server.on(self.now, input, &mut replies);
        self.timers.append(&mut replies.timers);
        let last = self.requests;
        events.extend(replies.events.into_iter().filter(|(_, id, _)| *id == last).map(|(_, _, event)| event));
        replies.answers.pop().map(|(_, _, answer)| answer)
    }
}

/// A body that is too long for a recording, from its description there.
fn big(raw: &str) -> Option<String> {
    let bytes: usize = raw.strip_prefix('<')?.strip_suffix('>')?.rsplit_once("* ")?.1.parse().ok()?;
    let value = "x".repeat(bytes);
    Some(format!(
        r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"huge"}},"data":{{"a":"{value}"}}}}"#
    ))
}

fn bytes_of(body: ResponseBody) -> Vec<u8> {
    match pin!(body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().map(|bytes| bytes.to_vec()).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Whether the answer has the recorded conditions, for which the recorder waited.
fn has_conditions(exchange: &Exchange, got: &Response) -> bool {
    let conditions = |answer: &Value| answer.pointer("/status/conditions").cloned();
    let Some(wanted) = exchange.answer.as_ref().and_then(conditions) else { return true };
    let got = serde_json::from_slice(&got.body).ok().as_ref().and_then(conditions);
    got.is_some_and(|got| difference(&wanted, &got).is_none())
}

/// The first difference between a response and the recorded one.
fn compare(exchange: &Exchange, got: &Response) -> Option<String> {
    if exchange.compare == Compare::Skip {
        return None;
    }
    let text = String::from_utf8_lossy(&got.body);
    if got.status != exchange.status {
        let text: String = text.chars().take(300).collect();
        return Some(format!("status should be {}, is {}: {text}", exchange.status, got.status));
    }
    let headers = [
        ("Content-Type", &exchange.content_type, &got.content_type),
        ("Warning", &exchange.warning, &got.warning),
        ("Retry-After", &exchange.retry_after, &got.retry_after),
    ];
    if let Some((name, wanted, got)) = headers.iter().find(|(_, wanted, got)| plain(wanted) != plain(got)) {
        return Some(format!("{name} should be {wanted:?}, is {got:?}"));
    }
    if exchange.compare == Compare::Loose {
        return None;
    }
    if let Some(wanted) = &exchange.text {
        return (plain(wanted) != plain(&text)).then(|| format!("should be {wanted:?}, is {text:?}"));
    }
    let documents: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(&text).into_iter().collect();
    let got = documents.unwrap_or_default();
    match (&exchange.answer, &exchange.stream) {
        (Some(wanted), _) => difference(wanted, got.first().unwrap_or(&Value::Null)),
        (_, Some(wanted)) => difference(&wanted.clone().into(), &got.into()),
        (None, None) => (!text.is_empty()).then(|| format!("should be empty, is {text}")),
    }
}
