//! The few settings that flags or the environment may override.

use crate::check;
use crate::document::Node;
use crate::keys::SETTINGS;
use crate::problem::ConfigError;
use crate::reader::Reader;
use crate::settings::Settings;

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

impl Settings {
    /// These settings with what flags or the environment say, checked in the same way as a file.
    ///
    /// # Errors
    ///
    /// Every override that is wrong, with the flag and the variable where it may have come from.
    pub fn with_overrides(mut self, overrides: &Overrides) -> Result<Self, ConfigError> {
        let mut reader = Reader::default();
        for key in SETTINGS {
            let written = key.outside.and_then(|outside| Some((outside, (outside.value)(overrides)?)));
            if let Some((outside, text)) = written {
                let mut own = Reader::default();
                own.value(key, &Node::text(text), key.path, &mut self);
                for problem in own.into_problems() {
                    let from = format!(" (from {} or {})", outside.flag, outside.variable);
                    reader.report(key.path, None, problem.message + &from);
                }
            }
        }
        check::together(&self, &mut reader);
        ConfigError::unless_empty(reader.into_problems())?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LogFormat, Mode};

    #[test]
    fn overrides_replace_only_what_they_name() {
        let overrides = Overrides {
            mode: Some("steer".to_owned()),
            log_format: Some("json".to_owned()),
            ..Overrides::default()
        };
        let settings = Settings::default().with_overrides(&overrides).unwrap();
        let mut expected = Settings { mode: Mode::Steer, ..Settings::default() };
        expected.log.format = LogFormat::Json;
        assert_eq!(settings, expected);
    }

    #[test]
    fn wrong_overrides_are_all_reported_with_their_flag() {
        let overrides = Overrides {
            verbs: Some("localhost".to_owned()),
            api: Some("0.0.0.0:8082".to_owned()),
            log_filter: Some(" ".to_owned()),
            mode: Some("Steer".to_owned()),
            ..Overrides::default()
        };
        let error = Settings::default().with_overrides(&overrides).unwrap_err();
        assert_eq!(error.problems.len(), 4, "{error}");
        assert!(error.to_string().contains(
            "mode: must be `observe` or `steer`, found the text \"Steer\" (from --mode or WIT_MODE)"
        ));
    }

    #[test]
    fn overrides_must_fit_together_with_the_file() {
        let overrides = Overrides { verbs: Some("127.0.0.1:8081".to_owned()), ..Overrides::default() };
        let error = Settings::default().with_overrides(&overrides).unwrap_err();
        assert_eq!(
            error.to_string(),
            "listeners.ops: 0.0.0.0:8081 is taken by `listeners.verbs` (127.0.0.1:8081)"
        );
    }
}
