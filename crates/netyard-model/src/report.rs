//! Gathers the mistakes of a file: all of them, each once, by place.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use netyard_spec::{Code, Finding, Span, Spanned};

use crate::Problem;

/// What has been found so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    allow: BTreeSet<Code>,
    findings: Vec<Finding<Problem>>,
}

impl Report {
    /// Nothing found yet; what `allow` names is to be let through.
    pub(crate) fn new(allow: &[Spanned<Code>]) -> Self {
        let allow = allow.iter().map(|code| code.value).filter(|code| code.is_allowable()).collect();
        Self { allow, findings: Vec::new() }
    }

    /// Whether mistakes with this code are let through.
    pub(crate) fn allows(&self, code: Code) -> bool {
        self.allow.contains(&code)
    }

    /// Adds a mistake; says whether it stands in the way.
    pub(crate) fn add(&mut self, problem: Problem, span: Span, also: impl IntoIterator<Item = Span>) -> bool {
        let blocks = !self.allows(problem.code());
        self.findings.push(Finding { problem, span, also: also.into_iter().collect() });
        blocks
    }

    /// The mistakes that stand in the way and those that are let through, each by place. One place of the file can make many
    /// nodes (`count`), so the same mistake there is told once.
    pub(crate) fn finish(mut self) -> (Vec<Finding<Problem>>, Vec<Finding<Problem>>) {
        let mut seen = BTreeSet::new();
        let place = |f: &Finding<Problem>| (f.span.start, f.span.end, f.problem.code());
        self.findings.sort_by_key(place);
        self.findings.retain(|f| {
            let also: Vec<usize> = f.also.iter().map(|span| span.start).collect();
            seen.insert((place(f), also))
        });
        let allow = self.allow;
        self.findings.into_iter().partition(|f| !allow.contains(&f.problem.code()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netyard_types::NodeName;

    fn self_cable(name: &str) -> Problem {
        Problem::SelfCable { node: NodeName::new(name).unwrap() }
    }

    #[test]
    fn findings_are_sorted_by_place_and_told_once() {
        let mut report = Report::new(&[]);
        assert!(report.add(self_cable("b"), 9..10, []));
        report.add(self_cable("a1"), 1..2, []);
        report.add(self_cable("a2"), 1..2, []);
        let (errors, allowed) = report.finish();
        assert_eq!(errors.iter().map(|f| f.span.clone()).collect::<Vec<_>>(), [1..2, 9..10]);
        assert_eq!(errors[0].problem, self_cable("a1"));
        assert!(allowed.is_empty());
    }

    #[test]
    fn what_cannot_be_allowed_is_not() {
        let allow = [Spanned::new(Code::SelfCable, 0..1), Spanned::new(Code::SwitchLoop, 0..1)];
        let mut report = Report::new(&allow);
        assert!(report.add(self_cable("a"), 1..2, []));
        assert!(!report.add(Problem::SwitchLoop { switches: Vec::new() }, 3..4, []));
        let (errors, allowed) = report.finish();
        assert_eq!((errors.len(), allowed.len()), (1, 1));
    }
}
