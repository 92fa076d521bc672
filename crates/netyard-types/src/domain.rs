//! Domain names (RFC 1035 §3.1), checked once, here.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use core::cmp::Ordering;
use core::fmt::{self, Write};
use core::hash::{Hash, Hasher};
use core::net::IpAddr;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is no domain name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainNameError {
    /// Nothing there.
    #[error("a domain name cannot be empty")]
    Empty,
    /// Longer than fits into a message.
    #[error("the domain name is {len} bytes long, the limit is {max}")]
    TooLong {
        /// The length found, in bytes.
        len: usize,
        /// The longest allowed, in bytes.
        max: usize,
    },
    /// Two dots in a row, or one at an end.
    #[error("a label is empty")]
    EmptyLabel,
    /// One label is longer than its length byte can say.
    #[error("the label `{label}` is {} bytes long, the limit is 63", label.len())]
    LabelTooLong {
        /// The label.
        label: String,
    },
    /// A character that is not allowed.
    #[error("the domain name holds {found:?}, which is not allowed here")]
    BadCharacter {
        /// The first such character.
        found: char,
    },
    /// A `*` that is not the whole first label (RFC 4592 §2.1.1).
    #[error("a `*` stands alone, as the first label")]
    MisplacedWildcard,
}

/// A domain name, whole, without its last dot: `db.office.test`. Labels are letters, digits, hyphens and underscores; the first
/// can be `*`. Upper and lower case are kept and make no difference (RFC 4343).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

impl DomainName {
    /// The longest name as text: 255 bytes on the wire less the first length byte and the root (RFC 1035 §3.1).
    pub const MAX_LEN: usize = 253;

    /// Checks `text`.
    ///
    /// # Errors
    /// Says what in the text is not allowed.
    pub fn new(text: impl Into<String>) -> Result<Self, DomainNameError> {
        let text = text.into();
        if text.is_empty() {
            return Err(DomainNameError::Empty);
        }
        let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '*');
        if let Some(found) = text.chars().find(|c| !allowed(c)) {
            return Err(DomainNameError::BadCharacter { found });
        }
        for (i, label) in text.split('.').enumerate() {
            match label {
                "" => return Err(DomainNameError::EmptyLabel),
                "*" if i == 0 => {}
                _ if label.contains('*') => return Err(DomainNameError::MisplacedWildcard),
                _ if label.len() > 63 => {
                    return Err(DomainNameError::LabelTooLong { label: label.to_owned() });
                }
                _ => {}
            }
        }
        if text.len() > Self::MAX_LEN {
            return Err(DomainNameError::TooLong { len: text.len(), max: Self::MAX_LEN });
        }
        Ok(Self(text))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its labels, the most specific first.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }

    /// The name without its first label.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.split_once('.').map(|(_, parent)| Self(parent.to_owned()))
    }

    /// Whether it is `apex` or stands below it.
    #[must_use]
    pub fn is_in(&self, apex: &Self) -> bool {
        let (own, apex) = (self.0.as_bytes(), apex.0.as_bytes());
        let Some(at) = own.len().checked_sub(apex.len()) else { return false };
        own[at..].eq_ignore_ascii_case(apex) && (at == 0 || own[at - 1] == b'.')
    }

    /// The name with `labels` before it.
    ///
    /// # Errors
    /// When that is no domain name, or too long.
    pub fn with_labels(&self, labels: &str) -> Result<Self, DomainNameError> {
        Self::new(format!("{labels}.{}", self.0))
    }

    /// Whether its first label is `*` (RFC 4592).
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.0 == "*" || self.0.starts_with("*.")
    }

    /// The name at which the name of an address is found: below `in-addr.arpa` (RFC 1035 §3.5) or `ip6.arpa` (RFC 3596 §2.5).
    #[must_use]
    pub fn of_address(addr: IpAddr) -> Self {
        let mut name = String::new();
        let mut write = || -> fmt::Result {
            match addr {
                IpAddr::V4(addr) => {
                    addr.octets().iter().rev().try_for_each(|octet| write!(name, "{octet}."))?;
                    name.write_str("in-addr.arpa")
                }
                IpAddr::V6(addr) => {
                    for octet in addr.octets().iter().rev() {
                        write!(name, "{:x}.{:x}.", octet & 15, octet >> 4)?;
                    }
                    name.write_str("ip6.arpa")
                }
            }
        };
        write().expect("a string takes all that is written");
        Self(name)
    }

    fn lower(&self) -> impl Iterator<Item = u8> {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl PartialEq for DomainName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for DomainName {}

impl PartialOrd for DomainName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DomainName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.lower().cmp(other.lower())
    }
}

impl Hash for DomainName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.lower().for_each(|byte| state.write_u8(byte));
    }
}

impl TryFrom<String> for DomainName {
    type Error = DomainNameError;
    fn try_from(text: String) -> Result<Self, DomainNameError> {
        Self::new(text)
    }
}

impl From<DomainName> for String {
    fn from(name: DomainName) -> Self {
        name.0
    }
}

impl FromStr for DomainName {
    type Err = DomainNameError;
    fn from_str(text: &str) -> Result<Self, DomainNameError> {
        Self::new(text)
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn name(text: &str) -> DomainName {
        DomainName::new(text).unwrap()
    }

    #[test]
    fn names_are_labels_and_dots() {
        for good in ["test", "db.office.test", "_http._tcp.x", "*.x", "*", "A-b.c_", &"x".repeat(63)] {
            assert!(DomainName::new(good).is_ok(), "{good}");
        }
        let long = ["x".repeat(63), "x".repeat(63), "x".repeat(63), "x".repeat(62)].join(".");
        for bad in ["", ".", "a.", ".a", "a..b", "a b", "é", "a.*", "*a.b", &"x".repeat(64), &long] {
            assert!(DomainName::new(bad).is_err(), "{bad}");
        }
        assert_eq!(long.len(), 254);
        assert!(DomainName::new(&long[1..]).is_ok());
    }

    #[test]
    fn case_is_kept_and_makes_no_difference() {
        assert_eq!(name("Db.Office.Test"), name("db.office.test"));
        assert_eq!(name("Db").to_string(), "Db");
        assert_eq!(name("A").cmp(&name("a")), Ordering::Equal);
        assert!(name("X.Office.TEST").is_in(&name("office.test")));
        assert!(name("office.test").is_in(&name("office.test")));
        assert!(!name("boffice.test").is_in(&name("office.test")));
        assert!(!name("test").is_in(&name("office.test")));
    }

    #[test]
    fn addresses_have_names() {
        let of = |addr: &str| DomainName::of_address(addr.parse().unwrap()).to_string();
        assert_eq!(of("192.168.1.12"), "12.1.168.192.in-addr.arpa");
        assert!(of("fd00::1").starts_with("1.0.0.0.0.0"));
        assert!(of("fd00::1").ends_with("0.0.d.f.ip6.arpa"));
        assert!(DomainName::new(of("fd00::1")).is_ok());
    }
}
