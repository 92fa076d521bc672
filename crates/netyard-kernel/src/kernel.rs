//! Linux behind the seam that plans are carried out through.

use std::collections::BTreeMap;
use std::fs;
use std::mem;

use netyard_plan::{ExecuteError, Kernel, Scope, Step, Which};
use netyard_types::{NetState, NodeName};

use crate::error::{Access, KernelError};
use crate::execute::Execution;
use crate::fault::{self, Site};
use crate::inventory::Inventory;
use crate::namespaces::Namespaces;
use crate::observe::{self, Peers, Readiness};
use crate::paths::Paths;

/// The kernel, as a lab's processes see it. The calling thread must be in the lab's namespaces, and is there again after each
/// call.
#[derive(Debug)]
pub struct LinuxKernel {
    pub(crate) paths: Paths,
    pub(crate) namespaces: Namespaces,
    /// What the last observation of all nodes found; none after a change, which somebody else may follow with one of his own.
    pub(crate) inventory: Option<Inventory>,
    /// Where cables led when they were last looked at.
    peers: Peers,
    /// What was last seen of carriers and the like, of the nodes that cannot have changed since.
    pub(crate) readiness: BTreeMap<NodeName, Readiness>,
    /// Whether steps were carried out since.
    changed: bool,
}

impl LinuxKernel {
    /// Prepares the directories and this process: its limit of open files is raised to what the user may have.
    ///
    /// # Errors
    /// When a directory cannot be made, or not be mounted on.
    pub fn open(paths: Paths) -> Result<Self, KernelError> {
        for dir in [&paths.etc, &paths.marks] {
            fault::at_file(Site::MakeDirs)
                .and_then(|()| fs::create_dir_all(dir))
                .map_err(KernelError::file(dir, Access::Write))?;
        }
        let namespaces = Namespaces::new(paths.namespaces.clone()).map_err(KernelError::Setup)?;
        Ok(Self {
            paths,
            namespaces,
            inventory: None,
            peers: Peers::default(),
            readiness: BTreeMap::new(),
            changed: false,
        })
    }

    /// What was last seen of carriers and the like, if nothing was changed since. To be used once: the next look is to be a new one.
    pub(crate) fn take_readiness(&mut self) -> BTreeMap<NodeName, Readiness> {
        let seen = mem::take(&mut self.readiness);
        if self.changed { BTreeMap::new() } else { seen }
    }

    /// Where things are kept.
    #[must_use]
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Does `work` with the calling thread in the namespace of a node. A socket opened there stays there.
    ///
    /// # Errors
    /// When there is no such node or no right to enter it; then `work` is not done.
    pub fn with_node<T>(&mut self, node: &NodeName, work: impl FnOnce() -> T) -> Result<T, KernelError> {
        let namespace = self.namespaces.namespace(node)?;
        let done = crate::netns::with_namespace(crate::netns::borrow(&namespace), work);
        self.namespaces.close();
        done.map_err(KernelError::namespace(node))
    }
}

impl Kernel for LinuxKernel {
    type Error = KernelError;

    fn observe(&mut self, scope: &Scope) -> Result<NetState, KernelError> {
        if !matches!(scope.nodes, Which::These(_)) {
            self.peers = Peers::default();
        }
        let observed = observe::observe(&self.paths, &mut self.namespaces, scope, &self.peers);
        self.namespaces.close();
        let observed = observed?;
        if let Which::These(nodes) = &scope.nodes {
            self.inventory = None;
            self.peers.update(observed.peers, nodes);
            if self.changed {
                // A bridge may be moved by what happens elsewhere: the spanning tree.
                self.readiness.retain(|node, ready| !nodes.contains(node) && !ready.has_bridge());
            }
            self.readiness.extend(observed.readiness);
        } else {
            self.inventory = Some(observed.inventory);
            self.peers = observed.peers;
            self.readiness = observed.readiness;
        }
        self.changed = false;
        Ok(observed.state)
    }

    fn execute(
        &mut self,
        steps: &[Step],
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), ExecuteError<KernelError>> {
        self.changed = true;
        let inventory = match self.inventory.take() {
            Some(inventory) => Ok(inventory),
            None => observe::take_stock(&self.paths, &mut self.namespaces),
        };
        let done = match inventory {
            Ok(inventory) => {
                Execution::new(&self.paths, &mut self.namespaces, inventory, steps).run(progress)
            }
            Err(source) => Err(ExecuteError { step: 0, done: Vec::new(), source }),
        };
        self.namespaces.close();
        done
    }
}
