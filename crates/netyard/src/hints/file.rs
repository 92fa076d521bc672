//! What to write in the file instead.

use std::fmt::Display;

use netyard_model::{Beside, NameProblem, Problem as ModelProblem, Wanted};
use netyard_spec::{
    AddressError, Conflict, DomainError, DurationError, Problem as SpecProblem, SubnetError, Table,
    ValueError,
};
use netyard_types::{DomainNameError, NameError};

/// What to write instead of what the text has wrong.
pub(crate) fn of_spec_problem(problem: &SpecProblem) -> Option<String> {
    Some(match problem {
        SpecProblem::EmptyFile => String::from(
            "a network in three lines:\n  switch.lan.subnet = \"192.168.1.0/24\"\n  host.a.on = \"lan\"\n  host.b.on = \"lan\"",
        ),
        SpecProblem::UnknownKey { suggestion: Some(near), .. } => format!("did you mean `{near}`?"),
        SpecProblem::UnknownKey { elsewhere: Some(table), .. } => format!("{table} has that key"),
        SpecProblem::UnknownKey { table: Table::Records, .. } => {
            let keys: Vec<_> = Table::Records.keys().map(|key| key.name).collect();
            format!("its keys are {}; a name with dots stands in quotes, like \"_http._tcp\"", words(&keys))
        }
        SpecProblem::UnknownKey { table, .. } => {
            let keys: Vec<_> = table.keys().map(|key| key.name).collect();
            format!("the keys of {table} are {}", words(&keys))
        }
        SpecProblem::UnknownCode { suggestion: Some(near), .. } => format!("did you mean `{near}`?"),
        SpecProblem::InvalidValue { key, reason } => return of_value(key, reason),
        SpecProblem::ConflictingKeys { reason: Conflict::NoNameServer, .. } => {
            String::from("write by = \"dns\", or leave `by` out")
        }
        SpecProblem::InvalidDomainName { source, .. } => return of_domain(source),
        SpecProblem::InvalidAddress { text, source: AddressError::WrongFamily { record } } => {
            let other = if *record == "A" { "AAAA" } else { "A" };
            format!("write {other} = \"{text}\"")
        }
        SpecProblem::InvalidName { source, .. } => return of_name(source),
        SpecProblem::InvalidInterfaceName { .. } => String::from(
            "an interface name is a letter, then letters, digits, `_`, `.` or `-`, 15 bytes in all, like `eth0`",
        ),
        SpecProblem::InterfaceNameTooLong { text, max, .. } => {
            let short: String = text.chars().take(*max).collect();
            format!("shorten it, for example to `{}`", short.trim_end_matches(['-', '.', '_']))
        }
        SpecProblem::InvalidSubnet {
            source: SubnetError::Prefix(netyard_types::ParsePrefixError::HostBits(range)),
            ..
        } => {
            format!("did you mean \"{range}\"?")
        }
        SpecProblem::InvalidMac { .. } => String::from(
            "one of your own begins with 02, like 02:00:00:00:00:09; without `mac` netyard chooses one",
        ),
        SpecProblem::InvalidSysctl { .. } => {
            String::from("write it as sysctl(8) does, like \"net.ipv4.conf.all.rp_filter\"")
        }
        SpecProblem::CountZero => String::from("leave the host out, or write `count = 1`"),
        SpecProblem::DuplicateName { .. } => {
            String::from("names are shared by hosts, routers and switches: rename one")
        }
        _ => return None,
    })
}

fn of_value(key: &str, reason: &ValueError) -> Option<String> {
    Some(match reason {
        ValueError::Duration(DurationError::NoUnit { number }) if key == "ttl" => {
            format!("write \"{number}s\" for seconds or \"{number}min\" for minutes")
        }
        ValueError::Repeated => String::from("leave it out"),
        ValueError::NotOneOf { suggestion: Some(near), .. } => format!("did you mean \"{near}\"?"),
        ValueError::Duration(DurationError::NoUnit { number }) => {
            format!("write \"{number}s\" for seconds or \"{number}ms\" for milliseconds")
        }
        _ => return None,
    })
}

fn of_domain(error: &DomainError) -> Option<String> {
    Some(String::from(match error {
        DomainError::Name(DomainNameError::TooLong { .. } | DomainNameError::LabelTooLong { .. }) => {
            "shorten it: a label has 63 bytes at most, a name 253 (RFC 1035 §2.3.4)"
        }
        DomainError::Name(DomainNameError::MisplacedWildcard) => {
            "a `*` is the whole first label, like `*.apps`, and stands for names that nobody has"
        }
        DomainError::Name(_) => {
            "a domain name is letters, digits, hyphens and underscores with single dots between them, like `www.office`"
        }
        DomainError::Reserved { .. } => {
            "take one below `test`, which is nobody's (RFC 2606), like `office.test`"
        }
        _ => return None,
    }))
}

fn of_name(error: &NameError) -> Option<String> {
    Some(String::from(match error {
        NameError::BadCharacter { found } if found.is_ascii_uppercase() => {
            "host names are the same in upper and lower case: write it in lower case"
        }
        NameError::BadCharacter { .. } | NameError::EdgeHyphen | NameError::Empty => {
            "a name is made of the letters a to z, digits and inner hyphens, like `web-1`"
        }
        NameError::TooLong { .. } => {
            "shorten it: a label of a host name has 63 bytes at most (RFC 1035 §2.3.4)"
        }
        NameError::AllDigits => "put a letter before it",
        _ => return None,
    }))
}

/// What to write instead of what does not fit together.
pub(crate) fn of_model_problem(problem: &ModelProblem) -> Option<String> {
    Some(match problem {
        ModelProblem::UnknownNode { suggestion: Some(near), .. } => format!("did you mean `{near}`?"),
        ModelProblem::UnknownNode { name, wanted: Wanted::Node | Wanted::Station, .. } => {
            format!("add a [host.{name}]")
        }
        ModelProblem::UnknownNode { name, wanted, .. } => format!("add a [{wanted}.{name}]"),
        ModelProblem::UnknownPort { node, candidates, .. } if !candidates.is_empty() => {
            format!("`{node}` has {}", words(candidates))
        }
        ModelProblem::OutsideSubnet { .. } => allow("take one of that range", problem),
        ModelProblem::WrongPrefix { addr, subnet, .. } => allow(
            &format!("write \"{addr}\" alone, which takes the length {} of its subnet", subnet.len()),
            problem,
        ),
        ModelProblem::NoPrefixLength { addr, .. } => {
            let len = if addr.is_ipv4() { 24 } else { 64 };
            format!("write \"{addr}/{len}\", or give the switch or cable a `subnet`")
        }
        ModelProblem::SubnetTooSmall { enough: Some(len), .. } => {
            format!("a subnet with a length of {len} is large enough")
        }
        ModelProblem::AmbiguousGateway { candidates, .. } => {
            let choices: Vec<String> =
                candidates.iter().map(|name| format!("gateway = \"{name}\"")).collect();
            format!("name one: {}, or gateway = \"none\"", choices.join(" or "))
        }
        ModelProblem::UnreachableGateway { candidates, .. } if !candidates.is_empty() => {
            allow(&format!("it can reach {}", words(candidates)), problem)
        }
        ModelProblem::UnreachableGateway { .. } => {
            allow("take an address of a subnet that the node is on", problem)
        }
        ModelProblem::UnconnectedPort { port: None, .. } => allow("give it a switch: on = \"…\"", problem),
        ModelProblem::UnconnectedPort { .. } => {
            allow("give it a switch: on = \"…\", or name it in a [[cable]]", problem)
        }
        ModelProblem::SwitchLoop { switches } => allow(
            &format!("write `stp = true` for one of them at least, like [switch.{}]", switches[0]),
            problem,
        ),
        ModelProblem::TooManyPorts { .. } => {
            String::from("divide the hosts among several switches and cable the switches together")
        }
        ModelProblem::MtuBelowIpv6 { .. } => {
            String::from("raise the MTU, or give the port IPv4 addresses only")
        }
        ModelProblem::DuplicateAddress { .. }
        | ModelProblem::DuplicateMac { .. }
        | ModelProblem::NetworkAddress { .. }
        | ModelProblem::BroadcastAddress { .. }
        | ModelProblem::OverlappingSubnets { .. } => allow("change one", problem),
        ModelProblem::Names(problem) => return of_name_problem(problem),
        _ => return None,
    })
}

fn of_name_problem(problem: &NameProblem) -> Option<String> {
    Some(match problem {
        NameProblem::UnknownName { suggestion: Some(near), .. } => format!("did you mean `{near}`?"),
        NameProblem::UnknownName { name, .. } => {
            format!("add it to [names.records]; a name of another domain ends with a dot: `{name}.`")
        }
        NameProblem::OutsideDomain { domain, .. } => {
            format!("records are of names of `{domain}`; without the dot at its end the name is one of them")
        }
        NameProblem::NameTooLong { .. } => String::from("shorten it, or take a shorter `domain`"),
        NameProblem::DuplicateEntry { .. } => {
            String::from("write all of it in one entry; upper and lower case are the same")
        }
        NameProblem::NoRecord { .. } => String::from("give it one, like A = \"10.9.9.9\", or leave it out"),
        NameProblem::CnameNotAlone { beside: Beside::Node(node), .. } => {
            format!("take another name: this one leads to the addresses of `{node}`")
        }
        NameProblem::CnameNotAlone { beside: Beside::Domain, .. } => {
            String::from("give the domain addresses instead, like \"@\" = { A = \"10.9.9.9\" }")
        }
        NameProblem::CnameNotAlone { beside: Beside::Wildcard, .. } => {
            String::from("leave out `wildcard` or the record")
        }
        NameProblem::CnameNotAlone { beside: Beside::AliasOf(_), .. } | NameProblem::AliasNotAlone { .. } => {
            String::from("leave out the alias or the record")
        }
        NameProblem::CnameNotAlone { .. } => {
            String::from("leave out one; what it leads to can have the other record")
        }
        NameProblem::CnameLoop { .. } => String::from("let one of them lead to a name that has addresses"),
        NameProblem::NoAddress { node } => format!("give `{node}` an address, or name another node"),
        NameProblem::TwoViews { .. } => String::from("a node has one view at most: take it out of one"),
        NameProblem::ForwardLoop { .. } => String::from("name a server that knows other domains"),
        _ => return None,
    })
}

/// The advice, and how to insist.
fn allow(advice: &str, problem: &ModelProblem) -> String {
    let code = problem.code();
    if code.is_allowable() {
        format!("{advice}; if it is wrong on purpose, write allow = [\"{code}\"] at the top of the file")
    } else {
        String::from(advice)
    }
}

fn words(names: &[impl Display]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
