//! The names of a lab, ready for answering.

use alloc::sync::Arc;
use core::net::IpAddr;

use netyard_types::{Names, NodeName};

use crate::index::Index;

/// The names of a lab, ready for answering. Never changes: a change is another value.
#[derive(Debug)]
pub struct Zones {
    pub(crate) names: Arc<Names>,
    pub(crate) serial: u32,
    pub(crate) index: Index,
}

impl Zones {
    /// Prepares `names`. `serial` is the serial number of all zones (RFC 1035 §3.3.13). A text too long for any message is left out,
    /// and so is what is in none of the zones.
    #[must_use]
    pub fn new(names: Arc<Names>, serial: u32) -> Self {
        let index = Index::new(&names, serial);
        Self { names, serial, index }
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
