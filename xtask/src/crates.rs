//! Which crate uses which, from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::repository::root;

/// A crate of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// The crates of the workspace that it uses, tests left out.
    pub uses: BTreeSet<String>,
    /// What `cargo metadata` says about the package.
    pub package: Value,
}

impl Crate {
    /// Whether it is for others, and not a tool of this repository.
    pub fn is_published(&self) -> bool {
        self.package.get("publish").is_none_or(Value::is_null)
    }
}

/// The crates of the workspace, by name.
///
/// # Errors
/// Where `cargo metadata` fails.
pub fn workspace() -> anyhow::Result<Vec<Crate>> {
    let metadata = metadata(&["--no-deps"])?;
    let packages = array(&metadata, "packages");
    let names: BTreeSet<&str> = packages.iter().map(|package| text(package, "name")).collect();
    let uses = |package: &Value| -> BTreeSet<String> {
        let normal = array(package, "dependencies").iter().filter(|dependency| is_normal(dependency));
        normal
            .map(|dependency| text(dependency, "name"))
            .filter(|name| names.contains(name))
            .map(Into::into)
            .collect()
    };
    let mut crates: Vec<Crate> = packages
        .iter()
        .map(|package| Crate {
            name: text(package, "name").into(),
            uses: uses(package),
            package: package.clone(),
        })
        .collect();
    crates.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(crates)
}

/// For each crate of the workspace the names of all crates that it is built from, tests left out, on this platform.
///
/// # Errors
/// Where `cargo metadata` fails.
pub fn built_from() -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
    let host = host()?;
    let metadata = metadata(&["--locked", "--filter-platform", &host])?;
    let names: BTreeMap<&str, &str> = array(&metadata, "packages")
        .iter()
        .map(|package| (text(package, "id"), text(package, "name")))
        .collect();
    let nodes = metadata.get("resolve").map(|resolve| array(resolve, "nodes")).unwrap_or_default();
    let edges: BTreeMap<&str, Vec<&str>> =
        nodes.iter().map(|node| (text(node, "id"), normal_edges(node))).collect();
    let members = array(&metadata, "workspace_members").iter().filter_map(Value::as_str);
    let name = |id: &str| names.get(id).copied().unwrap_or_default().to_owned();
    Ok(members
        .map(|member| (name(member), reachable(member, &edges).into_iter().map(name).collect()))
        .collect())
}

fn reachable<'a>(from: &str, edges: &BTreeMap<&str, Vec<&'a str>>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = edges.get(from).cloned().unwrap_or_default();
    while let Some(id) = open.pop() {
        if found.insert(id) {
            open.extend(edges.get(id).into_iter().flatten());
        }
    }
    found
}

fn normal_edges(node: &Value) -> Vec<&str> {
    let normal = |edge: &&Value| array(edge, "dep_kinds").iter().any(is_normal);
    array(node, "deps").iter().filter(normal).map(|edge| text(edge, "pkg")).collect()
}

/// Whether a dependency is neither for tests nor for build scripts: those have a `kind`.
fn is_normal(dependency: &Value) -> bool {
    dependency.get("kind").is_none_or(Value::is_null)
}

/// The published crates as a Mermaid picture: an arrow points to what is used. What follows from other arrows is left out.
pub fn picture(crates: &[Crate]) -> String {
    let mut picture = "```mermaid\nflowchart LR\n".to_owned();
    for one in crates.iter().filter(|one| one.is_published()) {
        let implied: BTreeSet<&String> = one
            .uses
            .iter()
            .filter_map(|used| crates.iter().find(|other| other.name == *used))
            .flat_map(|used| all_uses(used, crates))
            .collect();
        if one.uses.is_empty() {
            let _ = writeln!(picture, "    {}", one.name);
        }
        for used in one.uses.iter().filter(|used| !implied.contains(used)) {
            let _ = writeln!(picture, "    {} --> {used}", one.name);
        }
    }
    picture + "```\n"
}

/// What a crate uses, directly or through others.
fn all_uses<'a>(one: &'a Crate, crates: &'a [Crate]) -> BTreeSet<&'a String> {
    let others = one.uses.iter().filter_map(|used| crates.iter().find(|other| other.name == *used));
    one.uses.iter().chain(others.flat_map(|other| all_uses(other, crates))).collect()
}

fn metadata(arguments: &[&str]) -> anyhow::Result<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--format-version", "1"]).args(arguments).current_dir(root());
    let output = command.output().context("cargo cannot be started")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn host() -> anyhow::Result<String> {
    let output =
        Command::new("rustc").arg("-vV").current_dir(root()).output().context("rustc cannot be started")?;
    let text = String::from_utf8(output.stdout)?;
    let line =
        text.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc -vV names no host")?;
    Ok(line.to_owned())
}

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
