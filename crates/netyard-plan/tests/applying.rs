//! The loop over the kernel.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod office;

use netyard_plan::{
    ApplyError, ExecuteError, Kernel, Phase, Progress, RolledBack, Scope, SimulatedError, SimulatedKernel,
    Step, Which, apply,
};
use netyard_types::{NetState, Origin, Route};
use office::{Edit, addr, node, office, via};

/// A kernel that drops the addresses of `a` with the first plan, as one without `promote_secondaries` does.
struct Forgetful {
    kernel: SimulatedKernel,
    times: usize,
}

impl Kernel for Forgetful {
    type Error = SimulatedError;

    fn observe(&mut self, scope: &Scope) -> Result<NetState, SimulatedError> {
        self.kernel.observe(scope)
    }

    fn execute(
        &mut self,
        steps: &[Step],
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), ExecuteError<SimulatedError>> {
        self.kernel.execute(steps, progress)?;
        if self.times > 0 {
            self.times -= 1;
            self.kernel.state.link("a.eth0").addresses = std::iter::empty().collect();
        }
        Ok(())
    }
}

#[test]
fn all_is_built_and_the_second_time_there_is_nothing_to_do() {
    let mut kernel = SimulatedKernel::default();
    let mut told: Vec<Progress> = Vec::new();
    let applied = apply(&mut kernel, &office(), &mut |progress| told.push(progress)).unwrap();
    assert_eq!((applied.rounds, &applied.state), (1, &office()));
    let total = applied.plan.steps.len();
    assert_eq!(told.first(), Some(&Progress { done: 1, total, phase: Phase::Nodes }));
    assert_eq!(told.last(), Some(&Progress { done: total, total, phase: Phase::Names }));
    let again = apply(&mut kernel, &office(), &mut |_| {}).unwrap();
    assert_eq!((again.rounds, again.plan.is_empty(), &again.state), (0, true, &office()));
}

/// A kernel that writes down what it is asked to look at.
struct Watched {
    kernel: SimulatedKernel,
    asked: Vec<Which>,
}

impl Kernel for Watched {
    type Error = SimulatedError;

    fn observe(&mut self, scope: &Scope) -> Result<NetState, SimulatedError> {
        self.asked.push(scope.nodes.clone());
        self.kernel.observe(scope)
    }

    fn execute(
        &mut self,
        steps: &[Step],
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), ExecuteError<SimulatedError>> {
        self.kernel.execute(steps, progress)
    }
}

#[test]
fn only_what_a_change_touches_is_read_again() {
    let mut kernel = Watched { kernel: SimulatedKernel::new(office()), asked: Vec::new() };
    let mut wanted = office();
    wanted.link("a.eth0").mtu = 1400;
    let applied = apply(&mut kernel, &wanted, &mut |_| {}).unwrap();
    // What is done to one end of a cable may be felt at the other.
    let touched = ["a", "lan"].map(node).into();
    assert_eq!(kernel.asked, [Which::All, Which::These(touched)]);
    assert_eq!(applied.state, wanted);
    // A node that goes takes the other ends of its cables along.
    kernel.asked.clear();
    wanted.nodes.remove(&node("a"));
    wanted.nodes.get_mut(&node("lan")).unwrap().links.retain(|name, _| name.as_str() != "a");
    let applied = apply(&mut kernel, &wanted, &mut |_| {}).unwrap();
    assert_eq!(kernel.asked, [Which::All, Which::These(["a", "lan"].map(node).into())]);
    assert_eq!(applied.state, wanted);
    // Where most nodes change, all are read.
    kernel.asked.clear();
    let _ = apply(&mut kernel, &NetState::default(), &mut |_| {}).unwrap();
    assert_eq!(kernel.asked, [Which::All, Which::All]);
}

#[test]
fn what_the_kernel_drops_unasked_is_added_again() {
    let mut kernel = Forgetful { kernel: SimulatedKernel::default(), times: 2 };
    let applied = apply(&mut kernel, &office(), &mut |_| {}).unwrap();
    assert_eq!((applied.rounds, applied.state), (3, office()));
}

#[test]
fn what_cannot_be_verified_is_said() {
    let mut kernel = Forgetful { kernel: SimulatedKernel::default(), times: 9 };
    let error = apply(&mut kernel, &office(), &mut |_| {}).unwrap_err();
    assert_eq!(error.to_string(), "1 thing is still not as described after 3 rounds");
    let ApplyError::NotVerified { remaining } = error else { panic!("{error:?}") };
    assert_eq!(remaining.steps[0].step.to_string(), "add address 192.168.1.10/24 to a.eth0");
}

#[test]
fn a_conflict_is_found_before_anything_is_touched() {
    let mut observed = office();
    let theirs = Route { origin: Origin::Other(3), ..via("0.0.0.0/0", "192.168.1.99", "eth0") };
    observed.node("a").routes = [theirs].into();
    observed.nodes.remove("c");
    let mut kernel = SimulatedKernel::new(observed.clone());
    let error = apply(&mut kernel, &office(), &mut |_| {}).unwrap_err();
    assert!(matches!(&error, ApplyError::Conflicts(conflicts) if conflicts.len() == 1), "{error:?}");
    assert_eq!(error.to_string(), "1 thing is in the way that netyard must not change");
    assert_eq!((kernel.tried(), kernel.state), (0, observed));
}

#[test]
fn a_failed_step_is_named_and_undone() {
    let mut kernel = SimulatedKernel::default().failing_at(20);
    let error = apply(&mut kernel, &office(), &mut |_| {}).unwrap_err();
    let ApplyError::Step { rolled_back, source, .. } = &error else { panic!("{error:?}") };
    assert_eq!((&**rolled_back, source), (&RolledBack::Restored, &SimulatedError::Told));
    assert!(error.to_string().starts_with("cannot add "), "{error}");
    assert_eq!(kernel.state, NetState::default());
}

#[test]
fn a_refusal_is_the_kernels_own() {
    let mut desired = office();
    desired.node("a").routes.insert(via("10.0.0.0/8", "10.9.9.9", "eth0"));
    let error = apply(&mut SimulatedKernel::default(), &desired, &mut |_| {}).unwrap_err();
    assert_eq!(error.to_string(), "cannot add route 10.0.0.0/8 via 10.9.9.9 dev eth0 on a");
    let source = std::error::Error::source(&error).unwrap();
    let cause = source.source().unwrap();
    assert_eq!(cause.to_string(), "a.eth0 does not reach the router 10.9.9.9");
}

#[test]
fn who_dies_on_the_way_back_does_not_claim_to_be_back() {
    let mut kernel = SimulatedKernel::default().failing_at(20).dying_at(25);
    let error = apply(&mut kernel, &office(), &mut |_| {}).unwrap_err();
    let ApplyError::Step { rolled_back, .. } = error else { panic!("{error:?}") };
    assert_eq!(*rolled_back, RolledBack::Unknown { source: SimulatedError::Dead });
    kernel.revive();
    assert_eq!(apply(&mut kernel, &office(), &mut |_| {}).unwrap().state, office());
}

#[test]
fn a_step_of_the_way_back_that_fails_is_made_up_for() {
    // The step after the failed one is the first of the way back.
    struct Twice(SimulatedKernel, usize);
    impl Kernel for Twice {
        type Error = SimulatedError;
        fn observe(&mut self, scope: &Scope) -> Result<NetState, SimulatedError> {
            self.0.observe(scope)
        }
        fn execute(
            &mut self,
            steps: &[Step],
            progress: &mut dyn FnMut(usize),
        ) -> Result<(), ExecuteError<SimulatedError>> {
            let result = self.0.execute(steps, progress);
            self.1 += 1;
            if self.1 == 1 {
                let next = self.0.tried();
                self.0 = self.0.clone().failing_at(next);
            }
            result
        }
    }
    let mut desired = office();
    desired.nodes.remove("c");
    desired.node("dmz").links.remove("c");
    desired.link("a.eth0").addresses.insert(addr("10.0.0.1/24"));
    desired.node("a").routes.clear();
    let mut kernel = Twice(SimulatedKernel::new(office()).failing_at(2), 0);
    let error = apply(&mut kernel, &desired, &mut |_| {}).unwrap_err();
    let ApplyError::Step { rolled_back, .. } = error else { panic!("{error:?}") };
    assert_eq!(*rolled_back, RolledBack::Restored);
    assert!(kernel.0.state.nodes.contains_key(&node("c")));
    assert_eq!(kernel.0.state, office());
}
