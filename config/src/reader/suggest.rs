//! What to say about a key that nobody knows.

use crate::key::Key;

/// "is not a key here", with the key that was probably meant or the ones that there are.
pub(crate) fn unknown_key<T>(name: &str, within: &str, keys: &'static [Key<T>]) -> String {
    let siblings: Vec<&str> = keys.iter().filter(|key| key.parent() == within).map(Key::name).collect();
    if let Some(meant) = nearest(name, &siblings) {
        return format!("is not a key here; did you mean `{meant}`?");
    }
    if let Some(key) = keys.iter().find(|key| key.path == name) {
        return format!("is not a key here; write `{}` inside `{}`", key.name(), key.parent());
    }
    // The right name in the wrong place.
    if let Some(key) = keys.iter().find(|key| plain(key.name()) == plain(name)) {
        return format!("is not a key here; did you mean `{}`?", key.path);
    }
    format!("is not a key here; there are {}", siblings.join(", "))
}

fn nearest<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let distance = |candidate: &str| strsim::damerau_levenshtein(&plain(name), &plain(candidate));
    let best = candidates.iter().copied().min_by_key(|candidate| distance(candidate))?;
    // One slip for every three letters still looks like the word.
    (distance(best) <= (best.len() / 3).max(1)).then_some(best)
}

/// `blast_radius`, `blast-radius` and `BlastRadius` are all meant to be `blastRadius`.
fn plain(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).take(64).collect()
}
