//! M3, a real cluster of 547 services and 96 machines: each service a component that imports its neighbours' interfaces.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::{Value, json};
use wit_e2e::Scenario;
use wit_graph::testing::component;
use wit_graph::{DeclaredLink, ReadLimits, WorkloadKey};
use wit_sim::import::InputFile;
use wit_sim::import::rasa::{self, RasaOptions};
use wit_sim::strategy::Name;
use wit_sim::trace::{Happening, Trace};

use crate::stage::{Driver, LABEL, Stage};
use crate::verdict::{OF_ONE_RUN, Simulated, TOLERANCE, gained, mean, simulate};

const SEEDS: u64 = 5;
const LINKS: &str = "wit-placement.dev/links";

/// The cluster, with who calls whom.
struct M3 {
    trace: Trace,
    /// The components by image.
    components: BTreeMap<String, Vec<u8>>,
    /// Consumer, provider, weight.
    links: Vec<(String, String, f64)>,
}

impl M3 {
    fn read() -> Result<Self> {
        let file = data()?;
        let options = RasaOptions {
            runtime: wit_sim::import::Runtime::Wasm,
            cluster_cpu: 1_000_000_000,
            cluster_memory: 1_000_000_000_000_000,
            node_pods: None,
            deployed: false,
        };
        let trace = rasa::import(&InputFile::read(&file)?, &options)?.trace;
        let mut m3 = Self { trace, components: BTreeMap::new(), links: Vec::new() };
        m3.give_names();
        m3.give_directions()?;
        m3.give_worlds()?;
        Ok(m3)
    }

    /// Names as the API server takes them: `Service12` becomes `service12`.
    fn give_names(&mut self) {
        let lower =
            |key: &WorkloadKey| WorkloadKey::new(&*key.namespace, &*key.kind, key.name.to_lowercase());
        for record in &mut self.trace.records {
            match &mut record.happening {
                Happening::Workload(workload) => {
                    workload.workload = lower(&workload.workload);
                    let annotations =
                        workload.template.metadata.iter_mut().flat_map(|it| &mut it.annotations);
                    for links in annotations.filter_map(|all| all.get_mut(LINKS)) {
                        *links = links.to_lowercase();
                    }
                }
                Happening::Pod(pod) => {
                    pod.workload = pod.workload.as_ref().map(lower);
                    pod.pod = pod.pod.to_lowercase().replace('_', "-");
                }
                _ => {}
            }
        }
    }

    /// The traffic of a pair flows from the service whose name is first to the other: nobody recorded who calls.
    fn give_directions(&mut self) -> Result<()> {
        for record in &mut self.trace.records {
            let Happening::Workload(workload) = &mut record.happening else { continue };
            let name = workload.workload.name.to_string();
            let annotations =
                workload.template.metadata.get_or_insert_default().annotations.get_or_insert_default();
            let Some(links) = annotations.remove(LINKS) else { continue };
            let links = DeclaredLink::list(&links)?.into_iter().filter(|link| name < link.provider);
            let links: Vec<_> = links.map(|link| (link.provider, 2.0 * link.weight.get())).collect();
            if !links.is_empty() {
                let words: Vec<_> = links.iter().map(|(to, weight)| format!("{to}={weight}")).collect();
                annotations.insert(LINKS.to_owned(), words.join(","));
            }
            self.links.extend(links.into_iter().map(|(to, weight)| (name.clone(), to, weight)));
        }
        Ok(())
    }

    /// A component for each service, whose world imports its providers' interface and exports its own.
    fn give_worlds(&mut self) -> Result<()> {
        let mut images = BTreeMap::new();
        for record in &self.trace.records {
            let Happening::Workload(workload) = &record.happening else { continue };
            let spec = workload.template.spec.as_ref().context("a template has a spec")?;
            let image = spec.containers.first().and_then(|container| container.image.clone());
            images.insert(image.context("a container has an image")?, workload.workload.name.clone());
        }
        for record in &mut self.trace.records {
            let Happening::Image(image) = &mut record.happening else { continue };
            let service = images.get(&image.reference).context("every image is of a service")?;
            let wasm = component(&wit(service, &self.links), "service");
            image.world = Some(wit_graph::read(&wasm, &ReadLimits::default())?);
            self.components.insert(image.reference.clone(), wasm);
        }
        Ok(())
    }

    /// For each service, its neighbours with the weights of their traffic.
    fn neighbours(&self) -> BTreeMap<&str, BTreeMap<&str, f64>> {
        let mut neighbours: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
        for (from, to, weight) in &self.links {
            *neighbours.entry(from).or_default().entry(to).or_default() += weight;
            *neighbours.entry(to).or_default().entry(from).or_default() += weight;
        }
        neighbours
    }
}

/// The world of a service in WIT.
fn wit(service: &str, links: &[(String, String, f64)]) -> String {
    let is_called = links.iter().any(|(_, to, _)| to == service);
    let providers: Vec<_> = links.iter().filter(|(from, ..)| from == service).map(|(_, to, _)| to).collect();
    let imports: Vec<_> = providers.iter().map(|to| format!("import m3:{to}/api@1.0.0;")).collect();
    let export = if is_called { "export api; " } else { "" };
    let api = "interface api { call: func(); }";
    let others: Vec<_> = providers.iter().map(|to| format!("package m3:{to}@1.0.0 {{ {api} }}")).collect();
    let (imports, others) = (imports.join(" "), others.join("\n"));
    format!("package m3:{service}@1.0.0;\n{api}\nworld service {{ {imports} {export}}}\n{others}")
}

/// The file beside the checkout; fails with what to do where it is absent.
fn data() -> Result<PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/rasa_M3.json");
    file.is_file().then_some(file.clone()).with_context(|| {
        format!("{} is not there: this test needs the folder `shared` beside the checkout", file.display())
    })
}

/// What a user writes today: each service wants to be near its neighbours, its heaviest link with weight 100.
fn wish(neighbours: &BTreeMap<&str, BTreeMap<&str, f64>>, key: &WorkloadKey, template: &mut PodTemplateSpec) {
    let Some(own) = neighbours.get(&*key.name) else { return };
    let heaviest = own.values().copied().fold(0.0, f64::max);
    let term = |(name, weight): (&&str, &f64)| {
        #[expect(clippy::cast_possible_truncation, reason = "a share of one hundred")]
        let weight = (weight / heaviest * 100.0).round().max(1.0) as i32;
        let near =
            json!({"labelSelector": {"matchLabels": {LABEL: name}}, "topologyKey": "kubernetes.io/hostname"});
        json!({"weight": weight, "podAffinityTerm": near})
    };
    let terms: Vec<Value> = own.iter().map(term).collect();
    let affinity = json!({"preferredDuringSchedulingIgnoredDuringExecution": terms});
    let spec = template.spec.get_or_insert_default();
    spec.affinity.get_or_insert_default().pod_affinity = serde_json::from_value(affinity).ok();
}

#[tokio::test]
async fn the_simulator_says_of_m3_what_the_real_scheduler_does() -> Result<()> {
    let m3 = M3::read()?;
    let scenario = Scenario::begin("m3").await?;
    let mut stage = Stage::new(&m3.trace, &m3.components).await?;
    let mut differences = Vec::new();
    for seed in 0..SEEDS {
        let simulated = simulate(&m3.trace, Name::Wit, seed)?;
        let played = stage.play(&scenario, &simulated.arrivals, Driver::Wit).await?;
        let real = gained(&played, &m3.links);
        println!("{}", row(&format!("wit, seed {seed}"), real, played.pods_per_second, &simulated));
        assert_eq!(played.pending(), simulated.pending, "seed {seed}");
        differences.push(real - simulated.gained);
    }
    let neighbours = m3.neighbours();
    let mut alone = Vec::new();
    for (name, what) in [(Name::Default, "default"), (Name::PodAffinity, "pod affinity by hand")] {
        if name == Name::PodAffinity {
            stage.change_templates(|key, template| wish(&neighbours, key, template));
        }
        let simulated = simulate(&m3.trace, name, 0)?;
        let played = stage.play(&scenario, &simulated.arrivals, Driver::Default).await?;
        let real = gained(&played, &m3.links);
        println!("{}", row(what, real, played.pods_per_second, &simulated));
        alone.push((what, real, simulated.gained));
    }
    println!("wit: real − simulated: {differences:.3?}, mean {:+.3}", mean(&differences));
    assert!(mean(&differences).abs() <= TOLERANCE, "{differences:?}");
    for (what, real, simulated) in alone {
        assert!((real - simulated).abs() <= OF_ONE_RUN, "{what}: G = {real:.3}, simulated {simulated:.3}");
    }
    Ok(())
}

fn row(what: &str, real: f64, pods_per_second: f64, simulated: &Simulated) -> String {
    let Simulated { gained, pending, .. } = simulated;
    let pending = pending.len();
    format!("{what}: G = {real:.3} at {pods_per_second:.0} pods/s; simulated {gained:.3}, {pending} pending")
}
