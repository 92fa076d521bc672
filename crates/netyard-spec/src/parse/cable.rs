//! `[[cable]]`.

use super::fields::Fields;
use super::item::Item;
use super::{Findings, name, value};
use crate::{CableEnd, CableSpec, Spanned, Table, ValueError};

/// Reads one cable. One without two good ends is left out.
pub(super) fn cable(item: Item<'_, '_>, found: &mut Findings) -> Option<CableSpec> {
    let mut fields = Fields::open(Table::Cable, item.table(found)?, item.span(), found);
    let between = fields.read("between", found, ends);
    let subnet = fields.read_each("subnet", found, value::subnet);
    let mtu = fields.read("mtu", found, value::mtu);
    let comment = fields.read("comment", found, value::comment);
    fields.close();
    Some(CableSpec { span: item.span(), between: between?, subnet, mtu, comment })
}

fn ends(item: Item<'_, '_>, found: &mut Findings) -> Option<[Spanned<CableEnd>; 2]> {
    let mistakes = found.len();
    let ends = item.elements(found);
    if found.len() == mistakes && ends.len() != 2 {
        item.invalid(ValueError::WrongCount { found: ends.len(), expected: 2 }, found);
    }
    let ends: alloc::vec::Vec<_> = ends.into_iter().filter_map(|end| name::cable_end(end, found)).collect();
    <[_; 2]>::try_from(ends).ok().filter(|_| found.len() == mistakes)
}
