//! Why a step is in the plan.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use netyard_types::{Bridge, DomainName, Endpoint, MacAddr, Names, NodeKind, Origin, Route};
use serde::Serialize;

use crate::names::{ChangeWords, Difference, NameChange, NameSetting, settings};
use crate::step::LinkChange;
use crate::words::WholeRoute;

/// Why a step is in the plan. Its `Display` is for people, lower case and without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
#[non_exhaustive]
pub enum Reason {
    /// The file has it, the network does not.
    NotThere,
    /// The network has it, the file does not.
    NotInFile,
    /// The file does not have it, and a person added it.
    ByHand {
        /// Whether it cannot be put back.
        for_good: bool,
    },
    /// The file does not have it, and another program added it: a routing daemon.
    ByProgram {
        /// The number of the program's protocol (`/etc/iproute2/rt_protos`).
        protocol: u8,
    },
    /// A person added it, and the file has another thing in its place.
    InTheWay {
        /// Whether it cannot be put back.
        for_good: bool,
    },
    /// The node is of another kind.
    NodeKind {
        /// The kind that it is to have.
        wanted: NodeKind,
        /// The kind that it has.
        found: NodeKind,
    },
    /// Its name is needed for an interface of another kind.
    LinkKind {
        /// The kind that the name is needed for.
        wanted: String,
        /// The kind that has it.
        found: String,
    },
    /// The cable ends elsewhere.
    Peer {
        /// Where it is to end.
        wanted: Endpoint,
        /// Where it ends; none if not in the lab.
        found: Option<Endpoint>,
    },
    /// A property of an interface differs.
    Link {
        /// As it is to be.
        wanted: LinkChange,
        /// As it is.
        found: LinkChange,
    },
    /// A setting differs.
    Setting {
        /// As it is to be.
        wanted: String,
        /// As it is.
        found: String,
    },
    /// The route goes another way.
    Route {
        /// As it is.
        found: Route,
    },
    /// There is another route in its place.
    OtherRoute,
    /// The neighbour has another Ethernet address.
    Neighbour {
        /// As it is, if known.
        found: Option<MacAddr>,
    },
    /// The names in the hosts file differ.
    Names,
    /// The lines of the resolver file differ.
    Resolver,
    /// The name server answers otherwise.
    NameServer {
        /// The domain that it is to serve.
        domain: DomainName,
        /// The first names with other records.
        changes: Vec<NameChange>,
        /// How many more there are.
        more: usize,
        /// What else is to be otherwise.
        settings: Vec<NameSetting>,
    },
    /// It was there, and went with its node, which is made anew.
    NodeRemade,
    /// It was there, and went with its interface, which is made anew.
    LinkRemade,
    /// It was there, and the kernel drops it with an earlier step.
    Dropped,
}

impl Reason {
    /// Why what `origin` put there goes: the file does not have it.
    pub(crate) fn of_surplus(origin: Origin) -> Self {
        // Up to RTPROT_STATIC, the numbers are those of people, rtnetlink(7).
        match origin {
            Origin::Netyard | Origin::Kernel => Self::NotInFile,
            Origin::Other(0..=4) => Self::ByHand { for_good: false },
            Origin::Other(protocol) => Self::ByProgram { protocol },
        }
    }

    /// Whether the step removes what cannot be put back.
    #[must_use]
    pub fn is_for_good(&self) -> bool {
        matches!(self, Self::ByHand { for_good: true } | Self::InTheWay { for_good: true })
    }

    /// The reasons that are about things of others.
    fn write_foreign(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByHand { .. } => f.write_str("added by hand, not in the file")?,
            Self::InTheWay { .. } => f.write_str("added by hand, the file has another in its place")?,
            Self::ByProgram { protocol } => {
                write!(f, "added by a program (protocol {protocol}), not in the file")?;
            }
            _ => {}
        }
        f.write_str(if self.is_for_good() { "; cannot be put back" } else { "" })
    }

    /// More names than so many are not told one by one.
    const MOST_NAMES: usize = 3;

    /// Why a name server is to answer as `wanted` has it, while it answers as `found` has it.
    pub(crate) fn of_names(found: Option<&Names>, wanted: Option<&Names>) -> Self {
        let (found, wanted) = match (found, wanted) {
            (_, None) => return Self::NotInFile,
            (None, _) => return Self::NotThere,
            (Some(found), Some(wanted)) => (found, wanted),
        };
        let (changes, more) = Difference::between(Some(found), Some(wanted)).changes(Self::MOST_NAMES);
        let settings = settings(found, wanted);
        Self::NameServer { domain: wanted.domain.clone(), changes, more, settings }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotThere => f.write_str("not there yet"),
            Self::NotInFile => f.write_str("no longer in the file"),
            Self::ByHand { .. } | Self::ByProgram { .. } | Self::InTheWay { .. } => self.write_foreign(f),
            Self::NodeKind { wanted, found } => write!(f, "the file makes it a {wanted}, it is a {found}"),
            Self::LinkKind { wanted, found } => {
                write!(
                    f,
                    "its name is needed for a {wanted}, it is a {}",
                    if found.is_empty() { "device" } else { found }
                )
            }
            Self::Peer { wanted, found: Some(found) } => {
                write!(f, "the file cables it to {wanted}, it is cabled to {found}")
            }
            Self::Peer { wanted, found: None } => {
                write!(f, "the file cables it to {wanted}, its other end is outside of the lab")
            }
            Self::Link { wanted: LinkChange::Bridge(wanted), found: LinkChange::Bridge(found) } => {
                write!(
                    f,
                    "the file says{}, the bridge has{}",
                    Differing(wanted, found),
                    Differing(found, wanted)
                )
            }
            Self::Link { wanted, found: found @ LinkChange::Up(_) } => {
                write!(f, "the file says {wanted}, the link is {found}")
            }
            Self::Link { wanted, found: LinkChange::Master(None) } => {
                write!(f, "the file says {wanted}, the link has no master")
            }
            Self::Link { wanted: LinkChange::Master(None), found } => {
                write!(f, "the file says no master, the link has {found}")
            }
            Self::Link { wanted, found } => write!(f, "the file says {wanted}, the link has {found}"),
            Self::Setting { wanted, found } => write!(f, "the file says {wanted}, the node has {found}"),
            Self::Route { found } => write!(f, "the node has {}", WholeRoute(found)),
            Self::OtherRoute => f.write_str("the file has another in its place"),
            Self::Neighbour { found: Some(found) } => write!(f, "the node has {found}"),
            Self::Neighbour { found: None } => f.write_str("the node has no Ethernet address for it"),
            Self::Names => f.write_str("the names have changed"),
            Self::Resolver => f.write_str("its lines differ"),
            Self::NameServer { domain, changes, more, settings } => {
                write_changes(f, domain, changes, *more)?;
                let mut separator = if changes.is_empty() { "" } else { "; " };
                for setting in settings {
                    write!(f, "{separator}{setting}")?;
                    separator = ", ";
                }
                Ok(())
            }
            Self::NodeRemade => f.write_str("its node is made anew"),
            Self::LinkRemade => f.write_str("its link is made anew"),
            Self::Dropped => f.write_str("the kernel drops it with an earlier step"),
        }
    }
}

fn write_changes(
    f: &mut fmt::Formatter<'_>,
    domain: &DomainName,
    changes: &[NameChange],
    more: usize,
) -> fmt::Result {
    let mut separator = "";
    for change in changes {
        write!(f, "{separator}{}", ChangeWords { change, domain })?;
        separator = ", ";
    }
    if more > 0 {
        write!(f, "{separator}and {more} more")?;
    }
    Ok(())
}

/// The settings of one bridge in which another differs.
struct Differing<'a>(&'a Bridge, &'a Bridge);

impl fmt::Display for Differing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |b: &Bridge| {
            [
                ("stp_state", u32::from(b.stp)),
                ("ageing_time", b.ageing_cs),
                ("forward_delay", b.forward_delay_cs),
                ("hello_time", b.hello_cs),
                ("priority", u32::from(b.priority)),
            ]
        };
        for ((name, value), (_, other)) in words(self.0).into_iter().zip(words(self.1)) {
            if value != other {
                write!(f, " {name} {value}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn differences_read_as_sentences() {
        let mtu = Reason::Link { wanted: LinkChange::Mtu(1400), found: LinkChange::Mtu(1500) };
        assert_eq!(mtu.to_string(), "the file says mtu 1400, the link has mtu 1500");
        let up = Reason::Link { wanted: LinkChange::Up(true), found: LinkChange::Up(false) };
        assert_eq!(up.to_string(), "the file says up, the link is down");
        let (old, new) = (Bridge::default(), Bridge { stp: true, priority: 5, ..Bridge::default() });
        let bridge = Reason::Link { wanted: LinkChange::Bridge(new), found: LinkChange::Bridge(old) };
        assert_eq!(
            bridge.to_string(),
            "the file says stp_state 1 priority 5, the bridge has stp_state 0 priority 32768"
        );
    }
}
