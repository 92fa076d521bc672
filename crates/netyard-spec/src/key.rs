//! What a key of the file is. The keys themselves are in `key_table`.
//!
//! The table is the one source: the parser finds unknown keys by it and may ask only for keys that it has, and the JSON
//! schema is written from it.

use core::fmt;

use crate::Code;
use crate::key_table::KEYS;

/// A place where keys stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// The top of the file.
    File,
    /// `[names]`.
    Names,
    /// `records.NAME` of `[names]` or of a view.
    Records,
    /// `[names.view.NAME]`.
    View,
    /// `trouble.NAME` of `[names]` or of a view.
    Trouble,
    /// `[switch.NAME]`.
    Switch,
    /// `[host.NAME]`.
    Host,
    /// `[router.NAME]`.
    Router,
    /// `ports.NAME` of a host or a router.
    Port,
    /// An entry of `routes`.
    Route,
    /// `[[cable]]`.
    Cable,
}

impl Table {
    /// Every table, outermost first.
    pub const ALL: &'static [Self] = &[
        Self::File,
        Self::Names,
        Self::Records,
        Self::View,
        Self::Trouble,
        Self::Switch,
        Self::Host,
        Self::Router,
        Self::Port,
        Self::Route,
        Self::Cable,
    ];

    /// The keys of the table, in the order in which they are explained.
    pub fn keys(self) -> impl Iterator<Item = &'static Key> {
        KEYS.iter().filter(move |key| key.tables.contains(&self))
    }

    /// The key of that name.
    #[must_use]
    pub fn key(self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }

    /// How the table is written.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::File => "top of the file",
            Self::Names => "[names]",
            Self::Records => "[names.records] NAME = { … }",
            Self::View => "[names.view.NAME]",
            Self::Trouble => "[names.trouble] NAME = { … }",
            Self::Switch => "[switch.NAME]",
            Self::Host => "[host.NAME]",
            Self::Router => "[router.NAME]",
            Self::Port => "ports.NAME = { … }",
            Self::Route => "routes = [{ … }]",
            Self::Cable => "[[cable]]",
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::File => "the file",
            Self::Names => "`names`",
            Self::Records => "an entry of `records`",
            Self::View => "a view",
            Self::Trouble => "an entry of `trouble`",
            Self::Switch => "a switch",
            Self::Host => "a host",
            Self::Router => "a router",
            Self::Port => "a port",
            Self::Route => "a route",
            Self::Cable => "a cable",
        })
    }
}

/// One key of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// Where it can stand.
    pub tables: &'static [Table],
    /// What values it has.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
    /// What it is for, in one line.
    pub doc: &'static str,
}

/// What values a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A string of a form.
    Text(Format),
    /// A string of that form, or a list of them.
    OneOrMore(Format),
    /// A list of exactly this many strings of that form.
    Exactly(usize, Format),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Codes of mistakes that can be allowed; one or a list.
    Codes,
    /// `true` or `false`.
    Boolean,
    /// An integer of this range.
    Integer(i64, i64),
    /// Kernel settings by name.
    Settings,
    /// A table.
    One(Table),
    /// Tables by names of this form.
    Named(Format, Table),
    /// Tables, or one of these words alone, by names of this form.
    NamedOrWord(Format, Table, &'static [&'static str]),
    /// A list of tables.
    List(Table),
}

/// The form of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Any text on one line.
    Comment,
    /// The name of a lab, a node or an alias: one label of a host name.
    Name,
    /// The name of an interface.
    Interface,
    /// The end of a cable: `node` or `node.interface`.
    CableEnd,
    /// An address, with or without its own prefix length.
    Address,
    /// A range of addresses.
    Subnet,
    /// An Ethernet address.
    Mac,
    /// A whole number with its unit.
    Duration,
    /// A duration of whole seconds.
    TimeToLive,
    /// A duration of at most a minute.
    Lateness,
    /// A router's name, an address, or `none`.
    Gateway,
    /// A router's name or an address.
    NextHop,
    /// A range of addresses, or `default`.
    Destination,
    /// A node's name or an address.
    NodeOrAddress,
    /// An IPv4 address alone.
    Ipv4,
    /// An IPv6 address alone.
    Ipv6,
    /// An address, with or without a port.
    Upstream,
    /// A whole domain name.
    Domain,
    /// The owner of records: a name of the lab's domain, `@` for the domain itself, whole with a dot at its end; `*` can be its
    /// first label.
    Owner,
    /// A name that is led to: as an owner, without `*`.
    Target,
    /// A name that has trouble: as a target, or `*` for all names.
    Troubled,
    /// A text of a TXT record.
    Txt,
    /// Priority, weight, port and target of an SRV record.
    Srv,
    /// Preference and target of an MX record.
    Mx,
}

impl Format {
    /// Every form.
    pub const ALL: &'static [Self] = &[
        Self::Comment,
        Self::Name,
        Self::Interface,
        Self::CableEnd,
        Self::Address,
        Self::Subnet,
        Self::Mac,
        Self::Duration,
        Self::TimeToLive,
        Self::Lateness,
        Self::Gateway,
        Self::NextHop,
        Self::Destination,
        Self::NodeOrAddress,
        Self::Ipv4,
        Self::Ipv6,
        Self::Upstream,
        Self::Domain,
        Self::Owner,
        Self::Target,
        Self::Troubled,
        Self::Txt,
        Self::Srv,
        Self::Mx,
    ];

    /// The name of the form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::Name => "name",
            Self::Interface => "interface",
            Self::CableEnd => "cable-end",
            Self::Address => "address",
            Self::Subnet => "subnet",
            Self::Mac => "mac",
            Self::Duration => "duration",
            Self::TimeToLive => "time-to-live",
            Self::Lateness => "lateness",
            Self::Gateway => "gateway",
            Self::NextHop => "next-hop",
            Self::Destination => "destination",
            Self::NodeOrAddress => "node-or-address",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Upstream => "upstream",
            Self::Domain => "domain",
            Self::Owner => "owner",
            Self::Target => "target",
            Self::Troubled => "troubled",
            Self::Txt => "txt",
            Self::Srv => "srv",
            Self::Mx => "mx",
        }
    }

    /// A value that has the form.
    #[must_use]
    pub fn example(self) -> &'static str {
        match self {
            Self::Comment => "the shop floor",
            Self::Name => "web",
            Self::Interface => "eth0",
            Self::CableEnd => "red.veth-red",
            Self::Address => "192.168.1.11",
            Self::Subnet => "192.168.1.0/24",
            Self::Mac => "02:00:00:00:00:09",
            Self::Duration => "300s",
            Self::TimeToLive => "60s",
            Self::Lateness => "800ms",
            Self::Gateway => "gw",
            Self::NextHop => "192.168.1.1",
            Self::Destination => "192.168.2.0/24",
            Self::NodeOrAddress => "web1",
            Self::Ipv4 => "10.9.9.9",
            Self::Ipv6 => "fd00::9",
            Self::Upstream => "10.0.0.2:5353",
            Self::Domain => "office.test",
            Self::Owner => "_http._tcp",
            Self::Target => "web1",
            Self::Troubled => "db",
            Self::Txt => "v=spf1 -all",
            Self::Srv => "0 5 80 web1",
            Self::Mx => "10 mail",
        }
    }
}

/// Every key of the file, in the order in which they are explained. A key that stands in several tables with one meaning is
/// there once.
#[must_use]
pub fn keys() -> &'static [Key] {
    KEYS
}

/// The codes that `allow` takes.
pub(crate) fn allowable_codes() -> impl Iterator<Item = &'static str> {
    Code::ALL.iter().filter(|code| code.is_allowable()).map(|code| code.as_str())
}
