//! The simulator against reality: the same pods in the same order to `wit-sim` and to a real kube-scheduler, with the extender
//! and without it.

mod m3;
mod shop;
mod stage;
mod too_small;
mod verdict;
