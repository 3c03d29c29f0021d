//! A JUnit file: one test case per scenario. Without the feature `junit` there is none, and `run` refuses to write one.

#[cfg(feature = "junit")]
use std::time::Duration;

#[cfg(feature = "junit")]
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::summary::Summary;

/// One scenario of a sweep.
pub(crate) struct Case {
    /// What it came to.
    pub(crate) summary: Summary,
    /// Why it failed, in one line, and the text that was printed.
    pub(crate) failure: Option<(String, String)>,
}

/// Whether this build can write one.
pub(crate) const WRITES_JUNIT: bool = cfg!(feature = "junit");

#[cfg(not(feature = "junit"))]
pub(crate) fn junit(_: &[Case]) -> Result<String, String> {
    Err("this build has no feature `junit`".into())
}

/// The file's text. A scenario none of whose seeds ran is skipped.
#[cfg(feature = "junit")]
pub(crate) fn junit(cases: &[Case]) -> Result<String, String> {
    let mut report = Report::new("wavetank");
    let mut suite = TestSuite::new("scenarios");
    for Case { summary, failure } in cases {
        let mut status = TestCaseStatus::success();
        if let Some((why, text)) = failure {
            status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(why.as_str()).set_description(text.as_str());
        } else if summary.runs == 0 {
            status = TestCaseStatus::skipped();
        }
        let mut case = TestCase::new(summary.title.as_str(), status);
        case.set_classname(summary.path.as_str()).set_time(Duration::from_millis(summary.wall_ms));
        if let Some(cut) = &summary.cut {
            case.set_system_out(format!("{} of {} seeds ran: {cut}", summary.runs, summary.seeds));
        }
        suite.add_test_case(case);
    }
    report.add_test_suite(suite);
    report.to_string().map_err(|error| error.to_string())
}
