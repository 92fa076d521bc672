//! Whom to ask: an address, and the name it was found by.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use netyard_types::IfName;

use crate::{ResolveError, lookup};

/// A family of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub fn of(addr: IpAddr) -> Self {
        if addr.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// Whom to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What the person wrote: a name or an address.
    pub name: String,
    /// The address.
    pub addr: IpAddr,
    /// The interface of the asking node on whose segment a link-local address is meant (RFC 4007 §11), by its name or its
    /// index as a number.
    pub zone: Option<IfName>,
}

impl From<IpAddr> for Target {
    fn from(addr: IpAddr) -> Self {
        Self { name: addr.to_string(), addr, zone: None }
    }
}

/// Finds the address of `name` as a node whose hosts file holds the text `hosts` would: `name` may itself be an address, and one
/// of IPv6 may carry a zone, `fe80::1%eth0`. Without a `family`, IPv4 comes first.
///
/// # Errors
/// When nobody has the name, or nobody has it in that family, or a zone is wrong.
pub fn resolve(hosts: &str, name: &str, family: Option<Family>) -> Result<Target, ResolveError> {
    let found = match literal(name)? {
        Some(target) => vec![target],
        None => by_name(hosts, name),
    };
    if found.is_empty() {
        return Err(ResolveError::UnknownName { name: name.to_owned() });
    }
    let first = |family: Family| found.iter().find(|target| Family::of(target.addr) == family).cloned();
    match family {
        None => Ok(first(Family::V4)
            .or_else(|| first(Family::V6))
            .expect("every address is of one of two families")),
        Some(family) => first(family).ok_or_else(|| ResolveError::OtherFamily {
            name: name.to_owned(),
            family,
            found: found.iter().map(|target| target.addr).collect(),
        }),
    }
}

fn by_name(hosts: &str, name: &str) -> Vec<Target> {
    let target = |addr| Target { name: name.to_owned(), addr, zone: None };
    lookup(hosts, name).into_iter().map(target).collect()
}

/// Reads an address, with a zone or without; `None` if the text is none.
fn literal(text: &str) -> Result<Option<Target>, ResolveError> {
    let (addr, zone) = match text.split_once('%') {
        Some((addr, zone)) => (addr, Some(zone)),
        None => (text, None),
    };
    let Ok(addr) = addr.parse::<IpAddr>() else { return Ok(None) };
    let Some(zone) = zone else { return Ok(Some(Target { name: text.to_owned(), addr, zone: None })) };
    if !takes_zone(addr) {
        return Err(ResolveError::NeedlessZone { addr, zone: zone.to_owned() });
    }
    let zone = IfName::new(zone).map_err(|source| ResolveError::BadZone { zone: zone.to_owned(), source })?;
    Ok(Some(Target { name: text.to_owned(), addr, zone: Some(zone) }))
}

/// Whether the address means something else on every segment (RFC 4291 §2.5.6 and §2.7).
pub(crate) fn takes_zone(addr: IpAddr) -> bool {
    let is_scoped = |addr: Ipv6Addr| {
        addr.is_unicast_link_local() || matches!(addr.segments()[0] & 0xff0f, 0xff01 | 0xff02)
    };
    matches!(addr, IpAddr::V6(addr) if is_scoped(addr))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTS: &str = "fd00::11 b\n192.168.1.11 b\nfd00::12 c\n";

    fn addr(name: &str, family: Option<Family>) -> Result<String, ResolveError> {
        resolve(HOSTS, name, family).map(|target| target.addr.to_string())
    }

    #[test]
    fn ipv4_comes_first_unless_asked_otherwise() {
        assert_eq!(addr("b", None).unwrap(), "192.168.1.11");
        assert_eq!(addr("b", Some(Family::V6)).unwrap(), "fd00::11");
        assert_eq!(addr("c", None).unwrap(), "fd00::12");
    }

    #[test]
    fn addresses_need_no_hosts_file() {
        assert_eq!(addr("10.0.0.1", None).unwrap(), "10.0.0.1");
        assert_eq!(addr("::1", Some(Family::V6)).unwrap(), "::1");
    }

    #[test]
    fn an_unknown_name_comes_with_those_that_are_known() {
        let Err(ResolveError::UnknownName { name }) = resolve(HOSTS, "d", None) else { panic!() };
        assert_eq!(name, "d");
    }

    #[test]
    fn a_name_without_the_family_comes_with_what_it_has() {
        let Err(ResolveError::OtherFamily { found, .. }) = resolve(HOSTS, "c", Some(Family::V4)) else {
            panic!()
        };
        assert_eq!(found, ["fd00::12".parse::<IpAddr>().unwrap()]);
        assert!(matches!(
            resolve(HOSTS, "10.0.0.1", Some(Family::V6)),
            Err(ResolveError::OtherFamily { .. })
        ));
    }

    #[test]
    fn zones_belong_to_link_local_addresses() {
        let target = resolve("", "fe80::1%eth0", None).unwrap();
        assert_eq!(target.zone, Some(IfName::new("eth0").unwrap()));
        assert!(resolve("", "ff02::1%eth0", None).is_ok());
        assert!(matches!(resolve("", "fd00::1%eth0", None), Err(ResolveError::NeedlessZone { .. })));
        assert!(matches!(resolve("", "10.0.0.1%eth0", None), Err(ResolveError::NeedlessZone { .. })));
        assert!(matches!(resolve("", "fe80::1%", None), Err(ResolveError::BadZone { .. })));
        assert!(matches!(resolve("", "b%eth0", None), Err(ResolveError::UnknownName { .. })));
    }
}
