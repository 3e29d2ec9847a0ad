//! What the API server changes in a pod when it admits it, for pods that never met one.
//!
//! Pods of a live cluster carry what admission did. Those that are made from templates, from manifests or by the
//! simulator do not, and would otherwise be placed without their `RuntimeClass`' node selector and overhead.

use thiserror::Error;
use wit_placement::{PodShape, Resources, RuntimeClass, Toleration};

/// Why admission would refuse a pod.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AdmissionError {
    /// The `RuntimeClass` that the pod names is not there.
    #[error("RuntimeClass \"{0}\" does not exist")]
    NoSuchClass(String),
    /// The pod and its `RuntimeClass` want different values of a node label.
    #[error("nodeSelector {key}={pod} conflicts with {key}={class} of RuntimeClass \"{name}\"")]
    NodeSelector {
        /// The label's key.
        key: String,
        /// The value that the pod wants.
        pod: String,
        /// The value that the class wants.
        class: String,
        /// The class' name.
        name: String,
    },
    /// The pod sets an overhead of its own.
    #[error("overhead differs from the one of RuntimeClass \"{0}\"")]
    Overhead(String),
}

/// The shape of a pod after `RuntimeClass` admission: the class' overhead set, its node selector merged in, its
/// tolerations added. `class` is the one that `shape.runtime_class` names; where it names none nothing changes.
///
/// Applying it again changes nothing.
///
/// # Errors
/// Where the API server would refuse the pod.
pub fn apply_admission(shape: &PodShape, class: Option<&RuntimeClass>) -> Result<PodShape, AdmissionError> {
    let mut admitted = shape.clone();
    let Some(name) = &shape.runtime_class else { return Ok(admitted) };
    let class = class.ok_or_else(|| AdmissionError::NoSuchClass(name.clone()))?;
    if class.overhead != Resources::default() {
        if ![Resources::default(), class.overhead].contains(&shape.overhead) {
            return Err(AdmissionError::Overhead(name.clone()));
        }
        admitted.overhead = class.overhead;
    }
    merge_node_selector(&mut admitted, class)?;
    admitted.tolerations = merge_tolerations(&shape.tolerations, &class.tolerations);
    Ok(admitted)
}

fn merge_node_selector(shape: &mut PodShape, class: &RuntimeClass) -> Result<(), AdmissionError> {
    for (key, value) in &class.node_selector {
        match shape.node_selector.insert(key.clone(), value.clone()) {
            Some(pod) if pod != *value => {
                let (key, class, name) = (key.clone(), value.clone(), class.name.clone());
                return Err(AdmissionError::NodeSelector { key, pod, class, name });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Both lists without those that another one of them covers; of equal ones the first stays.
fn merge_tolerations(pod: &[Toleration], class: &[Toleration]) -> Vec<Toleration> {
    let all: Vec<_> = pod.iter().chain(class).collect();
    let redundant = |index: usize, toleration: &Toleration| {
        all.iter().enumerate().any(|(other_index, other)| {
            let preferred = *other != toleration || other_index < index;
            other_index != index && preferred && covers(other, toleration)
        })
    };
    let kept = all.iter().enumerate().filter(|(index, toleration)| !redundant(*index, toleration));
    kept.map(|(_, toleration)| (*toleration).clone()).collect()
}

/// Whether `wide` tolerates everything that `narrow` does.
fn covers(wide: &Toleration, narrow: &Toleration) -> bool {
    let every_key = wide.key.is_none() && wide.value.is_none();
    let key = every_key || wide.key == narrow.key;
    let value = wide.value.is_none() || wide.value == narrow.value;
    let effect = wide.effect.is_none() || wide.effect == narrow.effect;
    key && value && effect
}

#[cfg(test)]
mod tests;
