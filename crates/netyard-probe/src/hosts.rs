//! The hosts file (hosts(5)), read from its text. Which file that is, and reading it, is the caller's.

use std::net::IpAddr;

/// The addresses that a hosts file gives to `name`, in the order of the file, each once. Names are compared without regard to
/// case. Lines that are no hosts lines are passed over, as the C library does.
///
/// ```
/// let hosts = "192.168.1.11 b db # the database\nfd00::b b\n";
/// assert_eq!(netyard_probe::lookup(hosts, "DB"), ["192.168.1.11".parse::<std::net::IpAddr>().unwrap()]);
/// assert_eq!(netyard_probe::lookup(hosts, "b").len(), 2);
/// ```
#[must_use]
pub fn lookup(hosts: &str, name: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    for (addr, mut names) in entries(hosts) {
        if names.any(|known| known.eq_ignore_ascii_case(name)) && !found.contains(&addr) {
            found.push(addr);
        }
    }
    found
}

/// Every name of a hosts file, in the order of the file, each once.
#[must_use]
pub fn names(hosts: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for name in entries(hosts).flat_map(|(_, names)| names) {
        if seen.insert(name) {
            found.push(name.to_owned());
        }
    }
    found
}

/// The lines that have an address, and the names of each.
fn entries(hosts: &str) -> impl Iterator<Item = (IpAddr, impl Iterator<Item = &str>)> {
    hosts.lines().filter_map(|line| {
        let (line, _comment) = line.split_once('#').unwrap_or((line, ""));
        let mut fields = line.split_ascii_whitespace();
        let addr = fields.next()?.parse().ok()?;
        Some((addr, fields))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOSTS: &str = "\
# made by hand
127.0.0.1\tlocalhost
::1 localhost ip6-localhost
192.168.1.11  b  DB   # the database, not web

  192.168.1.12 web
#192.168.1.13 off
192.168.1.12 web www
fd00::11 b
not-an-address web
192.168.1.14
";

    fn found(name: &str) -> Vec<String> {
        lookup(HOSTS, name).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_address_of_a_name_is_found_in_file_order() {
        assert_eq!(found("b"), ["192.168.1.11", "fd00::11"]);
        assert_eq!(found("localhost"), ["127.0.0.1", "::1"]);
    }

    #[test]
    fn aliases_and_case_count_as_the_name() {
        assert_eq!(found("db"), ["192.168.1.11"]);
        assert_eq!(found("WWW"), ["192.168.1.12"]);
    }

    #[test]
    fn an_address_given_twice_is_found_once() {
        assert_eq!(found("web"), ["192.168.1.12"]);
    }

    #[test]
    fn comments_and_addresses_are_no_names() {
        for name in ["off", "not", "database,", "192.168.1.14", "", "#", "nobody"] {
            assert!(found(name).is_empty(), "{name:?}");
        }
    }

    #[test]
    fn all_names_are_told_for_a_suggestion() {
        assert_eq!(names(HOSTS), ["localhost", "ip6-localhost", "b", "DB", "web", "www"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(hosts: String, name: String) {
            let _ = lookup(&hosts, &name);
            let _ = names(&hosts);
        }
    }
}
