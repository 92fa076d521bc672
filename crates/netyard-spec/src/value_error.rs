//! Why a value of the right type is none that its key takes.

use alloc::string::String;
use core::fmt;

use netyard_types::{DomainNameError, ParseMacError, ParsePrefixError};

/// The type of a TOML value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// `"text"`.
    String,
    /// `12`.
    Integer,
    /// `1.5`.
    Float,
    /// `true`.
    Boolean,
    /// A date, a time, or both.
    Date,
    /// `[1, 2]`.
    List,
    /// `{ a = 1 }` or `[a]`.
    Table,
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::String => "a string",
            Self::Integer => "an integer",
            Self::Float => "a float",
            Self::Boolean => "a boolean",
            Self::Date => "a date",
            Self::List => "a list",
            Self::Table => "a table",
        })
    }
}

/// One of several: `a string or a list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneOf<T: 'static>(pub &'static [T]);

impl<T: fmt::Display> fmt::Display for OneOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, one) in self.0.iter().enumerate() {
            let separator = match i {
                0 => "",
                _ if i + 1 == self.0.len() => " or ",
                _ => ", ",
            };
            write!(f, "{separator}{one}")?;
        }
        Ok(())
    }
}

/// Why a value is none that its key takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// Not one of the words that the key knows.
    #[error("it is one of {}", OneOf(allowed))]
    NotOneOf {
        /// What the file says.
        found: String,
        /// The words.
        allowed: &'static [&'static str],
        /// The word that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// A number outside of the range.
    #[error("{found} is not between {min} and {max}")]
    OutOfRange {
        /// The number as the file has it, which may be larger than any integer type.
        found: String,
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// Too few or too many entries.
    #[error("it takes {expected} entries, not {found}")]
    WrongCount {
        /// How many there are.
        found: usize,
        /// How many there must be.
        expected: usize,
    },
    /// An empty list where something must stand.
    #[error("the list is empty")]
    EmptyList,
    /// A character that would break the files and terminals in which the text ends.
    #[error("it holds the control character {found:?}")]
    ControlCharacter {
        /// The first such character.
        found: char,
    },
    /// No duration.
    #[error(transparent)]
    Duration(#[from] DurationError),
    /// No record of its type.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// More bytes than there is room for.
    #[error("it is {len} bytes long, the limit is {max}")]
    TooLong {
        /// How many there are.
        len: usize,
        /// The most there can be.
        max: usize,
    },
    /// An entry of a list that is there already.
    #[error("it is there already")]
    Repeated,
    /// `"none"` among other gateways, or as the next hop of a route.
    #[error("`none` is no router")]
    NoRouter,
    /// Two gateways of one address family.
    #[error("there can be one gateway an address family; several are written as a route to `default`")]
    SecondGateway,
}

/// Why a text is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// A number alone, which could be seconds or milliseconds.
    #[error("{number} has no unit")]
    NoUnit {
        /// The number.
        number: u64,
    },
    /// Not a whole number and a unit.
    #[error("a duration is a whole number and a unit (ms, s, min or h), like 300s")]
    Malformed,
    /// Finer than the kernel's clock, which counts hundredths of a second.
    #[error("the kernel counts in steps of 10ms")]
    TooFine,
    /// Finer than a resolver's clock, which counts seconds (RFC 1035 §3.2.1).
    #[error("resolvers count in whole seconds")]
    NotSeconds,
    /// Shorter or longer than its key allows.
    #[error("it is not between {min} and {max}")]
    OutOfRange {
        /// The shortest.
        min: &'static str,
        /// The longest.
        max: &'static str,
    },
    /// More than the kernel can count.
    #[error("it is longer than the kernel can count (about 497 days)")]
    TooLong,
}

/// Why a text is no record of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Not the four fields of an SRV record (RFC 2782).
    #[error("it is a priority, a weight, a port and a name, like `0 5 80 web1`")]
    SrvFields,
    /// Not the two fields of an MX record (RFC 1035 §3.3.9).
    #[error("it is a preference and a name, like `10 mail`")]
    MxFields,
    /// A field that is no number of 16 bits.
    #[error("`{}` is no number between 0 and 65535", found.escape_debug())]
    Number {
        /// The field.
        found: String,
    },
}

/// Why a text is no domain name for its key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainError {
    /// No domain name at all.
    #[error(transparent)]
    Name(#[from] DomainNameError),
    /// A `*` where it stands for no name.
    #[error("a `*` stands for names that nobody has; one of them must stand here")]
    Wildcard,
    /// A domain that resolvers do not ask for (`localhost`, RFC 6761 §6.3), or that names of addresses are in (`arpa`,
    /// RFC 3172).
    #[error("the names of `{domain}` have a meaning of their own")]
    Reserved {
        /// The domain.
        domain: &'static str,
    },
}

/// Why a text is no address of an interface or a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Neither IPv4 nor IPv6.
    #[error("an address looks like 192.168.1.1 or fd00::1")]
    Malformed,
    /// The length behind the slash is no number of bits of that family.
    #[error("the length is not between 0 and {max}")]
    BadLength {
        /// The bits of an address of that family.
        max: u8,
    },
    /// A length where an address stands alone.
    #[error("an address stands here without a prefix length")]
    UnexpectedLength,
    /// `0.0.0.0` or `::`.
    #[error("it means no address at all")]
    Unspecified,
    /// `127.0.0.0/8` or `::1`.
    #[error("loopback addresses belong to `lo`, which every node has")]
    Loopback,
    /// A group address.
    #[error("multicast addresses name groups, no interface can have one")]
    Multicast,
    /// `255.255.255.255`.
    #[error("it is the address of everybody on the segment")]
    Broadcast,
    /// Another family than that of the record.
    #[error("the record `{record}` holds an address of the other family")]
    WrongFamily {
        /// The type of the record.
        record: &'static str,
    },
    /// An address that means nothing without an interface, where none is named (RFC 4291 §2.5.6).
    #[error("a link-local address means nothing without an interface")]
    LinkLocal,
    /// No port behind the address, or port 0.
    #[error("a port is between 1 and 65535")]
    BadPort,
}

/// Why a text is no range of addresses for a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubnetError {
    /// No prefix.
    #[error(transparent)]
    Prefix(#[from] ParsePrefixError),
    /// It holds every address of its family.
    #[error("it is the range of all addresses")]
    Everything,
    /// Its addresses are no addresses of interfaces.
    #[error(transparent)]
    Address(#[from] AddressError),
}

/// Why a text is no Ethernet address of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MacError {
    /// No Ethernet address at all.
    #[error(transparent)]
    Parse(#[from] ParseMacError),
    /// A group address (IEEE 802: the lowest bit of the first byte is set).
    #[error("it is a group address: the lowest bit of the first byte is set")]
    Multicast,
    /// All zeros.
    #[error("all zeros means no address")]
    Zero,
}

/// Why two keys exclude each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Conflict {
    /// `address`, `mac` or `mtu` of `eth0`, where `ports` alone names the interfaces.
    #[error("beside `on` it is of eth0; without `on` it must say of which port")]
    NoFirstPort,
    /// Something that only one interface or node can have, on a host with `count`.
    #[error("all hosts of a `count` would have the same")]
    UsedTwice,
    /// `via` or `dev` of a route with a `type`.
    #[error("a route with a `type` sends nothing on")]
    SendsNothing,
    /// Something that only a name server says, where there is none.
    #[error("only a name server has it")]
    NoNameServer,
    /// One kernel setting, written in two ways.
    #[error("both are the same setting")]
    SameSetting,
}
