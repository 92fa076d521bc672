//! Things with keys. A key is good for one thing only: when that is gone, so is the key, whoever has its place now.

/// The key of a thing in a [`Slab`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    index: u32,
    /// How often the place has been given away.
    turn: u32,
}

impl Key {
    /// The bits that are used of a key as a number.
    pub(crate) const BITS: u32 = 32 + TURN_BITS;

    /// The key as a number.
    pub(crate) fn to_bits(self) -> u64 {
        u64::from(self.turn) << 32 | u64::from(self.index)
    }

    /// The key that [`Self::to_bits`] gave this number for.
    #[expect(clippy::cast_possible_truncation, reason = "the two halves are taken apart")]
    pub(crate) fn from_bits(bits: u64) -> Self {
        Self { index: bits as u32, turn: (bits >> 32) as u32 & TURN_MASK }
    }
}

const TURN_BITS: u32 = 28;
const TURN_MASK: u32 = (1 << TURN_BITS) - 1;

/// Things, found by their keys.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    places: Vec<Place<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Place<T> {
    turn: u32,
    thing: Option<T>,
}

impl<T> Slab<T> {
    pub(crate) fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    pub(crate) fn insert(&mut self, thing: T) -> Key {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place { turn: 0, thing: None });
            u32::try_from(self.places.len() - 1).expect("there are fewer open files than that")
        });
        let place = &mut self.places[index as usize];
        place.thing = Some(thing);
        Key { index, turn: place.turn }
    }

    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        self.places.get(key.index as usize).filter(|place| place.turn == key.turn)?.thing.as_ref()
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.places.get_mut(key.index as usize).filter(|place| place.turn == key.turn)?.thing.as_mut()
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let place = self.places.get_mut(key.index as usize).filter(|place| place.turn == key.turn)?;
        let thing = place.thing.take()?;
        place.turn = place.turn.wrapping_add(1) & TURN_MASK;
        self.free.push(key.index);
        Some(thing)
    }

    /// Takes a thing out for a while. Its place stays its own until it is given back.
    pub(crate) fn lend(&mut self, key: Key) -> Option<T> {
        self.places.get_mut(key.index as usize).filter(|place| place.turn == key.turn)?.thing.take()
    }

    /// Puts a thing back that was lent.
    pub(crate) fn give_back(&mut self, key: Key, thing: T) {
        if let Some(place) = self.places.get_mut(key.index as usize) {
            place.thing = Some(thing);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        (0..).zip(&self.places).filter_map(|(index, place)| {
            place.thing.as_ref().map(|thing| (Key { index, turn: place.turn }, thing))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_good_for_one_thing() {
        let mut slab = Slab::new();
        let (a, b) = (slab.insert('a'), slab.insert('b'));
        assert_eq!((slab.get(a), slab.get(b), slab.len()), (Some(&'a'), Some(&'b'), 2));
        assert_eq!(slab.remove(a), Some('a'));
        let c = slab.insert('c');
        assert_eq!((slab.remove(a), slab.get(a)), (None, None));
        assert_eq!(slab.get_mut(c), Some(&mut 'c'));
        assert_eq!(slab.iter().collect::<Vec<_>>(), [(c, &'c'), (b, &'b')]);
        let lent = slab.lend(c).unwrap();
        assert_eq!((slab.lend(c), slab.get(c)), (None, None));
        slab.give_back(c, lent);
        assert_eq!(slab.get(c), Some(&'c'));
        assert_eq!(Key::from_bits(c.to_bits()), c);
        assert!(c.to_bits() < 1 << Key::BITS);
    }
}
