//! Domain names, and the servers that are asked for those of others.

use alloc::string::String;
use core::net::{IpAddr, SocketAddr};

use netyard_types::{DomainName, DomainNameError};

use super::item::Item;
use super::{Findings, note};
use crate::{AddressError, DomainError, NameSpec, Problem, Span, Spanned};

/// The port of a name server (RFC 1035 §4.2).
const DNS_PORT: u16 = 53;

/// Domains that no lab can have: programs answer what is below `localhost` without asking (RFC 6761 §6.3), and the names of
/// addresses are below `arpa` (RFC 3172).
const RESERVED: [&str; 2] = ["localhost", "arpa"];

/// The domain of the lab: a whole name, with or without the dot at its end.
pub(super) fn domain(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<DomainName>> {
    let text = item.text(found)?;
    let domain = match DomainName::new(text.strip_suffix('.').unwrap_or(text)) {
        Ok(domain) if domain.is_wildcard() => Err(DomainError::Wildcard),
        Ok(domain) => match reserved(&domain) {
            Some(domain) => Err(DomainError::Reserved { domain }),
            None => Ok(domain),
        },
        Err(error) => Err(error.into()),
    };
    keep(domain, text, item.span(), found)
}

fn reserved(domain: &DomainName) -> Option<&'static str> {
    let top = domain.labels().last()?;
    RESERVED.into_iter().find(|reserved| top.eq_ignore_ascii_case(reserved))
}

/// The owner of records.
pub(super) fn owner(text: &str, span: Span, found: &mut Findings) -> Option<Spanned<NameSpec>> {
    keep(read(text).map_err(DomainError::from), text, span, found)
}

/// A name that something leads to, or that is asked for.
pub(super) fn target(text: &str, span: Span, found: &mut Findings) -> Option<Spanned<NameSpec>> {
    let name = match read(text) {
        Ok(NameSpec::Relative(name) | NameSpec::Absolute(name)) if name.is_wildcard() => {
            Err(DomainError::Wildcard)
        }
        name => name.map_err(DomainError::from),
    };
    keep(name, text, span, found)
}

fn read(text: &str) -> Result<NameSpec, DomainNameError> {
    match text.strip_suffix('.') {
        _ if text == "@" => Ok(NameSpec::Domain),
        Some(whole) => DomainName::new(whole).map(NameSpec::Absolute),
        None => DomainName::new(text).map(NameSpec::Relative),
    }
}

fn keep<T>(name: Result<T, DomainError>, text: &str, span: Span, found: &mut Findings) -> Option<Spanned<T>> {
    match name {
        Ok(name) => Some(Spanned::new(name, span)),
        Err(source) => {
            note(found, Problem::InvalidDomainName { text: String::from(text), source }, span);
            None
        }
    }
}

/// A server of other domains: an address, with or without a port.
pub(super) fn upstream(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<SocketAddr>> {
    let text = item.text(found)?;
    match read_upstream(text) {
        Ok(upstream) => Some(Spanned::new(upstream, item.span())),
        Err(source) => {
            note(found, Problem::InvalidAddress { text: String::from(text), source }, item.span());
            None
        }
    }
}

fn read_upstream(text: &str) -> Result<SocketAddr, AddressError> {
    let upstream = match text.parse::<IpAddr>() {
        Ok(addr) => SocketAddr::new(addr, DNS_PORT),
        Err(_) => read_with_port(text)?,
    };
    match upstream.ip() {
        addr if addr.is_unspecified() => Err(AddressError::Unspecified),
        addr if addr.is_multicast() => Err(AddressError::Multicast),
        IpAddr::V4(addr) if addr.is_broadcast() => Err(AddressError::Broadcast),
        IpAddr::V6(addr) if addr.is_unicast_link_local() => Err(AddressError::LinkLocal),
        _ => Ok(upstream),
    }
}

/// `10.0.0.1:53` or `[fd00::1]:53`.
fn read_with_port(text: &str) -> Result<SocketAddr, AddressError> {
    let (addr, port) = text.rsplit_once(':').ok_or(AddressError::Malformed)?;
    let addr = match addr.strip_prefix('[').and_then(|addr| addr.strip_suffix(']')) {
        Some(addr) => addr.parse().map(IpAddr::V6),
        None => addr.parse().map(IpAddr::V4),
    };
    let addr = addr.map_err(|_| AddressError::Malformed)?;
    let plain = port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(port) if port > 0 && plain => Ok(SocketAddr::new(addr, port)),
        _ => Err(AddressError::BadPort),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_port_53_unless_they_say_another() {
        let read = |text| read_upstream(text).map(|upstream| std::format!("{upstream}"));
        assert_eq!(read("10.0.0.1").as_deref(), Ok("10.0.0.1:53"));
        assert_eq!(read("10.0.0.2:5353").as_deref(), Ok("10.0.0.2:5353"));
        assert_eq!(read("[fd00::1]:54").as_deref(), Ok("[fd00::1]:54"));
        assert_eq!(read("fd00::1").as_deref(), Ok("[fd00::1]:53"));
        assert_eq!(read("127.0.0.1").as_deref(), Ok("127.0.0.1:53"));
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for (text, error) in [
            ("", AddressError::Malformed),
            ("gw", AddressError::Malformed),
            ("gw:53", AddressError::Malformed),
            ("[10.0.0.1]:53", AddressError::Malformed),
            ("10.0.0.1:", AddressError::BadPort),
            ("10.0.0.1:0", AddressError::BadPort),
            ("10.0.0.1:+53", AddressError::BadPort),
            ("10.0.0.1:65536", AddressError::BadPort),
            ("0.0.0.0", AddressError::Unspecified),
            ("[ff02::1]:53", AddressError::Multicast),
            ("255.255.255.255", AddressError::Broadcast),
            ("fe80::1", AddressError::LinkLocal),
        ] {
            assert_eq!(read_upstream(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_dot_makes_a_name_whole() {
        let name = |text| DomainName::new(text).unwrap();
        assert_eq!(read("@"), Ok(NameSpec::Domain));
        assert_eq!(read("www"), Ok(NameSpec::Relative(name("www"))));
        assert_eq!(read("www.b."), Ok(NameSpec::Absolute(name("www.b"))));
        assert_eq!(read("."), Err(DomainNameError::Empty));
        assert_eq!(read(".."), Err(DomainNameError::EmptyLabel));
    }
}
