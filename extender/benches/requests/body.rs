//! Requests as kube-scheduler's Go client sends them: a recorded one, with other names.

use wit_placement::{NodeName, Pod};

use crate::cluster::{Asked, Cluster, TEMPLATE_HASH};

/// A request that a real kube-scheduler sent.
const RECORDED: &str = include_str!("../../tests/wire/filter-request.json");

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Filter,
    Prioritize,
}

/// About which pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PodKind {
    /// A linked component, whose partners are bound on some nodes.
    Wasm,
    /// A pod without a Wasm runtime.
    Ordinary,
}

/// The requests about several pods, ready to be sent.
pub(crate) struct Bodies {
    wasm: Vec<Requests>,
    ordinary: Vec<Requests>,
}

/// The requests about one pod.
struct Requests {
    pod: Pod,
    body: String,
    filter: Vec<u8>,
    prioritize: Vec<u8>,
}

impl Verb {
    pub(crate) const ALL: [Self; 2] = [Self::Filter, Self::Prioritize];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Prioritize => "prioritize",
        }
    }
}

impl PodKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Wasm => "wasm",
            Self::Ordinary => "ordinary",
        }
    }
}

impl Bodies {
    /// The requests about every pod that is asked about; each offers all nodes.
    pub(crate) fn new(cluster: &Cluster) -> anyhow::Result<Self> {
        let names: Vec<_> = cluster.nodes.iter().map(|node| &node.name).collect();
        let requests = |asked: &Asked| Requests::new(asked, &names);
        let of = |wasm| -> anyhow::Result<_> { cluster.asked(wasm)?.iter().map(requests).collect() };
        Ok(Self { wasm: of(true)?, ordinary: of(false)? })
    }

    /// The request about the pod of a scheduling cycle.
    pub(crate) fn request(&self, verb: Verb, kind: PodKind, cycle: usize) -> &[u8] {
        let requests = match kind {
            PodKind::Wasm => &self.wasm,
            PodKind::Ordinary => &self.ordinary,
        };
        let of_pod = requests.get(cycle % requests.len().max(1));
        of_pod.map_or(&[], |of_pod| match verb {
            Verb::Filter => &of_pod.filter,
            Verb::Prioritize => &of_pod.prioritize,
        })
    }

    /// The Wasm pods, each with the body of a request about it.
    pub(crate) fn wasm_pods(&self) -> impl Iterator<Item = (&Pod, &str)> {
        self.wasm.iter().map(|requests| (&requests.pod, requests.body.as_str()))
    }
}

impl Requests {
    fn new(asked: &Asked, nodes: &[&NodeName]) -> anyhow::Result<Self> {
        let body = body(asked, nodes)?;
        let [filter, prioritize] = Verb::ALL.map(|verb| http(verb, &body));
        Ok(Self { pod: asked.pod.clone(), body, filter, prioritize })
    }
}

fn body(asked: &Asked, nodes: &[&NodeName]) -> anyhow::Result<String> {
    let pod = &asked.pod;
    let workload = &pod.workload.name;
    let replica_set = format!("{workload}-{TEMPLATE_HASH}");
    let class = match &pod.shape.runtime_class {
        Some(class) => format!(r#""runtimeClassName":"{class}""#),
        None => r#""hostNetwork":false"#.to_owned(),
    };
    let replaced = [
        ("web-7484549cd4-jjm62", &*pod.key.name),
        ("web-7484549cd4", &replica_set),
        ("wire-5", &pod.key.namespace),
        ("b3774605-5539-47a0-bfb1-d97d1530b968", &pod.uid.0),
        (r#""web""#, &format!(r#""{workload}""#)),
        ("registry.example/web/website:2.4.1", &asked.image),
        (r#""runtimeClassName":"wasm""#, &class),
        (r#"["node-1","node-2","node-3"]"#, &serde_json::to_string(nodes)?),
    ];
    let mut text = compact(RECORDED);
    for (recorded, ours) in replaced {
        anyhow::ensure!(text.contains(recorded), "the recorded request has no {recorded}");
        text = text.replace(recorded, ours);
    }
    Ok(text)
}

/// JSON without the white space between its tokens, its keys in their order.
fn compact(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let kept = json.chars().filter(|character| {
        let is_quote = *character == '"' && !escaped;
        escaped = in_string && *character == '\\' && !escaped;
        in_string ^= is_quote;
        in_string || !character.is_whitespace()
    });
    kept.collect()
}

fn http(verb: Verb, body: &str) -> Vec<u8> {
    let (verb, length) = (verb.as_str(), body.len());
    format!(
        "POST /v1/{verb} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Go-http-client/1.1\r\n\
         Content-Length: {length}\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n{body}"
    )
    .into_bytes()
}
