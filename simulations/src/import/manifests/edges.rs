//! Who calls whom, from a table.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::PodTemplateSpec;
use wit_graph::{DeclaredLink, Weight};
use wit_sources::cluster::convert::LINKS_ANNOTATION;

use super::super::problems::Problems;
use super::super::table::Table;
use super::super::{ImportProblem, InputFile};
use crate::trace::{Happening, Record};

/// The columns that may hold the weight, the first that is there.
const WEIGHTS: [&str; 2] = ["weight", "calls_per_user_task"];

/// Adds the links of a table to the workloads of these names; what is wrong with it.
pub(super) fn add(file: &InputFile, records: &mut [Record]) -> Vec<ImportProblem> {
    let name = file.name();
    let mut problems = Problems::of(&name);
    let links = links(file, &names(records), &mut problems);
    for record in records {
        let (workload, template) = match &mut record.happening {
            Happening::Workload(workload) => {
                (workload.workload.name.to_string(), Some(&mut workload.template))
            }
            Happening::Pod(pod) => {
                let own = pod.pod.split_once('/').map(|(_, name)| name.to_owned()).unwrap_or_default();
                (
                    pod.workload.as_ref().map_or(own, |workload| workload.name.to_string()),
                    pod.template.as_mut(),
                )
            }
            _ => continue,
        };
        if let (Some(links), Some(template)) = (links.get(&workload), template) {
            declare(template, links);
        }
    }
    problems.into_inner()
}

/// The names of workloads, and of pods that are their own.
fn names(records: &[Record]) -> BTreeSet<String> {
    let name = |record: &Record| match &record.happening {
        Happening::Workload(workload) => Some(workload.workload.name.to_string()),
        Happening::Pod(pod) if pod.workload.is_none() => {
            pod.pod.split_once('/').map(|(_, name)| name.to_owned())
        }
        _ => None,
    };
    records.iter().filter_map(name).collect()
}

/// The links of each caller; what is there twice is summed.
fn links(
    file: &InputFile,
    names: &BTreeSet<String>,
    problems: &mut Problems<'_>,
) -> BTreeMap<String, BTreeMap<String, f64>> {
    let mut links: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    let Some(table) = Table::read(file, &["src", "dst"], problems) else { return links };
    let Some(column) = WEIGHTS.into_iter().find(|column| table.has(column)) else {
        problems.add("line 1", format_args!("there is no column `{}`", WEIGHTS.join("` or `")));
        return links;
    };
    for row in table.rows() {
        for end in ["src", "dst"] {
            let name = row.text(end);
            if !names.contains(name) {
                problems.add(row.at(end), format_args!("there is no workload \"{name}\""));
            }
        }
        let Some(weight) = row.number::<f64>(column, problems) else { continue };
        if Weight::new(weight).is_none() {
            problems.add(row.at(column), format_args!("{weight} is no number of 0 or more"));
        }
        let to = links.entry(row.text("src").to_owned()).or_default();
        *to.entry(row.text("dst").to_owned()).or_default() += weight;
    }
    links
}

/// Adds links to those that the template declares; what it says of the same providers gives way.
fn declare(template: &mut PodTemplateSpec, links: &BTreeMap<String, f64>) {
    let annotations = template.metadata.get_or_insert_default().annotations.get_or_insert_default();
    let before = annotations.get(LINKS_ANNOTATION).and_then(|text| DeclaredLink::list(text).ok());
    let others = before.unwrap_or_default().into_iter().filter(|link| !links.contains_key(&link.provider));
    let added = links.iter().filter_map(|(provider, weight)| {
        Some(DeclaredLink { provider: provider.clone(), weight: Weight::new(*weight)? })
    });
    let all: Vec<_> = others.chain(added).map(|link| link.to_string()).collect();
    annotations.insert(LINKS_ANNOTATION.to_owned(), all.join(","));
}
