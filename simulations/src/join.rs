//! Two traces as one: the pods of one come and go when those of another do.
//!
//! Real clusters with traffic between services are published as they stood at one moment; traces with times have no traffic.
//! A join gives the first the times of the second. Both are ranked by the CPU that a pod asks for; a workload takes its times
//! from the pods of the same quantile, so that what is large lives as long as what is large elsewhere. Which pod gets which
//! times is drawn with a seed.

use std::collections::{BTreeMap, VecDeque};

use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use thiserror::Error;
use wit_graph::WorkloadKey;
use wit_sources::cluster::convert;

use crate::trace::{Happening, PodRef, Record, Trace};

/// Why two traces cannot be joined.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JoinError {
    /// The first has no pods of workloads.
    #[error("{0}: no workload lists its pods, so there is nobody whom times could be given to")]
    NoPods(String),
    /// The second has no pods.
    #[error("{0}: it lists no pods, so there are no times to give")]
    NoTimes(String),
}

/// When a pod comes and goes, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Times {
    comes: u64,
    /// How long it stays, if it ever leaves.
    stays: Option<u64>,
}

/// Gives the listed pods of `cluster` the times of the pods of `times`; everything else of `cluster` stays as it is.
///
/// # Errors
/// Where one of them has no pods.
pub fn join(cluster: Trace, times: &Trace, seed: u64) -> Result<Trace, JoinError> {
    let mut draws = draws(&cluster, times, seed)?;
    let mut header = cluster.header;
    let told = format!(
        "pods of {} come and go as pods of {} do, matched by the rank of the CPU that they ask for; seed {seed}",
        header.name, times.header.name
    );
    header.name = format!("{} joined with {}", header.name, times.header.name);
    header.sources.extend(times.header.sources.iter().cloned());
    header.synthetic.extend(times.header.synthetic.iter().cloned());
    header.synthetic.push(told);
    let (mut leaves, mut comes, mut leaves_at_once) = (Vec::new(), Vec::new(), Vec::new());
    for mut record in cluster.records {
        if let Happening::Pod(pod) = &mut record.happening
            && let Some(drawn) = pod.workload.as_ref().and_then(|workload| draws.get_mut(workload)?.next())
        {
            pod.node = None;
            record.at = drawn.comes;
            let finished = Happening::PodFinished(PodRef { pod: pod.pod.clone() });
            match drawn.stays {
                Some(0) => leaves_at_once.push(Record::new(drawn.comes, finished)),
                Some(stays) => leaves.push(Record::new(drawn.comes.saturating_add(stays), finished)),
                None => {}
            }
        }
        comes.push(record);
    }
    // Who leaves makes room for who comes at the same time, but nobody leaves before they came.
    let records = [leaves, comes, leaves_at_once].concat();
    Ok(Trace { header, records, unfinished: None }.sorted())
}

/// The times that a workload's pods get, each once before any comes again.
struct Draws {
    times: VecDeque<Times>,
}

impl Draws {
    fn next(&mut self) -> Option<Times> {
        let next = self.times.pop_front()?;
        self.times.push_back(next);
        Some(next)
    }
}

fn draws(cluster: &Trace, times: &Trace, seed: u64) -> Result<BTreeMap<WorkloadKey, Draws>, JoinError> {
    let workloads = listed_workloads(cluster);
    let lives = lives(times);
    if workloads.is_empty() {
        return Err(JoinError::NoPods(cluster.header.name.clone()));
    }
    if lives.is_empty() {
        return Err(JoinError::NoTimes(times.header.name.clone()));
    }
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (count, all) = (workloads.len(), lives.len());
    let mut draws = BTreeMap::new();
    for (rank, (_, key)) in workloads.into_iter().enumerate() {
        // The pods of this rank's share of all ranks; where there are fewer pods than workloads, the nearest.
        let begin = (rank * all / count).min(all - 1);
        let end = ((rank + 1) * all / count).max(begin + 1);
        let bucket = lives.get(begin..end).unwrap_or_default();
        let mut times: Vec<_> = bucket.iter().map(|(_, times)| *times).collect();
        times.shuffle(&mut random);
        draws.insert(key, Draws { times: times.into() });
    }
    Ok(draws)
}

/// The workloads that list their pods, by the CPU of one of them.
fn listed_workloads(trace: &Trace) -> Vec<(u64, WorkloadKey)> {
    let mut workloads: Vec<_> = trace
        .records
        .iter()
        .filter_map(|record| match &record.happening {
            Happening::Workload(workload) if workload.listed => {
                Some((cpu_millis(&workload.template), workload.workload.clone()))
            }
            _ => None,
        })
        .collect();
    workloads.sort();
    workloads.dedup_by(|one, other| one.1 == other.1);
    workloads
}

/// When the pods of a trace come and go, by the CPU that they ask for.
fn lives(trace: &Trace) -> Vec<(u64, Times)> {
    let mut templates = BTreeMap::new();
    let mut open: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let mut lives = Vec::new();
    for record in &trace.records {
        match &record.happening {
            Happening::Workload(workload) => {
                templates.insert(&workload.workload, &workload.template);
            }
            Happening::Pod(pod) => {
                let of_workload =
                    || pod.workload.as_ref().and_then(|workload| templates.get(workload).copied());
                let cpu = pod.template.as_ref().or_else(of_workload).map_or(0, cpu_millis);
                open.insert(&pod.pod, (cpu, record.at));
            }
            Happening::PodFinished(pod) | Happening::PodDeleted(pod) => {
                if let Some((cpu, comes)) = open.remove(pod.pod.as_str()) {
                    lives.push((cpu, Times { comes, stays: Some(record.at.saturating_sub(comes)) }));
                }
            }
            _ => {}
        }
    }
    lives.extend(open.into_values().map(|(cpu, comes)| (cpu, Times { comes, stays: None })));
    lives.sort_unstable();
    lives
}

/// What a pod of this template asks for.
fn cpu_millis(template: &PodTemplateSpec) -> u64 {
    let metadata = ObjectMeta { name: Some("pod".into()), uid: Some("pod".into()), ..ObjectMeta::default() };
    let pod = Pod { metadata, spec: template.spec.clone(), status: None };
    convert::pod(&pod).map_or(0, |pod| pod.value.shape.requests.cpu_millis)
}
