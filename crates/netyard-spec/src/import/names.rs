//! Names of nodes out of names of places.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;

use netyard_types::NodeName;

use crate::parse::is_reserved;

/// What stands before a router's name in the name of the host behind it.
pub(super) const HOST_PREFIX: &str = "h-";

/// The longest name of a router: that of its host must be a name too (RFC 1035 section 2.3.4: 63 bytes).
const LONGEST: usize = 63 - HOST_PREFIX.len();

/// Makes names, each once.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: BTreeSet<String>,
    /// The number to try next for a name that is taken, so that many equal names take no longer than many different ones.
    next_number: BTreeMap<String, u32>,
}

impl Names {
    /// A name for a router that looks like `text`, and one for the host behind it. The same texts in the same order give the same
    /// names.
    pub(super) fn make(&mut self, text: &str) -> (NodeName, NodeName) {
        let base = label(text);
        let first = self.next_number.get(&base).copied().unwrap_or(1);
        for number in first.. {
            let router = if number == 1 { base.clone() } else { numbered(&base, number) };
            let host = format!("{HOST_PREFIX}{router}");
            if is_reserved(&router) || self.taken.contains(&router) || self.taken.contains(&host) {
                continue;
            }
            let (Ok(router_name), Ok(host_name)) =
                (NodeName::new(router.clone()), NodeName::new(host.clone()))
            else {
                continue;
            };
            self.taken.extend([router, host]);
            self.next_number.insert(base, number + 1);
            return (router_name, host_name);
        }
        unreachable!("there are more numbers than nodes in any file")
    }
}

/// A label of a host name that looks like `text`.
pub(super) fn label(text: &str) -> String {
    let mut label = String::new();
    for c in text.chars() {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9') => label.push(c),
            'ä' | 'Ä' => label.push_str("ae"),
            'ö' | 'Ö' | 'ø' | 'Ø' => label.push_str("oe"),
            'ü' | 'Ü' => label.push_str("ue"),
            'ß' => label.push_str("ss"),
            'á' | 'à' | 'â' | 'ã' | 'å' | 'Á' | 'À' | 'Â' | 'Ã' | 'Å' => label.push('a'),
            'é' | 'è' | 'ê' | 'ë' | 'É' | 'È' | 'Ê' | 'Ë' => label.push('e'),
            'í' | 'ì' | 'î' | 'ï' | 'Í' | 'Ì' | 'Î' | 'Ï' => label.push('i'),
            'ó' | 'ò' | 'ô' | 'õ' | 'Ó' | 'Ò' | 'Ô' | 'Õ' => label.push('o'),
            'ú' | 'ù' | 'û' | 'Ú' | 'Ù' | 'Û' => label.push('u'),
            'ç' | 'Ç' | 'č' | 'Č' => label.push('c'),
            'ñ' | 'Ñ' => label.push('n'),
            'š' | 'Š' => label.push('s'),
            'ž' | 'Ž' => label.push('z'),
            _ if !label.is_empty() && !label.ends_with('-') => label.push('-'),
            _ => {}
        }
    }
    if label.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        label.insert(0, 'n');
    }
    label.truncate(LONGEST);
    label.truncate(label.trim_end_matches('-').len());
    label
}

fn numbered(base: &str, number: u32) -> String {
    let suffix = format!("-{number}");
    let kept = base.len().min(LONGEST - suffix.len());
    format!("{}{suffix}", base[..kept].trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn names_of_places_become_labels() {
        for (text, expected) in [
            ("at1.at", "at1-at"),
            ("Talwandi Bahi", "talwandi-bahi"),
            ("Zürich", "zuerich"),
            ("  São Paulo (2) ", "sao-paulo-2"),
            ("서울", "n"),
            ("", "n"),
            ("42", "n42"),
            ("../etc", "etc"),
            ("a\n\"b", "a-b"),
        ] {
            assert_eq!(label(text), expected, "{text:?}");
        }
    }

    #[test]
    fn every_name_is_there_once() {
        let mut names = Names::default();
        let mut seen = BTreeSet::new();
        let long = "x".repeat(100);
        for text in ["a", "A", "h-a", "a-2", "h-h-a", "a", "", "서울", &long, &long, "localhost", "none"] {
            let (router, host) = names.make(text);
            assert!(seen.insert(router.to_string()), "{router}");
            assert!(seen.insert(host.to_string()), "{host}");
        }
        for expected in ["a", "h-a", "a-2", "h-a-3", "localhost-2", "none-2"] {
            assert!(seen.contains(expected), "{expected} in {seen:?}");
        }
    }
}
