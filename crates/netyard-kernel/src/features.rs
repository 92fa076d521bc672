//! What this kernel can do, as far as a network's description depends on it.

use std::path::Path;

use netyard_types::Features;

/// Reads off the namespace of the calling thread what the kernel offers.
#[must_use]
pub fn features() -> Features {
    let net = Path::new("/proc/sys/net");
    Features {
        // With `ipv6.disable=1` at boot the directory is there, but empty.
        ipv6: net.join("ipv6/conf/all/disable_ipv6").exists(),
        bridge_netfilter: net.join("bridge/bridge-nf-call-iptables").exists(),
    }
}
