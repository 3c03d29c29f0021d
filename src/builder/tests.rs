//! Files and the builder refuse the same mistakes with the same words: one table has each mistake in both forms.

use wavetank_sim::scenario::{Action, NodeChoice, Step, Trigger, When};

use super::*;
use crate::scenario::parse;
use crate::vars;

const HEAD: &str = "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\n";

/// What is wrong with a file that has this below `spec`.
fn of_file(spec: &str) -> Vec<String> {
    let name = if spec.starts_with("name:") { &spec["name: ".len()..] } else { "s" };
    let spec = if spec.starts_with("name:") { "seeds: 1" } else { spec };
    let text = format!("{HEAD}metadata: {{name: {name}}}\nspec:\n  {spec}\n");
    let none = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
    let bad = parse(text.as_bytes(), "s.yaml", &none, &["op"]).expect_err(spec);
    bad.problems().iter().map(|problem| problem.message.clone()).collect()
}

fn of_builder(scenario: Scenario) -> Vec<String> {
    scenario.run(1).expect_err("the scenario is wrong").lines().map(str::to_owned).collect()
}

fn op() -> Program {
    Program::new("op", |_host| async { Ok::<(), String>(()) })
}

fn s() -> Scenario {
    Scenario::new("s")
}

fn with_op() -> Scenario {
    s().operator(op())
}

/// The file with the program `op` beside the cluster and this fault.
fn fault(entry: &str) -> String {
    format!("operators: [{{program: op}}]\n  faults: [{entry}]")
}

fn expect(entry: &str) -> String {
    format!("expect: [{{name: e, {entry}}}]")
}

fn crash() -> faults::Fault {
    faults::crash(program("op"))
}

/// Each mistake in a file, in code, and the call that the builder names.
fn mistakes() -> Vec<(String, Scenario, &'static str)> {
    [nodes(), images(), parts(), steps(), triggers(), victims(), arguments(), expectations()]
        .into_iter()
        .flatten()
        .collect()
}

fn nodes() -> Vec<(String, Scenario, &'static str)> {
    let node = |pool: &str| format!("cluster: {{nodePools: [{{name: node, {pool}}}]}}");
    let with = |nodes: Nodes| s().nodes(nodes);
    vec![
        ("name: x y".into(), Scenario::new("x y"), "Scenario::new(\"x y\")"),
        ("name: Upper".into(), Scenario::new("Upper"), "Scenario::new(\"Upper\")"),
        ("namespace: A_b".into(), s().namespace("A_b"), "namespace(\"A_b\")"),
        ("seeds: 9..3".into(), s().seeds(std::ops::Range { start: 9, end: 3 }), "seeds(9..3)"),
        ("seeds: 5..5".into(), s().seeds(5..5), "seeds(5..5)"),
        (
            "cluster: {nodePools: [{name: Up, count: 1}]}".into(),
            with(Nodes::named("Up")),
            "nodes(Nodes::named(\"Up\"))",
        ),
        (node("count: 9999"), with(Nodes::named("node").count(9999)), "nodes(Nodes::named(\"node\"))"),
        (node("capacity: {cpu: lots}"), with(Nodes::named("node").cpu("lots")), "nodes("),
        (node("capacity: {cpu: '-1'}"), with(Nodes::named("node").cpu("-1")), "nodes("),
        (node("labels: {a: b c}"), with(Nodes::named("node").label("a", "b c")), "nodes("),
        (node("labels: {a b: c}"), with(Nodes::named("node").label("a b", "c")), "nodes("),
        (node("zones: [a b]"), with(Nodes::named("node").zones(["a b"])), "nodes("),
        (
            "cluster: {nodePools: [{name: a}, {name: a}]}".into(),
            s().nodes(Nodes::named("a")).nodes(Nodes::named("a")),
            "nodes(Nodes::named(\"a\"))",
        ),
        (
            "cluster: {flags: {kubelet: {max-pod: 3}}}".into(),
            s().flag("kubelet", "max-pod", "3"),
            "flag(\"kubelet\", \"max-pod\", \"3\")",
        ),
        (
            "cluster: {flags: {kube-controller-manager: {node-eviction-rate: fast}}}".into(),
            s().flag("kube-controller-manager", "node-eviction-rate", "fast"),
            "flag(",
        ),
    ]
}

fn images() -> Vec<(String, Scenario, &'static str)> {
    vec![
        (
            "images: [{image: a, pull: 3s..1s}]".into(),
            s().image(Image::matching("a").pull(secs(3)..=secs(1))),
            "image(Image::matching(\"a\"))",
        ),
        (
            "images: [{image: a, stop: 3m..1m}]".into(),
            s().image(Image::matching("a").stop(mins(3)..=mins(1))),
            "image(",
        ),
        (
            "images: [{image: a, memory: much}]".into(),
            s().image(Image::matching("a").takes_memory("much")),
            "image(",
        ),
        (
            "images: [{image: a, exit: {after: 1s, code: 256}}]".into(),
            s().image(Image::matching("a").exit(secs(1), 256)),
            "image(",
        ),
        (
            "images: [{image: a, hang: 1s, program: op}]".into(),
            s().image(Image::matching("a").hang(secs(1)).program(op())),
            "image(",
        ),
        (
            "images: [{image: a}, {image: a}]".into(),
            s().image(Image::matching("a")).image(Image::matching("a")),
            "image(",
        ),
        ("images: [{image: ''}]".into(), s().image(Image::matching("")), "image(Image::matching(\"\"))"),
    ]
}

fn parts() -> Vec<(String, Scenario, &'static str)> {
    vec![
        (
            "operators: [{program: op}, {program: op}]".into(),
            {
                let op = op();
                s().operator(op.clone()).operator(op)
            },
            "operator(Program::new(\"op\"))",
        ),
        ("operators: [{program: op, replicas: 5001}]".into(), s().operator(op().replicas(5001)), "operator("),
        ("converge: {within: 0s}".into(), s().converges_within(secs(0)), "converges_within(0s)"),
        ("converge: {settle: 0s}".into(), s().settles_for(secs(0)), "settles_for(0s)"),
        ("converge: {settle: 999999h}".into(), s().settles_for(secs(999_999 * 3600)), "settles_for("),
        (
            "oracles: {disable: [{name: hot_lop, reason: r}]}".into(),
            s().disable("hot_lop", "r"),
            "disable(\"hot_lop\")",
        ),
        (
            "oracles: {disable: [{name: counts, reason: r}]}".into(),
            s().disable("counts", "r"),
            "disable(\"counts\")",
        ),
        (
            "oracles: {disable: [{name: hot_loop, reason: ''}]}".into(),
            s().disable("hot_loop", ""),
            "disable(\"hot_loop\", \"\")",
        ),
        (
            "oracles: {disable: [{name: hot_loop, reason: r}, {name: hot_loop, reason: s}]}".into(),
            s().disable("hot_loop", "r").disable("hot_loop", "s"),
            "disable(\"hot_loop\", \"s\")",
        ),
        (
            "expect: {violation: internal}".into(),
            s().expect_violation("internal"),
            "expect_violation(\"internal\")",
        ),
    ]
}

fn steps() -> Vec<(String, Scenario, &'static str)> {
    let when = |trigger| Some(When::new(trigger));
    let cordon = || Step::new(Action::Cordon(NodeChoice::Named("a".into())));
    let every = Step { when: when(Trigger::Every(secs(3).times())), ..cordon() };
    let waiting = Step { when: when(Trigger::At(secs(3).times())), ..drain("a") };
    vec![
        (
            "steps: [{scale: {target: a b/c, replicas: 1}}]".into(),
            s().step(scale("a b/c", 1)),
            "step(scale a b/c to 1)",
        ),
        (
            "steps: [{upgradeNodes: {to: '1.36'}}]".into(),
            s().step(upgrade_nodes("1.36", 1)),
            "step(upgrade nodes to 1.36)",
        ),
        ("steps: [{when: {every: 3s}, cordon: {node: a}}]".into(), s().step(every), "step("),
        ("steps: [{when: {at: 3s}, drain: {node: a}}]".into(), s().step(waiting), "step("),
        (
            "setup: [{apply: {inline: '{apiVersion: v1, kind: Pod, metadata: {generateName: a-}}'}}]".into(),
            s().apply_yaml("{apiVersion: v1, kind: Pod, metadata: {generateName: a-}}"),
            "apply Pod/",
        ),
    ]
}

fn triggers() -> Vec<(String, Scenario, &'static str)> {
    let (three, one) = (3_u64, 1_u64);
    let with = |fault| with_op().fault(fault);
    let of_crash = |rest: &str| fault(&format!("{{fault: crash, target: {{program: op}}, {rest}}}"));
    let on = |event: &str| of_crash(&format!("when: {{on: {event}, moment: after}}"));
    vec![
        (
            of_crash("when: {at: 3s..1s}"),
            with(crash().at(secs(3)..=secs(1))),
            "fault(crash(program(\"op\")).at(3s..1s))",
        ),
        (
            of_crash("when: {every: 3s}"),
            with(crash().every(secs(3))),
            "fault(crash(program(\"op\")).every(3s))",
        ),
        (of_crash("when: {every: 0s}, times: 2"), with(crash().every(secs(0)).times(2)), "fault("),
        (
            of_crash("when: {every: 1s}, times: 0..10001"),
            with(crash().every(secs(1)).times(0..=10_001)),
            "fault(",
        ),
        (of_crash("when: {at: 1s}, times: 3..1"), with(crash().at(secs(1)).times(three..=one)), "fault("),
        (
            of_crash("when: {at: 3s, nth: 2}"),
            with(crash().at(secs(3)).nth(2)),
            "fault(crash(program(\"op\")).at(3s).nth(2))",
        ),
        (of_crash("when: {at: 3s}, duration: 1s"), with(crash().at(secs(3)).lasting(secs(1))), "fault("),
        (of_crash("when: {at: 3s}, args: {x: true}"), with(crash().at(secs(3)).arg("x", true)), "fault("),
        (
            of_crash("when: {on: {write: {}}, nth: 0, moment: after}"),
            with(crash().after(on::write()).nth(0)),
            "fault(crash(program(\"op\")).after(on::write()).nth(0))",
        ),
        (
            of_crash("when: {on: {write: {}}, nth: 3..1, moment: after}"),
            with(crash().after(on::write()).nth(three..=one)),
            "fault(",
        ),
        (on("{write: {verb: get}}"), with(crash().after(on::write().verb("get"))), "fault("),
        (on("{write: {verb: pach}}"), with(crash().after(on::write().verb("pach"))), "fault("),
        (
            on("{write: {kind: a b}}"),
            with(crash().after(on::write().kind("a b"))),
            "fault(crash(program(\"op\")).after(on::write().kind(\"a b\")))",
        ),
        (
            on("{write: {subresource: Status}}"),
            with(crash().after(on::write().subresource("Status"))),
            "fault(",
        ),
        (on("{write: {name: ''}}"), with(crash().after(on::write().name(""))), "fault("),
        (on("{write: {name: a b}}"), with(crash().after(on::write().name("a b"))), "fault("),
    ]
}

fn victims() -> Vec<(String, Scenario, &'static str)> {
    let with = |fault| with_op().fault(fault);
    let at = "when: {at: 5s}";
    vec![
        (
            format!("faults: [{{fault: crash, target: {{program: nope}}, {at}}}]"),
            s().fault(faults::crash(program("nope")).at(secs(5))),
            "fault(crash(program(\"nope\")).at(5s))",
        ),
        (
            fault(&format!("{{fault: crash, target: {{program: nope}}, {at}}}")),
            with(faults::crash(program("nope")).at(secs(5))),
            "fault(crash(program(\"nope\")).at(5s))",
        ),
        (
            fault(&format!(
                "{{fault: api-error, target: {{program: kubelet}}, {at}, args: {{status: 503}}}}"
            )),
            with(faults::api_error(program("kubelet"), 503).at(secs(5))),
            "fault(api_error(program(\"kubelet\"), 503).at(5s))",
        ),
        (
            "faults: [{fault: pod-deletion, target: {kind: Pod}, when: {on: {write: {}}, moment: after}}]"
                .into(),
            s().fault(faults::pod_deletion(any_pod()).after(on::write())),
            "fault(pod_deletion(any_pod()).after(on::write()))",
        ),
        (
            format!("faults: [{{fault: pod-deletion, target: {{kind: Pod, selector: '=='}}, {at}}}]"),
            s().fault(faults::pod_deletion(pods("==")).at(secs(5))),
            "fault(pod_deletion(pods(\"==\")).at(5s))",
        ),
        (
            format!("faults: [{{fault: reboot, target: {{kind: Node, hosting: 'kind=Pod,=='}}, {at}}}]"),
            s().fault(faults::reboot(nodes_hosting("==")).at(secs(5))),
            "fault(reboot(nodes_hosting(\"==\")).at(5s))",
        ),
        (
            format!("faults: [{{fault: node-loss, target: {{kind: Pod}}, {at}, duration: 3s}}]"),
            s().fault(faults::node_loss(any_pod()).at(secs(5)).lasting(secs(3))),
            "fault(node_loss(any_pod()).at(5s).lasting(3s))",
        ),
        (
            format!("faults: [{{fault: node-loss, target: {{kind: Node}}, {at}}}]"),
            s().fault(faults::node_loss(any_node()).at(secs(5))),
            "fault(node_loss(any_node()).at(5s))",
        ),
    ]
}

fn arguments() -> Vec<(String, Scenario, &'static str)> {
    let (three, one) = (3_u64, 1_u64);
    let with = |fault| with_op().fault(fault);
    let at = "when: {at: 5s}";
    vec![
        (
            fault(&format!("{{fault: api-error, target: all, {at}, args: {{status: 404}}}}")),
            with(faults::api_error(program("*").all(), 404).at(secs(5))),
            "fault(",
        ),
        (
            fault(&format!(
                "{{fault: api-error, target: all, {at}, args: {{status: 429, committed: true}}}}"
            )),
            with(faults::api_error(program("*").all(), 429).at(secs(5)).arg("committed", true)),
            "fault(api_error(program(\"*\").all(), 429).arg(\"committed\", true).at(5s))",
        ),
        (
            format!("faults: [{{fault: compaction, {at}, args: {{keep: 3..1}}}}]"),
            s().fault(faults::compaction(three..=one).at(secs(5))),
            "fault(",
        ),
        (
            format!("faults: [{{fault: slow-start, target: {{image: 'a,b'}}, {at}, args: {{by: 1s}}}}]"),
            s().fault(faults::slow_start(image("a,b"), secs(1)).at(secs(5))),
            "fault(slow_start(image(\"a,b\"), 1s).at(5s))",
        ),
        (
            format!(
                "faults: [{{name: a, fault: reboot, target: node/x, {at}}}, {{name: a, fault: reboot, target: node/x, {at}}}]"
            ),
            s().fault(faults::reboot(any_node()).at(secs(5)).named("a"))
                .fault(faults::reboot(any_node()).at(secs(5)).named("a")),
            "fault(reboot(any_node()).at(5s).named(\"a\"))",
        ),
    ]
}

fn expectations() -> Vec<(String, Scenario, &'static str)> {
    let cel = |vars: &str, cel: &str| expect(&format!("eventually: {{vars: {{{vars}}}, cel: \"{cel}\"}}"));
    let eventually = |vars, cel: &str| s().eventually_cel("e", vars, cel);
    let pods = "p: {apiVersion: v1, kind: Pod}";
    vec![
        (cel(pods, "p.size( == 3"), eventually(vars! { p: "v1/Pod" }, "p.size( == 3"), "eventually_cel(\"e\")"),
        (cel(pods, "q.size() == 3"), eventually(vars! { p: "v1/Pod" }, "q.size() == 3"), "eventually_cel(\"e\")"),
        (expect("always: {cel: 1 == 1}"), s().always_cel("e", vars! {}, "1 == 1"), "always_cel(\"e\")"),
        (cel("p: {apiVersion: v1, kind: Podd}", "p.size() == 3"), eventually(vars! { p: "v1/Podd" }, "p.size() == 3"), "eventually_cel(\"e\")"),
        (cel("p: {apiVersion: app/v1, kind: Deployment}", "p.size() == 3"), eventually(vars! { p: "app/v1/Deployment" }, "p.size() == 3"), "eventually_cel("),
        (cel("p: {apiVersion: v1, kind: Pod, name: a/b}", "p == null"), eventually(vars! { p: "v1/Pod/a/b" }, "p == null"), "eventually_cel("),
        (cel("'p q': {apiVersion: v1, kind: Pod}", "1 == 1"), eventually(vec![var("p q", "v1/Pod")], "1 == 1"), "eventually_cel("),
        (
            "expect: [{name: a, eventually: {vars: {p: {apiVersion: v1, kind: Pod}}, cel: p.size() == 3}}, {name: a, eventually: {vars: {p: {apiVersion: v1, kind: Pod}}, cel: p.size() == 3}}]".into(),
            s().eventually_cel("a", vars! { p: "v1/Pod" }, "p.size() == 3").eventually_cel("a", vars! { p: "v1/Pod" }, "p.size() == 3"),
            "eventually_cel(\"a\")",
        ),
    ]
}

#[test]
fn a_file_and_the_builder_refuse_the_same_mistakes_with_the_same_words() {
    let mistakes = mistakes();
    assert!(mistakes.len() > 60);
    let mut different = Vec::new();
    for (file, built, call) in mistakes {
        let (of_file, of_builder) = (of_file(&file), of_builder(built));
        let prefixed = |why: &String| {
            of_builder.iter().any(|line| line.starts_with(call) && line.ends_with(&format!(": {why}")))
        };
        if !of_file.iter().all(prefixed) || of_file.len() != of_builder.len() {
            different.push(format!("{file}\nin a file: {of_file:#?}\nin code, by {call}: {of_builder:#?}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn mistakes_that_only_code_can_make_are_told_by_their_call() {
    for (scenario, right) in [
        (
            with_op().fault(crash()),
            "fault(crash(program(\"op\")).at(0s)): it needs a trigger: say when it strikes, by `at`, `every`",
        ),
        (
            with_op().fault(crash().at(secs(1)).after(on::write())),
            "fault(crash(program(\"op\")).after(on::write())): it has `at` already: leave `after` out",
        ),
        (
            s().fault(faults::slow_start(image("a").all(), secs(1)).at(secs(1))),
            "fault(slow_start(image(\"a\"), 1s).at(1s)): `all` does not go with an image",
        ),
        (
            with_op().operator(op()),
            "operator(Program::new(\"op\")): another program has this name: choose another",
        ),
        (
            s().image(Image::matching("a").program(op().replicas(2))),
            "image(Image::matching(\"a\")): `replicas` does not go with an image",
        ),
        (
            with_op().fault(crash().after(on::watch_event().subresource("status"))),
            "fault(crash(program(\"op\")).after(on::watch_event().subresource(\"status\"))): a watch event is about a",
        ),
        (s().at_end(|_| async { Ok(()) }).at_end(|_| async { Ok(()) }), "at_end: it is there twice"),
    ] {
        let all = of_builder(scenario);
        assert!(all.iter().any(|line| line.starts_with(right)), "{all:#?}");
    }
}

#[test]
fn a_plan_of_a_program_that_does_not_run_is_refused() {
    let plan = "crash(nope)@5s".parse().expect("it is a plan");
    let why = with_op().run_plan(1, &plan).expect_err("no such program runs");
    assert_eq!(why, "plan, crash(nope)@5s: `nope` is no program that runs here; did you mean `op`?");
}
