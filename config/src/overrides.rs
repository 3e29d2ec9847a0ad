//! The few settings that flags or the environment may override.

/// What flags or the environment set; `None` leaves the file's value.
///
/// The flag and the variable of each stand in the reference page: `--verbs-address` and `WIT_VERBS_ADDRESS` and
/// so on. Which of the two wins is the command line's business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `listeners.verbs`.
    pub verbs: Option<String>,
    /// `listeners.ops`.
    pub ops: Option<String>,
    /// `listeners.api`.
    pub api: Option<String>,
    /// `log.format`.
    pub log_format: Option<String>,
    /// `log.filter`.
    pub log_filter: Option<String>,
    /// `mode`.
    pub mode: Option<String>,
}
