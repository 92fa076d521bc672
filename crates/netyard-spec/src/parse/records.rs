//! An entry of `records`: the records of one name.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::duration::time_to_live;
use super::fields::Fields;
use super::item::{Item, entries};
use super::{Findings, domain, note, value};
use crate::{
    AddressError, Finding, NameSpec, Problem, RecordError, RecordSpec, RecordsSpec, Spanned, Table,
    ValueError,
};

/// The most bytes of one text: many times what anybody writes, and several of them fit into a message.
const MAX_TEXT: usize = 4000;

/// Reads `records`.
pub(super) fn records(item: Item<'_, '_>, found: &mut Findings) -> Vec<RecordsSpec> {
    let Some(table) = item.table(found) else { return Vec::new() };
    entries(table).into_iter().filter_map(|item| records_of_name(item, found)).collect()
}

/// Reads the records of one name. Those under a name that is none are looked through for mistakes and left out.
fn records_of_name(item: Item<'_, '_>, found: &mut Findings) -> Option<RecordsSpec> {
    let owner = domain::owner(item.key, item.key_span(), found);
    let table = item.table(found)?;
    let has_records = table.keys().any(|key| key.get_ref() != "ttl");
    let mut fields = Fields::open(Table::Records, table, item.span(), found);
    let mut records = Vec::new();
    records.extend(each_once(&mut fields, "A", found, a));
    records.extend(each_once(&mut fields, "AAAA", found, aaaa));
    records.extend(fields.read("CNAME", found, cname));
    records.extend(each_once(&mut fields, "TXT", found, txt));
    records.extend(each_once(&mut fields, "SRV", found, srv));
    records.extend(each_once(&mut fields, "MX", found, mx));
    let ttl = fields.read("ttl", found, |item, found| value::duration_as(time_to_live, item, found));
    fields.close();
    Some(RecordsSpec { owner: owner?, ttl, has_records, records })
}

/// Reads the values of a key, at least one, and each once: a set of records has none twice (RFC 2181 §5).
pub(super) fn each_once<'t, 'i, T: PartialEq>(
    fields: &mut Fields<'t, 'i>,
    key: &'static str,
    found: &mut Findings,
    read: impl FnMut(Item<'t, 'i>, &mut Findings) -> Option<Spanned<T>>,
) -> Vec<Spanned<T>> {
    if let Some(item) = fields.get(key).filter(Item::is_empty_list) {
        item.invalid(ValueError::EmptyList, found);
    }
    any_once(fields, key, found, read)
}

/// Reads the values of a key, each once.
pub(super) fn any_once<'t, 'i, T: PartialEq>(
    fields: &mut Fields<'t, 'i>,
    key: &'static str,
    found: &mut Findings,
    mut read: impl FnMut(Item<'t, 'i>, &mut Findings) -> Option<Spanned<T>>,
) -> Vec<Spanned<T>> {
    let mut values: Vec<Spanned<T>> = Vec::new();
    let items = fields.get(key).map(|item| item.one_or_more(found)).unwrap_or_default();
    for item in items {
        let Some(value) = read(item, found) else { continue };
        match values.iter().find(|first| first.value == value.value) {
            Some(first) => {
                let problem =
                    Problem::InvalidValue { key: String::from(item.key), reason: ValueError::Repeated };
                found.push(Finding::new(problem, item.span()).with(first.span.clone()));
            }
            None => values.push(value),
        }
    }
    values
}

fn a(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<RecordSpec>> {
    address::<Ipv4Addr>(item, "A", found).map(|addr| Spanned::new(RecordSpec::A(addr), item.span()))
}

fn aaaa(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<RecordSpec>> {
    address::<Ipv6Addr>(item, "AAAA", found).map(|addr| Spanned::new(RecordSpec::Aaaa(addr), item.span()))
}

/// An address of one family. It can be any: what a name says is not what an interface has.
fn address<A: core::str::FromStr>(
    item: Item<'_, '_>,
    record: &'static str,
    found: &mut Findings,
) -> Option<A> {
    let text = item.text(found)?;
    if let Ok(addr) = text.parse() {
        return Some(addr);
    }
    let source = match text.split_once('/') {
        Some((addr, _)) if addr.parse::<IpAddr>().is_ok() => AddressError::UnexpectedLength,
        _ if text.parse::<IpAddr>().is_ok() => AddressError::WrongFamily { record },
        _ => AddressError::Malformed,
    };
    note(found, Problem::InvalidAddress { text: String::from(text), source }, item.span());
    None
}

fn cname(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<RecordSpec>> {
    let target = domain::target(item.text(found)?, item.span(), found)?;
    Some(Spanned::new(RecordSpec::Cname(target.value), target.span))
}

fn txt(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<RecordSpec>> {
    let text = item.text(found)?;
    let reason = match text.chars().find(|c| c.is_control()) {
        Some(found) => ValueError::ControlCharacter { found },
        None if text.len() > MAX_TEXT => ValueError::TooLong { len: text.len(), max: MAX_TEXT },
        None => return Some(Spanned::new(RecordSpec::Txt(String::from(text)), item.span())),
    };
    item.invalid(reason, found);
    None
}

fn srv(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<RecordSpec>> {
    let ([priority, weight, port], target) = fields(item, RecordError::SrvFields, found)?;
    Some(Spanned::new(RecordSpec::Srv { priority, weight, port, target }, item.span()))
}

fn mx(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<RecordSpec>> {
    let ([preference], exchange) = fields(item, RecordError::MxFields, found)?;
    Some(Spanned::new(RecordSpec::Mx { preference, exchange }, item.span()))
}

/// `N` numbers and a name, with spaces between them.
fn fields<const N: usize>(
    item: Item<'_, '_>,
    otherwise: RecordError,
    found: &mut Findings,
) -> Option<([u16; N], NameSpec)> {
    let texts: Vec<&str> = item.text(found)?.split(' ').filter(|field| !field.is_empty()).collect();
    let (&name, numbers) = match texts.split_last() {
        Some((name, numbers)) if numbers.len() == N => (name, numbers),
        _ => {
            item.invalid(otherwise, found);
            return None;
        }
    };
    let mut read = [0; N];
    for (number, text) in read.iter_mut().zip(numbers) {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        let Some(value) = text.parse().ok().filter(|_| plain) else {
            item.invalid(RecordError::Number { found: String::from(*text) }, found);
            return None;
        };
        *number = value;
    }
    Some((read, domain::target(name, item.span(), found)?.value))
}
