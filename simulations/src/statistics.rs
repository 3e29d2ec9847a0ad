//! How sure a number is: means with their confidence interval, differences between runs of the same seed, quantiles.
//!
//! Sums are taken in the order of the runs, so the same runs give the same bytes.
//!
//! ```
//! use wit_sim::statistics::{Estimate, Paired};
//!
//! let (ours, theirs) = ([0.56, 0.54, 0.58], [0.06, 0.07, 0.05]);
//! assert_eq!(Estimate::of(&ours).to_string(), "0.560 ± 0.050");
//! let difference = Paired::of(&ours, &theirs);
//! assert!(difference.is_sure() && difference.wins == 3);
//! ```

#[cfg(test)]
mod tests;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Values of independent runs, and what can be said of the mean of all runs there could be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// The mean of the runs in which there was something to measure; `null` of none.
    pub mean: Option<f64>,
    /// Half the width of the 95 % confidence interval around it, after Student's t distribution: for runs that vary as a
    /// normal distribution does, an interval made so holds the true mean 95 times of 100. `null` of fewer than two runs.
    pub ci95: Option<f64>,
    /// The runs, in the order of their seeds; `null` where there was nothing to measure.
    pub runs: Vec<Option<f64>>,
}

/// The differences of two strategies, run by run: what the seed does to both cancels out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Paired {
    /// One less the other.
    #[serde(flatten)]
    pub difference: Estimate,
    /// Runs in which the one is greater.
    pub wins: u32,
    /// Runs in which the other is greater.
    pub losses: u32,
    /// Runs in which they are equal.
    pub ties: u32,
}

impl Estimate {
    /// The estimate from these runs.
    pub fn of<R: Into<Option<f64>> + Copy>(runs: &[R]) -> Self {
        let runs: Vec<Option<f64>> = runs.iter().map(|run| (*run).into()).collect();
        let measured: Vec<f64> = runs.iter().copied().flatten().collect();
        let mean = mean(&measured);
        let deviation = mean.and_then(|mean| deviation(&measured, mean));
        Self { mean, ci95: deviation.and_then(|sd| half_width(sd, measured.len())), runs }
    }
}

impl Paired {
    /// Of two strategies' runs in the same order of seeds; what one has more than the other is left out, and so are seeds with which
    /// there was nothing to measure in one of them.
    pub fn of<R: Into<Option<f64>> + Copy>(one: &[R], other: &[R]) -> Self {
        let pairs = one.iter().zip(other);
        let differences: Vec<f64> =
            pairs.filter_map(|(one, other)| Some((*one).into()? - (*other).into()?)).collect();
        let count = |which: fn(&f64) -> bool| {
            u32::try_from(differences.iter().filter(|it| which(it)).count()).unwrap_or(u32::MAX)
        };
        let (wins, losses) = (count(|it| *it > 0.0), count(|it| *it < 0.0));
        let ties = count(|_| true) - wins - losses;
        Self { difference: Estimate::of(&differences), wins, losses, ties }
    }

    /// Whether the interval leaves out no difference at all.
    pub fn is_sure(&self) -> bool {
        let Estimate { mean, ci95, .. } = self.difference;
        mean.zip(ci95).is_some_and(|(mean, half)| mean.abs() > half)
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(mean) = self.mean else { return f.write_str("nothing") };
        write!(f, "{mean:.3}")?;
        self.ci95.map_or(Ok(()), |half| write!(f, " ± {half:.3}"))
    }
}

/// The mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The quantile of sorted values at a share between 0 and 1, between two values as far as it is between their ranks (type 7
/// of Hyndman and Fan, which is the default of R). `None` of nothing.
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let rank = share.clamp(0.0, 1.0) * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the last rank"
    )]
    let below = rank.floor() as usize;
    let (low, high) = (sorted.get(below)?, sorted.get((below + 1).min(last))?);
    Some(low + (high - low) * (rank - below as f64))
}

/// The sample's standard deviation; `None` of fewer than two.
fn deviation(runs: &[f64], mean: f64) -> Option<f64> {
    let freedom = runs.len().checked_sub(1).filter(|freedom| *freedom > 0)?;
    let squares: f64 = runs.iter().map(|run| (run - mean).powi(2)).sum();
    Some((squares / freedom as f64).sqrt())
}

fn half_width(deviation: f64, runs: usize) -> Option<f64> {
    let t = StudentsT::new(0.0, 1.0, runs as f64 - 1.0).ok()?;
    Some(t.inverse_cdf(0.975) * deviation / (runs as f64).sqrt())
}
