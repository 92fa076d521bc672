//! Which whole names a name can stand for, as glibc tries them (`__res_context_search` in resolv/res_query.c).

use netyard_types::{DomainName, DomainNameError};

use crate::Resolv;

/// A whole name to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The whole name.
    pub(crate) full: DomainName,
    /// The domain that was put behind what the person wrote.
    pub(crate) domain: Option<DomainName>,
}

/// The candidates for `name`, in the order in which they are asked for.
///
/// A last dot makes a name whole. One with enough dots is tried as it is first, any other after the domains to search.
pub(crate) fn candidates(name: &str, resolv: &Resolv) -> Result<Vec<Candidate>, DomainNameError> {
    let (text, is_whole) = match name.strip_suffix('.') {
        Some(text) => (text, true),
        None => (name, false),
    };
    let own = DomainName::new(text)?;
    let as_it_is = || Candidate { full: own.clone(), domain: None };
    if is_whole {
        return Ok(vec![as_it_is()]);
    }
    let mut found = Vec::new();
    if own.labels().count() > resolv.ndots {
        found.push(as_it_is());
    }
    for domain in &resolv.search {
        found.extend(match domain {
            None => Some(as_it_is()),
            // What is too long with a domain behind it is no name.
            Some(domain) => {
                let with = |full| Candidate { full, domain: Some(domain.clone()) };
                domain.with_labels(text).ok().map(with)
            }
        });
    }
    found.push(as_it_is());
    let mut seen: Vec<Candidate> = Vec::new();
    for candidate in found {
        if !seen.iter().any(|known| known.full == candidate.full) {
            seen.push(candidate);
        }
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(name: &str, resolv: &str) -> Vec<String> {
        let found = candidates(name, &Resolv::parse(resolv)).unwrap();
        found.iter().map(|candidate| candidate.full.to_string()).collect()
    }

    #[test]
    fn short_names_are_searched_first() {
        assert_eq!(names("db", "search a.test b.test"), ["db.a.test", "db.b.test", "db"]);
        assert_eq!(names("db", ""), ["db"]);
    }

    #[test]
    fn names_with_enough_dots_are_tried_as_they_are() {
        assert_eq!(names("db.x", "search a.test"), ["db.x", "db.x.a.test"]);
        assert_eq!(names("db.x", "search a.test\noptions ndots:2"), ["db.x.a.test", "db.x"]);
        assert_eq!(names("db", "search a.test\noptions ndots:0"), ["db", "db.a.test"]);
    }

    #[test]
    fn a_last_dot_makes_a_name_whole() {
        assert_eq!(names("db.", "search a.test"), ["db"]);
    }

    #[test]
    fn the_root_among_the_domains_is_the_name_itself() {
        assert_eq!(names("db", "search . a.test"), ["db", "db.a.test"]);
    }

    #[test]
    fn what_gets_too_long_is_left_out() {
        let long = ["x".repeat(63), "x".repeat(63), "x".repeat(63), "x".repeat(50)].join(".");
        assert_eq!(names(&long, "search office.test"), [long.as_str()]);
    }

    #[test]
    fn what_is_no_name_is_said() {
        for name in ["", ".", "a b", "é", "a..b", "db%eth0"] {
            assert!(candidates(name, &Resolv::default()).is_err(), "{name:?}");
        }
    }
}
