//! Strategic merge patches, as far as they change what placement reads.
//!
//! The rules are those of the Kubernetes documentation: objects are merged, `null` takes a field away, and lists of
//! objects are merged by a field that tells their elements apart; other lists are replaced.

use serde_json::{Map, Value};

/// The fields that tell elements of lists apart, the first that all of them have.
const KEYS: [&str; 3] = ["name", "type", "key"];
/// The lists that are replaced although their elements have such a field.
const REPLACED: [&str; 1] = ["tolerations"];
/// What a patch says about itself instead of a field.
const DIRECTIVE: &str = "$patch";

/// Changes a value by a patch.
pub(super) fn merge(value: &mut Value, patch: Value) {
    match (value, patch) {
        (Value::Object(fields), Value::Object(patch)) => merge_fields(fields, patch),
        (value, patch) => *value = patch,
    }
}

fn merge_fields(fields: &mut Map<String, Value>, mut patch: Map<String, Value>) {
    if patch.remove(DIRECTIVE).is_some_and(|directive| directive == "replace") {
        fields.clear();
    }
    for (name, patch) in patch {
        match (fields.get_mut(&name), patch) {
            // The order of elements and what is to be retained: neither changes what is read.
            _ if name.starts_with('$') => {}
            (_, Value::Null) => {
                fields.remove(&name);
            }
            (Some(Value::Array(list)), Value::Array(patch)) if !REPLACED.contains(&name.as_str()) => {
                merge_list(list, patch);
            }
            (Some(field), patch) => merge(field, patch),
            (None, patch) => {
                fields.insert(name, patch);
            }
        }
    }
}

fn merge_list(list: &mut Vec<Value>, patch: Vec<Value>) {
    let all_have = |key: &&str| list.iter().chain(&patch).all(|element| element.get(*key).is_some());
    let Some(key) = KEYS.into_iter().find(all_have) else {
        *list = patch;
        return;
    };
    for element in patch {
        let directive = element.get(DIRECTIVE).and_then(Value::as_str).unwrap_or_default().to_owned();
        let position = list.iter().position(|one| one.get(key) == element.get(key));
        match (position.and_then(|position| list.get_mut(position)), directive.as_str()) {
            (_, "delete") => {
                let gone = element.get(key).cloned();
                list.retain(|one| one.get(key) != gone.as_ref());
            }
            (Some(one), _) => merge(one, element),
            (None, _) => list.push(element),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_merge_nulls_remove_and_elements_are_told_apart_by_their_names() {
        let mut pod = json!({"status": {"phase": "Pending"}, "spec": {
            "schedulingGates": [{"name": "plan"}], "nodeSelector": {"a": "1"},
            "containers": [{"name": "main", "image": "a:1"}, {"name": "side", "image": "b:1"}],
            "tolerations": [{"key": "a"}]}});
        let patch = json!({"status": {"phase": "Running"}, "spec": {
            "$setElementOrder/containers": [{"name": "main"}], "nodeName": "n", "nodeSelector": null,
            "schedulingGates": [{"$patch": "delete", "name": "plan"}],
            "containers": [{"name": "main", "image": "a:2"}, {"name": "side", "$patch": "delete"}, {"name": "new"}],
            "tolerations": [{"key": "b"}]}});
        merge(&mut pod, patch);
        let expected = json!({"status": {"phase": "Running"}, "spec": {
            "schedulingGates": [], "nodeName": "n",
            "containers": [{"name": "main", "image": "a:2"}, {"name": "new"}],
            "tolerations": [{"key": "b"}]}});
        assert_eq!(pod, expected);
    }
}
