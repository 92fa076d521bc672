//! The resolver file (resolv.conf(5)), read from its text as glibc reads it (`res_vinit_1` in resolv/res_init.c). Which file that
//! is, and reading it, is the caller's.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use netyard_types::{DomainName, IfName};

use crate::target::takes_zone;

/// The most servers that are asked (`MAXNS` in resolv.h).
const MAX_SERVERS: usize = 3;

/// The most that the options can say (`RES_MAXNDOTS`, `RES_MAXRETRANS` and `RES_MAXRETRY` in resolv.h).
const MAX_NDOTS: usize = 15;
const MAX_TIMEOUT: u64 = 30;
const MAX_ATTEMPTS: u32 = 5;

/// A name server, asked on port 53.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameServer {
    /// Its address.
    pub addr: IpAddr,
    /// The interface of the asking node on whose segment a link-local address is meant (RFC 4007 §11).
    pub zone: Option<IfName>,
}

impl NameServer {
    /// Reads an address, with a zone behind it or without.
    fn read(text: &str) -> Option<Self> {
        let (addr, zone) = match text.split_once('%') {
            Some((addr, zone)) => (addr, Some(IfName::new(zone).ok()?)),
            None => (text, None),
        };
        let addr = addr.parse().ok()?;
        (zone.is_none() || takes_zone(addr)).then_some(Self { addr, zone })
    }
}

impl From<IpAddr> for NameServer {
    fn from(addr: IpAddr) -> Self {
        Self { addr, zone: None }
    }
}

impl fmt::Display for NameServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.zone {
            Some(zone) => write!(f, "{}%{zone}", self.addr),
            None => write!(f, "{}", self.addr),
        }
    }
}

/// What a resolver file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolv {
    /// The servers in the order in which they are asked, at most three, never none.
    pub servers: Vec<NameServer>,
    /// The domains that are put behind a name, in order. `None` stands for the root: the name as it is.
    pub search: Vec<Option<DomainName>>,
    /// A name with as many dots is tried as it is before the domains are put behind it.
    pub ndots: usize,
    /// How long a server has to answer before the next one is asked.
    pub timeout: Duration,
    /// How often every server is asked; at least once.
    pub attempts: u32,
}

impl Default for Resolv {
    /// What holds without a line: the server of the node itself. A person waits for what is found out here, so that the time is
    /// 2 s in place of the 5 s of programs.
    fn default() -> Self {
        Self {
            servers: vec![NameServer::from(IpAddr::V4(Ipv4Addr::LOCALHOST))],
            search: Vec::new(),
            ndots: 1,
            timeout: Duration::from_secs(2),
            attempts: 2,
        }
    }
}

impl Resolv {
    /// Reads the text of a resolver file. Lines and options that say nothing known, or nothing for the one who only looks for
    /// addresses (`rotate`, `sortlist`), are passed over; the last of several `search` and `domain` lines counts.
    ///
    /// ```
    /// let resolv = netyard_probe::Resolv::parse("nameserver 10.0.0.1\nsearch office.test\n");
    /// assert_eq!(resolv.servers[0].to_string(), "10.0.0.1");
    /// assert_eq!(resolv.ndots, 1);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut read = Self { servers: Vec::new(), ..Self::default() };
        for line in text.lines() {
            // The keyword begins the line, and a blank or tab ends it.
            let Some((keyword, rest)) = line.split_once([' ', '\t']) else { continue };
            match keyword {
                "nameserver" => {
                    let word = rest.trim_start().split([';', '#', ' ', '\t']).next().unwrap_or_default();
                    read.servers.extend(NameServer::read(word));
                }
                "domain" => read.set_search(rest.split_ascii_whitespace().take(1)),
                "search" => read.set_search(rest.split_ascii_whitespace()),
                "options" => rest.split_ascii_whitespace().for_each(|option| read.set_option(option)),
                _ => {}
            }
        }
        read.servers.truncate(MAX_SERVERS);
        if read.servers.is_empty() {
            read.servers = Self::default().servers;
        }
        read
    }

    /// A line without a domain leaves what an earlier one said.
    fn set_search<'a>(&mut self, domains: impl Iterator<Item = &'a str>) {
        let mut domains = domains.peekable();
        if domains.peek().is_some() {
            self.search = domains.filter_map(read_domain).collect();
        }
    }

    fn set_option(&mut self, option: &str) {
        let Some((key, value)) = option.split_once(':') else { return };
        let number = read_number(value);
        match key {
            "ndots" => self.ndots = usize::from(number).min(MAX_NDOTS),
            // What is asked without any time at all is asked for a second.
            "timeout" => self.timeout = Duration::from_secs(u64::from(number).clamp(1, MAX_TIMEOUT)),
            "attempts" => self.attempts = u32::from(number).clamp(1, MAX_ATTEMPTS),
            _ => {}
        }
    }
}

fn read_domain(text: &str) -> Option<Option<DomainName>> {
    match text.strip_suffix('.').unwrap_or(text) {
        "" => Some(None),
        text => DomainName::new(text).ok().map(Some),
    }
}

/// The digits that a text begins with, as atoi(3) reads them; more than fit are as many as fit.
fn read_number(text: &str) -> u16 {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    text[..digits]
        .bytes()
        .fold(0, |number: u16, digit| number.saturating_mul(10).saturating_add(u16::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn servers(text: &str) -> Vec<String> {
        Resolv::parse(text).servers.iter().map(ToString::to_string).collect()
    }

    fn search(text: &str) -> Vec<String> {
        let text_of = |domain: Option<DomainName>| {
            domain.map_or_else(|| String::from("."), |domain| domain.to_string())
        };
        Resolv::parse(text).search.into_iter().map(text_of).collect()
    }

    #[test]
    fn three_servers_are_asked_in_order() {
        assert_eq!(
            servers(
                "nameserver 10.0.0.1\nnameserver\tfd00::1 # ours\nnameserver   10.0.0.3;x\nnameserver 10.0.0.4"
            ),
            ["10.0.0.1", "fd00::1", "10.0.0.3"]
        );
        assert_eq!(servers("nameserver 10.0.0.1 10.0.0.2\n"), ["10.0.0.1"]);
    }

    #[test]
    fn without_a_server_the_node_asks_itself() {
        for text in
            ["", "search office.test\n", "nameserver\n", "nameserver ns1\n", "# nameserver 10.0.0.1\n"]
        {
            assert_eq!(servers(text), ["127.0.0.1"], "{text:?}");
        }
    }

    #[test]
    fn a_keyword_begins_its_line() {
        assert_eq!(servers(" nameserver 10.0.0.1\n"), ["127.0.0.1"]);
        assert_eq!(servers(";nameserver 10.0.0.1\nnameserver10.0.0.2\n"), ["127.0.0.1"]);
    }

    #[test]
    fn only_a_link_local_server_has_a_zone() {
        assert_eq!(servers("nameserver fe80::1%eth0\n"), ["fe80::1%eth0"]);
        assert_eq!(servers("nameserver fd00::1%eth0\nnameserver fe80::1%\n"), ["127.0.0.1"]);
    }

    #[test]
    fn the_last_search_line_counts() {
        assert_eq!(search("search a.test b.test.\ndomain c.test d.test\n"), ["c.test"]);
        assert_eq!(search("domain c.test\nsearch a.test\tb.test.\r\n"), ["a.test", "b.test"]);
        assert_eq!(search("search a.test\nsearch \n"), ["a.test"]);
        assert_eq!(search("search . a..b\n"), ["."]);
    }

    #[test]
    fn options_have_limits() {
        let options = |text: &str| {
            let read = Resolv::parse(text);
            (read.ndots, read.timeout.as_secs(), read.attempts)
        };
        assert_eq!(options(""), (1, 2, 2));
        assert_eq!(options("options ndots:2 rotate timeout:7 attempts:3"), (2, 7, 3));
        assert_eq!(options("options ndots:99\noptions timeout:99 attempts:99999999"), (15, 30, 5));
        assert_eq!(options("options ndots:x timeout:0 attempts:0s edns0"), (0, 1, 1));
        assert_eq!(options("options timeout:3s"), (1, 3, 2));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text: String, rests: Vec<String>) {
            let keywords = ["nameserver ", "search ", "options ndots:", "options attempts:"];
            let lines = keywords.iter().cycle().zip(&rests).map(|(keyword, rest)| format!("{keyword}{rest}\n"));
            for text in [text, lines.collect()] {
                let read = Resolv::parse(&text);
                prop_assert!((1..=MAX_SERVERS).contains(&read.servers.len()) && read.attempts > 0);
                prop_assert!(read.ndots <= MAX_NDOTS && read.timeout >= Duration::from_secs(1));
            }
        }
    }
}
