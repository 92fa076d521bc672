//! A step in one line for people, in the words of ip(8).

use core::fmt;

use crate::step::{LinkChange, Step};
use crate::words::{FdbWords, NeighbourWords, WholeRoute, quote};

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddNode { node, kind } => write!(f, "add {kind} {node}"),
            Self::DeleteNode { node } => write!(f, "delete node {node}"),
            Self::SetSysctl { node, key, value } => write!(f, "set {key} = {value} on {node}"),
            Self::ResetSysctl { node, key } => write!(f, "reset {key} on {node}"),
            Self::AddBridge { node, link, .. } => write!(f, "add bridge {node}.{link}"),
            Self::AddCable { ends: [a, b] } => write!(f, "add cable {} -- {}", a.at, b.at),
            Self::DeleteLink { node, link } => write!(f, "delete link {node}.{link}"),
            Self::SetLink { node, link, change: LinkChange::Bridge(bridge) } => {
                write!(f, "set {node}.{link} {}", crate::words::BridgeWords(bridge))
            }
            Self::SetLink { node, link, change } => write!(f, "set {node}.{link} {change}"),
            Self::AddAddress { node, link, addr } => write!(f, "add address {addr} to {node}.{link}"),
            Self::DeleteAddress { node, link, addr } => write!(f, "delete address {addr} from {node}.{link}"),
            Self::AddRoute { node, route } => write!(f, "add route {} on {node}", WholeRoute(route)),
            Self::ReplaceRoute { node, new, .. } => write!(f, "replace route {} on {node}", WholeRoute(new)),
            Self::DeleteRoute { node, route } => write!(f, "delete route {} on {node}", WholeRoute(route)),
            Self::AddNeighbour { node, neighbour } => {
                write!(f, "add neighbour {} on {node}", NeighbourWords(neighbour))
            }
            Self::DeleteNeighbour { node, neighbour } => {
                write!(f, "delete neighbour {} on {node}", NeighbourWords(neighbour))
            }
            Self::AddFdb { node, entry } => write!(f, "add forwarding entry {} on {node}", FdbWords(entry)),
            Self::DeleteFdb { node, entry } => {
                write!(f, "delete forwarding entry {} on {node}", FdbWords(entry))
            }
            Self::DiscardLink { node, link } => write!(f, "discard link {node}.{link}"),
            Self::DiscardNode { node } => write!(f, "discard namespace {node}"),
            Self::DiscardStranger { name } => write!(f, "discard namespace {}", quote(name)),
            Self::WriteHosts { node, lines: Some(_) } => {
                write!(f, "write the names into the hosts file of {node}")
            }
            Self::WriteHosts { node, lines: None } => {
                write!(f, "take the names out of the hosts file of {node}")
            }
            Self::WriteResolv { node, text: Some(_) } => write!(f, "write the resolver file of {node}"),
            Self::WriteResolv { node, text: None } => write!(f, "give {node} the resolver file of the lab"),
            Self::WriteNames { names: Some(names) } => write!(f, "serve the names of {}", names.domain),
            Self::WriteNames { names: None } => f.write_str("serve no names"),
        }
    }
}
