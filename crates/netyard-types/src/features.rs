//! What the running kernel can do, as far as a network's description depends on it.

use serde::Serialize;

/// What the kernel offers. Found out above the wall, passed down as a value, so that the same file on the same kernel gives the
/// same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Features {
    /// IPv6 is compiled in and not switched off at boot.
    pub ipv6: bool,
    /// The bridge passes frames to netfilter (`net.bridge.bridge-nf-call-*` exists), which a switch must not do.
    pub bridge_netfilter: bool,
}

impl Features {
    /// All of it: what a description is checked against where no kernel is at hand.
    #[must_use]
    pub const fn all() -> Self {
        Self { ipv6: true, bridge_netfilter: true }
    }
}
