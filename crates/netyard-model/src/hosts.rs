//! Names by a hosts file (hosts(5)).

use alloc::string::String;
use core::fmt::Write;

use netyard_spec::HostNamesBy;

use crate::Network;
use crate::addresses::is_link_local;

impl Network {
    /// The lines that every node's hosts file has: one for each address of each host and router, in the order of the file.
    /// Link-local addresses are left out, because they mean nothing without an interface. Empty where names are not by
    /// hosts files.
    #[must_use]
    pub fn hosts_file(&self) -> String {
        let mut lines = String::new();
        if self.names_by() != HostNamesBy::Hosts {
            return lines;
        }
        for (_, node) in self.nodes() {
            let addresses = node.ports.iter().flat_map(|&port| &self[port].addresses);
            for address in addresses.filter(|address| !is_link_local(address.ip.addr)) {
                let mut line = || {
                    write!(lines, "{}\t{}", address.ip.addr, node.name)?;
                    node.aliases.iter().try_for_each(|alias| write!(lines, " {alias}"))?;
                    writeln!(lines)
                };
                line().expect("a string takes all that is written");
            }
        }
        lines
    }
}
