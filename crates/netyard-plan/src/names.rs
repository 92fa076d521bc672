//! What differs between what a name server answers and what it is to answer, name by name.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use netyard_types::{DomainName, Names, NodeName, Record, RecordData, Troubles};
use serde::Serialize;

use crate::summary::Count;

/// The records of one name of the lab's domain, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NameChange {
    /// The view that has them, if not all nodes do.
    pub view: Option<String>,
    /// The name, whole.
    pub name: DomainName,
    /// The records that are answered now.
    pub found: Vec<Record>,
    /// The records that are to be answered.
    pub wanted: Vec<Record>,
}

/// Something of a name server other than the records of single names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NameSetting {
    /// The lab's domain.
    Domain,
    /// How long an answer may be kept.
    Ttl,
    /// Which nodes are servers, where they listen, and what the servers are called.
    Servers,
    /// Which nodes have a view of their own.
    Views,
    /// What goes wrong on purpose.
    Trouble,
    /// Who is asked for names of other domains.
    Forward,
    /// Which nodes ask, where nothing else has changed.
    Clients,
    /// The names of addresses, where nothing else has changed.
    Reverse,
}

impl fmt::Display for NameSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Domain => "another domain",
            Self::Ttl => "another ttl",
            Self::Servers => "another server",
            Self::Views => "other views",
            Self::Trouble => "other trouble",
            Self::Forward => "other servers to forward to",
            Self::Clients => "other nodes that ask",
            Self::Reverse => "other names of addresses",
        })
    }
}

/// A name of the lab's domain, with the view that has records of it.
type Owner<'a> = (&'a DomainName, Option<&'a str>);

/// What differs between two descriptions of a name server.
pub(crate) struct Difference<'a> {
    found: BTreeMap<Owner<'a>, &'a [Record]>,
    wanted: BTreeMap<Owner<'a>, &'a [Record]>,
    /// The owners whose records differ.
    changed: BTreeSet<Owner<'a>>,
}

impl<'a> Difference<'a> {
    pub(crate) fn between(found: Option<&'a Names>, wanted: Option<&'a Names>) -> Self {
        let (found, wanted) = (owners(found, wanted), owners(wanted, found));
        let differs = |owner: &&Owner<'a>| found.get(*owner) != wanted.get(*owner);
        let changed = found.keys().chain(wanted.keys()).filter(differs).copied().collect();
        Self { found, wanted, changed }
    }

    /// How many names come, go and change. A name that has several views counts once.
    pub(crate) fn count(&self) -> Count {
        let names = |owners: &BTreeMap<Owner<'a>, _>| owners.keys().map(|(name, _)| *name).collect();
        let (found, wanted): (BTreeSet<_>, BTreeSet<_>) = (names(&self.found), names(&self.wanted));
        let changed: BTreeSet<_> = self.changed.iter().map(|(name, _)| *name).collect();
        let mut count = Count::default();
        for name in changed {
            match (found.contains(name), wanted.contains(name)) {
                (false, _) => count.added += 1,
                (true, false) => count.removed += 1,
                (true, true) => count.changed += 1,
            }
        }
        count
    }

    /// The first so many changes, and how many there are besides.
    pub(crate) fn changes(&self, most: usize) -> (Vec<NameChange>, usize) {
        let records = |of: &BTreeMap<Owner<'a>, &'a [Record]>, owner: &Owner<'a>| {
            of.get(owner).map_or_else(Vec::new, |records| records.to_vec())
        };
        let change = |owner: &Owner<'a>| NameChange {
            view: owner.1.map(String::from),
            name: owner.0.clone(),
            found: records(&self.found, owner),
            wanted: records(&self.wanted, owner),
        };
        let changes = self.changed.iter().take(most).map(change).collect();
        (changes, self.changed.len().saturating_sub(most))
    }
}

/// The records that `names` has of the names of its domain: what all nodes are told, and, for each view of `names` or of `other`,
/// what its nodes are told of the names that the view has records of.
fn owners<'a>(names: Option<&'a Names>, other: Option<&'a Names>) -> BTreeMap<Owner<'a>, &'a [Record]> {
    let Some(names) = names else { return BTreeMap::new() };
    let zone = names.zones.get(&names.domain);
    let all = zone.into_iter().flatten().map(|(name, records)| ((name, None), records.as_slice()));
    let mut owners: BTreeMap<_, _> = all.collect();
    for view in names.views.iter().chain(other.into_iter().flat_map(|other| &other.views)) {
        let own = names.views.iter().find(|own| own.name == view.name);
        for name in view.records.keys() {
            let records = own.and_then(|own| own.records.get(name)).or_else(|| zone?.get(name));
            owners.extend(records.map(|records| ((name, Some(view.name.as_str())), records.as_slice())));
        }
    }
    owners
}

/// The settings in which two name servers differ. Two that differ at all differ in one of these or in a name of the domain.
pub(crate) fn settings(found: &Names, wanted: &Names) -> Vec<NameSetting> {
    let differs = [
        (NameSetting::Domain, found.domain != wanted.domain),
        (NameSetting::Ttl, found.ttl != wanted.ttl),
        (
            NameSetting::Servers,
            found.name_servers != wanted.name_servers || !servers(found).eq(servers(wanted)),
        ),
        (NameSetting::Views, !views(found).eq(views(wanted))),
        (NameSetting::Trouble, !troubles(found).eq(troubles(wanted))),
        (NameSetting::Forward, found.forward != wanted.forward),
    ];
    let mut settings: Vec<_> =
        differs.into_iter().filter(|(_, differs)| *differs).map(|(which, _)| which).collect();
    // The rest follows from the nodes and the names, so it is news only where these have not changed.
    if settings.is_empty() && Difference::between(Some(found), Some(wanted)).changed.is_empty() {
        let rest = [
            (NameSetting::Views, found.views != wanted.views),
            (NameSetting::Clients, (&found.servers, &found.clients) != (&wanted.servers, &wanted.clients)),
            (NameSetting::Reverse, found.zones != wanted.zones),
        ];
        settings.extend(rest.into_iter().filter(|(_, differs)| *differs).map(|(which, _)| which));
    }
    settings
}

/// The nodes that are servers for others.
fn servers(names: &Names) -> impl Iterator<Item = (&NodeName, &BTreeSet<IpAddr>)> {
    names.servers.iter().filter(|(_, addresses)| !addresses.iter().all(IpAddr::is_loopback))
}

fn views(names: &Names) -> impl Iterator<Item = (&str, &BTreeSet<NodeName>)> {
    names.views.iter().map(|view| (view.name.as_str(), &view.nodes))
}

fn troubles(names: &Names) -> impl Iterator<Item = (Option<&str>, &Troubles)> {
    let of_views = names.views.iter().map(|view| (Some(view.name.as_str()), &view.troubles));
    let some = |(_, troubles): &(Option<&str>, &Troubles)| **troubles != Troubles::default();
    core::iter::once((None, &names.troubles)).chain(of_views).filter(some)
}

/// A change in the words of the file: `db: 10.0.0.2 -> 10.0.0.9`, names without the domain.
pub(crate) struct ChangeWords<'a> {
    pub(crate) change: &'a NameChange,
    pub(crate) domain: &'a DomainName,
}

impl fmt::Display for ChangeWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { change, domain } = *self;
        f.write_str(relative(&change.name, domain))?;
        if let Some(view) = &change.view {
            write!(f, " in view {view}")?;
        }
        let words = |records| RecordsWords { records, domain };
        write!(f, ": {} -> {}", words(&change.found), words(&change.wanted))
    }
}

/// A name as the file has it: `@` is the domain itself.
fn relative<'a>(name: &'a DomainName, domain: &DomainName) -> &'a str {
    let (text, len) = (name.as_str(), domain.as_str().len());
    if name == domain {
        "@"
    } else if name.is_in(domain) {
        // Behind the name there are a dot and the domain.
        &text[..text.len() - len - 1]
    } else {
        text
    }
}

struct RecordsWords<'a> {
    records: &'a [Record],
    domain: &'a DomainName,
}

impl RecordsWords<'_> {
    /// More than so many are not told one by one.
    const MOST: usize = 3;
    /// Of a text, so many characters are told.
    const MOST_TEXT: usize = 40;

    fn record(&self, record: &Record, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = record.data.type_name();
        let name = |name| relative(name, self.domain);
        match &record.data {
            RecordData::A(addr) => write!(f, "{addr}"),
            RecordData::Aaaa(addr) => write!(f, "{addr}"),
            RecordData::Cname(target) | RecordData::Ptr(target) => write!(f, "{kind} {}", name(target)),
            RecordData::Txt(text) => {
                let end = text.char_indices().nth(Self::MOST_TEXT).map_or(text.len(), |(at, _)| at);
                let more = if end < text.len() { "…" } else { "" };
                write!(f, "{kind} \"{}{more}\"", text[..end].escape_debug())
            }
            RecordData::Srv { priority, weight, port, target } => {
                write!(f, "{kind} {priority} {weight} {port} {}", name(target))
            }
            RecordData::Mx { preference, exchange } => write!(f, "{kind} {preference} {}", name(exchange)),
        }?;
        record.ttl.map_or(Ok(()), |ttl| write!(f, " (ttl {ttl}s)"))
    }
}

impl fmt::Display for RecordsWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.records.is_empty() {
            return f.write_str("none");
        }
        for (i, record) in self.records.iter().take(Self::MOST).enumerate() {
            f.write_str(if i == 0 { "" } else { " + " })?;
            self.record(record, f)?;
        }
        match self.records.len().saturating_sub(Self::MOST) {
            0 => Ok(()),
            more => write!(f, " + {more} more"),
        }
    }
}
