//! Requests of kube-scheduler's extender protocol, version 1, as they come over the wire.
//!
//! The Go structs have no JSON tags: keys are `Pod`, `NodeNames`…, and Go reads them in any case, so lower-case keys are
//! taken too. Names are borrowed from the request's body, and the pod stays undecoded until it is known to be a Wasm one.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The body of a Filter or Prioritize request.
#[derive(Debug, Deserialize)]
pub struct ExtenderArgs<'a> {
    /// The pod, undecoded.
    #[serde(borrow, rename = "Pod", alias = "pod")]
    pub pod: &'a RawValue,
    /// Whole nodes, from a scheduler with `nodeCacheCapable: false`.
    #[serde(borrow, default, rename = "Nodes", alias = "nodes")]
    pub nodes: Option<NodeList<'a>>,
    /// Node names, from a scheduler with `nodeCacheCapable: true`.
    #[serde(borrow, default, rename = "NodeNames", alias = "nodeNames", alias = "nodenames")]
    pub node_names: Option<&'a RawValue>,
}

/// A list of whole nodes, undecoded but for their names.
#[derive(Debug, Deserialize)]
pub struct NodeList<'a> {
    /// The nodes; `null` is an empty list.
    #[serde(borrow, default)]
    pub items: Option<Vec<&'a RawValue>>,
}

/// What tells a Wasm pod from an ordinary one.
#[derive(Debug, Deserialize)]
pub struct PodHead<'a> {
    /// The pod's specification.
    #[serde(borrow, default)]
    pub spec: PodHeadSpec<'a>,
}

/// See [`PodHead`].
#[derive(Debug, Default, Deserialize)]
pub struct PodHeadSpec<'a> {
    /// The name of its RuntimeClass.
    #[serde(borrow, default, rename = "runtimeClassName")]
    pub runtime_class: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct NodeHead<'a> {
    #[serde(borrow)]
    metadata: NameHead<'a>,
}

#[derive(Deserialize)]
struct NameHead<'a> {
    #[serde(borrow)]
    name: Name<'a>,
}

/// A name, borrowed from the body unless it has escapes.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The nodes of a request, in the form in which the reply names them.
#[derive(Debug)]
pub enum Offered<'a> {
    /// Names only.
    Names(Vec<Cow<'a, str>>),
    /// Whole nodes beside their names.
    Nodes(Vec<Cow<'a, str>>, Vec<&'a RawValue>),
}

impl<'a> ExtenderArgs<'a> {
    /// The nodes that the request offers; none where both lists are null.
    ///
    /// # Errors
    /// Where a name is no string or a node has none.
    pub fn offered(&self) -> Result<Offered<'a>, serde_json::Error> {
        if let Some(names) = self.node_names {
            if let Some(names) = plain_strings(names.get()) {
                return Ok(Offered::Names(names));
            }
            let names: Option<Vec<Name<'a>>> = serde_json::from_str(names.get())?;
            return Ok(Offered::Names(names.into_iter().flatten().map(|name| name.0).collect()));
        }
        let Some(nodes) = &self.nodes else { return Ok(Offered::Names(Vec::new())) };
        let items = nodes.items.clone().unwrap_or_default();
        let name =
            |node: &&'a RawValue| Ok(serde_json::from_str::<NodeHead<'a>>(node.get())?.metadata.name.0);
        let names = items.iter().map(name).collect::<Result<_, serde_json::Error>>()?;
        Ok(Offered::Nodes(names, items))
    }

    /// What tells a Wasm pod from an ordinary one.
    ///
    /// # Errors
    /// Where the pod is no pod.
    pub fn head(&self) -> Result<PodHead<'a>, serde_json::Error> {
        serde_json::from_str(self.pod.get())
    }
}

impl<'a> Offered<'a> {
    /// The names of the nodes.
    pub fn names(&self) -> &[Cow<'a, str>] {
        let (Self::Names(names) | Self::Nodes(names, _)) = self;
        names
    }
}

/// The strings of an array that has nothing but strings without escapes, as a list of node names is: much faster than
/// to decode them. `json` is known to be JSON; `None` where it is anything else than such an array.
fn plain_strings(json: &str) -> Option<Vec<Cow<'_, str>>> {
    let list = json.trim().strip_prefix('[')?.strip_suffix(']')?;
    if list.contains('\\') {
        return None;
    }
    let mut strings = Vec::with_capacity(list.len() / 16);
    let mut parts = list.split('"');
    if !parts.next()?.trim().is_empty() {
        return None;
    }
    while let Some(string) = parts.next() {
        if !matches!(parts.next()?.trim(), "," | "") {
            return None;
        }
        strings.push(Cow::Borrowed(string));
    }
    Some(strings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_read_as_a_decoder_reads_them() {
        for json in ["[]", " [ ] ", r#"["a"]"#, r#" [ "a" , "b, [c]" ,"" ] "#, r#"["ä","node-1"]"#] {
            let decoded: Vec<Cow<'_, str>> = serde_json::from_str(json).unwrap();
            assert_eq!(plain_strings(json), Some(decoded), "{json}");
        }
        for json in [
            "null",
            "{}",
            "[1]",
            "[null]",
            r#"["a",1,"b"]"#,
            r#"["a",["b"]]"#,
            r#"[{"a":"b"}]"#,
            r#"["a\""]"#,
        ] {
            assert_eq!(plain_strings(json), None, "{json}");
        }
    }

    #[test]
    fn what_is_no_list_of_names_is_an_error_and_null_is_no_node() {
        let names = |list: &str| {
            let body = format!(r#"{{"Pod":{{}},"NodeNames":{list}}}"#);
            let args: ExtenderArgs<'_> = serde_json::from_str(&body).unwrap();
            let offered = args.offered().map_err(|error| error.to_string())?;
            Ok::<_, String>(offered.names().iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(names(r#"["a\u002d1","b"]"#).unwrap(), ["a-1", "b"]);
        assert!(names("null").unwrap().is_empty());
        assert!(names("[1]").is_err() && names(r#""a""#).is_err());
    }
}
