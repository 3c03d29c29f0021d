//! Each controller has a scenario that holds with all controllers and fails without this one.
//!
//! A new controller needs a file in `tests/it/controllers`.

use std::path::Path;

use wavetank::sim::controllers::{Manager, Settings};
use wavetank::sim::explore::{Prepared, draw_plan, run};
use wavetank::sim::scenario::Flag;
use wavetank::sim::scenario::flag::CONTROLLERS;

/// Runs the scenario of a controller with the controllers of this list. The error says why it fails.
fn held(controller: &str, controllers: &str) -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/controllers");
    let file = folder.join(controller).with_extension("yaml");
    let prepared = wavetank::registry().load(&file).unwrap_or_else(|bad| panic!("{bad}"));
    let mut scenario = prepared.scenario().clone();
    scenario.cluster.flags = vec![Flag {
        component: "kube-controller-manager".into(),
        name: "controllers".into(),
        value: controllers.into(),
    }];
    let prepared = Prepared::new(scenario, &[])?;
    let run = run(&prepared, 0, &draw_plan(prepared.scenario(), 0)).map_err(|no_run| no_run.why)?;
    run.violation.map_or(Ok(()), |violation| Err(format!("{violation:?}")))
}

#[test]
fn the_flag_knows_every_controller_of_the_manager() {
    let manager = Manager::new(Vec::new(), &Settings::default());
    let mut names: Vec<&str> = manager.controllers().collect();
    names.sort_unstable();
    assert_eq!(names, CONTROLLERS);
}

#[test]
fn the_scenario_of_a_controller_fails_without_it() {
    let mut wrong = Vec::new();
    for controller in CONTROLLERS {
        if let Err(why) = held(controller, "*") {
            wrong.push(format!("{controller}: its scenario fails with all controllers: {why}"));
        } else if held(controller, &format!("*,-{controller}")).is_ok() {
            wrong.push(format!("{controller}: its scenario holds without it"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
