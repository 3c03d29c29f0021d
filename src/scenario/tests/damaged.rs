//! Damaged files: any bytes are read, or refused with a place in the file.

use proptest::prelude::*;

use super::*;

fn reads_or_refuses(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Err(bad) = parse(bytes, "s.yaml", &manifests, &["web-operator"]) else { return Ok(()) };
    let lines = bytes.split(|b| *b == b'\n').count();
    for problem in bad.problems().iter().filter(|problem| problem.file == "s.yaml") {
        prop_assert!((1..=lines + 1).contains(&problem.line), "{}", problem);
        prop_assert!(problem.column >= 1 && !problem.message.is_empty(), "{}", problem);
    }
    prop_assert!(!bad.to_string().is_empty());
    Ok(())
}

/// A valid file, some pieces of which are replaced.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let good = proptest::sample::select(vec![POD_DELETION, UNDER_FIRE, NODE_LOSS, ETCD]);
    let piece = prop_oneof![
        "[\\[\\]{}:,'\"|>&*!%@`#~ \n\t-]{1,4}",
        Just("\u{0}".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("-1".to_owned()),
        Just("\u{fffd}é".to_owned()),
        "[a-zA-Z0-9.]{0,8}",
    ];
    let cut = (any::<prop::sample::Index>(), 0..12_usize, piece);
    (good, proptest::collection::vec(cut, 1..5)).prop_map(|(good, cuts)| {
        let mut bytes = good.as_bytes().to_vec();
        for (at, length, piece) in cuts {
            let at = at.index(bytes.len().max(1)).min(bytes.len());
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, piece.into_bytes());
        }
        bytes
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        reads_or_refuses(&bytes)?;
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-z0-9\\[\\]{}:,'\"|>&*!%@` \n-]{0,80}") {
        reads_or_refuses(text.as_bytes())?;
    }

    #[test]
    fn a_damaged_scenario_is_read_or_refused(bytes in mutated()) {
        reads_or_refuses(&bytes)?;
    }
}
