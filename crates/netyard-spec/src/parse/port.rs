//! `ports.NAME`, and what can be said of an interface.

use netyard_types::IfName;

use super::fields::Fields;
use super::item::Item;
use super::{Findings, name, sysctl, value};
use crate::{AddressSpec, PortSettings, PortSpec, Spanned, Table};

/// Reads one port. What stands under a name that no interface can have is looked through for mistakes and left out.
pub(super) fn port(item: Item<'_, '_>, found: &mut Findings) -> Option<PortSpec> {
    let name = name::interface_of(item.key, item.key_span(), found);
    let mut fields = Fields::open(Table::Port, item.table(found)?, item.span(), found);
    let on = fields.read("on", found, name::node_name);
    let comment = fields.read("comment", found, value::comment);
    let mut settings = settings(&mut fields, found);
    if let Some(item) = fields.get("sysctl") {
        settings.sysctl = sysctl::settings(item, name.as_ref().or(Some(&IfName::loopback())), found);
    }
    fields.close();
    Some(PortSpec { name: Spanned::new(name?, item.key_span()), on, comment, settings })
}

/// Reads `address`, `mac` and `mtu` of a port, or of a node for its first port.
pub(super) fn settings(fields: &mut Fields<'_, '_>, found: &mut Findings) -> PortSettings {
    PortSettings {
        address: fields.read("address", found, addresses),
        mac: fields.read("mac", found, value::mac),
        mtu: fields.read("mtu", found, value::mtu),
        sysctl: sysctl::Settings::new(),
    }
}

/// The addresses. A list of which some are wrong keeps the others; if all are, it is as if nothing were said, for an empty list
/// says that there shall be none.
fn addresses(
    item: Item<'_, '_>,
    found: &mut Findings,
) -> Option<Spanned<alloc::vec::Vec<Spanned<AddressSpec>>>> {
    let mistakes = found.len();
    let items = item.one_or_more(found);
    let addresses: alloc::vec::Vec<_> =
        items.into_iter().filter_map(|item| value::address(item, found)).collect();
    (!addresses.is_empty() || found.len() == mistakes).then(|| Spanned::new(addresses, item.span()))
}
