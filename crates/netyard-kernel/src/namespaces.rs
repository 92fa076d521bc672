//! The namespaces that are open at the moment: descriptors and sockets, as many as the process may have, the least used closed
//! first.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use netyard_types::NodeName;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::error::KernelError;
use crate::netlink::Socket;
use crate::netns::{self, NamespaceError};

/// Descriptors left to the rest of the process.
const SPARE: u64 = 64;
/// With fewer there is no point in trying.
const LEAST: usize = 16;
/// More are never of use: a lab has at most a few ten thousand namespaces.
const MOST: u64 = 1 << 17;

#[derive(Debug, Default)]
struct Open {
    namespace: Option<Arc<OwnedFd>>,
    socket: Option<Socket>,
    /// When it was last used, on a clock that ticks with each use.
    used: u64,
}

impl Open {
    fn held(&self) -> usize {
        usize::from(self.namespace.is_some()) + usize::from(self.socket.is_some())
    }
}

/// The open namespaces of a lab.
#[derive(Debug)]
pub(crate) struct Namespaces {
    dir: PathBuf,
    base: OwnedFd,
    open: BTreeMap<NodeName, Open>,
    held: usize,
    most: usize,
    clock: u64,
}

impl Namespaces {
    /// Prepares the directory `dir` for holding namespaces, and this process for holding many of them open.
    pub(crate) fn new(dir: PathBuf) -> Result<Self, NamespaceError> {
        netns::prepare_directory(&dir)?;
        Ok(Self {
            base: netns::open_own()?,
            dir,
            open: BTreeMap::new(),
            held: 0,
            most: raise_limit(),
            clock: 0,
        })
    }

    fn path(&self, node: &NodeName) -> PathBuf {
        self.dir.join(node.as_str())
    }

    fn touch(&mut self, node: &NodeName) {
        self.clock += 1;
        let clock = self.clock;
        if let Some(open) = self.open.get_mut(node) {
            open.used = clock;
        }
    }

    /// Closes the less used half when there is no room for two more.
    fn make_room(&mut self) {
        if self.held + 2 <= self.most {
            return;
        }
        let mut used: Vec<u64> = self.open.values().map(|open| open.used).collect();
        used.sort_unstable();
        let middle = used.get(used.len() / 2).copied().unwrap_or(0);
        self.open.retain(|_, open| open.used > middle);
        self.held = self.open.values().map(Open::held).sum();
    }

    /// How many namespaces a caller may hold at once: what he holds is not closed when room is made for others.
    pub(crate) fn most_held(&self) -> usize {
        (self.most / 4).max(1)
    }

    /// The namespace of a node. It stays open while the caller holds it.
    pub(crate) fn namespace(&mut self, node: &NodeName) -> Result<Arc<OwnedFd>, KernelError> {
        if self.open.get(node).is_none_or(|open| open.namespace.is_none()) {
            self.make_room();
            let namespace = netns::open_bound(&self.path(node)).map_err(KernelError::namespace(node))?;
            let namespace = namespace.ok_or_else(|| KernelError::NoSuchNode { node: node.clone() })?;
            self.open.entry(node.clone()).or_default().namespace = Some(Arc::new(namespace));
            self.held += 1;
        }
        self.touch(node);
        let found = self.open.get(node).and_then(|open| open.namespace.clone());
        Ok(found.expect("it was there or has been put there"))
    }

    /// A socket in the namespace of a node.
    pub(crate) fn socket(&mut self, node: &NodeName) -> Result<&mut Socket, KernelError> {
        if self.open.get(node).is_none_or(|open| open.socket.is_none()) {
            let socket = self.visit(node, Socket::open)?.map_err(KernelError::netlink(node))?;
            self.open.entry(node.clone()).or_default().socket = Some(socket);
            self.held += 1;
        }
        self.touch(node);
        let found = self.open.get_mut(node).and_then(|open| open.socket.as_mut());
        Ok(found.expect("it was there or has been put there"))
    }

    /// Does `work` in the namespace of a node.
    pub(crate) fn visit<T>(&mut self, node: &NodeName, work: impl FnOnce() -> T) -> Result<T, KernelError> {
        let namespace = self.namespace(node)?;
        netns::visit(netns::borrow(&namespace), netns::borrow(&self.base), &self.path(node), work)
            .map_err(KernelError::namespace(node))
    }

    /// How many namespaces more may be kept open, each with a socket.
    pub(crate) fn room(&self) -> usize {
        self.most.saturating_sub(self.held) / 2
    }

    /// Keeps the namespace of a new node open.
    pub(crate) fn keep(&mut self, node: &NodeName, namespace: OwnedFd, socket: Socket) {
        self.clock += 1;
        let open = Open { namespace: Some(Arc::new(namespace)), socket: Some(socket), used: self.clock };
        self.held += open.held();
        self.open.insert(node.clone(), open);
    }

    /// Takes the name of a node's namespace away; with it goes the namespace, unless a process is in it.
    pub(crate) fn remove(&mut self, node: &NodeName) -> Result<(), KernelError> {
        let path = self.path(node);
        self.held -= self.open.remove(node).map_or(0, |open| open.held());
        if !netns::is_bound(&path) {
            return Err(KernelError::NoSuchNode { node: node.clone() });
        }
        netns::remove(&path).map_err(KernelError::namespace(node))
    }

    /// Closes all. What stayed open would keep a namespace alive that somebody else removes.
    pub(crate) fn close(&mut self) {
        self.open.clear();
        self.held = 0;
    }
}

/// Raises the limit of open descriptors to what the user may have, and says how many of them may be used here.
fn raise_limit() -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return LEAST };
    let wanted = hard.min(MOST).max(soft);
    let limit = if setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok() { wanted } else { soft };
    let taken = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count) as u64;
    usize::try_from(limit.min(MOST).saturating_sub(taken + SPARE)).unwrap_or(LEAST).max(LEAST)
}
