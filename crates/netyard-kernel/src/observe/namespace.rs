//! Reading namespaces, several at a time: they have nothing to do with one another, so neither have the threads.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use netyard_plan::{Scope, Which};
use netyard_types::{FdbEntry, IfName, Neighbour, NodeName, OperState, Route, SysctlKey};
use nix::errno::Errno;

use crate::error::{Access, KernelError};
use crate::fault::{self, Site};
use crate::netlink::{self, NetlinkError, Socket};
use crate::netns;
use crate::node_files::{Mark, NodeFiles};
use crate::paths::Paths;
use crate::sysctl::{ProcSys, Settings};

use super::link::RawLink;
use super::neighbour;
use super::network::{self, RawAddress};

/// A namespace to read.
pub(crate) struct Job<'a> {
    pub(crate) node: NodeName,
    pub(crate) look: Look<'a>,
}

/// What to look at.
pub(crate) enum Look<'a> {
    /// Interfaces.
    Links,
    /// Interfaces and their addresses, with the kernel brought to look at carriers that have just come.
    Carriers,
    /// All there is, likewise, with the node's files; of a node that is not in this scope its interfaces.
    Everything(&'a Scope),
}

/// What was read of a namespace.
pub(crate) struct Seen {
    pub(crate) links: Vec<RawLink>,
    pub(crate) addresses: Vec<RawAddress>,
    pub(super) details: Option<Details>,
}

/// What of a namespace tells whether it is ready for packets.
#[derive(Debug)]
pub(crate) struct Readiness {
    pub(crate) links: Vec<RawLink>,
    /// Addresses that may not be used yet, with the indexes of their interfaces.
    pub(crate) tentative: Vec<(u32, IpAddr)>,
}

impl Readiness {
    pub(super) fn new(links: Vec<RawLink>, addresses: &[RawAddress]) -> Self {
        let tentative = addresses.iter().filter(|address| address.tentative);
        Self { links, tentative: tentative.map(|address| (address.index, address.addr.addr)).collect() }
    }

    /// Whether there is a bridge.
    pub(crate) fn has_bridge(&self) -> bool {
        self.links.iter().any(|link| link.bridge.is_some())
    }
}

impl From<Seen> for Readiness {
    fn from(seen: Seen) -> Self {
        Self::new(seen.links, &seen.addresses)
    }
}

/// What there is besides interfaces and addresses.
pub(super) struct Details {
    pub(super) routes: Vec<Route>,
    pub(super) neighbours: Vec<Neighbour>,
    pub(super) fdb: Vec<FdbEntry>,
    pub(super) own: Own,
}

/// What is told of a namespace by other means than netlink.
pub(super) struct Own {
    pub(super) mark: Option<Mark>,
    pub(super) files: NodeFiles,
    pub(super) sysctls: BTreeMap<SysctlKey, String>,
}

/// More threads only wait for each other: listing links takes the kernel's one lock for interfaces.
const MOST_THREADS: usize = 4;
/// Fewer namespaces are not worth a thread.
const LEAST_JOBS: usize = 8;

/// Reads namespaces. One that goes while it is read is left out.
pub(crate) fn read_all(paths: &Paths, jobs: Vec<Job<'_>>) -> Result<BTreeMap<NodeName, Seen>, KernelError> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(MOST_THREADS).min(jobs.len().div_ceil(LEAST_JOBS)).max(1);
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(NodeName, Seen)>, KernelError> {
        let mut reader = Reader { paths, proc_sys: ProcSys::default(), last: NodeFiles::default() };
        let mut read = Vec::new();
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            read.extend(reader.read(job)?.map(|seen| (job.node.clone(), seen)));
        }
        Ok(read)
    };
    // Also a single one gets a thread of its own: it ends in the last namespace it looked at, and need not go back.
    let results = thread::scope(|scope| {
        let mut running = Vec::new();
        for _ in 0..threads {
            match thread::Builder::new().spawn_scoped(scope, work) {
                Ok(thread) => running.push(thread),
                Err(source) if running.is_empty() => return Err(KernelError::Thread { source }),
                // Those that run do all the work.
                Err(_) => break,
            }
        }
        let join =
            |thread: thread::ScopedJoinHandle<'_, _>| thread.join().expect("a reading thread does not panic");
        Ok(running.into_iter().map(join).collect::<Vec<_>>())
    })?;
    let mut all = BTreeMap::new();
    for result in results {
        all.extend(result?);
    }
    Ok(all)
}

/// What a thread needs to read namespaces.
struct Reader<'a> {
    paths: &'a Paths,
    proc_sys: ProcSys,
    /// The files of the last node: those of the next mostly say the same.
    last: NodeFiles,
}

impl Reader<'_> {
    fn read(&mut self, job: &Job<'_>) -> Result<Option<Seen>, KernelError> {
        let path = self.paths.namespace(&job.node);
        let site = if matches!(job.look, Look::Carriers) { Site::Settle } else { Site::Observe };
        match fault::at(site).map_err(netns::not_entered(&path)).and_then(|()| netns::enter(&path)) {
            Ok(()) => {}
            // ENOENT: its name is gone; EINVAL: the file is there, and nothing is bound to it any more.
            Err(error) if matches!(error.errno, Errno::ENOENT | Errno::EINVAL) => return Ok(None),
            Err(error) => return Err(KernelError::namespace(&job.node)(error)),
        }
        let mut socket = Socket::open().map_err(KernelError::netlink(&job.node))?;
        let own = match &job.look {
            Look::Everything(scope) => self.read_own(&job.node, scope)?,
            Look::Links | Look::Carriers => None,
        };
        let hastens = own.is_some() || matches!(job.look, Look::Carriers);
        read_by(&mut socket, hastens, own).map(Some).map_err(KernelError::netlink(&job.node))
    }

    /// What is told of a node by other means than netlink; `None` if it is not in the scope.
    fn read_own(&mut self, node: &NodeName, scope: &Scope) -> Result<Option<Own>, KernelError> {
        let mark = Mark::read(self.paths, node)?;
        if mark.is_none() && scope.nodes == Which::Owned {
            return Ok(None);
        }
        let mut keys: BTreeSet<&SysctlKey> = mark.iter().flat_map(|mark| mark.sysctls.keys()).collect();
        keys.extend(scope.sysctls.iter().filter(|(of, _)| of == node).map(|(_, key)| key));
        let sysctls = read_sysctls(node, &keys, self.proc_sys.here())?;
        let files = NodeFiles::read(self.paths, node, &self.last)?;
        self.last.clone_from(&files);
        Ok(Some(Own { mark, files, sysctls }))
    }
}

fn read_by(socket: &mut Socket, hastens: bool, own: Option<Own>) -> Result<Seen, NetlinkError> {
    let mut links = socket.dump(&netlink::dump_links(), RawLink::read)?;
    if !hastens {
        return Ok(Seen { links, addresses: Vec::new(), details: None });
    }
    hasten(socket, &mut links)?;
    let addresses = socket.dump(&netlink::dump_addresses(), RawAddress::read)?;
    let details = match own {
        Some(own) => Some(read_details(socket, &links, own)?),
        None => None,
    };
    Ok(Seen { links, addresses, details })
}

/// Asks for each link that waits for its carrier by itself. The kernel gets around to carriers by the hundred a second
/// (`MAX_DO_DEV_PER_LOOP`, net/core/link_watch.c), and until then sends nothing; but before it answers for a single link it looks at
/// that one (`rtnl_getlink()`, since Linux 6.8). Older kernels only answer.
fn hasten(socket: &mut Socket, links: &mut [RawLink]) -> Result<(), NetlinkError> {
    // Bridges last: they get their carrier from their ports.
    for bridges in [false, true] {
        let waiting = |link: &&mut RawLink| link.up && !link.is_loopback && link.oper != OperState::Up;
        for link in links.iter_mut().filter(waiting).filter(|link| link.bridge.is_some() == bridges) {
            match socket.ask(netlink::get_link(link.index), RawLink::read) {
                Ok(fresh) => *link = fresh.unwrap_or_else(|| link.clone()),
                // It has just gone; the next look will show it.
                Err(NetlinkError::Refused(refusal)) if refusal.errno == Errno::ENODEV => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

fn read_details(socket: &mut Socket, links: &[RawLink], own: Own) -> Result<Details, NetlinkError> {
    let names: BTreeMap<u32, IfName> = links.iter().map(|link| (link.index, link.name.clone())).collect();
    let routes = socket.dump(&netlink::dump_routes(), |message| network::read_route(message, &names))?;
    let neighbours =
        socket.dump(&netlink::dump_neighbours(), |message| neighbour::read_neighbour(message, &names))?;
    let fdb = if links.iter().any(|link| link.bridge.is_some()) {
        socket.dump(&netlink::dump_fdb(), |message| neighbour::read_fdb(message, &names))?
    } else {
        Vec::new()
    };
    Ok(Details { routes, neighbours, fdb, own })
}

/// A setting of an interface that is gone is gone too.
fn read_sysctls(
    node: &NodeName,
    keys: &BTreeSet<&SysctlKey>,
    mut settings: Settings<'_>,
) -> Result<BTreeMap<SysctlKey, String>, KernelError> {
    let mut values = BTreeMap::new();
    for key in keys.iter().copied() {
        match settings.read(key) {
            Ok(value) => {
                values.insert(key.clone(), value);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => {
                let (node, key) = (node.clone(), key.clone());
                return Err(KernelError::Sysctl { node, key, access: Access::Read, source });
            }
        }
    }
    Ok(values)
}

/// Whether the kernel keeps with an address who made it (`IFA_PROTO`, Linux 5.18).
pub(super) fn kernel_knows_address_makers() -> bool {
    fs::read_to_string("/proc/sys/kernel/osrelease")
        .map_or(true, |release| release_is_at_least(&release, (5, 18)))
}

fn release_is_at_least(release: &str, least: (u32, u32)) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= least,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_compare_by_number_and_not_as_text() {
        for (release, newer) in
            [("5.17.3", false), ("5.18.0-rc1", true), ("6.1", true), ("4.19.2", false), ("10.2-x", true)]
        {
            assert_eq!(release_is_at_least(release, (5, 18)), newer, "{release}");
        }
        assert!(release_is_at_least("unheard of", (5, 18)));
    }
}
