//! kube-scheduler's extender protocol, version 1, as it goes over the wire.
//!
//! The Go structs have no JSON tags: keys are `Pod`, `NodeNames`…, and Go reads them in any case, so lower-case keys are
//! taken too. Names are borrowed from the request's body, and the pod stays undecoded until it is known to be a Wasm one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
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

/// The reply to Filter.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FilterResult<'a> {
    /// Whole nodes that pass, where whole nodes were offered.
    pub nodes: Option<PassedNodes<'a>>,
    /// The names of the nodes that pass, where names were offered.
    pub node_names: Option<Vec<&'a str>>,
    /// Refused nodes on which eviction could make room, with the reason.
    pub failed_nodes: BTreeMap<&'a str, &'a str>,
    /// Refused nodes on which it could not, with the reason.
    pub failed_and_unresolvable_nodes: BTreeMap<&'a str, &'a str>,
    /// Always empty: a refusal is not an error.
    pub error: &'static str,
}

/// A list of whole nodes.
#[derive(Debug, Serialize)]
pub struct PassedNodes<'a> {
    /// An empty object, as Go writes it.
    pub metadata: BTreeMap<&'a str, &'a str>,
    /// The nodes as they came.
    pub items: Vec<&'a RawValue>,
}

/// One line of the reply to Prioritize.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct HostPriority<'a> {
    /// The node.
    pub host: &'a str,
    /// 0 to 10.
    pub score: u8,
}

impl<'a> ExtenderArgs<'a> {
    /// The nodes that the request offers; none where both lists are null.
    ///
    /// # Errors
    /// Where a name is no string or a node has none.
    pub fn offered(&self) -> Result<Offered<'a>, serde_json::Error> {
        if let Some(names) = self.node_names {
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

    /// Filter's reply that lets every node pass: the lists as they came.
    pub fn echo(&self) -> Vec<u8> {
        let null = "null";
        let nodes = self.nodes.as_ref().map(|nodes| PassedNodes {
            metadata: BTreeMap::new(),
            items: nodes.items.clone().unwrap_or_default(),
        });
        let nodes = serde_json::to_string(&nodes).unwrap_or_else(|_| null.into());
        let names = match (self.node_names, &self.nodes) {
            (Some(names), _) => names.get(),
            (None, Some(_)) => null,
            (None, None) => "[]",
        };
        let tail = r#","FailedNodes":{},"FailedAndUnresolvableNodes":{},"Error":""}"#;
        [r#"{"Nodes":"#, &nodes, r#","NodeNames":"#, names, tail].concat().into_bytes()
    }
}

impl<'a> Offered<'a> {
    /// The names of the nodes.
    pub fn names(&self) -> &[Cow<'a, str>] {
        let (Self::Names(names) | Self::Nodes(names, _)) = self;
        names
    }

    /// Filter's reply for the nodes at these positions and the refused ones.
    pub fn reply<'b>(
        &'b self,
        passed: &[usize],
        failed: BTreeMap<&'b str, &'b str>,
        unresolvable: BTreeMap<&'b str, &'b str>,
    ) -> FilterResult<'b> {
        let mut result = FilterResult {
            nodes: None,
            node_names: None,
            failed_nodes: failed,
            failed_and_unresolvable_nodes: unresolvable,
            error: "",
        };
        match self {
            Self::Names(names) => {
                result.node_names =
                    Some(passed.iter().filter_map(|place| names.get(*place).map(AsRef::as_ref)).collect());
            }
            Self::Nodes(_, nodes) => {
                let items = passed.iter().filter_map(|place| nodes.get(*place).copied()).collect();
                result.nodes = Some(PassedNodes { metadata: BTreeMap::new(), items });
            }
        }
        result
    }
}
