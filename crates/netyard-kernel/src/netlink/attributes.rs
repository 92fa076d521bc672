//! Reading attributes (`struct nlattr`) of whatever the kernel sends, without trusting it.

use netlink_packet_core::{NlaBuffer, NlasIterator};

/// The attributes in a stretch of bytes, as type and value. What does not parse ends the list.
#[derive(Debug, Clone)]
pub struct Attributes<'a>(NlasIterator<&'a [u8]>);

impl<'a> Attributes<'a> {
    /// The attributes in `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(NlasIterator::new(bytes))
    }

    /// The attributes behind a fixed head of `head` bytes, as every rtnetlink message has one.
    #[must_use]
    pub fn behind(payload: &'a [u8], head: usize) -> Self {
        Self::new(payload.get(head..).unwrap_or_default())
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let attribute: NlaBuffer<&'a [u8]> = self.0.next()?.ok()?;
        let (kind, len) = (attribute.kind(), usize::from(attribute.length()));
        Some((kind, attribute.into_inner().get(4..len)?))
    }
}

/// The number in the first byte.
#[must_use]
pub fn u8_of(value: &[u8]) -> Option<u8> {
    value.first().copied()
}

/// The number in the first two bytes, in the order of this machine.
#[must_use]
pub fn u16_of(value: &[u8]) -> Option<u16> {
    value.first_chunk().map(|bytes| u16::from_ne_bytes(*bytes))
}

/// The number in the first four bytes, in the order of this machine.
#[must_use]
pub fn u32_of(value: &[u8]) -> Option<u32> {
    value.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_up_to_what_does_not_parse() {
        let mut bytes = Vec::new();
        bytes.extend(5_u16.to_ne_bytes());
        bytes.extend(7_u16.to_ne_bytes());
        bytes.extend([9, 0, 0, 0]);
        bytes.extend(8_u16.to_ne_bytes());
        // The nested flag (NLA_F_NESTED) is no part of the type.
        bytes.extend((0x8000_u16 | 3).to_ne_bytes());
        bytes.extend(77_u32.to_ne_bytes());
        bytes.extend(200_u16.to_ne_bytes());
        bytes.extend([1, 0, 0, 0]);
        let read: Vec<_> = Attributes::new(&bytes).collect();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0], (7, &[9_u8][..]));
        assert_eq!((read[1].0, u32_of(read[1].1)), (3, Some(77)));
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let mut seed = 1_u32;
        for len in 0..200 {
            let bytes: Vec<u8> = (0..len)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    // Mostly small numbers, so that lengths and types look plausible.
                    if seed & 0x100 == 0 { (seed >> 24) as u8 & 15 } else { (seed >> 24) as u8 }
                })
                .collect();
            for head in [0, 4, 16, 300] {
                assert!(Attributes::behind(&bytes, head).count() <= len);
            }
        }
        assert_eq!((u8_of(&[]), u16_of(&[1]), u32_of(&[1, 2, 3])), (None, None, None));
    }
}
