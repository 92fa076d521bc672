//! The laws of planning, on generated networks and without a kernel.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod network;

use network::{
    has_own_resolver, in_the_way, recipe, restorable, two_networks, with_strangers, without_kernels,
};
use netyard_plan::{
    ApplyError, Foreign, Phase, Plan, RolledBack, SimulatedKernel, Step, apply_with, diff, diff_with, owned,
    script, simulate,
};
use netyard_types::{NetState, Origin};
use proptest::prelude::*;

fn run(mut state: NetState, steps: impl IntoIterator<Item = Step>) -> NetState {
    for step in steps {
        simulate(&mut state, &step).unwrap_or_else(|error| panic!("{step}: {error}"));
    }
    state
}

fn check_order(plan: &Plan) {
    let phases: Vec<_> = plan.steps.iter().map(|planned| planned.step.phase()).collect();
    assert!(phases.is_sorted(), "{phases:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// A network is no different from itself, whoever made what in it.
    #[test]
    fn nothing_is_different_from_itself(recipe in recipe(), choice: u16) {
        let x = with_strangers(network::build(&recipe), choice);
        let plan = diff(&x, &x);
        prop_assert!(plan.is_empty(), "{:#?}", plan);
        prop_assert!(plan.moves().is_empty());
    }

    /// Nor is it where things of others go: it describes them.
    #[test]
    fn what_is_described_does_not_go(recipe in recipe(), choice: u16) {
        let x = with_strangers(network::build(&recipe), choice);
        let plan = diff_with(&x, &x, Foreign::Remove);
        prop_assert!(plan.is_empty(), "{:#?}", plan);
    }

    /// Where things of others go, the plan leads to the network described and nothing else, and the inverses lead back.
    #[test]
    fn the_rest_goes((o, d) in two_networks(), choice: u16) {
        let o = in_the_way(with_strangers(o, choice), &d, choice);
        let plan = diff_with(&o, &d, Foreign::Remove);
        check_order(&plan);
        prop_assert_eq!(&plan.conflicts, &[]);
        let reached = run(o.clone(), plan.bare_steps());
        prop_assert_eq!(without_kernels(&reached), d.clone());
        prop_assert!(diff_with(&reached, &d, Foreign::Remove).is_empty());
        let back = run(reached, plan.undo());
        prop_assert_eq!(restorable(&back), restorable(&o));
    }

    /// What cannot be put back is said to be so, and goes last.
    #[test]
    fn what_goes_for_good_goes_last((o, d) in two_networks(), choice: u16) {
        let o = in_the_way(with_strangers(o, choice), &d, choice);
        for planned in diff_with(&o, &d, Foreign::Remove).steps {
            let is_last = planned.step.phase() == Phase::Discard;
            prop_assert!(!is_last || planned.undo.is_empty());
            prop_assert!(!is_last || planned.reason.is_for_good(), "{}", planned.reason);
            prop_assert!(!planned.undo.is_empty() || planned.reason.is_for_good(), "{}", planned.step);
        }
    }

    /// The plan leads to the network described.
    #[test]
    fn the_plan_leads_there((o, d) in two_networks(), choice: u16) {
        let o = with_strangers(o, choice);
        let plan = diff(&o, &d);
        check_order(&plan);
        prop_assert_eq!(&plan.conflicts, &[]);
        let reached = run(o, plan.bare_steps());
        prop_assert_eq!(owned(&reached), owned(&d));
        prop_assert!(diff(&reached, &d).is_empty());
    }

    /// So it does when each phase is gathered by namespace.
    #[test]
    fn steps_of_a_phase_can_be_gathered((o, d) in two_networks()) {
        let mut steps = diff(&o, &d).bare_steps();
        steps.sort_by_key(|step| (step.phase(), step.node().cloned()));
        prop_assert_eq!(run(o, steps), d);
    }

    /// The inverses, the last step's first, give back what was there.
    #[test]
    fn the_inverses_lead_back((o, d) in two_networks(), choice: u16) {
        let o = with_strangers(o, choice);
        let plan = diff(&o, &d);
        let reached = run(o.clone(), plan.bare_steps());
        let back = run(reached, plan.undo());
        prop_assert_eq!(restorable(&back), restorable(&o));
    }

    /// Things of others that the description has too are taken for present and left alone.
    #[test]
    fn what_others_did_already_is_present((o, d) in two_networks(), origin in prop_oneof![Just(0u8), Just(4)]) {
        let mut o = o;
        for (name, node) in &mut o.nodes {
            let Some(wanted) = d.nodes.get(name) else { continue };
            for (dev, link) in &mut node.links {
                let Some(from) = wanted.links.get(dev) else { continue };
                for addr in &from.addresses {
                    if link.addresses.iter().all(|a| a.addr != addr.addr) {
                        link.addresses.insert(netyard_types::IfAddr { origin: Origin::Other(origin), ..*addr });
                    }
                }
            }
        }
        let plan = diff(&o, &d);
        prop_assert_eq!(&plan.conflicts, &[]);
        let reached = run(o, plan.bare_steps());
        prop_assert!(diff(&reached, &d).is_empty());
    }

    /// Things of others stay, as long as what they stand on does.
    #[test]
    fn what_others_did_stays(recipe in recipe(), choice: u16) {
        let o = with_strangers(network::build(&recipe), choice);
        let mut d = owned(&o);
        for node in d.nodes.values_mut() {
            node.routes.clear();
            node.neighbours.clear();
            node.sysctls.clear();
            node.hosts = None;
            node.resolv = None;
        }
        let reached = run(o.clone(), diff(&o, &d).bare_steps());
        for (name, node) in &o.nodes {
            let left = &reached.nodes[name];
            prop_assert_eq!(&node.links, &left.links);
            if has_own_resolver(node) {
                prop_assert_eq!(&node.resolv, &left.resolv);
            }
            for route in node.routes.iter().filter(|r| r.origin != Origin::Netyard) {
                prop_assert!(left.routes.contains(route));
            }
            let set = node.neighbours.iter().filter(|n| n.origin != Origin::Netyard);
            for neighbour in set {
                prop_assert!(left.neighbours.contains(neighbour));
            }
        }
    }

    /// The same networks give the same bytes, and every step has words.
    #[test]
    fn a_plan_is_the_same_each_time((o, d) in two_networks()) {
        let (one, two) = (diff(&o, &d), diff(&o, &d));
        prop_assert_eq!(one.steps.is_empty(), one.summary().to_string().is_empty());
        prop_assert_eq!(script(&one.bare_steps()), script(&two.bare_steps()));
        for planned in &one.steps {
            prop_assert!(!planned.step.to_string().is_empty() && !planned.reason.to_string().is_empty());
        }
        prop_assert_eq!(one, two);
    }
}

/// Whether all was put back but what cannot be.
fn is_restored(rolled_back: &RolledBack<netyard_plan::SimulatedError>, o: &NetState) -> bool {
    match rolled_back {
        RolledBack::Restored => true,
        RolledBack::Lost { .. } => *o != restorable(o),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whichever step fails where things of others go, all is as it was but what cannot be put back.
    #[test]
    fn a_failed_step_of_a_strict_plan((o, d) in two_networks(), choice: u16) {
        let o = in_the_way(with_strangers(o, choice), &d, choice);
        for n in 0..diff_with(&o, &d, Foreign::Remove).steps.len() {
            let mut kernel = SimulatedKernel::new(o.clone()).failing_at(n).batching();
            match apply_with(&mut kernel, &d, Foreign::Remove, &mut |_| {}) {
                Err(ApplyError::Step { rolled_back, .. }) => {
                    prop_assert!(is_restored(&rolled_back, &o), "{:?}", rolled_back);
                }
                other => prop_assert!(false, "step {}: {:?}", n, other),
            }
            prop_assert_eq!(restorable(&kernel.state), restorable(&o), "step {}", n);
        }
    }

    /// Whichever step the process is killed at where things of others go, the next run gets there.
    #[test]
    fn a_killed_strict_run_is_taken_up_again((o, d) in two_networks(), choice: u16) {
        let o = in_the_way(with_strangers(o, choice), &d, choice);
        for n in 0..diff_with(&o, &d, Foreign::Remove).steps.len() {
            let mut kernel = SimulatedKernel::new(o.clone()).dying_at(n);
            let killed = apply_with(&mut kernel, &d, Foreign::Remove, &mut |_| {});
            prop_assert!(killed.is_err());
            kernel.revive();
            let applied = apply_with(&mut kernel, &d, Foreign::Remove, &mut |_| {}).unwrap();
            prop_assert_eq!(without_kernels(&applied.state), d.clone());
        }
    }
}
