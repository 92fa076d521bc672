//! The record sections of a message (RFC 1035 §4.1.3), walked over without being understood.

use core::ops::Range;

use crate::header::{HEADER_LEN, u16_at, u32_at};

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
