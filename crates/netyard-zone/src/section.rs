//! The record sections of a message (RFC 1035 §4.1.3), walked over without being understood.

use alloc::vec::Vec;
use core::ops::Range;

use crate::header::{HEADER_LEN, MAX_NAME_LEN, rtype, u16_at, u32_at};

/// A record as it stands in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawRecord {
    /// Whether its owner is the root, written out.
    pub(crate) of_root: bool,
    /// The type.
    pub(crate) rtype: u16,
    /// The class; of an OPT record the payload size.
    pub(crate) class: u16,
    /// The time to live; of an OPT record flags.
    pub(crate) ttl: u32,
    /// Where the data is.
    pub(crate) data: Range<usize>,
}

/// Where the name at `at` ends. A pointer is not followed; one that does not point back is refused.
pub(crate) fn skip_name(message: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    loop {
        let len = *message.get(end)?;
        match len {
            0 => return Some(end + 1),
            1..=63 => end += 1 + usize::from(len),
            192.. => {
                let to = usize::from(u16_at(message, end)? & 0x3fff);
                return (HEADER_LEN..at).contains(&to).then_some(end + 2);
            }
            _ => return None,
        }
        if end - at > 254 {
            return None;
        }
    }
}

impl RawRecord {
    /// Reads the record at `at`; gives also where the next begins.
    pub(crate) fn read(message: &[u8], at: usize) -> Option<(Self, usize)> {
        let name_end = skip_name(message, at)?;
        let len = usize::from(u16_at(message, name_end + 8)?);
        let data = name_end + 10..name_end + 10 + len;
        message.get(data.clone())?;
        let record = Self {
            of_root: name_end == at + 1,
            rtype: u16_at(message, name_end)?,
            class: u16_at(message, name_end + 2)?,
            ttl: u32_at(message, name_end + 4)?,
            data: data.clone(),
        };
        Some((record, data.end))
    }

    /// The record from its type on, without pointers in it; `None` if a name in its data is none.
    pub(crate) fn expand(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(10 + self.data.len());
        bytes.extend_from_slice(&self.rtype.to_be_bytes());
        bytes.extend_from_slice(&self.class.to_be_bytes());
        bytes.extend_from_slice(&self.ttl.to_be_bytes());
        let len_at = bytes.len();
        bytes.extend_from_slice(&[0; 2]);
        let (before, names) = names_in(self.rtype);
        let mut at = self.data.start + before;
        bytes.extend_from_slice(message.get(self.data.start..at)?);
        for _ in 0..names {
            at = expand_name(message, at, &mut bytes)?;
        }
        bytes.extend_from_slice(message.get(at..self.data.end)?);
        let len = u16::try_from(bytes.len() - len_at - 2).ok()?;
        bytes[len_at..len_at + 2].copy_from_slice(&len.to_be_bytes());
        Some(bytes)
    }
}

/// Writes the name at `at` without pointers; gives where it ends in the message. A pointer that does not point back is refused.
pub(crate) fn expand_name(message: &[u8], at: usize, out: &mut Vec<u8>) -> Option<usize> {
    let start = out.len();
    // Where what is being read began: a pointer leads to before it, so that there is an end.
    let (mut place, mut began, mut end) = (at, at, None);
    loop {
        let len = *message.get(place)?;
        match len {
            0..=63 => {
                let next = place + 1 + usize::from(len);
                out.extend_from_slice(message.get(place..next)?);
                if out.len() - start > MAX_NAME_LEN {
                    return None;
                }
                place = next;
                if len == 0 {
                    return Some(end.unwrap_or(place));
                }
            }
            192.. => {
                end.get_or_insert(place + 2);
                place = usize::from(u16_at(message, place)? & 0x3fff);
                if !(HEADER_LEN..began).contains(&place) {
                    return None;
                }
                began = place;
            }
            _ => return None,
        }
    }
}

/// How many bytes stand before the names in the data of a type, and how many names there are. Only of these types can names be
/// compressed (RFC 3597 §4).
fn names_in(rtype: u16) -> (usize, usize) {
    match rtype {
        rtype::NS
        | rtype::MD
        | rtype::MF
        | rtype::CNAME
        | rtype::MB
        | rtype::MG
        | rtype::MR
        | rtype::PTR
        | rtype::DNAME => (0, 1),
        rtype::SOA | rtype::MINFO | rtype::RP => (0, 2),
        rtype::MX | rtype::AFSDB | rtype::RT | rtype::KX => (2, 1),
        rtype::PX => (2, 2),
        rtype::SRV => (6, 1),
        _ => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_point_back() {
        let mut message = [0; 20];
        message[12..].copy_from_slice(b"\x01a\0\x01b\xc0\x0c\0");
        assert_eq!(skip_name(&message, 12), Some(15));
        assert_eq!(skip_name(&message, 15), Some(19));
        for to in [0, 11, 15, 16, 17, 19, 200] {
            message[18] = to;
            assert_eq!(skip_name(&message, 15), None, "{to}");
        }
        message[17] = 0x80;
        assert_eq!(skip_name(&message, 15), None);
    }

    fn expanded(message: &[u8], at: usize) -> Option<(Vec<u8>, usize)> {
        let mut name = Vec::new();
        let end = expand_name(message, at, &mut name)?;
        Some((name, end))
    }

    #[test]
    fn pointers_are_followed_to_an_end() {
        let mut message = [0; 23];
        message[12..].copy_from_slice(b"\x01a\0\x01B\xc0\x0c\x01c\xc0\x0f");
        assert_eq!(expanded(&message, 19), Some((b"\x01c\x01B\x01a\0".to_vec(), 23)));
        assert_eq!(expanded(&message, 17), Some((b"\x01a\0".to_vec(), 19)));
        // To itself, to behind itself, into the header, and to where a pointer leads back from.
        for (at, to) in [(22, 19), (22, 21), (22, 200), (22, 11), (18, 15), (18, 19)] {
            let mut message = message;
            message[at] = to;
            assert_eq!(expanded(&message, 19), None, "{at} {to}");
        }
        let long = [&[0; 12][..], &[[1, b'x']; 127].concat(), &[0, 1, b'y', 0xc0, 12]].concat();
        assert_eq!(expanded(&long, 12).unwrap().0.len(), 255);
        assert_eq!(expanded(&long, 12 + 255), None);
    }

    #[test]
    fn names_in_data_are_written_out() {
        let expand = |rtype: u8, data: &[u8]| {
            let len = u8::try_from(data.len()).unwrap();
            let head = [&[0; 12][..], b"\x01a\0\xc0\x0c\0", &[rtype], b"\0\x01\0\0\0\x05\0", &[len]].concat();
            let message = [&head, data, b"\x01b\0"].concat();
            let (record, _) = RawRecord::read(&message, 15)?;
            Some(record.expand(&message)?[8..].to_vec())
        };
        assert_eq!(expand(5, b"\xc0\x0c").unwrap(), b"\0\x03\x01a\0");
        assert_eq!(expand(15, b"\0\x0a\x01m\xc0\x0c").unwrap(), b"\0\x07\0\x0a\x01m\x01a\0");
        assert_eq!(expand(6, b"\xc0\x0c\xc0\x0crest").unwrap(), b"\0\x0a\x01a\0\x01a\0rest");
        // Of a type without names nothing is one.
        assert_eq!(expand(99, b"\xc0\x0c").unwrap(), b"\0\x02\xc0\x0c");
        for (rtype, data) in
            [(5, &b""[..]), (5, b"\x01b"), (5, b"\xc0"), (15, b"\0"), (15, b"\0\x0a"), (6, b"\xc0\x0c")]
        {
            assert_eq!(expand(rtype, data), None, "{rtype} {data:?}");
        }
    }

    #[test]
    fn a_record_has_all_its_data() {
        let mut message = [0; 26];
        message[12..].copy_from_slice(b"\0\0\x29\x04\xd0\0\0\x80\0\0\x03abc");
        let (record, end) = RawRecord::read(&message, 12).unwrap();
        assert_eq!((record.rtype, record.class, record.ttl, record.of_root), (41, 1232, 0x8000, true));
        assert_eq!((record.data, end), (23..26, 26));
        assert_eq!(RawRecord::read(&message[..25], 12), None);
        assert_eq!(RawRecord::read(&message[..20], 12), None);
    }
}
