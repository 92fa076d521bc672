//! Switches in a ring.

use netyard_plan::{Kernel, Scope};
use netyard_types::{Bridge, PortState};

use crate::network::{Wanted, exchange};
use crate::sandbox::kernel;

sandboxed! {
    fn a_ring_of_switches_blocks_one_port_and_loses_no_packet() {
        let mut kernel = kernel();
        let mut ring = Wanted::default();
        let bridge = Bridge { stp: true, hello_cs: 100, ..Bridge::default() };
        for i in 1..=3 {
            ring.switch(&format!("s{i}"), bridge);
            ring.host(&format!("h{i}"));
            ring.cable(&format!("s{i}.h"), &format!("h{i}.eth0"));
            ring.address(&format!("h{i}.eth0"), &format!("10.0.0.{i}/24"));
            ring.address(&format!("h{i}.eth0"), &format!("fd00::{i}/64"));
        }
        for (near, far) in [("s1.r2", "s2.r1"), ("s2.r3", "s3.r2"), ("s3.r1", "s1.r3")] {
            ring.cable(near, far);
        }
        ring.build(&mut kernel);
        ring.settle(&mut kernel);
        for (from, to) in [(1, 2), (2, 3), (3, 1)] {
            exchange(&mut kernel, &format!("h{from}"), &format!("h{to}"), &format!("fd00::{to}")).unwrap();
            exchange(&mut kernel, &format!("h{from}"), &format!("h{to}"), &format!("10.0.0.{to}")).unwrap();
        }
        let state = kernel.observe(&Scope::default()).unwrap();
        let ports = state.nodes.values().flat_map(|node| node.links.values()).filter_map(|link| link.port_state);
        let ports: Vec<_> = ports.collect();
        assert_eq!(ports.iter().filter(|port| **port == PortState::Blocking).count(), 1, "{ports:?}");
        assert_eq!(ports.iter().filter(|port| **port == PortState::Forwarding).count(), 8, "{ports:?}");
    }

    fn what_does_not_get_ready_in_time_is_named() {
        let mut kernel = kernel();
        let mut wanted = Wanted::default();
        wanted.switch("s", Bridge { stp: true, ..Bridge::default() });
        wanted.host("h");
        wanted.cable("s.h", "h.eth0");
        wanted.build(&mut kernel);
        let error = kernel.settle(&wanted.0, std::time::Instant::now(), &mut |_, _| {}).unwrap_err();
        let netyard_kernel::SettleError::Late { pending } = error else { panic!("{error:?}") };
        assert!(pending.iter().any(|(at, _)| at.to_string() == "s.h"), "{pending:?}");
    }
}
