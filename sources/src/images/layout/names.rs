//! Which entry of a layout's index a reference names.

use super::{Descriptor, Reference};

/// The annotation with the full reference, as containerd and Docker write it.
const FULL_NAME: &str = "io.containerd.image.name";
/// The annotation with the full reference or the tag alone.
const NAME_OR_TAG: &str = "org.opencontainers.image.ref.name";

/// The entry that `reference` names, or why it cannot be told.
pub(super) fn find<'a>(
    entries: &'a [Descriptor],
    reference: &Reference,
) -> Result<Option<&'a Descriptor>, String> {
    let is_full_name = |text: &str| text.parse().is_ok_and(|named: Reference| named == *reference);
    let full = |entry: &&Descriptor| {
        [FULL_NAME, NAME_OR_TAG].iter().any(|key| value(entry, key).is_some_and(is_full_name))
    };
    if let Some(entry) = one(entries.iter().filter(full), "named", &reference.to_string())? {
        return Ok(Some(entry));
    }
    let tag = reference.version();
    let bare =
        |entry: &&Descriptor| value(entry, FULL_NAME).is_none() && value(entry, NAME_OR_TAG) == Some(&tag);
    one(entries.iter().filter(bare), "tagged", &tag)
}

/// The one entry, where all that are found are the same image.
fn one<'a>(
    mut found: impl Iterator<Item = &'a Descriptor>,
    how: &str,
    name: &str,
) -> Result<Option<&'a Descriptor>, String> {
    let Some(first) = found.next() else { return Ok(None) };
    let digest = first.layer()?.digest;
    for other in found {
        if other.layer()?.digest != digest {
            return Err(format!("has several images {how} `{name}`"));
        }
    }
    Ok(Some(first))
}

fn value<'a>(entry: &'a Descriptor, key: &str) -> Option<&'a str> {
    entry.annotations.as_ref()?.get(key).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(first: char, annotations: &[(&str, &str)]) -> Descriptor {
        let annotations: std::collections::BTreeMap<_, _> = annotations.iter().copied().collect();
        let digest = format!("sha256:{first}{}", "0".repeat(63));
        serde_json::from_value(serde_json::json!({"digest": digest, "size": 1, "annotations": annotations}))
            .unwrap()
    }

    fn found(entries: &[Descriptor], reference: &str) -> Result<Option<char>, String> {
        let found = find(entries, &reference.parse().unwrap())?;
        Ok(found.and_then(|entry| entry.layer().unwrap().digest.to_string().chars().nth(7)))
    }

    #[test]
    fn full_names_are_compared_normalised_and_win_over_tags() {
        let entries = [
            entry('a', &[(NAME_OR_TAG, "latest")]),
            entry('b', &[(NAME_OR_TAG, "shop/cart")]),
            entry('c', &[(NAME_OR_TAG, "latest"), (FULL_NAME, "docker.io/shop/mail:latest")]),
        ];
        assert_eq!(found(&entries, "docker.io/shop/cart:latest"), Ok(Some('b')));
        assert_eq!(found(&entries, "shop/mail"), Ok(Some('c')));
        assert_eq!(found(&entries, "shop/other"), Ok(Some('a')));
        assert_eq!(found(&entries, "shop/cart:v2"), Ok(None));
    }

    #[test]
    fn several_images_of_one_name_are_no_answer() {
        let entries = [entry('a', &[(NAME_OR_TAG, "v1")]), entry('b', &[(NAME_OR_TAG, "v1")])];
        assert!(found(&entries, "shop/cart:v1").unwrap_err().contains("several images tagged"));
        let same = [entry('a', &[(NAME_OR_TAG, "v1")]), entry('a', &[(NAME_OR_TAG, "v1")])];
        assert_eq!(found(&same, "shop/cart:v1"), Ok(Some('a')));
    }
}
