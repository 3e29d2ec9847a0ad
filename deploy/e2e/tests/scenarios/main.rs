//! The main job on a real control plane: kube-apiserver, kube-scheduler, kube-controller-manager, a registry, and the shop's
//! real components. One file per subject; all share one control plane and take turns.

mod capability;
mod density;
mod failure;
mod full_node;
mod images;
mod observe;
mod ordinary;
mod recording;
mod rights;
mod shop;
mod support;
mod waking;
