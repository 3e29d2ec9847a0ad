//! A trace on the real control plane: its objects in the API server, its pods one after another.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Node, Pod, PodTemplateSpec};
use k8s_openapi::api::node::v1::RuntimeClass;
use kube::api::PostParams;
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};
use wit_e2e::pods::{node_of, unschedulable};
use wit_e2e::{Pods, Registry, Scenario, Scheduler, SchedulerOptions};
use wit_graph::WorkloadKey;
use wit_sim::trace::{Happening, PodRecord, Trace};

/// The label that says which workload a pod is of.
pub(crate) const LABEL: &str = "app.kubernetes.io/name";

const AT_ONCE: usize = 16;
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long nothing may change before it is over: a pod that is refused backs off for a second and more.
const QUIET: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(300);

/// A pod that arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) workload: WorkloadKey,
}

/// Who schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Driver {
    /// kube-scheduler as it comes.
    Default,
    /// kube-scheduler with the extender.
    Wit,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) pods: Vec<Pod>,
    /// From the first pod to the last binding.
    pub(crate) pods_per_second: f64,
}

impl Played {
    /// The pods that have no node, as `namespace/name`.
    pub(crate) fn pending(&self) -> BTreeSet<String> {
        let pending = self.pods.iter().filter(|pod| node_of(pod).is_none());
        pending.map(|pod| format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any())).collect()
    }
}

/// The objects of a trace, and the images in a registry.
#[derive(Debug)]
pub(crate) struct Stage {
    registry: Registry,
    classes: Vec<RuntimeClass>,
    nodes: Vec<Node>,
    deployments: BTreeMap<WorkloadKey, Deployment>,
    /// The pods that the trace lists.
    listed: BTreeMap<String, PodRecord>,
    components: usize,
}

impl Stage {
    /// Pushes an image for each that the trace names, a component or else an ordinary Linux image, and takes the trace's
    /// objects with their images' references changed to the registry's.
    pub(crate) async fn new(trace: &Trace, components: &BTreeMap<String, Vec<u8>>) -> Result<Self> {
        let registry = Registry::start().await?;
        let mut stage = Self {
            registry,
            classes: Vec::new(),
            nodes: Vec::new(),
            deployments: BTreeMap::new(),
            listed: BTreeMap::new(),
            components: components.len(),
        };
        for record in &trace.records {
            match record.happening.clone() {
                Happening::RuntimeClass(class) => stage.classes.push(*class),
                Happening::Node(node) => stage.nodes.push(*node),
                Happening::Workload(workload) => {
                    let deployment = deployment(&workload.workload, workload.replicas, workload.template)?;
                    stage.deployments.insert(workload.workload, deployment);
                }
                Happening::Pod(pod) => drop(stage.listed.insert(pod.pod.clone(), *pod)),
                Happening::Image(_) => {}
                other => bail!("this stage knows nothing of {other:?}"),
            }
        }
        stage.push_images(components).await?;
        Ok(stage)
    }

    async fn push_images(&mut self, components: &BTreeMap<String, Vec<u8>>) -> Result<()> {
        let named: BTreeSet<String> = self.templates().flat_map(images).map(|image| image.clone()).collect();
        let registry = &self.registry;
        let push = |(number, reference): (usize, String)| async move {
            let name = format!("image{number}");
            let pushed = match components.get(&reference) {
                Some(wasm) => registry.push_component(&name, "1", wasm).await?,
                None => registry.push_linux_image(&name, "1").await?,
            };
            anyhow::Ok((reference, pushed.reference))
        };
        let pushes = stream::iter(named.into_iter().enumerate().map(push)).buffer_unordered(AT_ONCE);
        let references: BTreeMap<String, String> = pushes.try_collect().await?;
        for image in self.templates().flat_map(images) {
            image.clone_from(references.get(image).context("every image was pushed")?);
        }
        Ok(())
    }

    fn templates(&mut self) -> impl Iterator<Item = &mut PodTemplateSpec> {
        let deployments = self.deployments.values_mut();
        let own = deployments.filter_map(|deployment| Some(&mut deployment.spec.as_mut()?.template));
        own.chain(self.listed.values_mut().filter_map(|pod| pod.template.as_mut()))
    }

    /// Changes the templates of all workloads.
    pub(crate) fn change_templates(&mut self, change: impl Fn(&WorkloadKey, &mut PodTemplateSpec)) {
        for (key, deployment) in &mut self.deployments {
            if let Some(spec) = &mut deployment.spec {
                change(key, &mut spec.template);
            }
        }
    }

    /// Begins with an empty cluster and the trace's objects, lets the pods come in their order, and waits until every pod
    /// has a node or none for good.
    pub(crate) async fn play(
        &self,
        scenario: &Scenario,
        arrivals: &[Arrival],
        driver: Driver,
    ) -> Result<Played> {
        scenario.empty().await?;
        let owners = self.set_up(scenario).await?;
        let (_extender, _scheduler) = self.start(scenario, driver).await?;
        let began = Instant::now();
        for arrival in arrivals {
            let pod = self.pod(arrival, &owners)?;
            let api: Api<Pod> = Api::namespaced(scenario.client().clone(), &arrival.namespace);
            api.create(&PostParams::default(), &pod).await.with_context(|| arrival.name.clone())?;
        }
        self.settled(scenario, arrivals, began).await
    }

    /// Creates everything but the pods that arrive; returns the UIDs of the workloads.
    async fn set_up(&self, scenario: &Scenario) -> Result<BTreeMap<WorkloadKey, String>> {
        let client = scenario.client();
        create(&Api::all(client.clone()), &self.classes).await?;
        create(&Api::all(client.clone()), &self.nodes).await?;
        let namespaces: Api<Namespace> = Api::all(client.clone());
        for namespace in self.namespaces() {
            if namespaces.get_opt(&namespace).await?.is_none() {
                wit_e2e::objects::create_namespace(client, &namespace).await?;
            }
        }
        let create = |(key, deployment): (&WorkloadKey, &Deployment)| {
            let (key, deployment) = (key.clone(), deployment.clone());
            async move {
                let api: Api<Deployment> = Api::namespaced(client.clone(), &key.namespace);
                let created = api.create(&PostParams::default(), &deployment).await?;
                anyhow::Ok((key, created.uid().context("a UID")?))
            }
        };
        let owners: BTreeMap<_, _> =
            stream::iter(self.deployments.iter().map(create)).buffer_unordered(AT_ONCE).try_collect().await?;
        for (name, record) in self.listed.iter().filter(|(_, record)| record.node.is_some()) {
            let arrival = arrival_of(name, record)?;
            let mut pod = self.pod(&arrival, &owners)?;
            pod.spec.get_or_insert_default().node_name.clone_from(&record.node);
            let api: Api<Pod> = Api::namespaced(client.clone(), &arrival.namespace);
            api.create(&PostParams::default(), &pod).await?;
        }
        Ok(owners)
    }

    fn namespaces(&self) -> BTreeSet<String> {
        let listed = self.listed.keys().filter_map(|pod| pod.split_once('/'));
        let owned = self.deployments.keys().map(|key| key.namespace.to_string());
        owned.chain(listed.map(|(namespace, _)| namespace.to_owned())).collect()
    }

    async fn start(
        &self,
        scenario: &Scenario,
        driver: Driver,
    ) -> Result<(Option<wit_e2e::ExtenderProcess>, Scheduler)> {
        if driver == Driver::Default {
            let scheduler = scenario.start_scheduler(&SchedulerOptions::without_extender()).await?;
            return Ok((None, scheduler));
        }
        let settle_at_once = json!({"startup": {"settleSeconds": 0}});
        let options = scenario.extender_options(&[self.registry.address()]).setting(settle_at_once);
        let extender = scenario.start_extender(&options).await?;
        let end = Instant::now() + DEADLINE;
        while extender.metric("wit_worlds", &[r#"state="known""#]).await? < self.components as f64 {
            ensure!(Instant::now() < end, "{} worlds are not known after {DEADLINE:?}", self.components);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let steering =
            SchedulerOptions::with_extender(extender.url_prefix()).ignorable(false).http_timeout("10s");
        let scheduler = scenario.start_scheduler(&steering).await?;
        Ok((Some(extender), scheduler))
    }

    fn pod(&self, arrival: &Arrival, owners: &BTreeMap<WorkloadKey, String>) -> Result<Pod> {
        let Arrival { namespace, name, workload } = arrival;
        let listed = self.listed.get(&format!("{namespace}/{name}"));
        let own = listed.and_then(|record| record.template.clone());
        let deployment = self.deployments.get(workload).and_then(|deployment| deployment.spec.clone());
        let template =
            own.or(deployment.map(|spec| spec.template)).with_context(|| format!("{arrival:?}"))?;
        let mut metadata = template.metadata.unwrap_or_default();
        metadata.name = Some(name.clone());
        metadata.namespace = Some(namespace.clone());
        metadata.labels.get_or_insert_default().insert(LABEL.to_owned(), workload.name.to_string());
        if let Some(uid) = owners.get(workload) {
            let owner = json!([{
                "apiVersion": "apps/v1", "kind": "Deployment", "name": workload.name, "uid": uid, "controller": true,
            }]);
            metadata.owner_references = Some(serde_json::from_value(owner)?);
        }
        Ok(Pod { metadata, spec: template.spec, status: None })
    }

    /// Waits until every pod has a node, or nothing has changed for a while and the scheduler has refused the rest.
    async fn settled(&self, scenario: &Scenario, arrivals: &[Arrival], began: Instant) -> Result<Played> {
        let end = Instant::now() + DEADLINE;
        let (mut before, mut changed) = (0, Instant::now());
        loop {
            let mut pods = Vec::new();
            for namespace in self.namespaces() {
                pods.extend(Pods::new(scenario.client(), &namespace).list().await?);
            }
            let bound = pods.iter().filter(|pod| node_of(pod).is_some()).count();
            if bound != before {
                (before, changed) = (bound, Instant::now());
            }
            let refused =
                pods.iter().filter(|pod| node_of(pod).is_none() && unschedulable(pod).is_some()).count();
            let quiet = changed.elapsed() > QUIET && bound + refused == pods.len();
            if bound == pods.len() || quiet {
                let seconds = changed.duration_since(began).as_secs_f64();
                return Ok(Played { pods, pods_per_second: arrivals.len() as f64 / seconds });
            }
            ensure!(Instant::now() < end, "{bound} of {} pods have a node after {DEADLINE:?}", pods.len());
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Creates objects, several at a time.
async fn create<K>(api: &Api<K>, objects: &[K]) -> Result<()>
where
    K: Clone + serde::de::DeserializeOwned + serde::Serialize + std::fmt::Debug,
{
    let parameters = PostParams::default();
    let creations = stream::iter(objects).map(|object| api.create(&parameters, object));
    creations.buffer_unordered(AT_ONCE).try_for_each(|_| async { Ok(()) }).await?;
    Ok(())
}

fn arrival_of(pod: &str, record: &PodRecord) -> Result<Arrival> {
    let (namespace, name) = pod.split_once('/').context("namespace/name")?;
    let own = || WorkloadKey::new(namespace, "Pod", name);
    let workload = record.workload.clone().unwrap_or_else(own);
    Ok(Arrival { namespace: namespace.to_owned(), name: name.to_owned(), workload })
}

/// A Deployment that says how many replicas are wanted and what they look like, and makes none: the controller leaves one
/// alone that is paused before its first rollout.
fn deployment(key: &WorkloadKey, replicas: u32, template: PodTemplateSpec) -> Result<Deployment> {
    ensure!(&*key.kind == "Deployment", "{key} is no Deployment");
    let mut template = template;
    let labels = template.metadata.get_or_insert_default().labels.get_or_insert_default();
    labels.insert(LABEL.to_owned(), key.name.to_string());
    let deployment: Value = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": key.name, "namespace": key.namespace},
        "spec": {
            "paused": true,
            "replicas": replicas,
            "selector": {"matchLabels": {LABEL: key.name}},
            "template": template,
        },
    });
    Ok(serde_json::from_value(deployment)?)
}

fn images(template: &mut PodTemplateSpec) -> impl Iterator<Item = &mut String> {
    let containers = template
        .spec
        .iter_mut()
        .flat_map(|spec| spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()));
    containers.filter_map(|container| container.image.as_mut())
}
