//! The numbers of a message: flags, codes, types and classes (RFC 1035 §4.1.1, RFC 6895).

/// The length of a header, in bytes.
pub(crate) const HEADER_LEN: usize = 12;
/// The most bytes of header, question and an OPT record without options.
pub(crate) const FRAME_LEN: usize = HEADER_LEN + MAX_NAME_LEN + 4 + 11;
/// The most bytes of a name (RFC 1035 §3.1).
pub(crate) const MAX_NAME_LEN: usize = 255;

/// This is a reply.
pub(crate) const QR: u16 = 1 << 15;
/// The server is the authority for the name.
pub(crate) const AA: u16 = 1 << 10;
/// Something did not fit.
pub(crate) const TC: u16 = 1 << 9;
/// Recursion is desired.
pub(crate) const RD: u16 = 1 << 8;
/// Recursion is available.
pub(crate) const RA: u16 = 1 << 7;
/// The asker does not want the answer checked (RFC 4035 §3.2.2).
pub(crate) const CD: u16 = 1 << 4;
/// The bits of the code that says how the query went.
pub(crate) const RCODE: u16 = 0b1111;
/// The bits of the opcode.
pub(crate) const OPCODE: u16 = 0b1111 << 11;

/// Reads the number at `at`.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes(*bytes))
}

/// Reads the number at `at`.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}

/// How a query went (RFC 6895 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rcode {
    NoError = 0,
    FormErr = 1,
    ServFail = 2,
    NxDomain = 3,
    NotImp = 4,
    Refused = 5,
    NotAuth = 9,
    /// Only with EDNS: the upper bits are in the OPT record.
    BadVers = 16,
}

impl Rcode {
    /// The four bits of the header.
    pub(crate) fn low(self) -> u16 {
        self as u16 & 0xf
    }

    /// The eight bits of the OPT record (RFC 6891 §6.1.3).
    pub(crate) fn high(self) -> u8 {
        (self as u16 >> 4) as u8
    }
}

/// The types that mean something here (RFC 6895 §3.1).
pub(crate) mod rtype {
    pub(crate) const A: u16 = 1;
    pub(crate) const NS: u16 = 2;
    pub(crate) const MD: u16 = 3;
    pub(crate) const MF: u16 = 4;
    pub(crate) const CNAME: u16 = 5;
    pub(crate) const SOA: u16 = 6;
    pub(crate) const MB: u16 = 7;
    pub(crate) const MG: u16 = 8;
    pub(crate) const MR: u16 = 9;
    pub(crate) const PTR: u16 = 12;
    pub(crate) const MINFO: u16 = 14;
    pub(crate) const MX: u16 = 15;
    pub(crate) const RP: u16 = 17;
    pub(crate) const AFSDB: u16 = 18;
    pub(crate) const RT: u16 = 21;
    pub(crate) const PX: u16 = 26;
    pub(crate) const AAAA: u16 = 28;
    pub(crate) const SRV: u16 = 33;
    pub(crate) const KX: u16 = 36;
    pub(crate) const DNAME: u16 = 39;
    pub(crate) const OPT: u16 = 41;
    pub(crate) const IXFR: u16 = 251;
    pub(crate) const AXFR: u16 = 252;
    pub(crate) const ANY: u16 = 255;
}

/// The classes that mean something here.
pub(crate) mod class {
    pub(crate) const IN: u16 = 1;
    pub(crate) const ANY: u16 = 255;
}
