//! Killed anywhere, refused anywhere: the loop over a simulated kernel, on generated networks, at every single step.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "other tests use other parts of it")]
mod network;

use network::{restorable, two_networks, with_strangers};
use netyard_plan::{
    Applied, ApplyError, RolledBack, SimulatedError, SimulatedKernel, apply, diff, owned, simulate,
};
use netyard_types::NetState;
use proptest::prelude::*;

type Failure = ApplyError<SimulatedError>;

fn run(kernel: &mut SimulatedKernel, desired: &NetState) -> Result<Applied, Failure> {
    apply(kernel, desired, &mut |_| {})
}

/// A run that nothing keeps from its end.
fn reach(kernel: &mut SimulatedKernel, desired: &NetState, what: &str) {
    let applied = run(kernel, desired).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(owned(&applied.state), owned(desired), "{what}");
}

/// What a run leads to that nobody disturbs.
fn undisturbed(from: &NetState, to: &NetState) -> NetState {
    let mut kernel = SimulatedKernel::new(from.clone());
    reach(&mut kernel, to, "undisturbed");
    kernel.state
}

/// One who does a step after the other, and one who sends many at once.
fn both(kernel: SimulatedKernel) -> [SimulatedKernel; 2] {
    [kernel.clone(), kernel.batching()]
}

fn rolled_back(outcome: Result<Applied, Failure>) -> RolledBack<SimulatedError> {
    match outcome {
        Err(ApplyError::Step { rolled_back, .. } | ApplyError::Verify { rolled_back, .. }) => *rolled_back,
        other => panic!("{other:?}"),
    }
}

/// The three commands: a first `up`, one that changes a lab, and the way back to nothing.
fn changes(o: NetState, d: NetState) -> [(NetState, NetState); 3] {
    [(NetState::default(), d.clone()), (o, d.clone()), (d, NetState::default())]
}

/// `next` brings the network of a killed process to where an undisturbed run brings `from`.
fn assert_taken_up(kernel: &SimulatedKernel, from: &NetState, next: &NetState, what: &str) {
    let mut kernel = kernel.clone();
    kernel.revive();
    reach(&mut kernel, next, what);
    assert_eq!(kernel.state, undisturbed(from, next), "{what}");
}

/// Whether all was put back but what cannot be.
fn is_restored(back: &RolledBack<SimulatedError>, from: &NetState) -> bool {
    match back {
        RolledBack::Restored => true,
        RolledBack::Lost { .. } => *from != restorable(from),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whichever step the process is killed at, also the last, the next run gets to where an undisturbed one does; and who wants
    /// nothing any more is left with nothing.
    #[test]
    fn a_killed_process_is_taken_up_again((o, d) in two_networks(), choice: u16) {
        let nothing = NetState::default();
        for (from, to) in changes(with_strangers(o, choice), d) {
            let steps = diff(&from, &to).steps.len();
            for n in 0..steps {
                for mut kernel in both(SimulatedKernel::new(from.clone()).dying_at(n)) {
                    let what = format!("killed at step {n} of {steps}");
                    prop_assert!(run(&mut kernel, &to).is_err(), "{}", what);
                    assert_taken_up(&kernel, &from, &to, &what);
                    let mut kernel = kernel.clone();
                    kernel.revive();
                    reach(&mut kernel, &nothing, &format!("{what}, and taken away"));
                }
            }
            // Behind the last step, when only the look at it is left.
            let mut kernel = SimulatedKernel::new(from.clone()).blind_at(1..usize::MAX).failing_from(steps);
            if steps > 0 {
                prop_assert!(run(&mut kernel, &to).is_err());
                assert_taken_up(&kernel, &from, &to, "killed behind the last step");
            }
        }
    }

    /// So it is when the process is killed on its way back.
    #[test]
    fn a_process_killed_on_its_way_back_is_taken_up_again((o, d) in two_networks(), n: prop::sample::Index) {
        for (from, to) in changes(o, d) {
            let steps = diff(&from, &to).steps.len();
            if steps == 0 {
                continue;
            }
            let failing = n.index(steps);
            for die in failing + 1.. {
                let mut kernel = SimulatedKernel::new(from.clone()).failing_at(failing).dying_at(die);
                let back = rolled_back(run(&mut kernel, &to));
                // It was back before it could be killed.
                if is_restored(&back, &from) {
                    break;
                }
                prop_assert_eq!(back, RolledBack::Unknown { source: SimulatedError::Dead });
                assert_taken_up(&kernel, &from, &to, &format!("refused at {failing}, killed at {die}"));
            }
        }
    }

    /// Whichever step fails, the network is as it was, also with steps behind the failed one done already.
    #[test]
    fn a_refused_step_leaves_nothing_behind((o, d) in two_networks(), choice: u16) {
        for (from, to) in changes(with_strangers(o, choice), d) {
            for n in 0..diff(&from, &to).steps.len() {
                for mut kernel in both(SimulatedKernel::new(from.clone()).failing_at(n)) {
                    let back = rolled_back(run(&mut kernel, &to));
                    prop_assert!(is_restored(&back, &from), "step {}: {:?}", n, back);
                    prop_assert_eq!(restorable(&kernel.state), restorable(&from), "step {}", n);
                }
            }
        }
    }

    /// A look that fails changes nothing, or takes back what was changed before it.
    #[test]
    fn a_refused_look_leaves_nothing_behind((o, d) in two_networks(), choice: u16) {
        for (from, to) in changes(with_strangers(o, choice), d) {
            let mut kernel = SimulatedKernel::new(from.clone()).blind_at(0..1);
            prop_assert!(matches!(run(&mut kernel, &to), Err(ApplyError::Observe(SimulatedError::Told))));
            prop_assert_eq!(&kernel.state, &from);
            if diff(&from, &to).steps.is_empty() {
                continue;
            }
            let mut kernel = SimulatedKernel::new(from.clone()).blind_at(1..2);
            let back = rolled_back(run(&mut kernel, &to));
            prop_assert!(is_restored(&back, &from), "{:?}", back);
            prop_assert_eq!(restorable(&kernel.state), restorable(&from));
            // Who cannot see whether he is back does not claim it.
            let mut kernel = SimulatedKernel::new(from.clone()).blind_at(1..3);
            prop_assert_eq!(
                rolled_back(run(&mut kernel, &to)),
                RolledBack::Unknown { source: SimulatedError::Told }
            );
        }
    }

    /// Where the way back is refused too, what is left is told exactly, and the next run, whatever it wants, brings it away.
    #[test]
    fn a_refused_way_back_says_what_is_left((o, d) in two_networks(), n: prop::sample::Index) {
        let nothing = NetState::default();
        for (from, to) in changes(o, d) {
            let steps = diff(&from, &to).steps.len();
            if steps == 0 {
                continue;
            }
            let refused = n.index(steps);
            for mut kernel in both(SimulatedKernel::new(from.clone()).failing_from(refused)) {
                match rolled_back(run(&mut kernel, &to)) {
                    back @ (RolledBack::Restored | RolledBack::Lost { .. }) => {
                        prop_assert!(is_restored(&back, &from), "{:?}", back);
                        prop_assert_eq!(restorable(&kernel.state), restorable(&from));
                    }
                    RolledBack::Incomplete { left, source } => {
                        prop_assert_eq!(source, Some(SimulatedError::Told));
                        let mut state = kernel.state.clone();
                        for step in left.bare_steps() {
                            simulate(&mut state, &step).unwrap();
                        }
                        prop_assert_eq!(owned(&state), owned(&from), "what is left to do");
                    }
                    back @ RolledBack::Unknown { .. } => prop_assert!(false, "{:?}", back),
                }
                for next in [&to, &from, &nothing] {
                    let mut kernel = kernel.clone();
                    kernel.revive();
                    reach(&mut kernel, next, "behind a refused way back");
                }
            }
        }
    }
}
