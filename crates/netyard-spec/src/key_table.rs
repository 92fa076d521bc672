//! The keys of the file: flat data, and nothing that decides.

use crate::key::Format::{
    Address, CableEnd, Comment, Destination, Domain, Duration, Gateway, Interface, Ipv4, Ipv6, Lateness, Mac,
    Mx, Name, NextHop, NodeOrAddress, Owner, Srv, Subnet, Target, TimeToLive, Troubled, Txt, Upstream,
};
use crate::key::Shape::{
    Boolean, Codes, Exactly, Integer, List, Named, NamedOrWord, One, OneOrMore, Settings, Text, Word,
};
use crate::key::{Key, Shape, Table};

/// `mtu`, in bytes: what veth takes (`ETH_MIN_MTU` and `ETH_MAX_MTU`, include/uapi/linux/if_ether.h).
pub(crate) const MTU: (u32, u32) = (68, 65_535);
/// `count`: a guard against slips; far above what a machine holds.
pub(crate) const COUNT: (u32, u32) = (1, 65_535);
/// `priority` of a bridge (IEEE 802.1D: 16 bits).
pub(crate) const PRIORITY: (u16, u16) = (0, u16::MAX);
/// `metric` of a route (`RTA_PRIORITY`: 32 bits).
pub(crate) const METRIC: (u32, u32) = (0, u32::MAX);
/// `names.by`.
pub(crate) const NAMES_BY: &[&str] = &["dns", "hosts", "none"];
/// What `trouble` can answer in place of the right answer.
pub(crate) const BAD_ANSWERS: &[&str] = &["servfail", "nxdomain", "drop", "truncate"];
/// `routing` of a router.
pub(crate) const ROUTING: &[&str] = &["static", "none"];
/// `neighbours` of a switch.
pub(crate) const NEIGHBOURS: &[&str] = &["learned", "static"];
/// `type` of a route (ip-route(8)).
pub(crate) const ROUTE_TYPES: &[&str] = &["blackhole", "unreachable", "prohibit"];

const NAMES_AND_VIEWS: &[Table] = &[Table::Names, Table::View];
const NODES: &[Table] = &[Table::Switch, Table::Host, Table::Router];
const STATIONS: &[Table] = &[Table::Host, Table::Router];

const fn key(name: &'static str, tables: &'static [Table], shape: Shape, doc: &'static str) -> Key {
    Key { name, tables, shape, required: false, doc }
}

const fn required(name: &'static str, tables: &'static [Table], shape: Shape, doc: &'static str) -> Key {
    Key { name, tables, shape, required: true, doc }
}

pub(crate) const KEYS: &[Key] = &[
    // The top of the file.
    key("name", &[Table::File], Text(Name), "The name of the lab; by default that of the file's folder."),
    key("allow", &[Table::File], Codes, "Mistakes that are made on purpose, by their codes."),
    key("names", &[Table::File], One(Table::Names), "How nodes find each other's names."),
    key("switch", &[Table::File], Named(Name, Table::Switch), "Switches by name: each is a bridge."),
    key(
        "host",
        &[Table::File],
        Named(Name, Table::Host),
        "Hosts by name: each is a network namespace of its own.",
    ),
    key(
        "router",
        &[Table::File],
        Named(Name, Table::Router),
        "Routers by name: they forward IPv4 and IPv6 between their ports.",
    ),
    key("cable", &[Table::File], List(Table::Cable), "Cables straight between two nodes."),
    key(
        "by",
        &[Table::Names],
        Word(NAMES_BY),
        "`dns` (the default) has a name server, `hosts` keeps a hosts file on every node, `none` does nothing.",
    ),
    key(
        "domain",
        &[Table::Names],
        Text(Domain),
        "The domain of the names; by default the lab's name and `.test`.",
    ),
    key(
        "ttl",
        &[Table::Names],
        Text(TimeToLive),
        "How long a resolver may keep an answer: whole seconds, by default `60s`.",
    ),
    key(
        "server",
        &[Table::Names],
        OneOrMore(Name),
        "The nodes that are name servers; by default every node has the server on its own loopback.",
    ),
    key(
        "forward",
        &[Table::Names],
        OneOrMore(Upstream),
        "The servers that are asked for names of other domains; by default such questions are refused.",
    ),
    key(
        "wildcard",
        &[Table::Names],
        OneOrMore(NodeOrAddress),
        "The node, or the addresses, that every name of the domain leads to that nobody has.",
    ),
    key(
        "records",
        NAMES_AND_VIEWS,
        Named(Owner, Table::Records),
        "Further records by the names that own them; `@` is the domain itself. In a view they replace all others of the name.",
    ),
    key(
        "view",
        &[Table::Names],
        Named(Name, Table::View),
        "What some nodes are answered in place of what all others are, by the names of the views.",
    ),
    key(
        "trouble",
        NAMES_AND_VIEWS,
        NamedOrWord(Troubled, Table::Trouble, BAD_ANSWERS),
        "What goes wrong on purpose, by the names that are asked for; `*` is for all of them.",
    ),
    required("nodes", &[Table::View], OneOrMore(Name), "The hosts and routers that have the view."),
    // Records.
    key("A", &[Table::Records], OneOrMore(Ipv4), "IPv4 addresses."),
    key("AAAA", &[Table::Records], OneOrMore(Ipv6), "IPv6 addresses."),
    key("CNAME", &[Table::Records], Text(Target), "The name that this is another name of; it stands alone."),
    key("TXT", &[Table::Records], OneOrMore(Txt), "Texts."),
    key(
        "SRV",
        &[Table::Records],
        OneOrMore(Srv),
        "Where a service is: priority, weight, port and host, like `0 5 80 web1`.",
    ),
    key("MX", &[Table::Records], OneOrMore(Mx), "Where mail goes: preference and host, like `10 mail`."),
    key(
        "ttl",
        &[Table::Records],
        Text(TimeToLive),
        "How long a resolver may keep the records of the name: whole seconds.",
    ),
    // Trouble.
    key("slow", &[Table::Trouble], Text(Lateness), "How much later the answer comes: `1ms` to `60s`."),
    key(
        "answer",
        &[Table::Trouble],
        Word(BAD_ANSWERS),
        "`servfail` and `nxdomain` answer wrongly, `drop` not at all, `truncate` says over UDP to ask by TCP.",
    ),
    // Segments.
    key(
        "subnet",
        &[Table::Switch, Table::Cable],
        OneOrMore(Subnet),
        "The ranges of addresses used there, IPv4 and IPv6.",
    ),
    required(
        "between",
        &[Table::Cable],
        Exactly(2, CableEnd),
        "Its two ends: `node`, or `node.interface` to name the interface.",
    ),
    key(
        "stp",
        &[Table::Switch],
        Boolean,
        "Whether it takes part in the spanning tree; needed in a loop of switches.",
    ),
    key(
        "priority",
        &[Table::Switch],
        Integer(PRIORITY.0 as i64, PRIORITY.1 as i64),
        "Its priority in the spanning tree: the lowest is the root.",
    ),
    key(
        "ageing",
        &[Table::Switch],
        Text(Duration),
        "How long it remembers where an Ethernet address is: `300s`.",
    ),
    key(
        "neighbours",
        &[Table::Switch],
        Word(NEIGHBOURS),
        "`static` writes permanent neighbour entries in place of ARP and neighbour discovery, for large segments.",
    ),
    // Hosts and routers.
    key(
        "count",
        &[Table::Host],
        Integer(COUNT.0 as i64, COUNT.1 as i64),
        "This many of them, numbered from 1: `web` becomes `web1`, `web2`, …",
    ),
    key("on", STATIONS, OneOrMore(Name), "The switch of `eth0`; a list makes `eth0`, `eth1`, …"),
    key("on", &[Table::Port], Text(Name), "The switch that the port is on."),
    key(
        "address",
        STATIONS,
        OneOrMore(Address),
        "The addresses of `eth0`, with or without a length; by default the next free ones, with `[]` none.",
    ),
    key(
        "address",
        &[Table::Port],
        OneOrMore(Address),
        "Its addresses, with or without a length; by default the next free ones, with `[]` none.",
    ),
    key(
        "mac",
        STATIONS,
        Text(Mac),
        "The Ethernet address of `eth0`; by default made from lab, node and port.",
    ),
    key(
        "mac",
        &[Table::Switch, Table::Port],
        Text(Mac),
        "Its Ethernet address; by default made from lab, node and port.",
    ),
    key("mtu", STATIONS, Integer(MTU.0 as i64, MTU.1 as i64), "The largest packet of `eth0`, in bytes."),
    key(
        "mtu",
        &[Table::Switch],
        Integer(MTU.0 as i64, MTU.1 as i64),
        "The largest packet, in bytes, of the bridge and of every port on it.",
    ),
    key("mtu", &[Table::Port], Integer(MTU.0 as i64, MTU.1 as i64), "Its largest packet, in bytes."),
    key(
        "mtu",
        &[Table::Cable],
        Integer(MTU.0 as i64, MTU.1 as i64),
        "The largest packet of both ends, in bytes.",
    ),
    key("ports", STATIONS, Named(Interface, Table::Port), "Ports by the names of their interfaces."),
    key("aliases", STATIONS, OneOrMore(Name), "Further names."),
    key(
        "gateway",
        STATIONS,
        OneOrMore(Gateway),
        "The default gateway: a router, an address or `none`; by default the only router on its segments.",
    ),
    key("routes", STATIONS, List(Table::Route), "Further routes."),
    key(
        "routing",
        &[Table::Router],
        Word(ROUTING),
        "`static` (the default) writes shortest-path routes to all subnets, `none` leaves routes to you.",
    ),
    // Routes.
    required("to", &[Table::Route], Text(Destination), "Where to: a range of addresses, or `default`."),
    key(
        "via",
        &[Table::Route],
        OneOrMore(NextHop),
        "The next hop, by router or by address; several share the load.",
    ),
    key("dev", &[Table::Route], Text(Interface), "The interface; alone, the range is reached directly."),
    key(
        "type",
        &[Table::Route],
        Word(ROUTE_TYPES),
        "Drops the packets (`blackhole`) or refuses them (`unreachable`, `prohibit`).",
    ),
    key(
        "metric",
        &[Table::Route],
        Integer(METRIC.0 as i64, METRIC.1 as i64),
        "Of routes to one range, the one with the lowest metric is taken.",
    ),
    // Everywhere.
    key("sysctl", NODES, Settings, "Network settings of the kernel, by their names of sysctl(8)."),
    key(
        "sysctl",
        &[Table::Port],
        Settings,
        "Network settings of the kernel; `ipv4.NAME` and `ipv6.NAME` are those of this interface.",
    ),
    key(
        "comment",
        &[Table::File, Table::Switch, Table::Host, Table::Router, Table::Port, Table::Route, Table::Cable],
        Text(Comment),
        "A note for people.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys;

    #[test]
    fn a_table_has_a_key_once() {
        for table in Table::ALL {
            for key in table.keys() {
                assert_eq!(table.keys().filter(|k| k.name == key.name).count(), 1, "{} {table}", key.name);
            }
        }
    }

    #[test]
    fn every_key_is_explained_in_one_line() {
        for key in keys() {
            assert!(key.doc.ends_with(['.', '…', '`']) && !key.doc.contains('\n'), "{}", key.name);
            assert!(!key.tables.is_empty(), "{}", key.name);
        }
    }
}
