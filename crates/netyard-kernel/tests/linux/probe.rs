//! Probes and features.

use netyard_kernel::{features, probe};

sandboxed! {
    fn what_netyard_needs_is_there() {
        // Every other test of this program builds a network, so the kernel has what that takes.
        let probes = probe().unwrap();
        for probe in &probes {
            println!("{:22} {:30} {:?}", probe.name, probe.option, probe.result);
            assert!(!probe.needed || probe.result.is_ok(), "{probe:?}");
            assert!(probe.option.starts_with("CONFIG_"));
        }
        assert!(probes.iter().any(|probe| probe.needed));
        assert_eq!(probes.len(), 18);
        // A kernel that lacks a thing says that it does not know it, and not that the request was wrong.
        for probe in probes.iter().filter(|probe| probe.result.is_err()) {
            assert_ne!(probe.result, Err(nix::errno::Errno::EINVAL), "{probe:?}");
        }
    }

    fn features_are_those_of_the_namespace() {
        let found = features();
        let exists = |path: &str| std::path::Path::new("/proc/sys/net").join(path).exists();
        assert_eq!(found.ipv6, exists("ipv6/conf/lo/disable_ipv6"));
        assert_eq!(found.bridge_netfilter, exists("bridge/bridge-nf-call-arptables"));
    }
}
