//! Shortest-path static routes: from every router to every subnet that is not its own, over the fewest routers, and over all
//! paths that are equally short.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::net::IpAddr;

use netyard_types::{NextHop, Prefix, Route, RouteKind};

use crate::addresses::is_link_local;
use crate::draft::Draft;
use crate::network::{Family, Network, NodeId, NodeRoute, PortId, RouteSource, SegmentId};

/// Gives every router its routes, except those with `routing = "none"`. The others still go through these.
pub(crate) fn add_shortest_paths(draft: &mut Draft<'_>) {
    for family in Family::ALL {
        let graph = Graph::new(&draft.network, family);
        let mut paths = Paths::new(&graph);
        let mut taken: BTreeMap<usize, BTreeSet<Prefix>> = BTreeMap::new();
        for (i, router) in graph.routers.iter().enumerate() {
            let given = draft.network[router.node].routes.iter().map(|r| &r.route);
            taken.insert(
                i,
                given.filter(|r| r.metric == Route::default_metric(&r.to)).map(|r| r.to).collect(),
            );
        }
        for (to, nets) in &graph.destinations {
            paths.find(&graph, nets);
            for (i, router) in graph.routers.iter().enumerate() {
                let computed = draft.station(router.node).is_some_and(|station| !station.no_routing);
                if !computed || taken[&i].contains(to) {
                    continue;
                }
                let hops = paths.next_hops(&graph, &draft.network, i);
                if !hops.is_empty() {
                    let route = Route::netyard(*to, RouteKind::Unicast(hops));
                    let source = RouteSource::ShortestPath;
                    draft.network[router.node].routes.push(NodeRoute { route, source });
                }
            }
        }
    }
}

/// Routers and the ranges that they are on, of one family. Two routers are neighbours if they are on one range of one segment.
struct Graph {
    routers: Vec<Router>,
    nets: Vec<Vec<Member>>,
    /// The nets of each range: one, unless a range is there twice on purpose.
    destinations: BTreeMap<Prefix, Vec<usize>>,
}

struct Router {
    node: NodeId,
    /// The nets it is on, and by which port, in the order of the file.
    nets: Vec<(usize, PortId)>,
}

/// A router on a net, with the first address it has there.
struct Member {
    router: usize,
    addr: IpAddr,
}

impl Graph {
    fn new(network: &Network, family: Family) -> Self {
        let mut graph = Self { routers: Vec::new(), nets: Vec::new(), destinations: BTreeMap::new() };
        let mut known: BTreeMap<(SegmentId, Prefix), usize> = BTreeMap::new();
        for (node, router) in network.nodes().filter(|(_, node)| node.kind == netyard_types::NodeKind::Router)
        {
            let index = graph.routers.len();
            let mut own: Vec<(usize, PortId)> = Vec::new();
            for &port in &router.ports {
                for address in &network[port].addresses {
                    let (addr, prefix) = (address.ip.addr, address.ip.prefix());
                    if Family::of(addr) != family || is_link_local(addr) {
                        continue;
                    }
                    let net = *known.entry((network[port].segment, prefix)).or_insert(graph.nets.len());
                    if net == graph.nets.len() {
                        graph.nets.push(Vec::new());
                        graph.destinations.entry(prefix).or_default().push(net);
                    }
                    if graph.nets[net].last().is_none_or(|last| last.router != index) {
                        graph.nets[net].push(Member { router: index, addr });
                        own.push((net, port));
                    }
                }
            }
            graph.routers.push(Router { node, nets: own });
        }
        graph
    }
}

/// The shortest paths to one range.
struct Paths {
    /// How many routers are on the way from each router, itself not counted; none if there is no way.
    distance: Vec<Option<u32>>,
    /// The routers of each net that are nearest to the range, as places in the net's list, and how near they are.
    nearest: Vec<(Option<u32>, Vec<usize>)>,
}

impl Paths {
    fn new(graph: &Graph) -> Self {
        let nearest = graph.nets.iter().map(|_| (None, Vec::new())).collect();
        Self { distance: alloc::vec![None; graph.routers.len()], nearest }
    }

    /// Finds the paths to the routers on `nets`, breadth first (RFC 2328 §16.1 with every cost 1).
    fn find(&mut self, graph: &Graph, nets: &[usize]) {
        self.distance.fill(None);
        let mut seen = alloc::vec![false; graph.nets.len()];
        let mut queue = VecDeque::new();
        for &net in nets {
            seen[net] = true;
            self.reach(graph, net, 0, &mut queue);
        }
        while let Some((router, distance)) = queue.pop_front() {
            for &(net, _) in &graph.routers[router].nets {
                if !core::mem::replace(&mut seen[net], true) {
                    self.reach(graph, net, distance + 1, &mut queue);
                }
            }
        }
        for (net, (nearest, places)) in self.nearest.iter_mut().enumerate() {
            let members = || graph.nets[net].iter().map(|member| self.distance[member.router]);
            *nearest = members().flatten().min();
            places.clear();
            places.extend(members().enumerate().filter(|(_, d)| d == nearest).map(|(place, _)| place));
        }
    }

    /// Gives the routers of a net that have no distance yet this one.
    fn reach(&mut self, graph: &Graph, net: usize, distance: u32, queue: &mut VecDeque<(usize, u32)>) {
        for member in &graph.nets[net] {
            let known = &mut self.distance[member.router];
            if known.is_none() {
                *known = Some(distance);
                queue.push_back((member.router, distance));
            }
        }
    }

    /// All neighbours of a router that are one step nearer, each once, in the order of the router's ports.
    fn next_hops(&self, graph: &Graph, network: &Network, router: usize) -> Vec<NextHop> {
        let mut hops = Vec::new();
        let Some(nearer) = self.distance[router].and_then(|distance| distance.checked_sub(1)) else {
            return hops;
        };
        let mut seen: Vec<(PortId, usize)> = Vec::new();
        for &(net, port) in &graph.routers[router].nets {
            let (nearest, places) = &self.nearest[net];
            if *nearest != Some(nearer) {
                continue;
            }
            // Two ranges on one segment are one way, not two.
            let again = seen.iter().any(|&(other, _)| other == port);
            for &place in places {
                let Member { router, addr } = &graph.nets[net][place];
                if again && seen.contains(&(port, *router)) {
                    continue;
                }
                seen.push((port, *router));
                hops.push(NextHop::new(Some(*addr), network[port].name.clone()));
            }
        }
        hops
    }
}
