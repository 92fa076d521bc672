//! Names that mean the same everywhere, and are answered without asking anybody (RFC 6761).

use core::net::{Ipv4Addr, Ipv6Addr};

use crate::header::rtype;
use crate::wire_name::WireName;

/// A name of special use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    /// `localhost` and what is below it (RFC 6761 §6.3).
    Localhost,
    /// A name that never exists in DNS: of `invalid` (RFC 6761 §6.4), `local` (RFC 6762 §22.1) or `onion` (RFC 7686 §2). The
    /// domain `test` is not among them, because another lab may well be the one who is asked.
    Nothing,
}

impl Special {
    /// What is special about a name.
    pub(crate) fn of(name: &WireName) -> Option<Self> {
        match name.label(name.labels().checked_sub(1)?) {
            b"\x09localhost" => Some(Self::Localhost),
            b"\x07invalid" | b"\x05local" | b"\x05onion" => Some(Self::Nothing),
            _ => None,
        }
    }
}

/// Whether no host has this name, because it is one label. A resolver that has found nothing in its search domains asks for the
/// bare name at last, and takes a refusal for a trouble that may pass (`EAI_AGAIN` of getaddrinfo(3)).
pub(crate) fn is_bare(name: &WireName) -> bool {
    name.labels() == 1
}

/// The addresses of `localhost`.
pub(crate) const LOCALHOST: (Ipv4Addr, Ipv6Addr) = (Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST);

/// The record of `localhost` of a type, from its type on. It may be kept for a day: it never changes.
pub(crate) fn localhost(asked: u16) -> Option<&'static [u8]> {
    match asked {
        rtype::A | rtype::ANY => Some(b"\0\x01\0\x01\0\x01\x51\x80\0\x04\x7f\0\0\x01"),
        rtype::AAAA => Some(b"\0\x1c\0\x01\0\x01\x51\x80\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"),
        _ => None,
    }
}
