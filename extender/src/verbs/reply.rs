//! The bodies of replies, put together from pieces of the request.
//!
//! A reply names thousands of nodes whose names stand in the request already: they are copied, not encoded again. Keys
//! and nulls are those that Go's encoder writes.

use std::borrow::Cow;

use serde_json::Value;

use super::wire::{ExtenderArgs, NodeList, Offered};

/// Prioritize's reply where no node is preferred.
pub const NO_SCORES: &str = "[]";

/// A node that is refused: its position in the request, and why, as a JSON string.
pub type Refusal<'a> = (usize, &'a str);

/// Filter's reply that lets every node pass: the lists as they came.
pub fn echo(args: &ExtenderArgs<'_>) -> Vec<u8> {
    let names = match (args.node_names, &args.nodes) {
        (Some(names), _) => names.get(),
        (None, Some(_)) => "null",
        (None, None) => "[]",
    };
    let mut json = Json(Vec::with_capacity(names.len() + 128));
    json.raw(r#"{"Nodes":"#);
    match &args.nodes {
        Some(NodeList { items }) => json.nodes(items.iter().flatten().map(|node| node.get())),
        None => json.raw("null"),
    }
    json.raw(r#","NodeNames":"#);
    json.raw(names);
    json.raw(r#","FailedNodes":{},"FailedAndUnresolvableNodes":{},"Error":""}"#);
    json.0
}

/// Filter's reply for the nodes at the positions that pass, for those on which eviction could make room (`failed`) and
/// for those on which it could not.
pub fn filter(
    offered: &Offered<'_>,
    passed: &[usize],
    failed: &[Refusal<'_>],
    unresolvable: &[Refusal<'_>],
) -> Vec<u8> {
    let names = offered.names();
    let refused = failed.iter().chain(unresolvable).map(|(_, message)| message.len());
    let mut json = Json(Vec::with_capacity(48 * names.len() + refused.sum::<usize>() + 128));
    json.raw(r#"{"Nodes":"#);
    match offered {
        Offered::Names(names) => {
            json.raw(r#"null,"NodeNames":["#);
            json.separated(passed.iter().filter_map(|place| names.get(*place)), Json::name);
            json.raw("]");
        }
        Offered::Nodes(_, nodes) => {
            json.nodes(passed.iter().filter_map(|place| nodes.get(*place)).map(|node| node.get()));
            json.raw(r#","NodeNames":null"#);
        }
    }
    json.raw(r#","FailedNodes":{"#);
    json.refusals(names, failed);
    json.raw(r#"},"FailedAndUnresolvableNodes":{"#);
    json.refusals(names, unresolvable);
    json.raw(r#"},"Error":""}"#);
    json.0
}

/// Prioritize's reply: the first nodes' scores, 0 to 10.
pub fn prioritize(offered: &Offered<'_>, scores: &[u8]) -> Vec<u8> {
    let mut json = Json(Vec::with_capacity(72 * scores.len() + 2));
    json.raw("[");
    json.separated(offered.names().iter().zip(scores), |json, (name, score)| {
        json.raw(r#"{"Host":"#);
        json.name(name);
        json.raw(r#","Score":"#);
        json.number(*score);
        json.raw("}");
    });
    json.raw("]");
    json.0
}

/// JSON that is being written.
struct Json(Vec<u8>);

impl Json {
    /// What is JSON already, or part of it.
    fn raw(&mut self, json: &str) {
        self.0.extend_from_slice(json.as_bytes());
    }

    /// A name that could be borrowed has no escapes in the request and needs none here.
    #[expect(clippy::ptr_arg, reason = "whether it is borrowed is the point")]
    fn name(&mut self, name: &Cow<'_, str>) {
        match name {
            Cow::Borrowed(name) => {
                self.raw("\"");
                self.raw(name);
                self.raw("\"");
            }
            Cow::Owned(name) => self.raw(&Value::from(name.as_str()).to_string()),
        }
    }

    fn number(&mut self, number: u8) {
        match number {
            0..10 => self.0.push(b'0' + number),
            _ => self.raw(&number.to_string()),
        }
    }

    fn nodes<'a>(&mut self, nodes: impl Iterator<Item = &'a str>) {
        self.raw(r#"{"metadata":{},"items":["#);
        self.separated(nodes, Self::raw);
        self.raw("]}");
    }

    fn refusals(&mut self, names: &[Cow<'_, str>], refusals: &[Refusal<'_>]) {
        let lines = refusals.iter().filter_map(|(place, message)| Some((names.get(*place)?, message)));
        self.separated(lines, |json, (name, message)| {
            json.name(name);
            json.raw(":");
            json.raw(message);
        });
    }

    fn separated<T>(&mut self, mut items: impl Iterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        if let Some(first) = items.next() {
            write(self, first);
        }
        for item in items {
            self.raw(",");
            write(self, item);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(reply: &[u8]) -> Value {
        serde_json::from_slice(reply).unwrap()
    }

    const NAMES: &str = r#"{"Pod":{},"Nodes":null,"NodeNames":["a","b\u0022","c"]}"#;
    const NODES: &str =
        r#"{"Pod":{},"Nodes":{"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}}"#;

    #[test]
    fn nodes_come_back_in_the_form_in_which_they_were_offered() {
        let args: ExtenderArgs<'_> = serde_json::from_str(NAMES).unwrap();
        let reply = filter(&args.offered().unwrap(), &[1, 2], &[], &[(0, r#""full""#)]);
        let expected = json!({
            "Nodes": null, "NodeNames": ["b\"", "c"],
            "FailedNodes": {}, "FailedAndUnresolvableNodes": { "a": "full" }, "Error": "",
        });
        assert_eq!(parsed(&reply), expected);
        let args: ExtenderArgs<'_> = serde_json::from_str(NODES).unwrap();
        let reply = filter(&args.offered().unwrap(), &[1], &[(0, r#""full""#)], &[]);
        let expected = json!({
            "Nodes": { "metadata": {}, "items": [{ "metadata": { "name": "b" } }] }, "NodeNames": null,
            "FailedNodes": { "a": "full" }, "FailedAndUnresolvableNodes": {}, "Error": "",
        });
        assert_eq!(parsed(&reply), expected);
    }

    #[test]
    fn an_echo_has_the_lists_as_they_came() {
        let lists = |body: &str| {
            let reply = parsed(&echo(&serde_json::from_str(body).unwrap()));
            (reply["Nodes"].clone(), reply["NodeNames"].clone())
        };
        assert_eq!(lists(NAMES), (Value::Null, json!(["a", "b\"", "c"])));
        let nodes = json!({ "metadata": {}, "items": [{ "metadata": { "name": "a" } }, { "metadata": { "name": "b" } }] });
        assert_eq!(lists(NODES), (nodes, Value::Null));
        assert_eq!(lists(r#"{"Pod":{}}"#), (Value::Null, json!([])), "no node is refused by accident");
    }

    #[test]
    fn scores_are_integers_beside_their_nodes() {
        let args: ExtenderArgs<'_> = serde_json::from_str(NAMES).unwrap();
        let offered = args.offered().unwrap();
        let expected = r#"[{"Host":"a","Score":0},{"Host":"b\"","Score":7},{"Host":"c","Score":10}]"#;
        assert_eq!(String::from_utf8(prioritize(&offered, &[0, 7, 10])).unwrap(), expected);
        assert_eq!(prioritize(&offered, &[]), NO_SCORES.as_bytes());
    }
}
