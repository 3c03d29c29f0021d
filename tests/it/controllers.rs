//! Each controller of the manager is missed: a scenario of its own is held with all of them, and not without this one.
//!
//! A controller that is added needs a file in `tests/it/controllers`.

use std::path::Path;

use wavetank::sim::controllers::{Manager, Settings};
use wavetank::sim::explore::{Prepared, draw_plan, run};
use wavetank::sim::scenario::Flag;
use wavetank::sim::scenario::flag::CONTROLLERS;

/// Whether the scenario of a controller is held with these controllers; else why not.
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
fn the_flag_names_the_controllers_that_are_there() {
    let manager = Manager::new(Vec::new(), &Settings::default());
    let mut there: Vec<&str> = manager.controllers().collect();
    there.sort_unstable();
    assert_eq!(there, CONTROLLERS);
}

#[test]
fn every_controller_is_missed_when_it_is_off() {
    let mut wrong = Vec::new();
    for controller in CONTROLLERS {
        if let Err(why) = held(controller, "*") {
            wrong.push(format!("{controller}: not held with all controllers: {why}"));
        } else if held(controller, &format!("*,-{controller}")).is_ok() {
            wrong.push(format!("{controller}: nobody notices that it is off"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
