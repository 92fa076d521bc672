//! Keys of kernel settings.

use alloc::string::String;
use core::fmt;

use serde::{Serialize, Serializer};

/// Why a text is no key of a network setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SysctlKeyError {
    /// Not below `net`, so it would belong to the whole machine and not to one node.
    #[error("only settings below `net` belong to a node; this one belongs to the whole machine")]
    NotNet,
    /// Empty parts, or parts that would leave the directory.
    #[error("not the name of a setting")]
    Malformed,
}

/// A network setting, held as its path below `/proc/sys`: `net/ipv4/conf/eth0.5/rp_filter`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SysctlKey(String);

impl SysctlKey {
    /// Reads a key with dots or with slashes. As in sysctl(8), the separator that stands first is the separator, and the other
    /// of the two stands for itself with dots and slashes swapped: `net.ipv4.conf.eth0/5.rp_filter` is
    /// `net/ipv4/conf/eth0.5/rp_filter`.
    ///
    /// # Errors
    /// Keys outside `net`, and keys that are no relative path.
    pub fn new(text: &str) -> Result<Self, SysctlKeyError> {
        let slashed = matches!(text.find(['.', '/']).map(|i| text.as_bytes()[i]), Some(b'/'));
        let path: String = if slashed {
            String::from(text)
        } else {
            text.chars()
                .map(|c| match c {
                    '.' => '/',
                    '/' => '.',
                    other => other,
                })
                .collect()
        };
        let fine = |part: &str| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part.chars().all(|c| c.is_ascii_graphic() && c != '\\')
        };
        if !path.split('/').all(fine) {
            return Err(SysctlKeyError::Malformed);
        }
        if path.split('/').next() != Some("net") {
            return Err(SysctlKeyError::NotNet);
        }
        if path.split('/').count() < 3 { Err(SysctlKeyError::Malformed) } else { Ok(Self(path)) }
    }

    /// The path below `/proc/sys`.
    #[must_use]
    pub fn as_path(&self) -> &str {
        &self.0
    }

    /// The interface whose setting this is, for keys like `net/ipv4/conf/eth0/rp_filter`; none for `all` and `default`.
    /// Such a setting exists only while the interface does.
    #[must_use]
    pub fn interface(&self) -> Option<&str> {
        let mut parts = self.0.split('/').skip(1);
        let (family, table, name) = (parts.next()?, parts.next()?, parts.next()?);
        (matches!(family, "ipv4" | "ipv6" | "mpls")
            && matches!(table, "conf" | "neigh")
            && !matches!(name, "all" | "default"))
        .then_some(name)
    }
}

impl fmt::Display for SysctlKey {
    /// As sysctl(8) prints it, with dots.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            fmt::Write::write_char(
                f,
                match c {
                    '/' => '.',
                    '.' => '/',
                    other => other,
                },
            )?;
        }
        Ok(())
    }
}

impl Serialize for SysctlKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn dots_and_slashes_name_the_same_setting() {
        let dots = SysctlKey::new("net.ipv4.conf.eth0/5.rp_filter").unwrap();
        assert_eq!(dots.as_path(), "net/ipv4/conf/eth0.5/rp_filter");
        assert_eq!(SysctlKey::new("net/ipv4/conf/eth0.5/rp_filter").unwrap(), dots);
        assert_eq!(dots.to_string(), "net.ipv4.conf.eth0/5.rp_filter");
        assert_eq!(dots.interface(), Some("eth0.5"));
        assert_eq!(SysctlKey::new("net.ipv4.conf.all.rp_filter").unwrap().interface(), None);
    }

    #[test]
    fn keys_of_the_machine_are_refused() {
        for bad in ["kernel.core_pattern.x", "kernel.panic", "rp_filter"] {
            assert_eq!(SysctlKey::new(bad), Err(SysctlKeyError::NotNet), "{bad}");
        }
        for bad in ["", "net", "net..x", "net/../kernel/panic", "net.ipv4.a b"] {
            assert_eq!(SysctlKey::new(bad), Err(SysctlKeyError::Malformed), "{bad}");
        }
    }
}
