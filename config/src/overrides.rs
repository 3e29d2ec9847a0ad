//! Settings that are given beside the file: the few that flags or the environment may override, and any by its path.

use crate::check;
use crate::document::{self, Node, Value};
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

    /// These settings with other values for some keys, each the path of a key, `placement.blastRadius`, and a value in YAML,
    /// checked in the same way as a file. Of two for the same key the later one counts.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any of them, by its path.
    pub fn with_values<'a>(
        mut self,
        values: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, ConfigError> {
        let mut reader = Reader::default();
        for (path, value) in values {
            let (node, problems) = document::read(value);
            for problem in problems {
                reader.report(path, None, problem.message);
            }
            if let Some(node) = node {
                reader.mapping(&at(path, node), "", SETTINGS, &mut self);
            }
        }
        check::together(&self, &mut reader);
        ConfigError::unless_empty(reader.into_problems())?;
        Ok(self)
    }
}

/// The mapping that has the value at a path.
fn at(path: &str, value: Node) -> Node {
    let deeper = |node, key: &str| Node { line: None, value: Value::Map(vec![(key.to_owned(), node)]) };
    path.rsplit('.').fold(Node { line: None, ..value }, deeper)
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
    fn values_are_set_by_their_paths_and_the_last_counts() {
        let values = [("placement.blastRadius", "0.5"), ("placement.blastRadius", "0.25"), ("mode", "steer")];
        let settings = Settings::default().with_values(values).unwrap();
        let mut expected = Settings { mode: Mode::Steer, ..Settings::default() };
        expected.placement.blast_radius = 0.25;
        assert_eq!(settings, expected);
    }

    #[test]
    fn values_that_cannot_be_are_all_told_by_their_paths() {
        let error = Settings::default().with_values([("placement.blastRadius", "x"), ("placment.a", "1")]);
        let told = error.unwrap_err().to_string();
        assert!(
            told.contains("placement.blastRadius: must be") && told.contains("placment: is not a key"),
            "{told}"
        );
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
