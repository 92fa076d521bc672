//! Settings: written to `/proc/sys`, after what they were before is written down.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;

use netyard_plan::Step;
use netyard_types::{NodeName, SysctlKey};

use crate::error::{Access, KernelError};
use crate::node_files::Mark;
use crate::paths::Paths;
use crate::sysctl::{self, ProcSys, Settings};

use super::Execution;

/// The settings of one node that are to be written.
pub(super) struct Writing<'a> {
    pub(super) node: &'a NodeName,
    steps: &'a [Step],
    indexes: Vec<usize>,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Written {
    /// The steps that took effect.
    pub(super) done: Vec<usize>,
    pub(super) failed: Vec<(usize, KernelError)>,
}

impl Written {
    fn failed(index: usize, error: KernelError) -> Self {
        Self { done: Vec::new(), failed: vec![(index, error)] }
    }
}

impl<'a> Execution<'a> {
    /// Writes the settings of a phase, node by node. Those of new nodes are written already.
    pub(super) fn write_settings(&mut self, range: Range<usize>) {
        let mut by_node: BTreeMap<&'a NodeName, Vec<usize>> = BTreeMap::new();
        for index in range.filter(|index| !self.done[*index]) {
            by_node.entry(self.node_of(index)).or_default().push(index);
        }
        let mut proc_sys = ProcSys::default();
        for (node, indexes) in by_node {
            self.write_settings_of(Writing::new(node, self.steps, indexes), &mut proc_sys);
        }
    }

    /// Writes one setting.
    pub(super) fn write_setting(&mut self, index: usize) {
        let node = self.node_of(index);
        // Something may wait that the setting needs, or that would undo it.
        self.flush(node);
        self.write_settings_of(Writing::new(node, self.steps, vec![index]), &mut ProcSys::default());
    }

    fn write_settings_of(&mut self, writing: Writing<'a>, proc_sys: &mut ProcSys) {
        let node = writing.node;
        let mark = match Mark::read(self.paths, node) {
            Ok(Some(mark)) => mark,
            Ok(None) => return self.fail(writing.first(), KernelError::NoSuchNode { node: node.clone() }),
            Err(error) => return self.fail(writing.first(), error),
        };
        let first = writing.first();
        let paths = self.paths;
        match self.namespaces.visit(node, || writing.write(paths, mark, &mut proc_sys.here())) {
            Ok(written) => self.take(written),
            Err(error) => self.fail(first, error),
        }
    }

    pub(super) fn take(&mut self, written: Written) {
        for index in written.done {
            self.done[index] = true;
        }
        self.failed.extend(written.failed);
    }

    fn fail(&mut self, index: usize, error: KernelError) {
        self.failed.push((index, error));
    }
}

impl<'a> Writing<'a> {
    /// The settings of `node` that the steps with these indexes write.
    pub(super) fn new(node: &'a NodeName, steps: &'a [Step], mut indexes: Vec<usize>) -> Self {
        indexes.sort_by_key(|index| key_of(&steps[*index]).map(sysctl::precedence));
        Self { node, steps, indexes }
    }

    fn first(&self) -> usize {
        self.indexes.first().copied().unwrap_or(0)
    }

    /// Writes them, with the calling thread in the node. `mark` is what is known of the node so far.
    pub(super) fn write(&self, paths: &Paths, mut mark: Mark, settings: &mut Settings<'_>) -> Written {
        let fresh = match self.note_originals(paths, &mut mark, settings) {
            Ok(fresh) => fresh,
            Err((index, error)) => return Written::failed(index, error),
        };
        let mut written = Written::default();
        let mut forget: Vec<&SysctlKey> = Vec::new();
        for index in &self.indexes {
            let (key, result, resets) = match &self.steps[*index] {
                Step::SetSysctl { key, value, .. } => (key, settings.write(key, value), false),
                Step::ResetSysctl { key, .. } => (key, reset(settings, &mark, key), true),
                _ => unreachable!("only settings come here"),
            };
            // Of a setting that could not be written there is nothing to go back to either.
            if resets == result.is_ok() && (resets || fresh.contains(key)) {
                forget.push(key);
            }
            match result {
                Ok(()) => written.done.push(*index),
                Err(source) => written.failed.push((*index, not_written(self.node, key.clone(), source))),
            }
        }
        if !forget.is_empty() {
            mark.sysctls.retain(|key, _| !forget.contains(&key));
            if let Err(error) = mark.write(paths, self.node) {
                written.failed.push((self.first(), error));
            }
        }
        written
    }

    /// Writes down the values from before, ahead of the first new one: whoever is killed in between can still go back. Says which
    /// settings are written down for the first time.
    fn note_originals(
        &self,
        paths: &Paths,
        mark: &mut Mark,
        settings: &mut Settings<'_>,
    ) -> Result<BTreeSet<&'a SysctlKey>, (usize, KernelError)> {
        let mut fresh = BTreeSet::new();
        for index in &self.indexes {
            match &self.steps[*index] {
                Step::SetSysctl { key, .. } if !mark.sysctls.contains_key(key) => {
                    fresh.insert(key);
                }
                Step::ResetSysctl { key, .. } if !mark.sysctls.contains_key(key) => {
                    let (node, key) = (self.node.clone(), key.clone());
                    return Err((*index, KernelError::SysctlNotSet { node, key }));
                }
                _ => {}
            }
        }
        if fresh.is_empty() {
            return Ok(fresh);
        }
        for key in &fresh {
            match settings.read(key) {
                Ok(value) => drop(mark.sysctls.insert((*key).clone(), value)),
                // It can only be written, or has never been (EIO); one that is not there says so when it is written.
                Err(error)
                    if matches!(error.raw_os_error(), Some(libc::EACCES | libc::EIO | libc::ENOENT)) => {}
                // Written without knowing what was there before, it could not be taken back.
                Err(source) => {
                    let sets = |index: &&usize| key_of(&self.steps[**index]) == Some(*key);
                    let index = self.indexes.iter().find(sets).copied().unwrap_or_else(|| self.first());
                    let (node, key) = (self.node.clone(), (*key).clone());
                    return Err((index, KernelError::Sysctl { node, key, access: Access::Read, source }));
                }
            }
        }
        mark.write(paths, self.node).map_err(|error| (self.first(), error))?;
        Ok(fresh)
    }
}

fn key_of(step: &Step) -> Option<&SysctlKey> {
    match step {
        Step::SetSysctl { key, .. } | Step::ResetSysctl { key, .. } => Some(key),
        _ => None,
    }
}

pub(super) fn not_written(node: &NodeName, key: SysctlKey, source: io::Error) -> KernelError {
    KernelError::Sysctl { node: node.clone(), key, access: Access::Write, source }
}

/// Writes the value from before. A setting that went with its interface needs none.
fn reset(settings: &mut Settings<'_>, mark: &Mark, key: &SysctlKey) -> io::Result<()> {
    match mark.sysctls.get(key).map(|value| settings.write(key, value)) {
        Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
