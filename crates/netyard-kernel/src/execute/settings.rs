//! Settings: written to `/proc/sys`, after what they were before is written down.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use netyard_plan::Step;
use netyard_types::{NodeKind, NodeName, SysctlKey};

use crate::error::{Access, KernelError};
use crate::node_files::Mark;
use crate::sysctl::{self, Settings};

use super::Execution;

impl<'a> Execution<'a> {
    /// Writes the settings of a phase, node by node.
    pub(super) fn write_settings(&mut self, range: Range<usize>) {
        let mut by_node: BTreeMap<&'a NodeName, Vec<usize>> = BTreeMap::new();
        for index in range {
            by_node.entry(self.node_of(index)).or_default().push(index);
        }
        for (node, indexes) in by_node {
            self.write_settings_of(node, indexes);
        }
    }

    /// Writes one setting.
    pub(super) fn write_setting(&mut self, index: usize) -> Result<(), KernelError> {
        let node = self.node_of(index);
        // Something may wait that the setting needs, or that would undo it.
        self.flush(node);
        self.write_settings_of(node, vec![index]);
        Ok(())
    }

    fn write_settings_of(&mut self, node: &'a NodeName, mut indexes: Vec<usize>) {
        let steps = self.steps;
        let key_of = |index: &usize| match &steps[*index] {
            Step::SetSysctl { key, .. } | Step::ResetSysctl { key, .. } => Some(key),
            _ => None,
        };
        indexes.sort_by_key(|index| key_of(index).map(sysctl::precedence));
        let mut settings = Settings::default();
        let fresh = match self.note_originals(node, &indexes, &mut settings) {
            Ok(fresh) => fresh,
            Err((index, error)) => return self.failed.push((index, error)),
        };
        let mark = self.marks.get(node).cloned().unwrap_or_else(|| Mark::new(NodeKind::Host));
        let written = self.namespaces.visit(node, || {
            let mut write = |index: &usize| match &steps[*index] {
                Step::SetSysctl { key, value, .. } => (*index, key, settings.write(key, value)),
                Step::ResetSysctl { key, .. } => (*index, key, reset(&mut settings, &mark, key)),
                _ => unreachable!("only settings come here"),
            };
            indexes.iter().map(&mut write).collect::<Vec<_>>()
        });
        let written = match written {
            Ok(written) => written,
            Err(error) => return self.failed.push((indexes.first().copied().unwrap_or(0), error)),
        };
        let mut forget: Vec<&SysctlKey> = Vec::new();
        for (index, key, result) in written {
            let resets = matches!(steps[index], Step::ResetSysctl { .. });
            // Of a setting that could not be written there is nothing to go back to either.
            if resets == result.is_ok() && (resets || fresh.contains(&key)) {
                forget.push(key);
            }
            match result {
                Ok(()) => self.done[index] = true,
                Err(source) => self.failed.push((index, not_written(node, key.clone(), source))),
            }
        }
        if let Err(error) = self.forget(node, &forget) {
            self.failed.push((indexes.first().copied().unwrap_or(0), error));
        }
    }

    /// Writes the setting that every node has where nothing else was written since the node was made.
    pub(super) fn finish_nodes(&mut self) {
        let key = sysctl::promote_secondaries();
        while let Some((node, index)) = self.unset.pop_first() {
            match self.namespaces.visit(node, || Settings::default().write(&key, "1")) {
                Ok(Ok(())) => {}
                Ok(Err(source)) => self.failed.push((index, not_written(node, key.clone(), source))),
                Err(error) => self.failed.push((index, error)),
            }
        }
    }

    fn forget(&mut self, node: &'a NodeName, keys: &[&SysctlKey]) -> Result<(), KernelError> {
        match self.marks.get_mut(node) {
            Some(mark) if !keys.is_empty() => {
                mark.sysctls.retain(|key, _| !keys.contains(&key));
                mark.write(self.paths, node)
            }
            _ => Ok(()),
        }
    }

    /// Writes down the values from before, ahead of the first new one: whoever is killed in between can still go back. Says which
    /// settings are written down for the first time.
    fn note_originals(
        &mut self,
        node: &'a NodeName,
        indexes: &[usize],
        settings: &mut Settings,
    ) -> Result<Vec<&'a SysctlKey>, (usize, KernelError)> {
        let first = indexes.first().copied().unwrap_or(0);
        if !self.marks.contains_key(node) {
            let mark = Mark::read(self.paths, node).map_err(|error| (first, error))?;
            let mark = mark.ok_or_else(|| (first, KernelError::NoSuchNode { node: node.clone() }))?;
            self.marks.insert(node, mark);
        }
        let mut mark = self.marks[node].clone();
        let mut fresh: Vec<&'a SysctlKey> = Vec::new();
        for index in indexes {
            match &self.steps[*index] {
                Step::SetSysctl { key, .. } if !mark.sysctls.contains_key(key) => fresh.push(key),
                Step::ResetSysctl { key, .. } if !mark.sysctls.contains_key(key) => {
                    let (node, key) = (node.clone(), key.clone());
                    return Err((*index, KernelError::SysctlNotSet { node, key }));
                }
                _ => {}
            }
        }
        if fresh.is_empty() {
            return Ok(fresh);
        }
        let unset = self.unset.remove(node);
        let read = || {
            let set = unset.map(|index| (index, settings.write(&sysctl::promote_secondaries(), "1")));
            (set, fresh.iter().map(|key| settings.read(key)).collect::<Vec<_>>())
        };
        let (set, before) = self.namespaces.visit(node, read).map_err(|error| (first, error))?;
        if let Some((index, Err(source))) = set {
            return Err((index, not_written(node, sysctl::promote_secondaries(), source)));
        }
        for (key, value) in fresh.iter().zip(before) {
            // One that cannot be read says why when it is written.
            if let Ok(value) = value {
                mark.sysctls.insert((*key).clone(), value);
            }
        }
        mark.write(self.paths, node).map_err(|error| (first, error))?;
        self.marks.insert(node, mark);
        Ok(fresh)
    }
}

fn not_written(node: &NodeName, key: SysctlKey, source: io::Error) -> KernelError {
    KernelError::Sysctl { node: node.clone(), key, access: Access::Write, source }
}

/// Writes the value from before. A setting that went with its interface needs none.
fn reset(settings: &mut Settings, mark: &Mark, key: &SysctlKey) -> io::Result<()> {
    match mark.sysctls.get(key).map(|value| settings.write(key, value)) {
        Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
