//! The files of a node: Netyard's mark, the host name, the hosts file, the resolver file.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use netyard_plan::{HOSTS_BASE, RESOLV_COPY, netyard_lines, splice_hosts};
use netyard_types::{NodeKind, NodeName, SysctlKey};

use crate::error::{Access, KernelError};
use crate::fault::{self, Site};
use crate::paths::Paths;

/// What Netyard remembers of a node it owns, besides what the kernel keeps: a file of lines, `kind host` and, for each setting it
/// has written, `sysctl KEY VALUE` with the value from before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) kind: NodeKind,
    /// The settings that Netyard has written, with the values they had before.
    pub(crate) sysctls: BTreeMap<SysctlKey, String>,
}

impl Mark {
    pub(crate) fn new(kind: NodeKind) -> Self {
        Self { kind, sysctls: BTreeMap::new() }
    }

    fn parse(text: &str) -> Result<Self, usize> {
        let mut kind = None;
        let mut sysctls = BTreeMap::new();
        for (i, line) in text.lines().enumerate() {
            let malformed = i + 1;
            match line.split_once(' ') {
                Some(("kind", word)) => kind = Some(parse_kind(word).ok_or(malformed)?),
                Some(("sysctl", rest)) => {
                    let (key, value) = rest.split_once(' ').ok_or(malformed)?;
                    // With the slashes first, dots stand for themselves.
                    let key = SysctlKey::new(key).map_err(|_| malformed)?;
                    sysctls.insert(key, unescape(value));
                }
                _ => return Err(malformed),
            }
        }
        Ok(Self { kind: kind.ok_or(1_usize)?, sysctls })
    }

    fn format(&self) -> String {
        let mut text = format!("kind {}\n", self.kind);
        for (key, value) in &self.sysctls {
            text.push_str("sysctl ");
            text.push_str(key.as_path());
            text.push(' ');
            text.push_str(&escape(value));
            text.push('\n');
        }
        text
    }

    /// The mark of a node; `None` if Netyard does not own it.
    pub(crate) fn read(paths: &Paths, node: &NodeName) -> Result<Option<Self>, KernelError> {
        let path = paths.mark(node);
        match fault::at_file(Site::ReadMark).and_then(|()| fs::read_to_string(&path)) {
            Ok(text) => Self::parse(&text).map(Some).map_err(|line| KernelError::Mark { path, line }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(KernelError::file(path, Access::Read)(error)),
        }
    }

    /// Writes the mark so that a reader finds the old one or the new one, never half of one.
    pub(crate) fn write(&self, paths: &Paths, node: &NodeName) -> Result<(), KernelError> {
        // No node's name begins with a dot.
        let fresh = paths.marks.join(format!(".{node}"));
        let path = paths.mark(node);
        let write = || {
            fault::at(Site::WriteMark)?;
            fs::write(&fresh, self.format())?;
            fault::at(Site::RenameMark)?;
            fs::rename(&fresh, &path)
        };
        write().map_err(|error| {
            let _ = fs::remove_file(&fresh);
            KernelError::file(path.clone(), Access::Write)(error)
        })
    }
}

fn parse_kind(word: &str) -> Option<NodeKind> {
    [NodeKind::Host, NodeKind::Router, NodeKind::Switch].into_iter().find(|kind| kind.as_str() == word)
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('\n', "\\n")
}

fn unescape(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => value.extend(chars.next().map(|next| if next == 'n' { '\n' } else { next })),
            (c, false) => value.push(c),
        }
    }
    value
}

/// What the files of all new nodes say.
pub(crate) struct Templates {
    resolv: String,
}

impl Templates {
    pub(crate) fn read(paths: &Paths) -> Result<Self, KernelError> {
        Ok(Self { resolv: copy_of_resolv(paths)? })
    }
}

/// Makes the files of a new node: its mark, its host name, a hosts file with the `localhost` lines, and a resolver file that says
/// what the lab's does.
pub(crate) fn create(
    paths: &Paths,
    node: &NodeName,
    mark: &Mark,
    templates: &Templates,
) -> Result<(), KernelError> {
    mark.write(paths, node)?;
    let dir = paths.etc(node);
    if let Err(error) = fault::at_file(Site::MakeNodeDir).and_then(|()| fs::create_dir(&dir))
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(KernelError::file(dir, Access::Write)(error));
    }
    write_fresh(&paths.hostname(node), &format!("{node}\n"))?;
    write_fresh(&paths.hosts(node), HOSTS_BASE)?;
    write_fresh(&paths.resolv(node), &templates.resolv)
}

/// Makes a file. One that a node of that name has left behind is written over.
fn write_fresh(path: &Path, text: &str) -> Result<(), KernelError> {
    let make = || OpenOptions::new().write(true).create_new(true).mode(0o644).open(path);
    match fault::at_file(Site::MakeFile).and_then(|()| make()) {
        Ok(mut file) => fault::at_file(Site::WriteFile)
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(KernelError::file(path, Access::Write)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => overwrite(path, |_| text.to_owned()),
        Err(error) => Err(KernelError::file(path, Access::Write)(error)),
    }
}

/// Takes the files of a node away. Those of a node that is half gone may be gone already.
pub(crate) fn remove(paths: &Paths, node: &NodeName) -> Result<(), KernelError> {
    let gone = |result: io::Result<()>, path: &Path| match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(KernelError::file(path, Access::Remove)(error))
        }
        _ => Ok(()),
    };
    let dir = paths.etc(node);
    gone(fault::at_file(Site::RemoveNodeDir).and_then(|()| fs::remove_dir_all(&dir)), &dir)?;
    let mark = paths.mark(node);
    gone(fault::at_file(Site::RemoveMark).and_then(|()| fs::remove_file(&mark)), &mark)
}

/// Writes Netyard's lines into the hosts file of a node, or takes them out.
pub(crate) fn write_hosts(paths: &Paths, node: &NodeName, lines: Option<&str>) -> Result<(), KernelError> {
    overwrite(&paths.hosts(node), |old| splice_hosts(old, lines))
}

/// What the files of a node say that Netyard writes.
#[derive(Debug, Default, Clone)]
pub(crate) struct NodeFiles {
    /// Netyard's lines of the hosts file.
    pub(crate) hosts: Option<Arc<str>>,
    /// The resolver file; `None` if the node has none of its own: it says nothing, or what the lab's does.
    pub(crate) resolv: Option<Arc<str>>,
}

impl NodeFiles {
    /// Reads those of a node. Nodes mostly have the same, so they are shared with `last`.
    pub(crate) fn read(paths: &Paths, node: &NodeName, last: &Self) -> Result<Self, KernelError> {
        let hosts = read_text(&paths.hosts(node))?;
        let resolv = read_text(&paths.resolv(node))?;
        let is_own = |text: &&str| {
            let first = text.lines().next().map(str::trim_end);
            first != Some(RESOLV_COPY) && !text.trim().is_empty()
        };
        Ok(Self {
            hosts: hosts.as_deref().and_then(netyard_lines).map(|lines| share(last.hosts.as_ref(), lines)),
            resolv: resolv.as_deref().filter(is_own).map(|text| share(last.resolv.as_ref(), text)),
        })
    }
}

/// Writes the resolver file of a node. Without a text of its own it says what the lab's does: it is never taken away, so that
/// commands that run, with it bound over their `/etc/resolv.conf`, go by what those go by that begin now.
pub(crate) fn write_resolv(paths: &Paths, node: &NodeName, text: Option<&str>) -> Result<(), KernelError> {
    let text = text.map_or_else(|| copy_of_resolv(paths), |text| Ok(text.to_owned()))?;
    overwrite(&paths.resolv(node), |_| text)
}

/// What the lab's resolver file says, marked as a copy.
fn copy_of_resolv(paths: &Paths) -> Result<String, KernelError> {
    let text = read_text(&paths.resolv)?.unwrap_or_default();
    Ok(format!("{RESOLV_COPY}\n{text}"))
}

/// The text of a file, if there is such a file.
fn read_text(path: &Path) -> Result<Option<String>, KernelError> {
    match fault::at_file(Site::ReadFile).and_then(|()| fs::read(path)) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(KernelError::file(path, Access::Read)(error)),
    }
}

/// `text`, as `last` if it is the same.
fn share(last: Option<&Arc<str>>, text: &str) -> Arc<str> {
    match last {
        Some(shared) if **shared == *text => Arc::clone(shared),
        _ => Arc::from(text),
    }
}

/// Writes a file in place. Running commands have it bound over their `/etc`, so it must stay the same file, and a rename would
/// make another of it.
fn overwrite(path: &Path, change: impl FnOnce(&str) -> String) -> Result<(), KernelError> {
    let write = || -> io::Result<()> {
        fault::at(Site::OpenFile)?;
        let mut file: File =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o644).open(path)?;
        let mut old = Vec::new();
        file.read_to_end(&mut old)?;
        let new = change(&String::from_utf8_lossy(&old));
        if new.as_bytes() == old {
            return Ok(());
        }
        file.rewind()?;
        fault::at(Site::WriteFile)?;
        file.write_all(new.as_bytes())?;
        fault::at(Site::CutFile)?;
        file.set_len(new.len() as u64)
    };
    write().map_err(KernelError::file(path, Access::Write))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_as_they_were_written() {
        let mut mark = Mark::new(NodeKind::Router);
        mark.sysctls.insert(SysctlKey::new("net.ipv4.ip_forward").unwrap(), String::from("0"));
        mark.sysctls
            .insert(SysctlKey::new("net/ipv4/tcp_rmem").unwrap(), String::from("4096\t131072\t6291456"));
        mark.sysctls.insert(SysctlKey::new("net/ipv4/conf/eth0.5/x").unwrap(), String::from("a\nb\\n c"));
        mark.sysctls.insert(SysctlKey::new("net/ipv6/empty").unwrap(), String::new());
        assert_eq!(Mark::parse(&mark.format()), Ok(mark));
    }

    #[test]
    fn what_is_no_mark_is_refused_with_its_line() {
        for (text, line) in [
            ("", 1),
            ("kind host\nsysctl net/ipv4/ip_forward\n", 2),
            ("kind hub\n", 1),
            ("kind host\n\nx y", 2),
            ("kind host\nsysctl kernel/panic/x 0\n", 2),
        ] {
            assert_eq!(Mark::parse(text), Err(line), "{text:?}");
        }
    }
}
