//! Names as they stand in messages (RFC 1035 §3.1): labels with a length byte before each, the root at the end.

use alloc::string::String;
use alloc::vec::Vec;

use netyard_types::DomainName;

use crate::header::MAX_NAME_LEN;

/// The most labels of a name, without the root.
const MAX_LABELS: usize = 127;
/// The longest label.
const MAX_LABEL: u8 = 63;

/// A name that was read, in lower case, with the places of its labels.
#[derive(Clone)]
pub(crate) struct WireName {
    bytes: [u8; MAX_NAME_LEN],
    len: u8,
    starts: [u8; MAX_LABELS],
    labels: u8,
}

impl WireName {
    /// Reads the name at `at`. A pointer (RFC 1035 §4.1.4) is not followed but refused: nothing stands before a question that one
    /// could point to.
    pub(crate) fn read(message: &[u8], at: usize) -> Option<Self> {
        let message = message.get(at..)?;
        let mut name = Self { bytes: [0; MAX_NAME_LEN], len: 0, starts: [0; MAX_LABELS], labels: 0 };
        let mut end = 0;
        loop {
            let len = *message.get(end)?;
            if len == 0 {
                break;
            }
            // The last byte of a name is the root's.
            if len > MAX_LABEL || end + 1 + usize::from(len) >= MAX_NAME_LEN {
                return None;
            }
            *name.starts.get_mut(usize::from(name.labels))? = u8::try_from(end).ok()?;
            name.labels += 1;
            end += 1 + usize::from(len);
        }
        let text = message.get(..=end)?;
        name.bytes[..=end].copy_from_slice(text);
        // A length byte is 63 at most, and `A` is 65.
        name.bytes[..=end].make_ascii_lowercase();
        name.len = u8::try_from(end + 1).ok()?;
        Some(name)
    }

    /// The name of a domain.
    pub(crate) fn of(domain: &DomainName) -> Self {
        Self::read(&to_wire(domain), 0).expect("a domain name fits into a message")
    }

    /// All of it, the root included.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// How many labels it has, without the root.
    pub(crate) fn labels(&self) -> usize {
        usize::from(self.labels)
    }

    /// The name without its first `skipped` labels.
    pub(crate) fn suffix(&self, skipped: usize) -> &[u8] {
        let start = self.starts[..self.labels()].get(skipped).map_or(self.len - 1, |start| *start);
        &self.as_bytes()[usize::from(start)..]
    }

    /// One label with its length byte, counted from the most specific.
    pub(crate) fn label(&self, number: usize) -> &[u8] {
        let label = self.suffix(number);
        &label[..=usize::from(label[0])]
    }

    /// The hash of the whole name.
    pub(crate) fn hash(&self) -> NameHash {
        self.suffix_hash(0)
    }

    /// The hash of the name without its first `skipped` labels.
    pub(crate) fn suffix_hash(&self, skipped: usize) -> NameHash {
        (skipped..self.labels()).rev().fold(NameHash::ROOT, |hash, number| hash.below(self.label(number)))
    }
}

/// The hash of a name, made from the root on, so that every name has it from the name above it. The names of the table are the
/// file's, so nobody who asks can choose them to collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NameHash(u64);

impl NameHash {
    /// That of the root.
    pub(crate) const ROOT: Self = Self(0xcbf2_9ce4_8422_2325);
    const PRIME: u64 = 0x0000_0100_0000_01b3;

    /// That of the name with one more label, which has its length byte before it (FNV-1a).
    pub(crate) fn below(self, label: &[u8]) -> Self {
        Self(label.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(Self::PRIME)))
    }

    /// 32 bits that all of it has gone into.
    pub(crate) fn bits(self) -> u32 {
        let mixed = self.0 ^ (self.0 >> 32);
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
    }
}

/// Writes a domain name as it stands in messages, its case kept.
pub(crate) fn to_wire(domain: &DomainName) -> Vec<u8> {
    let mut wire = Vec::with_capacity(domain.as_str().len() + 2);
    for label in domain.labels() {
        wire.push(u8::try_from(label.len()).expect("a label has at most 63 bytes"));
        wire.extend_from_slice(label.as_bytes());
    }
    wire.push(0);
    wire
}

/// Reads a name without pointers that [`to_wire`] wrote.
pub(crate) fn from_wire(mut wire: &[u8]) -> Option<DomainName> {
    let mut text = String::new();
    while let Some((len @ 1.., rest)) = wire.split_first() {
        let (label, rest) = rest.split_at_checked(usize::from(*len))?;
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(core::str::from_utf8(label).ok()?);
        wire = rest;
    }
    DomainName::new(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn domain(text: &str) -> DomainName {
        DomainName::new(text).unwrap()
    }

    #[test]
    fn a_name_is_read_in_lower_case_label_by_label() {
        let wire = to_wire(&domain("Db.Office.test"));
        assert_eq!(wire, b"\x02Db\x06Office\x04test\0");
        let name = WireName::read(&wire, 0).unwrap();
        assert_eq!(name.as_bytes(), b"\x02db\x06office\x04test\0");
        assert_eq!((name.labels(), name.label(1)), (3, &b"\x06office"[..]));
        assert_eq!(name.suffix(2), b"\x04test\0");
        assert_eq!(name.suffix(3), b"\0");
        assert_eq!(from_wire(&wire).unwrap().as_str(), "Db.Office.test");
    }

    #[test]
    fn what_is_no_name_is_not_read() {
        for bad in [&b""[..], b"\x03ab", b"\x02ab", b"\xc0\x00", b"\x40a\0", b"\x01a\xc0\x00", b"\x80\0"] {
            assert!(WireName::read(bad, 0).is_none(), "{bad:?}");
        }
        assert!(WireName::read(b"\0", 1).is_none());
        assert_eq!(WireName::read(b"\0", 0).unwrap().labels(), 0);

        // 127 labels of one byte are 254 bytes, and the root is the 255th.
        let mut longest = [1, b'a'].repeat(127);
        longest.push(0);
        assert_eq!(WireName::read(&longest, 0).unwrap().as_bytes().len(), 255);
        let mut longer = vec![2, b'a', b'a'];
        longer.extend([1, b'a'].repeat(126));
        longer.push(0);
        assert!(WireName::read(&longer, 0).is_none());
    }

    #[test]
    fn a_hash_is_made_from_the_root_on() {
        let name = WireName::of(&domain("a.b.test"));
        let above = WireName::of(&domain("b.test"));
        assert_eq!(above.hash().below(b"\x01a"), name.hash());
        assert_ne!(above.hash(), name.hash());
        assert_eq!(WireName::of(&domain("A.b.TEST")).hash(), name.hash());
    }
}
