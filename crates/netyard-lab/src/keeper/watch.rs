//! Namespaces that lose their name. A socket keeps its namespace alive, and `ip netns del` is to take a node away at once, with
//! its cables, as it does where nobody serves names.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use netyard_types::NodeName;
use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

pub(super) struct Watch(Inotify);

impl Watch {
    pub(super) fn new(namespaces: &Path) -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        inotify.add_watch(namespaces, AddWatchFlags::IN_DELETE | AddWatchFlags::IN_MOVED_FROM)?;
        Ok(Self(inotify))
    }

    /// The nodes that have been removed since the last call.
    pub(super) fn removed(&self) -> Vec<NodeName> {
        let mut nodes = Vec::new();
        loop {
            match self.0.read_events() {
                Ok(events) => nodes.extend(
                    events.iter().filter_map(|event| NodeName::new(event.name.as_ref()?.to_str()?).ok()),
                ),
                Err(Errno::EINTR) => {}
                Err(_) => return nodes,
            }
        }
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
