//! The names of a lab, ready for answering.

use alloc::sync::Arc;
use core::net::IpAddr;

use netyard_types::{Names, NodeName};

/// The names of a lab, ready for answering. Never changes: a change is another value.
#[derive(Debug)]
pub struct Zones {
    names: Arc<Names>,
    serial: u32,
}

impl Zones {
    /// Prepares `names`. `serial` is the serial number of all zones (RFC 1035 §3.3.13).
    #[must_use]
    pub fn new(names: Arc<Names>, serial: u32) -> Self {
        Self { names, serial }
    }

    /// What it was made from.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The serial number of all zones.
    #[must_use]
    pub fn serial(&self) -> u32 {
        self.serial
    }

    /// The node that has an address.
    #[must_use]
    pub fn client(&self, addr: IpAddr) -> Option<&NodeName> {
        self.names.clients.get(&addr)
    }
}
