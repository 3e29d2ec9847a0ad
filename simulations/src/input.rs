//! Where a replay's cluster and images come from: the folders that `wit-extender demo` reads too.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use wit_config::Settings;
use wit_placement::{ClusterState, Event, ImageReference, Millis, World};
use wit_sources::cluster::manifests::Manifests;
use wit_sources::images::{ImageMessage, ImageOutcome, ImageReader, Layout};

use crate::scenario::{Scenario, Step};

/// The opened folders and the settings.
#[derive(Debug)]
pub struct Sources {
    /// The settings that decisions follow.
    pub settings: Settings,
    manifests: Manifests,
    images: Layout,
}

impl Sources {
    /// Opens a folder of manifests, an OCI image layout and a settings file; without the last the defaults hold.
    ///
    /// # Errors
    /// Everything that cannot be opened or used at all, together.
    pub fn open(manifests: &Path, images: &Path, config: Option<&Path>) -> anyhow::Result<Self> {
        let mut problems = Vec::new();
        let settings = kept(config.map(settings).transpose(), &mut problems).flatten().unwrap_or_default();
        let manifests = kept(Manifests::read(manifests).map_err(anyhow::Error::from), &mut problems);
        let images = kept(Layout::open(images, &settings.images).map_err(anyhow::Error::from), &mut problems);
        match (manifests, images, problems.as_slice()) {
            (Some(manifests), Some(images), []) => Ok(Self { settings, manifests, images }),
            (_, _, [only]) => Err(anyhow::anyhow!("{only}")),
            (_, _, all) => Err(anyhow::anyhow!("{} problems\n{}", all.len(), all.join("\n"))),
        }
    }

    /// The cluster and the worlds of its images.
    ///
    /// # Errors
    /// Where the settings hold no usable host catalogue.
    pub fn scenario(&self) -> anyhow::Result<Scenario> {
        let events = self.manifests.events();
        let images = images_of(&events, &self.settings)?;
        let mut warnings: Vec<_> = self.manifests.problems.iter().map(ToString::to_string).collect();
        let mut worlds = BTreeMap::new();
        for message in self.read(&images)? {
            if let ImageOutcome::Failed { message: why, .. } = &message.outcome {
                warnings.push(format!("image {}: {why}", message.reference));
            }
            worlds.insert(message.reference.clone(), world(&message));
        }
        let steps = events.into_iter().filter_map(step).map(|step| (Millis(0), step)).collect();
        Ok(Scenario { steps, worlds, warnings })
    }

    /// Reads the images, each once, in the order of their references.
    fn read(&self, images: &BTreeSet<ImageReference>) -> anyhow::Result<Vec<ImageMessage>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut messages = runtime.block_on(async {
            let (sender, mut receiver) = tokio::sync::mpsc::channel(images.len().max(1));
            let store = Arc::new(self.images.clone());
            let reader = ImageReader::start(store, &self.settings.images, &self.settings.reading, sender);
            for image in images {
                reader.request(image.clone());
            }
            let mut first = BTreeMap::new();
            while first.len() < images.len() {
                let Some(message) = receiver.recv().await else { break };
                first.entry(message.reference.clone()).or_insert(message);
            }
            first
        });
        Ok(images.iter().filter_map(|image| messages.remove(image)).collect())
    }
}

/// What an event of a folder is. Its pods are those that it holds; for workloads without any the folder has made them, but for
/// those of `DaemonSet`s, which come with the nodes.
fn step(event: Event) -> Option<Step> {
    match event {
        Event::Node(node) => Some(Step::Node(node)),
        Event::RuntimeClass(class) => Some(Step::RuntimeClass(class)),
        Event::Workload(workload) => {
            let listed = *workload.key.kind != *"DaemonSet";
            Some(Step::Workload { workload, listed, gated: false })
        }
        Event::Pod(pod) if *pod.workload.kind == *"DaemonSet" && pod.node.is_none() => None,
        Event::Pod(pod) => Some(Step::Pod(pod)),
        Event::NodeGone(_)
        | Event::RuntimeClassGone(_)
        | Event::WorkloadGone(_)
        | Event::PodGone(_)
        | Event::World(..) => None,
    }
}

/// A folder does not change while it is replayed: what failed once is not tried again.
fn world(message: &ImageMessage) -> World {
    match message.world(Millis(0)) {
        World::Failed { result, message, since, .. } => {
            World::Failed { result, message, since, definite: true }
        }
        world => world,
    }
}

/// The images that placement wants to know: those of workloads and pods that a Wasm handler runs.
fn images_of(events: &[Event], settings: &Settings) -> anyhow::Result<BTreeSet<ImageReference>> {
    let mut state = ClusterState::new(settings.clone())?;
    let effects = events.iter().map(|event| state.apply(event.clone(), Millis(0)).read);
    Ok(effects.flatten().collect())
}

pub(crate) fn settings(path: &Path) -> anyhow::Result<Settings> {
    let place = || format!("settings {}", path.display());
    let text = std::fs::read_to_string(path).with_context(place)?;
    wit_config::parse(&text).with_context(place)
}

/// The value, or nothing and one more problem.
pub(crate) fn kept<T>(result: Result<T, impl Into<anyhow::Error>>, problems: &mut Vec<String>) -> Option<T> {
    let told = |error: anyhow::Error| chain(&error);
    result.map_err(|error| problems.push(told(error.into()))).ok()
}

/// An error with what it comes from; what has several lines starts below.
fn chain(error: &anyhow::Error) -> String {
    let line = |cause: &dyn Display| cause.to_string();
    let mut text = line(error);
    for cause in error.chain().skip(1) {
        let cause = line(&cause);
        text.push_str(if cause.contains('\n') { ":\n" } else { ": " });
        text.push_str(&cause);
    }
    text
}
