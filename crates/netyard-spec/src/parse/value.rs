//! Addresses, ranges and the other values that have a form of their own.

use alloc::string::String;
use core::net::IpAddr;

use netyard_types::{MacAddr, ParsePrefixError, Prefix};

use super::duration::centiseconds;
use super::item::Item;
use super::name::node_name_of;
use super::{Findings, note};
use crate::key_table::MTU;
use crate::{
    AddressError, AddressSpec, DurationError, GatewaySpec, MacError, NodeOrAddress, Problem, RouteTo,
    Spanned, SubnetError, ValueError, closest,
};

/// A text for people, on one line.
pub(super) fn comment(item: Item<'_, '_>, found: &mut Findings) -> Option<String> {
    let text = item.text(found)?;
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        item.invalid(ValueError::ControlCharacter { found: control }, found);
        return None;
    }
    Some(String::from(text))
}

/// One of the words of a key.
pub(super) fn word(
    item: Item<'_, '_>,
    allowed: &'static [&'static str],
    found: &mut Findings,
) -> Option<Spanned<&'static str>> {
    let text = item.text(found)?;
    let word = allowed.iter().find(|word| **word == text);
    if word.is_none() {
        let suggestion = closest(text, allowed.iter().copied());
        item.invalid(ValueError::NotOneOf { found: String::from(text), allowed, suggestion }, found);
    }
    word.map(|word| Spanned::new(*word, item.span()))
}

pub(super) fn address(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<AddressSpec>> {
    let text = item.text(found)?;
    match read_address(text) {
        Ok(address) => Some(Spanned::new(address, item.span())),
        Err(source) => {
            note(found, Problem::InvalidAddress { text: String::from(text), source }, item.span());
            None
        }
    }
}

fn read_address(text: &str) -> Result<AddressSpec, AddressError> {
    let (addr, len) = match text.split_once('/') {
        Some((addr, len)) => (addr, Some(len)),
        None => (text, None),
    };
    let addr = addr.parse().map_err(|_| AddressError::Malformed)?;
    check_unicast(addr)?;
    let max = if addr.is_ipv4() { 32 } else { 128 };
    let read_len = |len: &str| {
        let plain = !len.is_empty() && len.bytes().all(|byte| byte.is_ascii_digit());
        len.parse::<u8>().ok().filter(|len| plain && *len <= max).ok_or(AddressError::BadLength { max })
    };
    Ok(AddressSpec { addr, len: len.map(read_len).transpose()? })
}

/// Whether an interface can have the address: the kernel refuses these, or gives them a meaning of their own
/// (`ipv6_add_addr()` in net/ipv6/addrconf.c, `inet_rtm_newaddr()` in net/ipv4/devinet.c; RFC 6890).
fn check_unicast(addr: IpAddr) -> Result<(), AddressError> {
    if addr.is_unspecified() {
        Err(AddressError::Unspecified)
    } else if addr.is_loopback() {
        Err(AddressError::Loopback)
    } else if addr.is_multicast() {
        Err(AddressError::Multicast)
    } else if matches!(addr, IpAddr::V4(addr) if addr.is_broadcast()) {
        Err(AddressError::Broadcast)
    } else {
        Ok(())
    }
}

pub(super) fn subnet(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<Prefix>> {
    let text = item.text(found)?;
    match read_subnet(text) {
        Ok(prefix) => Some(Spanned::new(prefix, item.span())),
        Err(source) => {
            // The range that was meant is clear enough to go on with, and to find what is wrong with the addresses in it.
            let meant = match source {
                SubnetError::Prefix(ParsePrefixError::HostBits(range)) => {
                    Some(Spanned::new(range, item.span()))
                }
                _ => None,
            };
            note(found, Problem::InvalidSubnet { text: String::from(text), source }, item.span());
            meant
        }
    }
}

fn read_subnet(text: &str) -> Result<Prefix, SubnetError> {
    let prefix: Prefix = text.parse()?;
    if prefix.is_default() {
        return Err(SubnetError::Everything);
    }
    match check_unicast(prefix.network()) {
        // `0.0.0.0/8` and `::/64` begin with the unspecified address and have others.
        Ok(()) | Err(AddressError::Unspecified) => Ok(prefix),
        Err(error) => Err(error.into()),
    }
}

/// `to` of a route; unlike the subnet of a segment it can be any range.
pub(super) fn destination(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<RouteTo>> {
    let text = item.text(found)?;
    let to = match text {
        "default" => Ok(RouteTo::Default),
        _ => text.parse().map(RouteTo::Prefix),
    };
    match to {
        Ok(to) => Some(Spanned::new(to, item.span())),
        Err(error) => {
            let problem = Problem::InvalidSubnet { text: String::from(text), source: error.into() };
            note(found, problem, item.span());
            None
        }
    }
}

pub(super) fn mac(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<MacAddr>> {
    let text = item.text(found)?;
    let mac = match text.parse::<MacAddr>() {
        Ok(mac) if mac.is_zero() => Err(MacError::Zero),
        Ok(mac) if mac.is_multicast() => Err(MacError::Multicast),
        Ok(mac) => Ok(mac),
        Err(error) => Err(error.into()),
    };
    match mac {
        Ok(mac) => Some(Spanned::new(mac, item.span())),
        Err(source) => {
            note(found, Problem::InvalidMac { text: String::from(text), source }, item.span());
            None
        }
    }
}

pub(super) fn mtu(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<u32>> {
    let (min, max) = MTU;
    match item.integer(MTU, found)? {
        Ok(mtu) => Some(Spanned::new(mtu, item.span())),
        Err(text) => {
            note(found, Problem::InvalidMtu { found: text, min, max }, item.span());
            None
        }
    }
}

/// A duration, in hundredths of a second.
pub(super) fn duration(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<u32>> {
    duration_as(centiseconds, item, found)
}

/// A duration in the unit of `read`. A bare integer is no other type but a duration without its unit.
pub(super) fn duration_as(
    read: fn(&str) -> Result<u32, DurationError>,
    item: Item<'_, '_>,
    found: &mut Findings,
) -> Option<Spanned<u32>> {
    let read = match item.as_value().as_integer() {
        Some(integer) if integer.radix() == 10 => read(integer.as_str()),
        _ => read(item.text(found)?),
    };
    match read {
        Ok(duration) => Some(Spanned::new(duration, item.span())),
        Err(error) => {
            item.invalid(error, found);
            None
        }
    }
}

/// A router's name, an address, or `none`.
pub(super) fn gateway(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<GatewaySpec>> {
    let text = item.text(found)?;
    let gateway = match text {
        "none" => GatewaySpec::None,
        _ if reads_as_address(text) => GatewaySpec::Address(lone_address(text, item, found)?),
        _ => GatewaySpec::Node(node_name_of(text, item.span(), found)?),
    };
    Some(Spanned::new(gateway, item.span()))
}

/// A router's name or an address.
pub(super) fn next_hop(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<GatewaySpec>> {
    let hop = gateway(item, found)?;
    if hop.value == GatewaySpec::None {
        item.invalid(ValueError::NoRouter, found);
        return None;
    }
    Some(hop)
}

/// A node's name or an address.
pub(super) fn node_or_address(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<NodeOrAddress>> {
    let text = item.text(found)?;
    let of = if reads_as_address(text) {
        NodeOrAddress::Address(lone_address(text, item, found)?)
    } else {
        NodeOrAddress::Node(node_name_of(text, item.span(), found)?)
    };
    Some(Spanned::new(of, item.span()))
}

/// Names of nodes have neither dots nor colons nor slashes, addresses have.
fn reads_as_address(text: &str) -> bool {
    text.contains(['.', ':', '/'])
}

fn lone_address(text: &str, item: Item<'_, '_>, found: &mut Findings) -> Option<IpAddr> {
    let addr = match read_address(text) {
        Ok(AddressSpec { addr, len: None }) => return Some(addr),
        Ok(_) => AddressError::UnexpectedLength,
        Err(error) => error,
    };
    note(found, Problem::InvalidAddress { text: String::from(text), source: addr }, item.span());
    None
}
