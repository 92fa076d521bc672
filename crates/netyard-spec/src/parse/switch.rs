//! `[switch.NAME]`, what only a switch has.

use super::fields::Fields;
use super::{Findings, value};
use crate::SwitchSpec;
use crate::key_table::{NEIGHBOURS, PRIORITY};

pub(super) fn switch(fields: &mut Fields<'_, '_>, found: &mut Findings) -> SwitchSpec {
    SwitchSpec {
        subnet: fields.read_each("subnet", found, value::subnet),
        stp: fields.read("stp", found, |item, found| item.boolean(found)),
        priority: fields.read("priority", found, |item, found| item.number(PRIORITY, found)),
        ageing_cs: fields.read("ageing", found, value::duration),
        mac: fields.read("mac", found, value::mac),
        mtu: fields.read("mtu", found, value::mtu),
        static_neighbours: fields
            .read("neighbours", found, |item, found| value::word(item, NEIGHBOURS, found))
            .is_some_and(|word| word.value == "static"),
    }
}
