//! A JUnit file: one test case per scenario.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::sweep::Summary;

/// The file's text. Each summary comes with the printed text of its failure, if it has one.
pub(crate) fn junit(results: &[(Summary, Option<String>)]) -> Result<String, String> {
    let mut report = Report::new("wavetank");
    let mut suite = TestSuite::new("scenarios");
    for (summary, failure) in results {
        let mut status = TestCaseStatus::success();
        if let Err(why) = summary.verdict() {
            status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(why).set_description(failure.clone().unwrap_or_default());
        }
        let mut case = TestCase::new(summary.name.as_str(), status);
        case.set_classname(summary.path.as_str()).set_time(Duration::from_millis(summary.wall_ms));
        suite.add_test_case(case);
    }
    report.add_test_suite(suite);
    report.to_string().map_err(|error| error.to_string())
}
