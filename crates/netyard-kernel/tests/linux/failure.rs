//! Steps that fail.

use std::error::Error;

use netyard_kernel::{KernelError, Object, Paths};
use netyard_plan::{ApplyError, Kernel, Phase, RolledBack, Scope, Step, apply, diff, owned};
use netyard_types::{IfAddr, NetState, NodeKind};
use nix::errno::Errno;

use crate::network::{Wanted, link, name, office, prefix};
use crate::sandbox::{kernel, paths};

fn steps(observed: &NetState, desired: &NetState) -> Vec<Step> {
    diff(observed, desired).steps.into_iter().map(|planned| planned.step).collect()
}

sandboxed! {
    fn the_step_that_fails_in_a_batch_is_named() {
        let mut kernel = kernel();
        let mut steps = steps(&NetState::default(), &office().0);
        let twice = steps.iter().position(|step| matches!(step, Step::AddAddress { .. })).unwrap() + 2;
        let Step::AddAddress { node, link, .. } = steps[twice].clone() else { panic!("{:?}", steps[twice]) };
        // The same address as the step before adds: the kernel has it already.
        steps[twice] = steps[twice - 1].clone();
        let bad = IfAddr::netyard("192.168.1.10".parse().unwrap(), 24);
        steps.insert(twice + 1, Step::AddAddress { node, link, addr: bad });
        let error = kernel.execute(&steps, &mut |_| {}).unwrap_err();
        assert_eq!(error.step, twice, "{error:?}");
        match &error.source {
            KernelError::Refused { node, object, source } => {
                assert_eq!((Some(node), &**object), (steps[twice].node(), &Object::of(&steps[twice])));
                assert_eq!(source.errno, Errno::EEXIST);
            }
            other => panic!("{other:?}"),
        }
        assert!(!error.done[twice]);
        assert!(error.done[twice - 1]);
        assert!(error.done[..twice - 2].iter().all(|done| *done), "{:?}", error.done);
    }

    fn the_words_of_the_kernel_are_kept() {
        let mut kernel = kernel();
        let mut wanted = Wanted::default();
        wanted.host("a");
        wanted.cable("a.x", "a.y");
        wanted.build(&mut kernel);
        wanted.route("a", "10.0.0.0/8", &["192.0.2.1 x"]);
        let steps = steps(&kernel.observe(&Scope::default()).unwrap(), &wanted.0);
        let error = kernel.execute(&steps, &mut |_| {}).unwrap_err();
        let KernelError::Refused { source, object, .. } = &error.source else { panic!("{error:?}") };
        assert_eq!(**object, Object::Route(prefix("10.0.0.0/8")));
        assert!(source.message.as_ref().is_some_and(|message| message.contains("gateway")), "{source:?}");
        assert_eq!(error.source.source().unwrap().to_string(), source.to_string());
    }

    fn a_failed_step_leaves_the_network_as_it_was() {
        let mut kernel = kernel();
        let office = office();
        office.build(&mut kernel);
        let before = kernel.observe(&Scope::default()).unwrap();
        let mut wanted = office.clone();
        wanted.0.nodes.remove(&name("c"));
        wanted.state("gw").links.remove("dmz0");
        wanted.host("d");
        wanted.cable("lan.d", "d.eth0");
        wanted.address("d.eth0", "192.168.1.12/24");
        // Nothing reaches this router, and the kernel says so.
        wanted.route("d", "0.0.0.0/0", &["203.0.113.1 eth0"]);
        let error = apply(&mut kernel, &wanted.0, &mut |_| {}).unwrap_err();
        let ApplyError::Step { rolled_back, .. } = error else { panic!("{error}") };
        assert!(matches!(*rolled_back, RolledBack::Restored), "{rolled_back:?}");
        assert_eq!(owned(&kernel.observe(&Scope::default()).unwrap()), owned(&before));
    }

    fn what_is_not_there_is_said_without_asking_the_kernel() {
        let mut kernel = kernel();
        let mut wanted = Wanted::default();
        wanted.host("a");
        wanted.build(&mut kernel);
        let addr = IfAddr::netyard("10.0.0.1".parse().unwrap(), 8);
        let step = |node: &str, port: &str| Step::AddAddress { node: name(node), link: link(port), addr };
        let error = kernel.execute(&[step("a", "lo"), step("a", "eth9"), step("b", "lo")], &mut |_| {}).unwrap_err();
        assert_eq!(error.step, 1);
        assert!(matches!(error.source, KernelError::NoSuchLink { .. }), "{error:?}");
        let error = kernel.execute(&[Step::DeleteNode { node: name("b") }], &mut |_| {}).unwrap_err();
        assert!(matches!(error.source, KernelError::NoSuchNode { .. }), "{error:?}");
        let again = Step::AddNode { node: name("a"), kind: NodeKind::Host };
        let error = kernel.execute(&[again], &mut |_| {}).unwrap_err();
        assert!(matches!(error.source, KernelError::NodeExists { .. }), "{error:?}");
    }

    fn a_setting_that_is_refused_is_not_remembered() {
        let mut kernel = kernel();
        let mut wanted = Wanted::default();
        wanted.host("a");
        wanted.build(&mut kernel);
        let before = owned(&kernel.observe(&Scope::default()).unwrap());
        for (key, value) in [("net/ipv4/ip_forward", "maybe"), ("net/ipv4/no_such_thing", "1")] {
            let mut wanted = wanted.clone();
            wanted.state("a").sysctls.insert(crate::network::key(key), value.into());
            let error = kernel.execute(&steps(&before, &wanted.0), &mut |_| {}).unwrap_err();
            assert!(matches!(error.source, KernelError::Sysctl { .. }), "{error:?}");
            assert_eq!(owned(&kernel.observe(&Scope::default()).unwrap()), before);
        }
    }

    fn a_build_that_was_killed_is_finished_by_the_next() {
        let office = office();
        let all = steps(&NetState::default(), &office.0);
        let mut phases: Vec<Phase> = all.iter().map(Step::phase).collect();
        phases.dedup();
        for phase in phases {
            let mut kernel = kernel();
            let some: Vec<_> = all.iter().take_while(|step| step.phase() <= phase).cloned().collect();
            kernel.execute(&some[..some.len() - 1], &mut |_| {}).unwrap();
            // Another process comes, which knows nothing of the first.
            let mut kernel = crate::sandbox::kernel();
            office.build(&mut kernel);
            Wanted::default().build(&mut kernel);
        }
        // Killed between making the file and binding to it.
        let Paths { namespaces, .. } = paths();
        std::fs::write(namespaces.join("a"), "").unwrap();
        office.build(&mut kernel());
    }

    fn a_node_goes_although_a_process_is_in_it() {
        let mut kernel = kernel();
        let office = office();
        office.build(&mut kernel);
        // A socket holds the namespace as a process would.
        let _held = kernel.with_node(&name("c"), || std::net::UdpSocket::bind("0.0.0.0:0")).unwrap().unwrap();
        let mut wanted = office.clone();
        wanted.0.nodes.remove(&name("c"));
        wanted.state("gw").links.remove("dmz0");
        wanted.build(&mut kernel);
        // Its cable can be plugged into something else at once.
        office.build(&mut kernel);
    }
}
