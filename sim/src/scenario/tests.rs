//! Tests of the fault table, of names and of image rules.

use super::fault::{FAULTS, Unless};
use super::*;

fn fault(name: Option<&str>, kind: &str) -> FaultSpec {
    let fault = FaultInfo::named(kind).unwrap();
    FaultSpec {
        name: name.map(str::to_owned),
        fault,
        target: FaultTarget::Program { program: Pattern::any(), pick: Pick::One },
        when: When::new(Trigger::At(TimeRange::exactly(0))),
        times: None,
        duration: None,
        args: fault.default_args(),
    }
}

#[test]
fn a_name_for_one_entry_does_not_rename_the_others() {
    let mut scenario = Scenario::new("s");
    scenario.faults =
        vec![fault(None, "crash"), fault(Some("x"), "crash"), fault(None, "watch-cut"), fault(None, "crash")];
    let names: Vec<_> = (0..4).map(|i| scenario.fault_name(i)).collect();
    assert_eq!(names, ["crash#1", "x", "watch-cut#1", "crash#2"]);
}

#[test]
fn the_table_has_each_fault_once_with_valid_defaults() {
    for (i, fault) in FAULTS.iter().enumerate() {
        assert!(FAULTS[..i].iter().all(|other| other.name != fault.name), "{} twice", fault.name);
        let given = fault.args.iter().filter(|arg| matches!(arg.unless, Unless::Default(_))).count();
        assert_eq!(fault.default_args().0.len(), given, "{}", fault.name);
    }
}

#[test]
fn an_answer_that_no_server_gives_is_refused() {
    let info = FaultInfo::named("api-error").unwrap();
    let mut args = info.default_args();
    args.0.insert("status", info.arg("status").unwrap().read("429").unwrap());
    assert!(info.check_args(&args).is_ok());
    args.0.insert("committed", Arg::Bool(true));
    assert!(info.check_args(&args).unwrap_err().contains("has not committed"));
}

#[test]
fn the_first_image_rule_that_matches_wins() {
    let mut scenario = Scenario::new("s");
    let mut never = ImageRule::matching("a:*");
    never.ready = Ready::Never;
    scenario.images = vec![never, ImageRule::matching("*")];
    assert_eq!(scenario.image("a:1").ready, Ready::Never);
    assert_eq!(scenario.image("b:1").image, Pattern::any());
    scenario.images.clear();
    assert_eq!(scenario.image("b:1").ready, Ready::After(TimeRange::exactly(1000)));
}

#[test]
fn a_scenario_is_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Scenario>();
}
