//! What goes wrong between Netyard and the kernel.

use std::fmt;

use nix::errno::Errno;

/// A request that the kernel refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The error number.
    pub errno: Errno,
    /// What the kernel says about it (`NLMSGERR_ATTR_MSG`), where it says more than the number.
    pub message: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.errno.desc();
        let mut chars = text.chars();
        // The C library begins with a capital letter; this is the end of a sentence.
        if let Some(first) = chars.next() {
            write!(f, "{}{}", first.to_ascii_lowercase(), chars.as_str())?;
        }
        match &self.message {
            Some(message) => write!(f, " ({message})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        Self { errno, message: None }
    }
}

/// An exchange with the kernel that failed as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetlinkError {
    /// A system call on the socket failed.
    #[error("the netlink socket failed")]
    Socket(#[source] Errno),
    /// The kernel refused the request.
    #[error("the kernel refused the request")]
    Refused(#[source] Refusal),
    /// More answers came than the socket could hold, so some are lost.
    #[error("answers of the kernel were lost: the socket's buffer was full")]
    Overrun,
    /// A message was longer than any the kernel sends.
    #[error("a message of {len} bytes does not fit the buffer")]
    Truncated {
        /// The length of the message, in bytes.
        len: usize,
    },
    /// A message that contradicts itself.
    #[error("the kernel's answer cannot be read")]
    Malformed,
    /// What was being listed changed again and again while it was listed.
    #[error("the list changed {tries} times while it was read")]
    Unstable {
        /// How often it was tried.
        tries: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_as_the_end_of_a_sentence() {
        let plain = Refusal::from(Errno::EEXIST);
        assert_eq!(plain.to_string(), "file exists");
        let more =
            Refusal { errno: Errno::EINVAL, message: Some(String::from("Nexthop has invalid gateway")) };
        assert_eq!(more.to_string(), "invalid argument (Nexthop has invalid gateway)");
    }
}
