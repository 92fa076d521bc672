//! The words of ip(8) and bridge(8) for parts of a network, safe to paste into a shell. Read by people and by `sh` alike.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use netyard_types::{
    Bridge, FdbEntry, FdbState, IfName, MAIN_TABLE, Neighbour, NextHop, Origin, Prefix, Route, RouteKind,
};

use crate::{CableEnd, LinkChange};

/// `text` as one word of the shell: as it is if that is safe, else in single quotes.
pub(crate) fn quote(text: &str) -> Cow<'_, str> {
    let safe = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b':' | b'+' | b'@' | b'%' | b'=')
    };
    if !text.is_empty() && text.bytes().all(safe) {
        return Cow::Borrowed(text);
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for c in text.chars() {
        if c == '\'' { quoted.push_str("'\\''") } else { quoted.push(c) }
    }
    quoted.push('\'');
    Cow::Owned(quoted)
}

/// The name of an interface as one word of the shell.
pub(crate) fn dev(name: &IfName) -> Cow<'_, str> {
    quote(name.as_str())
}

/// What ip(8) calls a range as the target of a route.
pub(crate) struct Target<'a>(pub(crate) &'a Prefix);

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_default() { f.write_str("default") } else { self.0.fmt(f) }
    }
}

/// The settings of a bridge, in the words of ip-link(8).
pub(crate) struct BridgeWords<'a>(pub(crate) &'a Bridge);

impl fmt::Display for BridgeWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let b = self.0;
        write!(
            f,
            "stp_state {} ageing_time {} forward_delay {} hello_time {} priority {}",
            u8::from(b.stp),
            b.ageing_cs,
            b.forward_delay_cs,
            b.hello_cs,
            b.priority
        )
    }
}

impl fmt::Display for LinkChange {
    /// The words that follow `ip link set dev NAME`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Up(true) => f.write_str("up"),
            Self::Up(false) => f.write_str("down"),
            Self::Mtu(mtu) => write!(f, "mtu {mtu}"),
            Self::Mac(mac) => write!(f, "address {mac}"),
            Self::Master(Some(master)) => write!(f, "master {}", dev(master)),
            Self::Master(None) => f.write_str("nomaster"),
            Self::Bridge(bridge) => write!(f, "type bridge {}", BridgeWords(bridge)),
            Self::Group(group) => write!(f, "group {group}"),
        }
    }
}

/// The Ethernet address and the MTU of a cable's end.
pub(crate) struct EndWords<'a>(pub(crate) &'a CableEnd);

impl fmt::Display for EndWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "address {} mtu {}", self.0.mac, self.0.mtu)
    }
}

/// The words of a route behind its target: `via 10.0.0.1 dev eth0 metric 5`.
pub(crate) struct RouteWords<'a> {
    pub(crate) route: &'a Route,
    /// Whether to say whose it is, as ip(8) is to be told.
    pub(crate) with_protocol: bool,
}

impl RouteWords<'_> {
    fn hop(hop: &NextHop, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(via) = hop.via {
            write!(f, " via {via}")?;
        }
        write!(f, " dev {}", dev(&hop.dev))
    }

    fn properties(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let route = self.route;
        if let Some(src) = route.src {
            write!(f, " src {src}")?;
        }
        if route.metric != Route::default_metric(&route.to) {
            write!(f, " metric {}", route.metric)?;
        }
        if route.table != MAIN_TABLE {
            write!(f, " table {}", route.table)?;
        }
        if self.with_protocol {
            write!(f, " proto {}", protocol(route.origin))?;
        }
        Ok(())
    }
}

impl fmt::Display for RouteWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let onlink = |hop: &NextHop| if hop.onlink { " onlink" } else { "" };
        let hops = match &self.route.kind {
            RouteKind::Unicast(hops) => hops.as_slice(),
            _ => &[],
        };
        if let [hop] = hops {
            Self::hop(hop, f)?;
            f.write_str(onlink(hop))?;
            return self.properties(f);
        }
        // Behind the first `nexthop`, ip(8) reads nothing but next hops.
        self.properties(f)?;
        for hop in hops {
            f.write_str(" nexthop")?;
            Self::hop(hop, f)?;
            write!(f, " weight {}{}", hop.weight, onlink(hop))?;
        }
        Ok(())
    }
}

/// The word that stands before the target of a route that is none of the usual kind, with a space behind it.
pub(crate) struct KindWord<'a>(pub(crate) &'a RouteKind);

impl fmt::Display for KindWord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            RouteKind::Unicast(_) => Ok(()),
            RouteKind::Blackhole => f.write_str("blackhole "),
            RouteKind::Unreachable => f.write_str("unreachable "),
            RouteKind::Prohibit => f.write_str("prohibit "),
            // The rest of RTN_* in rtnetlink(7) that ip(8) has words for.
            RouteKind::Other(2) => f.write_str("local "),
            RouteKind::Other(3) => f.write_str("broadcast "),
            RouteKind::Other(4) => f.write_str("anycast "),
            RouteKind::Other(5) => f.write_str("multicast "),
            RouteKind::Other(9) => f.write_str("throw "),
            RouteKind::Other(number) => write!(f, "{number} "),
        }
    }
}

/// A whole route, as people write it.
pub(crate) struct WholeRoute<'a>(pub(crate) &'a Route);

impl fmt::Display for WholeRoute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = RouteWords { route: self.0, with_protocol: false };
        write!(f, "{}{}{words}", KindWord(&self.0.kind), Target(&self.0.to))
    }
}

/// A neighbour entry: `10.0.0.1 lladdr 02:… dev eth0`.
pub(crate) struct NeighbourWords<'a>(pub(crate) &'a Neighbour);

impl fmt::Display for NeighbourWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.addr)?;
        if let Some(mac) = self.0.mac {
            write!(f, " lladdr {mac}")?;
        }
        write!(f, " dev {}", dev(&self.0.dev))
    }
}

/// A forwarding entry, in the words of bridge(8): `02:… dev port master`.
pub(crate) struct FdbWords<'a>(pub(crate) &'a FdbEntry);

impl fmt::Display for FdbWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = self.0;
        // An entry of the bridge itself has no port.
        let place = if entry.dev == entry.bridge { "self" } else { "master" };
        write!(f, "{} dev {} {place}", entry.mac, dev(&entry.dev))
    }
}

/// The word of bridge(8) for an entry that is added.
pub(crate) fn fdb_state(state: FdbState) -> &'static str {
    match state {
        FdbState::Learned => "dynamic",
        FdbState::Static => "static",
        FdbState::Permanent => "permanent",
    }
}

/// The number by which rtnetlink(7) names who put a thing there.
pub(crate) fn protocol(origin: Origin) -> u8 {
    match origin {
        Origin::Netyard => Origin::PROTOCOL,
        // RTPROT_KERNEL
        Origin::Kernel => 2,
        Origin::Other(number) => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_shell_would_read_is_quoted() {
        assert_eq!(quote("veth-red.5"), "veth-red.5");
        assert_eq!(quote("$(id)"), "'$(id)'");
        assert_eq!(quote("a'b"), "'a'\\''b'");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("é"), "'é'");
    }
}
