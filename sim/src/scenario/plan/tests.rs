//! Tests of plan text: printed plans parse back, and messages have the place of a mistake.

use proptest::prelude::*;

use super::*;
use crate::scenario::fault::{ArgInfo, FAULTS, Lasts, Takes, Unless};
use crate::scenario::{Arg, CountRange, EventVerb, Hosting, KindName, Pattern, Pick, TimeRange};

fn name() -> impl Strategy<Value = String> {
    "[a-z]([a-z0-9-]{0,8}[a-z0-9])?"
}

/// A given name, a generated one, or a glob.
fn birth_name() -> impl Strategy<Value = Pattern> {
    prop_oneof![
        name(),
        (name(), 1..20_u64).prop_map(|(p, n)| format!("{p}-~{n}")),
        name().prop_map(|p| p + "*"),
        Just("*".into())
    ]
    .prop_map(Pattern)
}

fn selector() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(prop_oneof![Just("app=web".into()), Just("a in (x, y),!b,c!=d".into())])
}

fn pick() -> impl Strategy<Value = Pick> {
    prop_oneof![
        Just(Pick::One),
        Just(Pick::All),
        Just(Pick::Leader),
        (1..9_u32).prop_map(Pick::Count),
        (1..=100_u32).prop_map(Pick::Percent)
    ]
}

fn target() -> impl Strategy<Value = FaultTarget> {
    let program = (birth_name(), pick()).prop_map(|(program, pick)| FaultTarget::Program { program, pick });
    let kind = prop_oneof![Just("pods"), Just("Pod")].prop_map(KindName::from);
    let pods = (kind, proptest::option::of(name()), birth_name(), selector(), pick()).prop_map(
        |(kind, namespace, name, selector, pick)| FaultTarget::Objects {
            kind,
            namespace,
            name,
            selector,
            hosting: None,
            pick,
        },
    );
    let kind = prop_oneof![Just("nodes"), Just("Node")].prop_map(KindName::from);
    let hosting = || selector().prop_map(|selector| Hosting { selector: selector.unwrap_or_default() });
    let nodes = (kind, birth_name(), selector(), proptest::option::of(hosting()), pick()).prop_map(
        |(kind, name, selector, hosting, pick)| FaultTarget::Objects {
            kind,
            namespace: None,
            name,
            selector,
            hosting,
            pick,
        },
    );
    let image =
        "[a-z./]{1,12}(:[a-z0-9*]{1,5})?".prop_map(|image| FaultTarget::Image { image: Pattern(image) });
    prop_oneof![program, pods, nodes, image, Just(FaultTarget::Cluster)]
}

fn arg(info: &'static ArgInfo) -> BoxedStrategy<Option<(&'static str, Arg)>> {
    let value = match info.takes {
        Takes::Count => (0..1000_u64).prop_map(|n| Arg::Count(CountRange::exactly(n))).boxed(),
        Takes::Time => (0..10_000_000_u64).prop_map(|ms| Arg::Time(TimeRange::exactly(ms))).boxed(),
        Takes::Bool => any::<bool>().prop_map(Arg::Bool).boxed(),
        Takes::Text => name().prop_map(Arg::Text).boxed(),
        Takes::OneOf(words) => {
            proptest::sample::select(words).prop_map(|word| Arg::Text(word.into())).boxed()
        }
    };
    let value = value.prop_map(|value| (info.name, value));
    if info.unless == Unless::Required {
        value.prop_map(Some).boxed()
    } else {
        proptest::option::of(value).boxed()
    }
}

fn event() -> impl Strategy<Value = EventPattern> {
    let kind = proptest::option::of(prop_oneof![
        name(),
        Just("deployments.apps".into()),
        Just("EtcdCluster".into())
    ]);
    let namespace = prop_oneof![name(), Just("-".into()), Just("*".into())].prop_map(Pattern);
    let verb = proptest::sample::select(EventVerb::ALL);
    (
        proptest::option::of(birth_name()),
        verb,
        kind,
        prop_oneof![name(), Just(String::new()), Just("*".into())].prop_map(Pattern),
        namespace,
        birth_name(),
        selector(),
    )
        .prop_map(|(actor, verb, kind, subresource, namespace, name, selector)| {
            let kind = kind.map(KindName);
            let is_watched = verb.class() == EventVerb::WatchEvent;
            let subresource = if is_watched { Pattern::any() } else { subresource };
            EventPattern { actor, verb, kind, subresource, namespace, name, selector }
        })
}

fn strike() -> impl Strategy<Value = ExactWhen> {
    let moment = proptest::sample::select(Moment::ALL);
    prop_oneof![
        (0..10_000_000_u64).prop_map(ExactWhen::At),
        (moment, event(), 1..100_u64).prop_map(|(moment, event, nth)| ExactWhen::On { moment, event, nth })
    ]
}

fn planned() -> impl Strategy<Value = PlannedFault> {
    let usable: Vec<&'static FaultInfo> = FAULTS.iter().filter(|fault| fault.available).collect();
    let fault = proptest::sample::select(usable);
    let with_args = fault.prop_flat_map(|fault| {
        let given: Vec<_> = fault.args.iter().map(arg).collect();
        (Just(fault), given, target().boxed(), strike().boxed(), proptest::option::of(0..10_000_000_u64))
    });
    with_args.prop_filter_map("a fault that may be", |(fault, given, target, when, duration_ms)| {
        let mut args = fault.default_args();
        args.0.extend(given.into_iter().flatten());
        let duration_ms = duration_ms.filter(|_| fault.lasts != Lasts::Never);
        let fits = fault.strikes(&target)
            && fault.check_args(&args).is_ok()
            && fault.check_duration(duration_ms.is_some()).is_ok();
        fits.then_some(PlannedFault { fault, target, args, when, duration_ms })
    })
}

proptest! {
    #[test]
    fn a_printed_plan_parses_back(faults in proptest::collection::vec(planned(), 0..4)) {
        let plan = Plan(faults);
        prop_assert!(!plan.to_string().contains('\''), "{}", plan);
        prop_assert_eq!(plan.to_string().parse::<Plan>().unwrap(), plan);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
        let _ = text.parse::<Plan>();
    }

    #[test]
    fn a_damaged_plan_is_read_or_refused_inside_the_text(plan in planned(), at in any::<prop::sample::Index>(), c in any::<char>()) {
        let mut chars: Vec<char> = plan.to_string().chars().collect();
        let at = at.index(chars.len());
        chars[at] = c;
        let text: String = chars.into_iter().collect();
        if let Err(error) = text.parse::<Plan>() {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{}: {}", text, error);
        }
    }
}

#[test]
fn a_plan_with_a_crash_after_a_patch_is_read() {
    let plan: Plan = "crash(etcd-operator)@after(patch statefulsets/default/example#2)".parse().unwrap();
    let [fault] = &plan.0[..] else { panic!("{plan}") };
    let ExactWhen::On { moment: Moment::After, event, nth: 2 } = &fault.when else { panic!("{plan}") };
    assert_eq!(
        (event.subresource.0.as_str(), event.namespace.0.as_str(), event.name.0.as_str()),
        ("*", "default", "example")
    );
}

#[test]
fn a_message_has_the_column_of_the_mistake() {
    for (text, column, right) in [
        ("crahs(op)@30s", 1, "did you mean `crash`?"),
        ("volume-loss(pvc/a)@30s", 1, "this version has no fault `volume-loss`; known: pod-deletion, "),
        ("crash", 6, "write `(`"),
        ("crash(op)", 10, "write `@`"),
        ("crash(op)@", 11, "write a time"),
        ("crash(op)@30", 11, "is no duration"),
        ("crash(op)@30s+1m", 1, "lasts no time"),
        ("crash(op:some)@30s", 10, "write `one`"),
        ("crash(op, at=1)@30s", 11, "it has none"),
        ("crash(op)@30s crash(op)@30s", 15, "write `; `"),
        ("crash(op)@on(get pods/a/b#1)", 11, "is no moment"),
        ("crash(op)@after(path pods/a/b#1)", 17, "is no verb"),
        ("crash(op)@after(call etcd/MemberAdd#1)", 17, "this version has no `call` events"),
        ("crash(op)@after(patch pods/b#1)", 23, "has 2 parts"),
        ("crash(op)@after(patch pods//b#1)", 23, "`pods//b` has no namespace: write `-`"),
        ("crash(op)@after(patch pods/status//b#1)", 35, "`/` does not belong here"),
        ("crash(op)@after(added pods/status/a/b#1)", 17, "leave `subresource` out"),
        ("crash(op)@after(patch pods/a/b)", 31, "write `#`"),
        ("crash(op)@after(patch pods/a/b#0)", 32, "is no occurrence"),
        ("api-error(op, status=418)@1s", 22, "write one of 429"),
        ("api-error(op, stauts=504)@1s", 15, "did you mean `status`?"),
        ("api-error(op, status=504, status=500)@1s", 27, "`status` is there twice"),
        ("api-latency(op)@1s", 1, "needs the argument `by`"),
        ("api-latency(op, by=1s..2s)@1s", 20, "a plan is exact"),
        ("pod-deletion(op)@1s", 14, "it strikes pods"),
        ("pod-deletion(pods/*[app=web)@1s", 21, "`]`"),
        ("reboot(nodes/* hosting [app=etcd])@1s", 25, "`app=etcd` names no pods: write `kind=Pod`"),
        ("reboot(nodes/* hosting [kind=Pod,=])@1s", 25, "is no label selector"),
        ("reboot(nodes/* hosting [kind=Pod)@1s", 25, "`]`"),
        ("pod-deletion(pods/* hosting [kind=Pod])@1s", 21, "only nodes do"),
        ("compaction(op)@1s", 12, "`compaction` has no argument `op`; it has keep"),
        ("compaction(keep=1..3)@1s", 17, "a plan is exact"),
    ] {
        let error = text.parse::<Plan>().unwrap_err();
        assert_eq!(error.column, column, "{text}: {error}");
        assert!(error.message.contains(right), "{text}: {error}");
    }
}

#[test]
fn a_plan_without_faults_is_the_empty_text() {
    assert_eq!(" ".parse(), Ok(Plan::default()));
    assert_eq!(Plan::default().to_string(), "");
}
