//! Links that somebody wrote down, beside those that the worlds show.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Link;
use crate::links::{Evidence, LinkStatus};
use crate::names::{NameError, WorkloadKey, parse_string};

/// What a declared link must look like, for messages.
const EXPECTED: &str = "a declared link (name=weight)";

/// How much a consumer wants to be near a provider: a finite number, 0 or more.
///
/// The unit is the author's, calls per second for instance: only the ratio to other links counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weight(f64);

/// A link that the annotation `wit-placement.dev/links` declares: `cart=12.5`, or `cart` for the weight 1.
///
/// ```
/// use wit_graph::{DeclaredLink, Weight};
///
/// let link: DeclaredLink = "cart=12.5".parse()?;
/// assert_eq!((link.provider.as_str(), link.weight.get()), ("cart", 12.5));
/// assert!("cart=-1".parse::<DeclaredLink>().is_err());
/// # Ok::<(), wit_graph::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeclaredLink {
    /// The provider: the name of a workload in the consumer's namespace, of whatever kind.
    pub provider: String,
    /// The weight of all links to that provider together.
    pub weight: Weight,
}

impl Weight {
    /// The weight of a link of which nothing more is known.
    pub const ONE: Self = Self(1.0);

    /// A weight; `None` for what is negative, infinite or no number.
    pub fn new(weight: f64) -> Option<Self> {
        // The sum takes the sign from a negative zero.
        (weight.is_finite() && weight >= 0.0).then_some(Self(weight + 0.0))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Weight {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Weight {}

impl PartialOrd for Weight {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Weight {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl DeclaredLink {
    /// Every link of a list `name=weight,…`, as the annotation has it; blanks around the commas are allowed.
    ///
    /// # Errors
    /// At the first entry that is none.
    pub fn list(text: &str) -> Result<Vec<Self>, NameError> {
        text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::parse).collect()
    }

    /// Gives the links from the consumer to the workloads of this name the declared weight, split evenly between those; where
    /// the worlds show no link that is served, the declared one is added.
    pub(super) fn weigh(&self, consumer: &WorkloadKey, named: &[&WorkloadKey], links: &mut Vec<Link>) {
        let share = self.weight.get() / named.len().max(1) as f64;
        for provider in named {
            let is_known = |link: &Link| link.provider.as_ref() == Some(provider) && link.weight > 0.0;
            let known: f64 = links.iter().filter(|link| is_known(link)).map(|link| link.weight).sum();
            if known > 0.0 {
                let known_links = links.iter_mut().filter(|link| is_known(link));
                known_links.for_each(|link| link.weight *= share / known);
            } else {
                links.push(self.link(consumer, Some(provider), named.len()));
            }
        }
        if named.is_empty() {
            links.push(self.link(consumer, None, 0));
        }
    }

    /// The link itself, to one of so many workloads of the name.
    fn link(&self, consumer: &WorkloadKey, provider: Option<&WorkloadKey>, named: usize) -> Link {
        let (status, why) = match (provider, named) {
            (None, _) => {
                let why = format!("no workload of namespace `{}` has this name", consumer.namespace);
                (LinkStatus::Unsatisfied, why)
            }
            (Some(_), 1) => (LinkStatus::Declared, "an annotation says so".to_owned()),
            (Some(_), _) => (
                LinkStatus::Ambiguous,
                format!("an annotation says so, and {named} workloads have this name"),
            ),
        };
        Link {
            consumer: consumer.clone(),
            provider: provider.cloned(),
            interface: self.provider.clone(),
            served_by: None,
            status,
            evidence: Evidence::Annotation,
            weight: if provider.is_some() { self.weight.get() / named as f64 } else { 0.0 },
            why,
        }
    }
}

impl fmt::Display for DeclaredLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.provider, self.weight.0)
    }
}

impl FromStr for DeclaredLink {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (provider, weight) = match text.split_once('=') {
            Some((provider, weight)) => (provider.trim(), weight.trim().parse().ok().and_then(Weight::new)),
            None => (text, Some(Weight::ONE)),
        };
        if provider.is_empty() || provider.contains('/') {
            return Err(NameError::new(text, EXPECTED, "it names no workload of its own namespace"));
        }
        let weight =
            weight.ok_or_else(|| NameError::new(text, EXPECTED, "its weight is no number of 0 or more"))?;
        Ok(Self { provider: provider.to_owned(), weight })
    }
}

impl Serialize for DeclaredLink {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DeclaredLink {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse_string(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_displayed_parses_back(provider in "[a-z][a-z0-9.-]{0,20}", weight in 0.0_f64..1e12) {
            let link = DeclaredLink { provider, weight: Weight::new(weight).unwrap() };
            prop_assert_eq!(link.to_string().parse(), Ok(link));
        }
    }

    #[test]
    fn a_list_may_have_blanks_and_a_comma_at_its_end() {
        let links = DeclaredLink::list(" cart=2, mail ,").unwrap();
        assert_eq!(links.iter().map(ToString::to_string).collect::<Vec<_>>(), ["cart=2", "mail=1"]);
        assert_eq!(DeclaredLink::list("").unwrap(), []);
    }

    #[test]
    fn weights_that_are_none_and_names_of_elsewhere_are_refused() {
        for text in ["cart=", "cart=x", "cart=-1", "cart=NaN", "cart=inf", "=1", "other/cart=1", ""] {
            assert!(text.parse::<DeclaredLink>().is_err(), "{text}");
        }
    }
}
