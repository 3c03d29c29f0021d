//! Wrong files: each message says where, what is wrong and what would be right.

use super::*;

const HEAD: &str = "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: s}\nspec:\n";

/// The first line of the message for a file.
fn first_line(text: &str) -> String {
    read(text).unwrap_err().to_string().lines().next().unwrap().to_owned()
}

/// Checks that a file of one line with this `spec` gets a message with these words about that line.
fn are_wrong(specs: &[(&str, &str)]) {
    for (spec, right) in specs {
        let line = first_line(&format!("{HEAD}  {spec}\n"));
        assert!(line.starts_with("s.yaml:5:") && line.contains(right), "{spec}: {line}");
    }
}

#[test]
fn a_message_about_a_field_has_its_place_and_what_would_be_right() {
    are_wrong(&[
        ("seed: 3", "5:3: `spec` has no field `seed`; did you mean `seeds`?"),
        ("seeds: 9..3", "5:10: `9..3` has no seed: write `200`"),
        ("namespace: Upper", "5:14: `Upper` is wrong here: write a name of lower case letters"),
        ("steps: {a: 1}", "a map does not belong here: write a list"),
        ("steps: [3]", "5:11: `3` does not belong here: write a map for a step"),
        ("cluster: {version: v1.30.0}", "5:22: this version has no Kubernetes `v1.30.0`: write `v1.36.0`"),
        (
            "cluster: {apiServers: 2}",
            "5:25: `2` is wrong here: write `1`, as this version has one API server",
        ),
        ("cluster: {nodePools: [{name: a, count: 9999}]}", "write a whole number from 0 to 5000"),
        ("cluster: {boot: cold}", "`cold` is not known here; known: booted"),
        (
            "cluster: {nodePools: [{name: a, capacity: {cpu: lots}}]}",
            "`lots` is wrong here: write a quantity",
        ),
        (
            "cluster: {nodePools: [{name: a, labels: {gpu: true}}]}",
            "`true` is true or false: write a text, `\"true\"`",
        ),
        ("cluster: {flags: {kubelet: {max-pod: 3}}}", "kubelet has no flag `max-pod`; there is none"),
        (
            "cluster: {flags: {kube-controller-manager: {node-monitor-graceperiod: 3s}}}",
            "did you mean `node-monitor-grace-period`?",
        ),
        (
            "cluster: {flags: {kube-controller-manager: {kube-api-qps: 3}}}",
            "this version has no flag of kube-controller-manager `kube-api-qps`; known: controllers, ",
        ),
        ("cluster: {flags: {kublet: {max-pods: 3}}}", "did you mean `kubelet`?"),
        ("steps: [{apply: []}]", "5:19: `apply` has no manifest: write one"),
        ("setup: [{create: []}]", "`create` has no manifest"),
        ("steps: [{delete: []}]", "`delete` has no manifest"),
    ]);
}

#[test]
fn a_message_about_images_and_operators_says_what_would_be_right() {
    are_wrong(&[
        ("images: [{image: a, pull: soon}]", "5:29: `soon` is no duration"),
        ("images: [{image: a, ready: always}]", "or `never`"),
        (
            "images: [{image: a, program: web-operater}]",
            "did you mean `web-operator`? known: web-operator, etcd. Register a program of your own",
        ),
        (
            "operators: [{program: mine}]",
            "there is no program `mine`; known: web-operator, etcd. Register a program of your own",
        ),
        (
            "operators: [{program: etcd, allow: [socket], reason: r}]",
            "5:39: `socket` is not known here; did you mean `sockets`?",
        ),
        ("operators: [{program: etcd, allow: [threads]}]", "5:39: permitting `threads` needs a reason"),
        (
            "operators: [{program: etcd, allow: [threads], reason: ' '}]",
            "permitting `threads` needs a reason",
        ),
        ("operators: [{program: etcd, reason: r}]", "5:39: a `reason` belongs to `allow`"),
        ("images: [{image: a, allow: [threads], reason: r}]", "`allow` is about a `program`: name it"),
        ("operators: [{program: etcd}, {program: etcd}]", "another operator has the name `etcd`"),
    ]);
}

#[test]
fn a_message_about_convergence_and_expectations_says_what_would_be_right() {
    are_wrong(&[
        ("converge: {within: 5}", "5:22: `5` is no duration: write `30s`"),
        ("converge: {ignore: [{kind: Pod, fields: [spec]}]}", "write a JSON pointer"),
        ("converge: {pending: [{name: a}]}", "needs `kind`: the objects' kind"),
        ("converge: {pending: [{kind: Pod, name: a, selector: b=c}]}", "`selector` does not go with `name`"),
        ("converge: {pending: [{kind: Pod, selector: ==}]}", "`==` is no label selector"),
        ("converge: {pending: [{kind: Pod, fields: [/a]}]}", "an entry of `pending` has no field `fields`"),
        ("converge: {withoutResync: often}", "5:29: `often` is wrong here: write `true` or `false`"),
        ("expect: {violation: no_convergance}", "did you mean `no_convergence`?"),
        ("expect: [{name: a, eventually: {cel: a, match: {}}}]", "has `cel` already"),
        ("expect: [{name: a, eventually: {match: {kind: Pod}}}]", "`match` needs `apiVersion`"),
        (
            "expect: [{name: a, always: {cel: a, probe: x}}]",
            "this version has no `probe` in `always`: leave it out; known: vars, cel, match",
        ),
        (
            "expect: [{name: a, always: {match: {apiVersion: v1, kind: Pod}}}, {name: a, always: {match: {apiVersion: v1, kind: Pod}}}]",
            "another expectation has the name `a`",
        ),
        (
            "expect: [{name: a, always: {cel: 1 == 1}}]",
            "5:36: without variables the expression is the same in every run: name objects in `vars`",
        ),
        (
            "expect: [{name: a, eventually: {match: {apiVersion: apps/v1, kind: deployment}}}]",
            "5:70: `deployment` is no kind: write `Deployment`",
        ),
        (
            "expect: [{name: a, always: {vars: {p: {apiVersion: v1, kind: Podd}}, cel: p.size() < 3}}]",
            "there is no kind `Podd` in v1; did you mean `Pod`?",
        ),
    ]);
}

#[test]
fn a_message_about_a_program_or_an_oracle_says_what_would_be_right() {
    for (spec, right) in [
        (
            "faults: [{fault: crash, target: {program: nobody}, when: {at: 1s}}]",
            "5:45: `nobody` is no program that runs here; no program runs: name one under `operators` or `images`",
        ),
        (
            "{operators: [{program: etcd}], faults: [{fault: crash, target: {program: etdc}, when: {at: 1s}}]}",
            "`etdc` is no program that runs here; did you mean `etcd`?",
        ),
        (
            "{images: [{image: a, program: etcd}], faults: [{fault: crash, target: {program: kube-scheduler}, when: {at: 1s}}]}",
            "`kube-scheduler` is a component of the cluster and no program; running: etcd",
        ),
        (
            "{operators: [{program: etcd}], steps: [{when: {on: {write: {actor: user}}}, delete: {target: pod/a}}]}",
            "`user` is a component of the cluster and no program; running: etcd",
        ),
        ("expect: [{name: a, eventually: }]", "nothing does not belong here: write a map for a check"),
        ("oracles: {disable: [{name: hot_loop}]}", "needs `reason`: why it is off"),
        (
            "oracles: {disable: [{name: counts, reason: r}]}",
            "this version has no oracle `counts`; known: no_convergence, ",
        ),
        (
            "oracles: {disable: [{name: hotloop, reason: r}]}",
            "5:30: there is no oracle `hotloop`; did you mean",
        ),
        ("oracles: {disable: [{name: step, reason: r}]}", "oracle `step` does not belong here: write one of"),
        (
            "expect: {violation: internal}",
            "oracle `internal` does not belong here: write one of no_convergence,",
        ),
        ("expect: {violation: 3}", "`3` does not belong here: write an oracle: one of no_convergence,"),
    ] {
        let line = first_line(&format!("{HEAD}  {spec}\n"));
        assert!(line.starts_with("s.yaml:5:") && line.contains(right), "{spec}: {line}");
    }
}

#[test]
fn a_message_about_a_step_has_its_place_and_what_would_be_right() {
    for (step, right) in [
        ("name: x", "a step needs one of apply, create"),
        (
            "scale: {target: web, replicas: 3}",
            "6:21: `web` is wrong here: write a target such as `deployment/web`",
        ),
        ("scale: {target: d/web, replicas: few}", "`few` is wrong here: write a whole number"),
        ("scale: {target: d/web, replica: 3}", "did you mean `replicas`?"),
        ("scale: {target: {kind: Pod, selector: '=='}, replicas: 1}", "is no label selector"),
        ("scale:", "6:10: nothing does not belong here: write a map for `scale`, of target, replicas"),
        ("apply: ~", "6:12: nothing does not belong here: write a text, or a list"),
        ("drain: {node: ~}", "6:19: nothing does not belong here: write a text"),
        ("{when: {at: ~}, cordon: {node: a}}", "6:17: nothing does not belong here: write a duration"),
        ("{wait: 30s, cordon: {node: a}}", "6:17: a step has `wait` already: leave `cordon` out"),
        ("wait: {for: condition=Ready}", "needs a `target`"),
        ("wait: {for: ready}", "`converged`, `condition=TYPE`, `delete`"),
        ("drain: {}", "`drain` needs one of node, selector"),
        ("{when: {at: 3s}, wait: 30s}", "6:12: `wait` does not go with `when`, as it waits for the cluster"),
        ("{when: {at: soon}, cordon: {node: a}}", "6:17: `soon` is no duration"),
        ("{when: {every: 3s}, cordon: {node: a}}", "6:20: a step runs once: write `at` or `event`"),
        (
            "{when: {on: {write: {}}, moment: before}, cordon: {node: a}}",
            "a step cannot run before a request",
        ),
        ("{when: {at: 3s, nth: 2}, cordon: {node: a}}", "`nth` goes with `event`"),
        ("{when: {on: {write: {}}, nth: 0}, cordon: {node: a}}", "occurrences count from 1"),
        ("{when: {}, cordon: {node: a}}", "`when` needs one of at, every, event"),
        ("{when: {on: {write: {verb: get}}}, cordon: {node: a}}", "`get` is no write"),
        ("patch: {target: d/web, type: json, patch: {a: 1}}", "write a list of operations for type `json`"),
        ("patch: {target: d/web, type: xml, patch: {a: 1}}", "`xml` is not known here; known: merge, json"),
        ("apply: nowhere.yaml", "6:12: wavetank cannot read `nowhere.yaml`"),
        ("apply: {inline: 'a: 1'}", "6:21: a manifest needs `apiVersion`"),
        ("apply: {inline: '# none'}", "this text has no manifest"),
        ("apply: {inline: '{apiVersion: v1, kind: Pod, metadata: {generateName: a-}}'}", "use `create`"),
    ] {
        let all = read(&format!("{HEAD}  steps:\n  - {step}\n")).unwrap_err().to_string();
        assert!(all.starts_with("s.yaml:6:") && all.contains(right), "{step}: {all}");
    }
    let setup = read(&format!("{HEAD}  setup:\n  - {{when: {{at: 3s}}, cordon: {{node: a}}}}\n"));
    let all = setup.unwrap_err().to_string();
    assert!(all.starts_with("s.yaml:6:12: `when` does not go with `setup`"), "{all}");
}

#[test]
fn a_message_about_a_fault_has_its_place_and_what_would_be_right() {
    for (fault, right) in [
        (
            "{fault: volume-loss, when: {at: 3s}}",
            "this version has no fault `volume-loss`; known: pod-deletion, ",
        ),
        ("{fault: node-loss, target: node/a, when: {at: 3s}}", "`node-loss` needs a duration"),
        (
            "{fault: partition, between: [{kind: Node}], when: {at: 3s}, duration: 3s}",
            "write `between: [{kind: Node, pick: one}, kube-apiserver]`",
        ),
        (
            "{fault: partition, target: node/a, between: [{kind: Node}, kube-apiserver], when: {at: 3s}, duration: 3s}",
            "6:49: `between` does not go with `target`: leave one out",
        ),
        (
            "{fault: partition, when: {at: 3s}, duration: 3s}",
            "`partition` needs a `target`: it strikes nodes, pods or a program, each cut off from kube-apiserver",
        ),
        (
            "{fault: partition, target: deployment/a, when: {at: 3s}, duration: 3s}",
            "`partition` cannot strike `deployment/a`",
        ),
        ("{fault: pod-deleton, when: {at: 3s}}", "did you mean `pod-deletion`?"),
        ("{fault: crash, when: {at: 3s}}", "`crash` needs a `target`: it strikes a program or pods"),
        ("{fault: crash, target: op, when: {at: 3s}}", "write `pod/NAME`, `all` or `{program: op}`"),
        ("{fault: crash, target: node/a, when: {at: 3s}}", "`crash` cannot strike `node/a`"),
        ("{fault: crash, target: {pick: one}, when: {at: 3s}}", "needs one of program, image, kind"),
        ("{fault: compaction, target: all, when: {at: 3s}}", "`compaction` has no `target`: leave it out"),
        ("{fault: compaction, when: {at: 3s}, args: {keep: few}}", "`few` is no count"),
        (
            "{fault: reboot, target: {kind: Node, hosting: app=web}, when: {at: 3s}}",
            "6:51: `app=web` names no pods: write `kind=Pod`",
        ),
        (
            "{fault: reboot, target: {kind: Node, hosting: 'kind=Pod,=='}, when: {at: 3s}}",
            "6:51: `==` is no label selector",
        ),
        ("{fault: reboot, target: {kind: Node, hosting: 3}, when: {at: 3s}}", "6:51: `3`"),
        (
            "{fault: eviction, target: {kind: Pod, hosting: kind=Pod}, when: {at: 3s}}",
            "6:52: `hosting` goes with `kind: Node`",
        ),
        (
            "{fault: image-pull-error, target: {image: a, pick: all}, when: {at: 3s}}",
            "`pick` does not go with `image`: leave one out",
        ),
        (
            "{fault: node-loss, target: node/a, when: {at: 3s}, duration: 1m, heal: return, args: {heal: replace}}",
            "`args` has `heal` already",
        ),
        ("{fault: api-latency, target: all, when: {at: 3s}}", "needs the argument `by`"),
        ("{fault: api-error, target: all, when: {at: 3s}, args: {status: 404}}", "write one of 429, 500"),
    ] {
        wrong_fault(fault, right);
    }
}

#[test]
fn a_message_about_a_trigger_has_its_place_and_what_would_be_right() {
    let crash = |rest: &str| format!("{{fault: crash, target: {{program: op}}, {rest}}}");
    for (fault, right) in [
        (crash("when: {}"), "`when` needs one of at, every, event"),
        (crash("when: {at: }"), "nothing does not belong here: write a duration"),
        (crash("when: {at: 3s, every: 4s}"), "`when` has `at` already"),
        (crash("when: {at: 3s, nth: 2}"), "`nth` goes with `event`"),
        (crash("when: {every: 3s}"), "`every` needs `times`"),
        (crash("when: {every: 3s}, times: 0..99999"), "99999 times are too many"),
        (crash("when: {every: 0s}, times: 2"), "a pause of `0s` never ends"),
        (crash("when: {at: soon}"), "`soon` is no duration"),
        (crash("when: {at: 3s}, duration: 5s"), "`crash` lasts no time"),
        (crash("when: {at: 3s}, args: {x: 1}"), "`crash` has no argument `x`; it has none"),
        (crash("when: {at: 3s}, heal: return"), "`crash` has no `heal`"),
        (
            crash("when: {on: {call: {}}}"),
            "this version has no `call` in `event`: leave it out; known: read, write, watchEvent",
        ),
        (crash("when: {on: {write: {verb: get}}}"), "`get` is no write: write one of create"),
        (crash("when: {on: {write: {verb: pach}}}"), "`pach` is no verb"),
        (crash("when: {on: {write: {}}, nth: 0}"), "count from 1"),
        (
            crash("when: {sequence: []}"),
            "this version has no `sequence` in `when`: leave it out; known: at, every, event, nth",
        ),
    ] {
        wrong_fault(&fault, right);
    }
}

fn wrong_fault(fault: &str, right: &str) {
    let all = read(&format!("{HEAD}  faults:\n  - {fault}\n")).unwrap_err().to_string();
    assert!(all.starts_with("s.yaml:6:") && all.contains(right), "{fault}: {all}");
}

#[test]
fn a_file_that_is_no_scenario_says_so() {
    let nested = format!("a: {}", "[".repeat(100_000));
    let deep = "- ".repeat(100_000);
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for i in 1..10 {
        bomb += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(","));
    }
    for (text, right) in [
        ("", "s.yaml:1:1: the file is empty: begin with `apiVersion"),
        ("# only\n", "the file is empty"),
        ("a: [1\n", "s.yaml:1:4: this is not YAML: unclosed bracket"),
        ("a: 1\na: 2\n", "s.yaml:2:1: the key `a` is there twice"),
        ("a: 1\n---\nb: 2\n", "s.yaml:3:1: a second document begins here"),
        ("- a\n", "a list does not belong here: write a map for a scenario"),
        ("apiVersion: wavetank.dev/v1alpha1\nkind: Scenaro\n", "s.yaml:1:1: a scenario needs `metadata`"),
        (&nested, "s.yaml:1:68: this has too many levels"),
        (&deep, "this file has too many levels or values"),
        (&bomb, "make this file too large"),
    ] {
        let line = first_line(text);
        assert!(line.contains(right), "{line}");
    }
    let all = read("apiVersion: wavetank.dev/v1alpha1\nkind: Scenaro\n").unwrap_err().to_string();
    assert!(all.contains("s.yaml:2:7: `Scenaro` is not known here; did you mean `Scenario`?"), "{all}");
    let latin = parse(b"a: 1\nb: \xe9\n", "s.yaml", &manifests, &[]).unwrap_err().to_string();
    assert!(latin.starts_with("s.yaml:2:4: the byte 0xe9 is not UTF-8"), "{latin}");
    let large = parse(&vec![b'#'; 1 << 21], "s.yaml", &manifests, &[]).unwrap_err().to_string();
    assert!(large.contains("at most 1048576 (1 MiB)"), "{large}");
}

#[test]
fn the_message_shows_the_line_and_marks_what_is_wrong() {
    let bad = read(&format!("{HEAD}  seeds: 3\n  converge: {{within: soon, setle: 3m}}\n")).unwrap_err();
    assert_eq!(
        bad.to_string(),
        "s.yaml:6:22: `soon` is no duration: write `30s`, `5m`, `1h30m` or `200ms`
  6 |   converge: {within: soon, setle: 3m}
    |                      ^^^^
s.yaml:6:28: `converge` has no field `setle`; did you mean `settle`?
  6 |   converge: {within: soon, setle: 3m}
    |                            ^^^^^"
    );
    let [first, second] = bad.problems() else { panic!("{bad}") };
    assert_eq!((first.line, first.column, second.column), (6, 22, 28));
}

#[test]
fn a_message_about_a_manifest_has_its_own_file_and_line() {
    for (path, right) in [
        ("bad.yaml", "bad.yaml:4:3: `metadata` needs a `name`"),
        ("torn.yaml", "torn.yaml:2:7: this is not YAML: unclosed bracket"),
    ] {
        let line = first_line(&format!("{HEAD}  setup:\n  - apply: {path}\n"));
        assert!(line.starts_with(right), "{line}");
    }
}

#[test]
fn examples_of_later_versions_fail_only_for_what_this_version_lacks() {
    let messages =
        |text: &str| read(text).unwrap_err().problems().iter().map(|p| p.message.clone()).collect::<Vec<_>>();
    assert_eq!(read(NODE_LOSS).map(|scenario| scenario.faults.len()).map_err(|e| e.to_string()), Ok(2));
    for message in messages(ETCD) {
        assert!(
            message.contains("this version has ") || message.contains("there is no program `etcd-operator"),
            "{message}"
        );
    }
}
