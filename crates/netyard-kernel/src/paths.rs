//! Where things are kept in a lab.

use std::path::{Path, PathBuf};

use netyard_types::NodeName;

/// The directories that Netyard keeps its nodes in. [`Paths::default`] is what a lab has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Where each node's network namespace has a name, `/run/netns`: ip-netns(8) looks there.
    pub namespaces: PathBuf,
    /// Where each node's own files for `/etc` are, `/etc/netns`: ip-netns(8) binds them over `/etc`.
    pub etc: PathBuf,
    /// Where Netyard marks the nodes it owns, `/run/netyard/nodes`.
    pub marks: PathBuf,
    /// The file that says what the lab's name server answers, `/run/netyard/names.json`; not there where there is none.
    pub names: PathBuf,
    /// The lab's own resolver file, `/etc/resolv.conf`.
    pub resolv: PathBuf,
}

impl Default for Paths {
    fn default() -> Self {
        Self::below(Path::new("/"))
    }
}

impl Paths {
    /// The same directories below another root.
    #[must_use]
    pub fn below(root: &Path) -> Self {
        Self {
            namespaces: root.join("run/netns"),
            etc: root.join("etc/netns"),
            marks: root.join("run/netyard/nodes"),
            names: root.join("run/netyard/names.json"),
            resolv: root.join("etc/resolv.conf"),
        }
    }

    /// The file that a node's namespace is bound to.
    #[must_use]
    pub fn namespace(&self, node: &NodeName) -> PathBuf {
        self.namespaces.join(node.as_str())
    }

    /// The directory of a node's own files for `/etc`.
    #[must_use]
    pub fn etc(&self, node: &NodeName) -> PathBuf {
        self.etc.join(node.as_str())
    }

    /// A node's hosts file.
    #[must_use]
    pub fn hosts(&self, node: &NodeName) -> PathBuf {
        self.etc(node).join("hosts")
    }

    /// The file with a node's host name.
    #[must_use]
    pub fn hostname(&self, node: &NodeName) -> PathBuf {
        self.etc(node).join("hostname")
    }

    /// A node's resolver file.
    #[must_use]
    pub fn resolv(&self, node: &NodeName) -> PathBuf {
        self.etc(node).join("resolv.conf")
    }

    /// Netyard's mark of a node it owns.
    #[must_use]
    pub fn mark(&self, node: &NodeName) -> PathBuf {
        self.marks.join(node.as_str())
    }
}
