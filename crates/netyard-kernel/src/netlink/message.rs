//! The messages in one datagram (`struct nlmsghdr`, netlink(7)).

use nix::errno::Errno;

use super::attributes::{Attributes, u16_of, u32_of};
use super::error::{NetlinkError, Refusal};

pub(super) const NLMSG_NOOP: u16 = 1;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSG_OVERRUN: u16 = 4;
const NLM_F_DUMP_INTR: u16 = 0x10;
const NLM_F_CAPPED: u16 = 0x100;
const NLM_F_ACK_TLVS: u16 = 0x200;
const NLMSGERR_ATTR_MSG: u16 = 1;

pub(super) const HEADER: usize = 16;

/// One message of the kernel.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// `RTM_…`.
    pub kind: u16,
    flags: u16,
    /// Which request it answers.
    pub sequence: u32,
    /// What is behind the header.
    pub payload: &'a [u8],
}

/// What a message means to the exchange it belongs to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing.
    Noop,
    /// Part of an answer.
    Part,
    /// The end of a dump.
    Done,
    /// An acknowledgement.
    Ack,
    /// A refusal.
    Refused(Refusal),
    /// Data was lost.
    Overrun,
}

impl Message<'_> {
    /// Whether the kernel says that a list changed while it was read.
    pub(super) fn is_interrupted(&self) -> bool {
        self.flags & NLM_F_DUMP_INTR != 0
    }

    pub(super) fn meaning(&self) -> Meaning {
        match self.kind {
            NLMSG_NOOP => Meaning::Noop,
            NLMSG_OVERRUN => Meaning::Overrun,
            NLMSG_ERROR => match self.refusal(self.request_len()) {
                Some(refusal) => Meaning::Refused(refusal),
                None => Meaning::Ack,
            },
            // An error found in the middle of a dump stands in its last message.
            NLMSG_DONE => match self.refusal(0) {
                Some(refusal) => Meaning::Refused(refusal),
                None => Meaning::Done,
            },
            _ => Meaning::Part,
        }
    }

    /// How much of the refused request the kernel sends back: all of it, or with `NETLINK_CAP_ACK` its header.
    fn request_len(&self) -> usize {
        let whole = self.payload.get(4..).and_then(u32_of).unwrap_or(0);
        if self.flags & NLM_F_CAPPED != 0 {
            HEADER
        } else {
            usize::try_from(whole).unwrap_or(HEADER).max(HEADER)
        }
    }

    fn refusal(&self, request_len: usize) -> Option<Refusal> {
        let code = u32_of(self.payload)?.cast_signed();
        if code == 0 {
            return None;
        }
        let head = 4_usize.saturating_add(request_len.next_multiple_of(4));
        let message = (self.flags & NLM_F_ACK_TLVS != 0)
            .then(|| Attributes::behind(self.payload, head).find(|(kind, _)| *kind == NLMSGERR_ATTR_MSG))
            .flatten()
            .map(|(_, text)| String::from_utf8_lossy(text).trim_end_matches('\0').to_owned());
        Some(Refusal { errno: Errno::from_raw(code.saturating_neg()), message })
    }
}

/// The messages in one datagram.
#[derive(Debug)]
pub struct Messages<'a>(&'a [u8]);

impl<'a> Messages<'a> {
    /// The messages in `datagram`.
    #[must_use]
    pub fn new(datagram: &'a [u8]) -> Self {
        Self(datagram)
    }

    fn split(bytes: &'a [u8]) -> Option<(Message<'a>, &'a [u8])> {
        let len = usize::try_from(u32_of(bytes)?).ok()?;
        let message = Message {
            kind: u16_of(bytes.get(4..)?)?,
            flags: u16_of(bytes.get(6..)?)?,
            sequence: u32_of(bytes.get(8..)?)?,
            payload: bytes.get(HEADER..len)?,
        };
        // The last message may lack its padding.
        Some((message, bytes.get(len.next_multiple_of(4)..).unwrap_or_default()))
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, NetlinkError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        match Self::split(self.0) {
            Some((message, rest)) => {
                self.0 = rest;
                Some(Ok(message))
            }
            None => {
                self.0 = &[];
                Some(Err(NetlinkError::Malformed))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(u32::try_from(HEADER + payload.len()).unwrap().to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(42_u32.to_ne_bytes());
        bytes.extend(0_u32.to_ne_bytes());
        bytes.extend(payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn error(code: i32, capped: bool, text: Option<&str>) -> Vec<u8> {
        let mut payload = code.to_ne_bytes().to_vec();
        let request = message(16, 0, &[0; 16]);
        payload.extend(if capped { &request[..HEADER] } else { &request[..] });
        let mut flags = if capped { NLM_F_CAPPED } else { 0 };
        if let Some(text) = text {
            flags |= NLM_F_ACK_TLVS;
            payload.extend(u16::try_from(text.len() + 5).unwrap().to_ne_bytes());
            payload.extend(NLMSGERR_ATTR_MSG.to_ne_bytes());
            payload.extend(text.as_bytes());
            payload.push(0);
        }
        message(NLMSG_ERROR, flags, &payload)
    }

    fn meanings(datagram: &[u8]) -> Vec<Meaning> {
        Messages::new(datagram).map(|message| message.unwrap().meaning()).collect()
    }

    #[test]
    fn acknowledgements_and_refusals_are_told_apart() {
        let mut datagram = error(0, true, None);
        datagram.extend(error(-17, true, Some("it is there")));
        datagram.extend(error(-22, false, Some("no")));
        datagram.extend(error(-1, true, None));
        let refused =
            |errno, text: Option<&str>| Meaning::Refused(Refusal { errno, message: text.map(String::from) });
        assert_eq!(
            meanings(&datagram),
            [
                Meaning::Ack,
                refused(Errno::EEXIST, Some("it is there")),
                refused(Errno::EINVAL, Some("no")),
                refused(Errno::EPERM, None),
            ]
        );
    }

    #[test]
    fn dumps_end_with_or_without_an_error() {
        let done = message(NLMSG_DONE, 0, &0_i32.to_ne_bytes());
        let bare = message(NLMSG_DONE, 0, &[]);
        let failed = message(NLMSG_DONE, 0, &(-95_i32).to_ne_bytes());
        let part = message(16, NLM_F_DUMP_INTR, &[1, 2, 3]);
        assert_eq!(meanings(&done), [Meaning::Done]);
        assert_eq!(meanings(&bare), [Meaning::Done]);
        assert_eq!(meanings(&failed), [Meaning::Refused(Errno::EOPNOTSUPP.into())]);
        let read: Vec<_> = Messages::new(&part).map(Result::unwrap).collect();
        assert!(read[0].is_interrupted());
        assert_eq!((read[0].kind, read[0].sequence, read[0].payload), (16, 42, &[1_u8, 2, 3][..]));
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let good = error(-17, true, Some("it is there"));
        for cut in 1..good.len() {
            let mut lying = good.clone();
            lying[0] = u8::try_from(cut).unwrap();
            // Every shorter length gives messages or an error, never a panic and never an endless list.
            assert!(Messages::new(&lying).take(100).count() < 100);
            assert!(Messages::new(&good[..cut]).count() >= 1);
        }
        assert_eq!(Messages::new(&[3, 0, 0, 0, 0]).next().unwrap().unwrap_err(), NetlinkError::Malformed);
    }
}
