//! Priorities as admission sets them: from the `PriorityClass` that a template names, or the one for all that name none.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use k8s_openapi::api::scheduling::v1::PriorityClass;
use wit_sources::cluster::convert::system_priority;

use crate::trace::{Happening, Record};

/// The priority classes that a source tells of.
#[derive(Debug, Default)]
pub(super) struct Priorities {
    classes: BTreeMap<String, PriorityClass>,
}

impl Priorities {
    pub(super) fn told(&mut self, class: PriorityClass) {
        self.classes.insert(class.metadata.name.clone().unwrap_or_default(), class);
    }

    /// Gives templates their priorities; one that has one keeps it. Classes of which the source does not tell are known by pods
    /// that were admitted.
    pub(super) fn set(&self, records: &mut [Record]) {
        let mut admitted = BTreeMap::new();
        for spec in records.iter_mut().filter_map(template).filter_map(|template| template.spec.as_ref()) {
            if let (Some(class), Some(priority)) = (&spec.priority_class_name, spec.priority) {
                admitted.insert(class.clone(), priority);
            }
        }
        for template in records.iter_mut().filter_map(template) {
            if let Some(spec) = template.spec.as_mut().filter(|spec| spec.priority.is_none()) {
                self.admit(spec, &admitted);
            }
        }
    }

    fn admit(&self, spec: &mut PodSpec, admitted: &BTreeMap<String, i32>) {
        let name = spec.priority_class_name.as_deref().filter(|name| !name.is_empty());
        let Some(class) = name.map_or_else(|| self.of_all(), |name| self.classes.get(name)) else {
            spec.priority =
                name.and_then(|name| system_priority(name).or_else(|| admitted.get(name).copied()));
            return;
        };
        spec.priority = Some(class.value.unwrap_or(0));
        spec.priority_class_name.clone_from(&class.metadata.name);
        if spec.preemption_policy.is_none() {
            spec.preemption_policy.clone_from(&class.preemption_policy);
        }
    }

    /// The class of pods that name none: of several the lowest, as in Kubernetes.
    fn of_all(&self) -> Option<&PriorityClass> {
        let of_all = self.classes.values().filter(|class| class.global_default == Some(true));
        of_all.min_by_key(|class| class.value)
    }
}

fn template(record: &mut Record) -> Option<&mut PodTemplateSpec> {
    match &mut record.happening {
        Happening::Workload(workload) => Some(&mut workload.template),
        Happening::Pod(pod) => pod.template.as_mut(),
        _ => None,
    }
}
