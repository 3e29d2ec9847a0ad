//! Which export serves an import, and whether its types do.

use semver::Version;

use super::{ImportVerdict, LinkStatus, difference};
use crate::component::{Component, Shape, WorldItem};
use crate::names::InterfaceName;

/// Says for each import of the consumer, in the consumer's order, whether an export of the provider serves it.
///
/// By name, the exact version comes first, then the highest on the version track; an older one than the import's is
/// allowed, because consumers import only what they use. Then the types decide.
pub fn link(consumer: &Component, provider: &Component) -> Vec<ImportVerdict> {
    consumer.imports.iter().map(|import| serve(import, provider)).collect()
}

/// The verdict over one import.
pub(crate) fn serve(import: &WorldItem, provider: &Component) -> ImportVerdict {
    if let Some(verdict) = unserved(import) {
        return verdict;
    }
    let Some((wanted, export)) = import.interface.as_ref().and_then(|it| Some((it, best(it, provider)?)))
    else {
        return verdict(import, LinkStatus::Unsatisfied, None, why_unsatisfied(import, provider));
    };
    let served_by = export.interface.clone();
    if [import.shape, export.shape].contains(&Shape::Named) {
        let why = "only the name of the interface is known, not its types".to_owned();
        return verdict(import, LinkStatus::NameOnly, served_by, why);
    }
    let problems = difference::problems(&import.items, &export.items);
    if problems.is_empty() {
        let why = why_verified(wanted, export);
        return verdict(import, LinkStatus::Verified, served_by, why);
    }
    verdict(import, LinkStatus::Incompatible, served_by, difference::summary(&problems))
}

/// The verdict over an import that no provider can or needs to serve, whoever it is.
pub(crate) fn unserved(import: &WorldItem) -> Option<ImportVerdict> {
    let (status, why) = match (import.shape, &import.interface) {
        (Shape::TypesOnly | Shape::Type, _) if !import.needs_owner() => {
            (LinkStatus::TypesOnly, "it has plain types only, which nobody needs to serve".to_owned())
        }
        (_, None) => {
            let why = "it is a plain name, private to the component's world: only composition can serve it";
            (LinkStatus::Unsatisfied, why.to_owned())
        }
        _ => return None,
    };
    Some(verdict(import, status, None, why))
}

fn verdict(
    import: &WorldItem,
    status: LinkStatus,
    served_by: Option<InterfaceName>,
    why: String,
) -> ImportVerdict {
    let interface = import.interface.as_ref().map_or_else(|| import.name.clone(), ToString::to_string);
    let why = if interface == import.name { why } else { format!("{why} (imported as `{}`)", import.name) };
    ImportVerdict { interface, status, served_by, why }
}

/// The export that serves an interface by name: the exact version, otherwise the highest on its track. Of several
/// exports of one interface the one under its own name comes before those under labels.
fn best<'a>(wanted: &InterfaceName, provider: &'a Component) -> Option<&'a WorldItem> {
    let rank = |export: &WorldItem, name: &InterfaceName| -> (bool, Option<Version>, bool) {
        (name == wanted, name.version().cloned(), export.name == name.to_string())
    };
    let track = wanted.track();
    let exports = exports_of(wanted, provider).filter(|(_, name)| name.track() == track);
    exports.max_by_key(|(export, name)| rank(export, name)).map(|(export, _)| export)
}

/// The exports of an interface in any version.
fn exports_of<'a>(
    wanted: &InterfaceName,
    provider: &'a Component,
) -> impl Iterator<Item = (&'a WorldItem, &'a InterfaceName)> {
    let named = provider.exports.iter().filter_map(|export| Some((export, export.interface.as_ref()?)));
    named.filter(move |(_, name)| name.is_same_interface(wanted))
}

fn why_verified(wanted: &InterfaceName, export: &WorldItem) -> String {
    match &export.interface {
        Some(name) if name != wanted => {
            format!("`{name}` is on the same version track and has every function and type that is needed")
        }
        _ => "it has every function and type that is needed".to_owned(),
    }
}

fn why_unsatisfied(import: &WorldItem, provider: &Component) -> String {
    let others = import.interface.iter().flat_map(|wanted| exports_of(wanted, provider));
    match others.map(|(_, name)| name).max() {
        Some(other) => format!("the provider exports `{other}`, which is on another version track"),
        None => "the provider does not export it in any version".to_owned(),
    }
}
