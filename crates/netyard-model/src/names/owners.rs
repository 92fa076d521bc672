//! Which names of the domain there are.

use alloc::collections::BTreeSet;

use netyard_types::DomainName;

/// The names that own records.
#[derive(Debug)]
pub(super) struct Owners<'a> {
    domain: &'a DomainName,
    /// The names that all nodes see, where these are those of a view.
    below: Option<&'a Self>,
    names: BTreeSet<DomainName>,
    /// The names above them, which are there without owning anything (RFC 4592 §2.2.2).
    above: BTreeSet<DomainName>,
}

impl<'a> Owners<'a> {
    /// None yet; in a view, those that `below` has.
    pub(super) fn new(domain: &'a DomainName, below: Option<&'a Self>) -> Self {
        Self { domain, below, names: BTreeSet::new(), above: BTreeSet::from([domain.clone()]) }
    }

    /// Adds a name of the domain.
    pub(super) fn insert(&mut self, name: DomainName) {
        let mut parent = name.parent();
        while let Some(above) = parent.filter(|above| above.is_in(self.domain) && !self.above.contains(above))
        {
            parent = above.parent();
            self.above.insert(above);
        }
        self.names.insert(name);
    }

    /// Whether a name owns records itself.
    pub(super) fn owns(&self, name: &DomainName) -> bool {
        self.names.contains(name) || self.below.is_some_and(|below| below.owns(name))
    }

    /// The name that answers for a name: itself, or the one with `*` that stands for it (RFC 4592 §3.3.1).
    pub(super) fn answering(&self, name: &DomainName) -> Option<DomainName> {
        if self.owns(name) {
            return Some(name.clone());
        }
        if self.exists(name) {
            return None;
        }
        let mut above = core::iter::successors(name.parent(), DomainName::parent);
        let encloser = above.find(|name| self.exists(name))?;
        encloser.with_labels("*").ok().filter(|source| self.owns(source))
    }

    fn exists(&self, name: &DomainName) -> bool {
        let own = self.names.contains(name) || self.above.contains(name);
        own || self.below.is_some_and(|below| below.exists(name))
    }

    /// The name that looks most like `name`, which is relative to the domain, as it is.
    pub(super) fn closest(&self, name: &DomainName) -> Option<DomainName> {
        let all = self.below.into_iter().flat_map(|below| &below.names).chain(&self.names);
        let end = self.domain.as_str().len() + 1;
        let relative = all.filter(|name| !name.is_wildcard()).filter_map(|name| {
            let text = name.as_str();
            text.get(..text.len().checked_sub(end)?)
        });
        netyard_spec::closest(name.as_str(), relative).and_then(|found| DomainName::new(found).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DomainName {
        DomainName::new(text).unwrap()
    }

    #[test]
    fn a_star_stands_for_names_that_nobody_has() {
        let domain = name("x.test");
        let mut owners = Owners::new(&domain, None);
        for owner in ["a.x.test", "*.apps.x.test", "b.c.apps.x.test"] {
            owners.insert(name(owner));
        }
        let answering = |text| owners.answering(&name(text)).map(alloc::string::String::from);
        assert_eq!(answering("A.x.test").as_deref(), Some("A.x.test"));
        assert_eq!(answering("q.apps.x.test").as_deref(), Some("*.apps.x.test"));
        assert_eq!(answering("r.q.apps.x.test").as_deref(), Some("*.apps.x.test"));
        for nothing in ["c.apps.x.test", "q.c.apps.x.test", "apps.x.test", "q.x.test", "q.a.x.test"] {
            assert_eq!(answering(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_view_has_the_names_of_all_and_its_own() {
        let domain = name("x.test");
        let mut all = Owners::new(&domain, None);
        all.insert(name("web1.x.test"));
        let mut view = Owners::new(&domain, Some(&all));
        view.insert(name("db.x.test"));
        assert!(view.owns(&name("web1.x.test")) && view.owns(&name("db.x.test")));
        assert!(!all.owns(&name("db.x.test")));
        assert_eq!(view.closest(&name("web2")), Some(name("web1")));
        assert_eq!(all.closest(&name("zzz")), None);
    }
}
