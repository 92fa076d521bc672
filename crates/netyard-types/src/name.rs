//! Names that become paths, host names and interface names, checked once, here.

use alloc::string::String;
use core::borrow::Borrow;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing there.
    #[error("a name cannot be empty")]
    Empty,
    /// Longer than its kind allows.
    #[error("the name is {len} bytes long, the limit is {max}")]
    TooLong {
        /// The length found, in bytes.
        len: usize,
        /// The longest allowed, in bytes.
        max: usize,
    },
    /// A character that its kind does not allow.
    #[error("the name holds {found:?}, which is not allowed here")]
    BadCharacter {
        /// The first such character.
        found: char,
    },
    /// It begins or ends with a hyphen.
    #[error("a name cannot begin or end with a hyphen")]
    EdgeHyphen,
    /// All digits: the resolver of the C library would read it as an address.
    #[error("a name of digits only reads as an address")]
    AllDigits,
    /// The kernel or the file system gives this name a meaning of its own.
    #[error("this name is reserved")]
    Reserved,
}

/// One label of a host name (RFC 952, RFC 1123 §2.1), in lower case: letters, digits and inner hyphens, at most 63.
fn check_label(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if let Some(found) = text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
        return Err(NameError::BadCharacter { found });
    }
    if text.len() > 63 {
        return Err(NameError::TooLong { len: text.len(), max: 63 });
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err(NameError::EdgeHyphen);
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NameError::AllDigits);
    }
    Ok(())
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl $name {
            /// Checks `text`.
            ///
            /// # Errors
            /// Says what in the text is not allowed.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                $check(&text)?;
                Ok(Self(text))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name_type!(
    /// The name of a node: one label of a host name, safe as a file name.
    NodeName,
    check_label
);
name_type!(
    /// The name of a lab: one label of a host name, safe as a directory name.
    LabName,
    check_label
);
name_type!(
    /// The name of an interface as the kernel allows it (`dev_valid_name()` in net/core/dev.c): 1 to 15 bytes without `/`,
    /// `:` or white space, and neither `.` nor `..`. Names that a person gives to interfaces follow the narrower rule of
    /// [`IfName::check_given`].
    IfName,
    check_kernel_ifname
);

fn check_kernel_ifname(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > IfName::MAX_LEN {
        return Err(NameError::TooLong { len: text.len(), max: IfName::MAX_LEN });
    }
    if text == "." || text == ".." {
        return Err(NameError::Reserved);
    }
    match text.chars().find(|c| matches!(c, '/' | ':' | '\0') || c.is_whitespace()) {
        Some(found) => Err(NameError::BadCharacter { found }),
        None => Ok(()),
    }
}

impl IfName {
    /// `IFNAMSIZ` less the closing zero.
    pub const MAX_LEN: usize = 15;

    /// The loopback interface, which every namespace has.
    #[must_use]
    pub fn loopback() -> Self {
        Self(String::from("lo"))
    }

    /// Checks a name that a file gives to an interface: a letter, then letters, digits, `_`, `.` or `-`. Narrower than the
    /// kernel, which expands `%d` and accepts `$(id)`; `all` and `default` are directories of `/proc/sys/net/ipv4/conf`, and
    /// `lo` is taken.
    ///
    /// # Errors
    /// Says what in the text is not allowed.
    pub fn check_given(text: &str) -> Result<Self, NameError> {
        check_kernel_ifname(text)?;
        let first_is_letter = text.starts_with(|c: char| c.is_ascii_alphabetic());
        let bad = |(i, c): &(usize, char)| {
            (*i == 0 && !first_is_letter) || !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
        };
        if let Some((_, found)) = text.char_indices().find(bad) {
            return Err(NameError::BadCharacter { found });
        }
        if matches!(text, "all" | "default" | "lo") {
            return Err(NameError::Reserved);
        }
        Ok(Self(String::from(text)))
    }
}

/// One interface of one node, written `node.interface`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Endpoint {
    /// The node.
    pub node: NodeName,
    /// The interface in that node's namespace.
    pub link: IfName,
}

impl Endpoint {
    /// Joins a node and an interface.
    #[must_use]
    pub fn new(node: NodeName, link: IfName) -> Self {
        Self { node, link }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.node, self.link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn node_names_are_host_name_labels() {
        for good in ["a", "web1", "a-b", "0x", &"x".repeat(63)] {
            assert!(NodeName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a.b", "../x", "a b", "12", "é", &"x".repeat(64)] {
            assert!(NodeName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn given_interface_names_are_narrower_than_the_kernel() {
        for good in ["eth0", "veth-red", "v_1.2", "A"] {
            assert!(IfName::check_given(good).is_ok(), "{good}");
        }
        for bad in ["x%d", "-x", "$(id)", "0a", "all", "default", "lo", "sixteen-bytes-xx", "a/b", "é"] {
            assert!(IfName::check_given(bad).is_err(), "{bad}");
        }
        assert!(IfName::new("x%d").is_ok(), "what the kernel has can be shown");
    }

    #[test]
    fn endpoints_read_as_node_dot_interface() {
        let end = Endpoint::new(NodeName::new("a").unwrap(), IfName::new("eth0").unwrap());
        assert_eq!(end.to_string(), "a.eth0");
    }
}
