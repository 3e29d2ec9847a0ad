//! A replay: the same arrivals, once with wit-placement and once with kube-scheduler alone.

use wit_config::Settings;
use wit_placement::kube_scheduler::NoExtender;
use wit_placement::kube_scheduler::report::Report;

use crate::engine::{Options, Run, run};
use crate::scenario::Scenario;
use crate::strategy::WitPlacement;

/// Both runs over one scenario.
#[derive(Clone, Debug)]
pub struct Replay {
    /// With wit-placement as the scheduler's extender.
    pub steered: Run,
    /// With kube-scheduler alone.
    pub default: Run,
}

impl Replay {
    /// The run with wit-placement beside kube-scheduler's own.
    pub fn report(&self) -> Report {
        let Run { attempts, state, affinity, .. } = &self.steered;
        Report::new(state, attempts, affinity, &self.default.affinity)
    }
}

/// Replays the scenario with both strategies.
///
/// # Errors
/// Says which interface name in the host catalogue is none.
pub fn replay(scenario: &Scenario, settings: &Settings, options: Options) -> anyhow::Result<Replay> {
    let mut ours = WitPlacement::new(settings.clone())?;
    let steered = run(scenario, settings, options, &mut ours)?;
    Ok(Replay { steered, default: run(scenario, settings, options, &mut NoExtender)? })
}
