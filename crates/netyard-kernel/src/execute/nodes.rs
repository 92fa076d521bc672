//! New nodes: each is a namespace with files and settings of its own, and has nothing to do with the others, so several are made at
//! a time.

use std::collections::BTreeMap;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use netyard_plan::{Phase, Step};
use netyard_types::{NodeKind, NodeName};
use nix::errno::Errno;

use crate::error::KernelError;
use crate::inventory::Devices;
use crate::netlink::{self, Socket};
use crate::netns::{self, NamespaceError};
use crate::node_files::{self, Mark, Templates};
use crate::paths::Paths;
use crate::sysctl::{self, ProcSys};

use super::Execution;
use super::settings::{Writing, Written, not_written};

/// A node to make.
struct NewNode<'a> {
    /// Its step.
    index: usize,
    node: &'a NodeName,
    kind: NodeKind,
    /// What is written into its namespace before anything else is there.
    settings: Writing<'a>,
}

/// A node that was made.
struct Made {
    /// Kept open as long as there is room.
    open: Option<(OwnedFd, Socket)>,
    written: Written,
}

/// More threads only wait for each other: much of it is done under one lock of the kernel's.
const MOST_THREADS: usize = 4;
/// Fewer nodes are not worth a thread.
const LEAST_NODES: usize = 16;

impl<'a> Execution<'a> {
    /// Makes the nodes of a phase, with the settings that follow.
    pub(super) fn add_nodes(&mut self, range: Range<usize>, progress: &mut dyn FnMut(usize)) {
        let nodes = self.new_nodes(range.clone());
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads = cores.min(MOST_THREADS).min(nodes.len() / LEAST_NODES).max(1);
        let room = AtomicUsize::new(self.namespaces.room());
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let templates = match Templates::read(self.paths) {
            Ok(templates) => templates,
            Err(error) => return self.failed.push((range.start, error)),
        };
        let (paths, nodes) = (self.paths, &nodes);
        let (made, makes) = mpsc::channel();
        thread::scope(|scope| {
            for started in 0..threads {
                let made = made.clone();
                let (room, next, stop, templates) = (&room, &next, &stop, &templates);
                let work = move || {
                    let mut maker = Maker {
                        paths,
                        templates,
                        base: netns::open_own(),
                        proc_sys: ProcSys::default(),
                        room,
                    };
                    while !stop.load(Ordering::Relaxed)
                        && let Some(new) = nodes.get(next.fetch_add(1, Ordering::Relaxed))
                        && made.send((new.index, maker.make(new))).is_ok()
                    {}
                };
                match thread::Builder::new().spawn_scoped(scope, work) {
                    Ok(_) => {}
                    Err(source) if started == 0 => {
                        return self.failed.push((range.start, KernelError::Thread { source }));
                    }
                    // Those that run do all the work.
                    Err(_) => break,
                }
            }
            drop(made);
            for (count, (index, result)) in makes.iter().enumerate() {
                self.take_node(index, result);
                // The others of the phase do not depend on it, but there is no use in making them any more.
                stop.store(!self.failed.is_empty(), Ordering::Relaxed);
                progress(range.start + count + 1);
            }
        });
    }

    fn new_nodes(&self, range: Range<usize>) -> Vec<NewNode<'a>> {
        let steps = self.steps;
        let mut settings: BTreeMap<&NodeName, Vec<usize>> = BTreeMap::new();
        for (index, step) in
            steps.iter().enumerate().skip(range.end).take_while(|(_, step)| step.phase() == Phase::Settings)
        {
            if let (Step::SetSysctl { .. }, Some(node)) = (step, step.node()) {
                settings.entry(node).or_default().push(index);
            }
        }
        let new = |index: usize| match &steps[index] {
            Step::AddNode { node, kind } => {
                let settings = Writing::new(node, steps, settings.remove(node).unwrap_or_default());
                Some(NewNode { index, node, kind: *kind, settings })
            }
            _ => None,
        };
        range.filter_map(new).collect()
    }

    fn take_node(&mut self, index: usize, result: Result<Made, KernelError>) {
        let node = self.node_of(index);
        match result {
            Ok(made) => {
                self.done[index] = true;
                self.inventory.insert(node.clone(), Devices::fresh(node.clone()));
                if let Some((namespace, socket)) = made.open {
                    self.namespaces.keep(node, namespace, socket);
                }
                self.take(made.written);
                self.queue(index, node, netlink::set_up(1, true));
            }
            Err(error) => self.failed.push((index, error)),
        }
    }
}

/// What a thread needs to make nodes.
struct Maker<'a> {
    paths: &'a Paths,
    templates: &'a Templates,
    base: Result<OwnedFd, NamespaceError>,
    proc_sys: ProcSys,
    /// How many more namespaces may be kept open.
    room: &'a AtomicUsize,
}

impl Maker<'_> {
    fn make(&mut self, new: &NewNode<'_>) -> Result<Made, KernelError> {
        let path = self.paths.namespace(new.node);
        if netns::is_bound(&path) {
            return Err(KernelError::NodeExists { node: new.node.clone() });
        }
        let mark = Mark::new(new.kind);
        // The mark first: a namespace without one would be taken for a person's.
        let made = node_files::create(self.paths, new.node, &mark, self.templates)
            .and_then(|()| self.make_namespace(new, mark));
        made.inspect_err(|error| {
            // Nothing is left of a node that was not made.
            if !matches!(error, KernelError::NodeExists { .. }) {
                let _ = netns::remove(&path);
            }
            let _ = node_files::remove(self.paths, new.node);
        })
    }

    fn make_namespace(&mut self, new: &NewNode<'_>, mark: Mark) -> Result<Made, KernelError> {
        let base = self.base.as_ref().map_err(|error| KernelError::namespace(new.node)(error.clone()))?;
        let (paths, proc_sys) = (self.paths, &mut self.proc_sys);
        let path = paths.namespace(new.node);
        let furnished = netns::create(&path, netns::borrow(base), || {
            let socket = Socket::open().map_err(KernelError::netlink(new.node))?;
            let mut settings = proc_sys.here();
            let key = sysctl::promote_secondaries();
            settings.write(&key, "1").map_err(|source| not_written(new.node, key, source))?;
            Ok((socket, new.settings.write(paths, mark, &mut settings)))
        });
        let (namespace, furnished) = furnished.map_err(|source| match source.errno {
            Errno::EEXIST => KernelError::NodeExists { node: new.node.clone() },
            _ => KernelError::namespace(new.node)(source),
        })?;
        let (socket, written) = furnished?;
        let keep =
            self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(1)).is_ok();
        Ok(Made { open: keep.then_some((namespace, socket)), written })
    }
}
