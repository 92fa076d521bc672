//! Linux behind the seam that plans are carried out through.

use std::collections::BTreeMap;
use std::fs;

use netyard_plan::{ExecuteError, Kernel, Scope, Step};
use netyard_types::{NetState, NodeName};

use crate::error::{Access, KernelError};
use crate::execute::Execution;
use crate::inventory::Inventory;
use crate::namespaces::Namespaces;
use crate::observe::{self, Readiness};
use crate::paths::Paths;

/// The kernel, as a lab's processes see it. The calling thread must be in the lab's namespaces, and is there again after each
/// call.
#[derive(Debug)]
pub struct LinuxKernel {
    pub(crate) paths: Paths,
    pub(crate) namespaces: Namespaces,
    /// What the last observation found; none after a change, which somebody else may follow with one of his own.
    pub(crate) inventory: Option<Inventory>,
    /// What the last observation saw of carriers and the like; none after a change, or once it was used.
    pub(crate) readiness: Option<BTreeMap<NodeName, Readiness>>,
}

impl LinuxKernel {
    /// Prepares the directories and this process: its limit of open files is raised to what the user may have.
    ///
    /// # Errors
    /// When a directory cannot be made, or not be mounted on.
    pub fn open(paths: Paths) -> Result<Self, KernelError> {
        for dir in [&paths.etc, &paths.marks] {
            fs::create_dir_all(dir).map_err(KernelError::file(dir, Access::Write))?;
        }
        let namespaces = Namespaces::new(paths.namespaces.clone()).map_err(KernelError::Setup)?;
        Ok(Self { paths, namespaces, inventory: None, readiness: None })
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
        let observed = observe::observe(&self.paths, &mut self.namespaces, scope);
        self.namespaces.close();
        let observed = observed?;
        self.inventory = Some(observed.inventory);
        self.readiness = Some(observed.readiness);
        Ok(observed.state)
    }

    fn execute(
        &mut self,
        steps: &[Step],
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), ExecuteError<KernelError>> {
        self.readiness = None;
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
