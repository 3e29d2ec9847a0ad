//! Where an address is: on the internet, in a private network, on this machine, on this link.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Where an address is, from the most open to the most sensitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Zone {
    /// Anywhere on the internet.
    Public,
    /// A private network, shared carrier space included.
    Private,
    /// This machine.
    Loopback,
    /// This link, where cloud providers serve credentials; and what is no single host's address.
    LinkLocal,
}

impl Zone {
    /// The zone of an address.
    pub(super) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    /// The zone of a host that is written as an address or as `localhost`; names are known only when they are resolved.
    pub(super) fn of_literal(host: &str) -> Option<Self> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if host == "localhost" || host.ends_with(".localhost") {
            return Some(Self::Loopback);
        }
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
        bare.parse().ok().map(Self::of)
    }

    /// The zone of a registry, as far as its name can be resolved: that of its most sensitive address.
    pub(super) async fn of_host(host: &str) -> Self {
        if let Some(zone) = Self::of_literal(host) {
            return zone;
        }
        let Ok(addresses) = tokio::net::lookup_host((host, 0)).await else { return Self::Public };
        addresses.map(|address| Self::of(address.ip())).max().unwrap_or(Self::Public)
    }

    /// Whether a registry of this zone may send us to an address of `other`. Nobody may send us to link-local ones.
    pub(super) fn may_send_to(self, other: Self) -> bool {
        other == Self::Public || (other == self && other != Self::LinkLocal)
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        let [first, second, ..] = address.octets();
        if address.is_loopback() || first == 0 {
            Self::Loopback
        } else if address.is_link_local() || address.is_multicast() || first >= 240 {
            Self::LinkLocal
        } else if address.is_private() || (first == 100 && (64..128).contains(&second)) {
            Self::Private
        } else {
            Self::Public
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        if address.is_loopback() || address.is_unspecified() {
            return Self::Loopback;
        }
        let [first, second, .., high, low] = address.segments();
        let embeds_v4 =
            address.to_ipv4_mapped().is_some() || (first == 0x64 && second == 0xff9b) || first == 0;
        if embeds_v4 {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            return Self::of_v4(Ipv4Addr::new(a, b, c, d));
        }
        if address.is_unicast_link_local() || address.is_multicast() {
            Self::LinkLocal
        } else if address.is_unique_local() || first & 0xffc0 == 0xfec0 {
            Self::Private
        } else {
            Self::Public
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "on the internet",
            Self::Private => "in a private network",
            Self::Loopback => "on this machine",
            Self::LinkLocal => "link-local",
        })
    }
}

/// Resolves names to the addresses where a registry of this zone may send us, and connects to no others: what was
/// checked is what is used, whatever the name resolves to later.
pub(super) struct GuardedResolver(pub(super) Zone);

/// A name has no address where we go.
#[derive(Debug)]
pub(super) struct OutOfZone(pub(super) Zone);

impl fmt::Display for OutOfZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its address is {}", self.0)
    }
}

impl Error for OutOfZone {}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let home = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let zone = found.iter().map(|address| Zone::of(address.ip())).max();
            let allowed: Vec<_> =
                found.into_iter().filter(|address| home.may_send_to(Zone::of(address.ip()))).collect();
            match zone {
                Some(zone) if allowed.is_empty() => Err(OutOfZone(zone).into()),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Zone; 4] = [Zone::Public, Zone::Private, Zone::Loopback, Zone::LinkLocal];

    #[test]
    fn addresses_are_sorted_into_zones_however_they_are_written() {
        for (address, zone) in [
            ("8.8.8.8", Zone::Public),
            ("2606:4700::1", Zone::Public),
            ("10.1.2.3", Zone::Private),
            ("172.31.0.1", Zone::Private),
            ("192.168.0.1", Zone::Private),
            ("100.100.100.200", Zone::Private),
            ("fd00:ec2::254", Zone::Private),
            ("127.8.8.8", Zone::Loopback),
            ("0.0.0.0", Zone::Loopback),
            ("::", Zone::Loopback),
            ("::1", Zone::Loopback),
            ("::ffff:127.0.0.1", Zone::Loopback),
            ("64:ff9b::10.0.0.1", Zone::Private),
            ("169.254.169.254", Zone::LinkLocal),
            ("::ffff:169.254.169.254", Zone::LinkLocal),
            ("fe80::1", Zone::LinkLocal),
            ("255.255.255.255", Zone::LinkLocal),
            ("ff02::1", Zone::LinkLocal),
        ] {
            assert_eq!(Zone::of(address.parse().unwrap()), zone, "{address}");
        }
    }

    #[test]
    fn literals_are_known_without_resolving() {
        assert_eq!(Zone::of_literal("localhost"), Some(Zone::Loopback));
        assert_eq!(Zone::of_literal("x.Localhost."), Some(Zone::Loopback));
        assert_eq!(Zone::of_literal("[::1]"), Some(Zone::Loopback));
        assert_eq!(Zone::of_literal("10.0.0.1"), Some(Zone::Private));
        assert_eq!(Zone::of_literal("registry.example"), None);
    }

    #[test]
    fn a_registry_sends_to_the_internet_and_to_its_own_zone_alone() {
        for home in ALL {
            for other in ALL {
                let own = other == home && other != Zone::LinkLocal;
                assert_eq!(home.may_send_to(other), other == Zone::Public || own, "{home:?} to {other:?}");
            }
        }
    }
}
