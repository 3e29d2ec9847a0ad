//! `wit-sim record`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// The arguments of `record`.
#[derive(Clone, Debug, Args)]
pub struct RecordArguments {
    /// File that the trace is appended to, each change within a second
    #[arg(short, long, value_name = "TRACE", required = true)]
    pub output: PathBuf,
    /// Goes on with a recording of the same cluster; half a line that a kill left is cut off, and what changed meanwhile is
    /// recorded as if it changed now. Without a file it begins one
    #[arg(long)]
    pub append: bool,
    /// Stops after so long, such as `90s`, `10m` or `2h`; without it on Ctrl-C or SIGTERM
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub lasts: Option<Duration>,
    /// Kubeconfig of the cluster; without it that of `kubectl`, or the cluster in which this runs
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// Tells hashes instead of names: namespaces, workloads, pods, nodes, containers, images, values of labels and taints
    #[arg(long)]
    pub hash_names: bool,
    /// What is hashed with every name, so that nobody can try names out; drawn without it and kept nowhere, so that `--append`
    /// needs it
    #[arg(long, value_name = "TEXT", requires = "hash_names")]
    pub salt: Option<String>,
    /// A label or taint whose values are not hashed, beside those that tell runtimes and platforms apart; several times for several
    #[arg(long, value_name = "KEY", requires = "hash_names")]
    pub keep_label: Vec<String>,
}

/// A time as people write it: a whole number with `ms`, `s`, `m` or `h`.
fn duration(text: &str) -> Result<Duration, String> {
    let problem = || format!("`{text}` is no duration: a whole number with ms, s, m or h, such as 90s");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).ok_or_else(problem)?;
    let number: u64 = number.parse().map_err(|_| problem())?;
    let millis = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    millis.map(Duration::from_millis).ok_or_else(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_a_unit() {
        let read = |text| duration(text).ok().map(|lasts| lasts.as_millis());
        assert_eq!(["250ms", "90s", "10m", "2h"].map(read), [250, 90_000, 600_000, 7_200_000].map(Some));
        assert_eq!(
            ["", "s", "90", "-1s", "1.5h", "99999999999999999999h", "9999999999999999999h"].map(read),
            [None; 7]
        );
    }
}
