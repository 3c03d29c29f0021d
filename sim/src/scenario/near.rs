//! Suggestions for misspelt words.

/// The word of `known` nearest to `word`, if one is near enough to be the intended word.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let far = lower.chars().count() / 3 + 1;
    let distance = |name: &str| match name.to_lowercase() {
        // The beginning of a longer name counts as one wrong letter.
        name if lower.len() > 2 && name.starts_with(&lower) => usize::from(name != lower),
        name => strsim::osa_distance(&lower, &name),
    };
    let scored = known.into_iter().map(|name| (distance(name), name));
    scored
        .filter(|(distance, _)| *distance <= far)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// A suggestion in place of `word`: the nearest known word, else all known words.
pub fn instead<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(word, known.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => known_are(known),
    }
}

/// The message for a word that a later version may have.
pub fn this_version_has_no<'a>(what: &str, word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    format!("this version has no {what} `{word}`; {}", known_are(known))
}

fn known_are<'a>(known: impl IntoIterator<Item = &'a str>) -> String {
    match &known.into_iter().collect::<Vec<_>>()[..] {
        [] => "there is none".into(),
        known => format!("known: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_gets_the_right_one_and_any_other_gets_the_list() {
        let known = ["replicas", "target", "timeout"];
        assert_eq!(instead("replica", known), "did you mean `replicas`?");
        assert_eq!(instead("Target", known), "did you mean `target`?");
        assert_eq!(instead("tiemout", known), "did you mean `timeout`?");
        assert_eq!(instead("rep", known), "did you mean `replicas`?");
        assert_eq!(instead("colour", known), "known: replicas, target, timeout");
    }
}
