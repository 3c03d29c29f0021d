//! Throw-away: plays golden cases and dumps what the server answers. Never committed.
#![allow(clippy::all, clippy::disallowed_methods, clippy::disallowed_macros, missing_docs)]
use http_body::Body as _;
use serde_json::Value as J;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use wavetank_sim::apiserver::*;
use wavetank_sim::engine::Time;
use wavetank_sim::wire::{Addr, Answer};

fn bytes(body: wavetank_sim::wire::http::ResponseBody) -> Vec<u8> {
    let mut body = Box::pin(body);
    let mut out = vec![];
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        match Pin::new(&mut body).poll_frame(&mut cx) {
            Poll::Ready(Some(Ok(f))) => {
                if let Ok(d) = f.into_data() {
                    out.extend_from_slice(&d)
                }
            }
            _ => return out,
        }
    }
}

struct P {
    api: ApiServer,
    now: Time,
    timers: Vec<(Time, u64)>,
    id: u64,
}
impl P {
    fn sleep(&mut self, ms: u64, r: &mut Replies) {
        let to = self.now + ms;
        loop {
            self.timers.extend(r.timers.drain(..));
            self.timers.sort();
            if self.timers.is_empty() || self.timers[0].0 > to {
                break;
            }
            let (t, tok) = self.timers.remove(0);
            self.now = t;
            self.api.on(t, ServerInput::Timer(tok), r);
        }
        self.now = to;
    }
    fn http(&mut self, req: &J, path: &str, body: Option<Vec<u8>>) -> J {
        let mut b =
            http::Request::builder().method(req["method"].as_str().unwrap()).uri(path.replace(' ', "%20"));
        for (k, v) in req["headers"].as_object().into_iter().flatten() {
            b = b.header(k, v.as_str().unwrap());
        }
        b = b.header("User-Agent", "wavetank-rec/1");
        let (parts, ()) = match b.body(()) {
            Ok(r) => r.into_parts(),
            Err(e) => return serde_json::json!({"error": e.to_string()}),
        };
        let mut request = wavetank_sim::wire::http::decode(&parts, &body.unwrap_or_default());
        self.id += 1;
        request.id = self.id;
        request.from = Addr(1);
        let metadata_only = request.options.metadata_only;
        let timeout = request.options.timeout_s.unwrap_or(1);
        let kind = request.resource.map(|r| {
            (r.api_version(), Registry::builtin().lookup(r).map(|k| k.kind.to_string()).unwrap_or_default())
        });
        let mut r = Replies::default();
        self.now = self.now + 7;
        self.api.on(self.now, ServerInput::Request(Box::new(request)), &mut r);
        let answer = r.answers.pop().unwrap().2;
        let response = wavetank_sim::wire::http::encode(&answer, metadata_only);
        let status = response.status().as_u16();
        let mut headers = serde_json::Map::new();
        for (k, v) in response.headers() {
            headers.insert(k.as_str().into(), v.to_str().unwrap().into());
        }
        if let Answer::Watching = answer {
            self.sleep(timeout * 1000 + 1, &mut r);
            self.api.close_watch(Addr(1), self.id);
            let events: Vec<_> = r.events.drain(..).filter(|e| e.1 == self.id).map(|e| e.2).collect();
            let kind = kind.unwrap();
            let bm = wavetank_sim::value!({"apiVersion": (kind.0), "kind": (kind.1)});
            let lines = wavetank_sim::wire::http::encode_events(&events, metadata_only, &bm);
            let stream: Vec<J> = lines
                .split(|b| *b == b'\n')
                .filter(|l| !l.is_empty())
                .map(|l| serde_json::from_slice(l).unwrap())
                .collect();
            return serde_json::json!({"status": status, "headers": headers, "stream": stream});
        }
        self.timers.extend(r.timers.drain(..));
        let raw = bytes(response.into_body());
        match serde_json::from_slice::<J>(&raw) {
            Ok(body) => serde_json::json!({"status": status, "headers": headers, "body": body}),
            Err(_) => {
                serde_json::json!({"status": status, "headers": headers, "text": String::from_utf8_lossy(&raw)})
            }
        }
    }
}

fn subst(text: &str, caps: &std::collections::BTreeMap<String, String>) -> String {
    let mut t = text.to_owned();
    for (k, v) in caps {
        t = t.replace(&format!("${{{k}}}"), v);
    }
    t
}

#[test]
fn play() {
    let Ok(only) = std::env::var("PLAY") else { return };
    std::fs::create_dir_all("/tmp/played").unwrap();
    for entry in std::fs::read_dir("/work/shared/golden").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_none_or(|e| e != "json")
            || (only != "all" && !only.split(',').any(|o| o == name))
        {
            continue;
        }
        let case: J = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let Some(steps) = case["steps"].as_array() else { continue };
        let mut api = ApiServer::new(1, Time(-1000));
        api.set_plugins(Plugins { service_account: false, object_in_use: true });
        let mut p = P { api, now: Time(0), timers: vec![], id: 0 };
        let mut caps = std::collections::BTreeMap::new();
        let mut out = vec![];
        for step in steps {
            if step["kind"] == "sleep" {
                let ms = (step["seconds"].as_f64().unwrap_or(1.0) * 1000.0) as u64;
                p.sleep(ms, &mut Replies::default());
                out.push(J::Null);
                continue;
            }
            if step["kind"] != "http" {
                out.push(J::Null);
                continue;
            }
            if step["polled"] == true {
                p.sleep(3000, &mut Replies::default());
            }
            let req = &step["request"];
            let t = &step["template"];
            let path = subst(t["path"].as_str().unwrap_or(req["path"].as_str().unwrap()), &caps);
            let body = if let Some(raw) = req["rawBody"].as_str() {
                Some(raw.as_bytes().to_vec())
            } else if !t["body"].is_null() {
                Some(subst(&t["body"].to_string(), &caps).into_bytes())
            } else if !req["body"].is_null() {
                Some(req["body"].to_string().into_bytes())
            } else {
                None
            };
            let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| p.http(req, &path, body)))
                .unwrap_or_else(|_| serde_json::json!({"panic": true}));
            for (k, ptr) in step["captures"].as_object().into_iter().flatten() {
                let got = answer["body"].pointer(ptr.as_str().unwrap()).cloned().unwrap_or_default();
                caps.insert(k.clone(), got.as_str().map(str::to_owned).unwrap_or(got.to_string()));
            }
            out.push(answer);
        }
        std::fs::write(format!("/tmp/played/{name}.json"), serde_json::to_vec(&out).unwrap()).unwrap();
    }
}
