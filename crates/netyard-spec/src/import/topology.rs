//! Wide-area networks as graphs in JSON: `nodes` with `id`, `name` and `pos`, `edges` with `source`, `target` and `dist_km`.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use netyard_types::LabName;
use serde::Deserialize;

use super::names::{Names, label};
use super::write::{Cable, Network, Site, write};

/// What can be said of an import.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct TopologyOptions {
    /// The name of the lab; by default the name that the file has, as a host name.
    pub name: Option<LabName>,
}

impl TopologyOptions {
    /// The same, with this name for the lab.
    #[must_use]
    pub fn with_name(mut self, name: LabName) -> Self {
        self.name = Some(name);
        self
    }
}

/// Why a file could not be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// No JSON, or none of this form.
    #[error("the file is no topology in JSON")]
    Json(#[from] serde_json::Error),
    /// A graph without nodes.
    #[error("the topology has no nodes")]
    NoNodes,
    /// Two nodes with one `id`.
    #[error("two nodes have the id {id}")]
    DuplicateId {
        /// The `id`.
        id: String,
    },
    /// An edge to a node that is not there.
    #[error("edge {edge} ends at the node {id}, which is not there")]
    UnknownNode {
        /// The number of the edge, from 1.
        edge: usize,
        /// The `id` that no node has.
        id: String,
    },
    /// More nodes or edges than there are subnets for them.
    #[error("the topology has {found} {what}, there are subnets for {max}")]
    TooLarge {
        /// `nodes` or `edges`.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there can be.
        max: usize,
    },
}

/// How many nodes and how many edges there are subnets for: half of 10.0.0.0/8 each, by steps of /24.
pub(super) const LARGEST: usize = 1 << 15;

#[derive(Deserialize)]
struct Graph {
    #[serde(default)]
    name: String,
    source: Option<String>,
    nodes: Vec<Node>,
    #[serde(default)]
    edges: Vec<Edge>,
}

#[derive(Deserialize)]
struct Node {
    id: Id,
    name: Option<String>,
    /// Longitude and latitude, in degrees.
    pos: Option<(f64, f64)>,
}

#[derive(Deserialize)]
struct Edge {
    source: Id,
    target: Id,
    dist_km: Option<f64>,
}

/// Some files number their nodes, some name them.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(untagged)]
enum Id {
    Number(i64),
    Text(String),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// Reads a topology and writes it as a file of Netyard: a router for each node with a host behind it, a cable for each edge.
/// An edge from a node to itself, which no network needs, is left out.
///
/// # Errors
/// Says why the text is no such topology.
pub fn topology(json: &str, options: &TopologyOptions) -> Result<String, ImportError> {
    let graph: Graph = serde_json::from_str(json)?;
    if graph.nodes.is_empty() {
        return Err(ImportError::NoNodes);
    }
    for (what, found) in [("nodes", graph.nodes.len()), ("edges", graph.edges.len())] {
        // Numbers count from 1.
        let max = LARGEST - 1;
        if found > max {
            return Err(ImportError::TooLarge { what, found, max });
        }
    }
    let mut names = Names::default();
    let mut index_of = BTreeMap::new();
    let mut sites = Vec::new();
    for node in &graph.nodes {
        if index_of.insert(&node.id, sites.len()).is_some() {
            return Err(ImportError::DuplicateId { id: alloc::format!("{}", node.id) });
        }
        let place = match (&node.name, &node.id) {
            (Some(name), _) | (None, Id::Text(name)) => name.clone(),
            (None, Id::Number(number)) => alloc::format!("{number}"),
        };
        let (router, host) = names.make(&place);
        sites.push(Site { router, host, place, position: node.pos });
    }
    let mut cables = Vec::new();
    for (i, edge) in graph.edges.iter().enumerate() {
        let end = |id: &Id| {
            let unknown = || ImportError::UnknownNode { edge: i + 1, id: alloc::format!("{id}") };
            index_of.get(id).copied().ok_or_else(unknown)
        };
        let ends = [end(&edge.source)?, end(&edge.target)?];
        if ends[0] != ends[1] {
            cables.push(Cable { ends, kilometres: edge.dist_km });
        }
    }
    let name = match &options.name {
        Some(name) => String::from(name.as_str()),
        None => label(&graph.name),
    };
    Ok(write(&Network { name, source: graph.source, sites, cables }))
}
