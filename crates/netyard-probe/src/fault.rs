//! Why a name server is of no use for a question.

use std::fmt;
use std::time::Duration;

use nix::errno::Errno;

use crate::NameServer;

/// Why a name server is of no use for a question.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerFault {
    /// It did not answer in time.
    Silent {
        /// How often it was asked.
        asked: u32,
        /// How long it had each time.
        timeout: Duration,
    },
    /// Its node says that nobody listens on the port (ICMP port unreachable, or a reset by TCP).
    NobodyListens,
    /// The question does not get there: the kernel of the node says so, or a router.
    Unreachable {
        /// In the kernel's words.
        errno: Errno,
    },
    /// It says that it has failed (SERVFAIL, RFC 1035 §4.1.1).
    Failed,
    /// It says that it does not want to answer (REFUSED).
    Declined,
    /// It answers with another code that is no answer (RCODE).
    Code {
        /// The code.
        code: u16,
    },
    /// It only points to other servers (RFC 1034 §4.3.1).
    Referral,
    /// It cut its reply, and what it sent by TCP is no reply.
    Garbled,
}

impl ServerFault {
    /// What the code of a reply says.
    pub(crate) fn of_code(code: u16) -> Self {
        match code {
            2 => Self::Failed,
            5 => Self::Declined,
            code => Self::Code { code },
        }
    }

    /// Whether the server was reached and answered.
    pub(crate) fn is_answer(&self) -> bool {
        !matches!(self, Self::Silent { .. } | Self::NobodyListens | Self::Unreachable { .. })
    }

    /// Writes it as a clause with the server as its subject.
    pub(crate) fn write(&self, server: &NameServer, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent { asked, timeout } => {
                let times = if *asked == 1 { String::from("once") } else { format!("{asked} times") };
                let seconds = timeout.as_secs_f64();
                write!(f, "the name server {server} does not answer (asked {times}, {seconds} s each)")
            }
            Self::NobodyListens => write!(f, "nobody listens on port 53 of {server}"),
            Self::Unreachable { errno } => {
                let words = errno.desc().to_lowercase();
                write!(f, "the name server {server} cannot be reached: {words}")
            }
            Self::Failed => write!(f, "the name server {server} has failed (SERVFAIL)"),
            Self::Declined => {
                write!(f, "the name server {server} refuses to answer (REFUSED)")
            }
            Self::Code { code } => write!(f, "the name server {server} answers with the error {code}"),
            Self::Referral => write!(f, "the name server {server} does not know, and asks nobody else"),
            Self::Garbled => write!(f, "what the name server {server} sends is no answer"),
        }
    }
}
