//! Any real extender in the loop: asked over HTTP as kube-scheduler asks it, one pod after another.

mod mirror;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::runtime::Runtime;
use wit_placement::kube_scheduler::{FilterReply, SchedulerExtender};
use wit_placement::{Event, Millis, Node, NodeName, Pod};
use wit_sources::remote::{Offered, RemoteError, RemoteExtender};

pub use mirror::Mirror;

use super::Strategy;

/// How long an extender that follows a mirror may take to see it and to answer its first question.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is asked until then.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// An extender behind a URL. It has no clock but its own, so virtual time means nothing to it.
#[derive(Debug)]
pub struct OverHttp {
    extender: RemoteExtender,
    runtime: Runtime,
    /// The nodes, where it is shown them whole.
    whole: Option<BTreeMap<NodeName, Node>>,
    mirror: Option<Mirror>,
    has_answered: bool,
    failed: Option<anyhow::Error>,
    bindings: Vec<Event>,
}

/// How the extender is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nodes by their names: `nodeCacheCapable: true`.
    Names,
    /// Whole nodes.
    Nodes,
}

impl OverHttp {
    /// The extender whose verbs are `URL/filter` and `URL/prioritize`; one that looks at the cluster by itself finds it in the
    /// mirror.
    ///
    /// # Errors
    /// Where the URL has no scheme, or requests cannot be made.
    pub fn new(url: &str, shown: Shown, mirror: Option<Mirror>) -> anyhow::Result<Self> {
        let has_scheme = ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme));
        ensure!(
            has_scheme,
            "--via-http {url}: begins with neither http:// nor https://, as in http://127.0.0.1:8080/v1"
        );
        Ok(Self {
            extender: RemoteExtender::new(url)?,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            whole: (shown == Shown::Nodes).then(BTreeMap::new),
            mirror,
            has_answered: false,
            failed: None,
            bindings: Vec::new(),
        })
    }

    /// Whether every question was answered.
    ///
    /// # Errors
    /// The first that was not; nothing was asked after it.
    pub fn finish(self) -> anyhow::Result<()> {
        self.failed.map_or(Ok(()), Err)
    }

    /// The answer, or the empty one where there is none.
    fn answer<T: Default>(
        &mut self,
        nodes: &[NodeName],
        ask: &impl AsyncFn(&RemoteExtender, Offered<'_>) -> Result<T, RemoteError>,
    ) -> T {
        if self.failed.is_some() {
            return T::default();
        }
        let whole: Option<Vec<&Node>> =
            self.whole.as_ref().map(|known| nodes.iter().filter_map(|node| known.get(node)).collect());
        let offered = whole.as_deref().map_or(Offered::Names(nodes), Offered::Whole);
        let (extender, mirror) = (&self.extender, &mut self.mirror);
        let waits = mirror.is_some() && !self.has_answered;
        let answer = self.runtime.block_on(async {
            if let Some(mirror) = mirror {
                mirror.show().await?;
            }
            let began = Instant::now();
            loop {
                match ask(extender, offered).await {
                    // It opens some time after it has seen the cluster.
                    Err(RemoteError::NoAnswer { .. }) if waits && began.elapsed() < PATIENCE => {
                        tokio::time::sleep(ASK_AGAIN).await;
                    }
                    answer => return answer.map_err(anyhow::Error::from),
                }
            }
        });
        self.has_answered = true;
        answer.unwrap_or_else(|error| {
            self.failed = Some(error);
            T::default()
        })
    }
}

impl Strategy for OverHttp {
    fn now(&mut self, _now: Millis) -> bool {
        false
    }

    fn hear(&mut self, event: &Event) -> bool {
        match (event, &mut self.whole) {
            (Event::Node(node), Some(nodes)) => drop(nodes.insert(node.name.clone(), node.clone())),
            (Event::NodeGone(name), Some(nodes)) => drop(nodes.remove(name)),
            _ => {}
        }
        if let Some(mirror) = &mut self.mirror {
            mirror.hear(event);
        }
        false
    }

    fn bindings(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.bindings)
    }

    fn deadlines(&mut self) -> BTreeSet<Millis> {
        BTreeSet::new()
    }
}

impl SchedulerExtender for OverHttp {
    type Error = Infallible;

    fn filter(&mut self, pod: &Pod, nodes: &[NodeName]) -> Result<FilterReply, Infallible> {
        Ok(self.answer(nodes, &async |extender, offered| extender.filter(pod, offered).await))
    }

    fn prioritize(&mut self, pod: &Pod, nodes: &[NodeName]) -> Result<BTreeMap<NodeName, u8>, Infallible> {
        Ok(self.answer(nodes, &async |extender, offered| extender.prioritize(pod, offered).await))
    }

    fn bound(&mut self, pod: &Pod, _node: &NodeName) -> Result<(), Infallible> {
        self.bindings.push(Event::Pod(pod.clone()));
        Ok(())
    }
}
