//! What happens in the lab that the keeper has to know: namespaces that lose their name, and another file of names.
//!
//! A socket keeps its namespace alive, and `ip netns del` is to take a node away at once, with its cables, as it does where nobody
//! serves names. And a command may be killed after it has written the file of names and before it has told the keeper.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use netyard_kernel::Paths;
use netyard_types::NodeName;
use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};

pub(super) struct Watch {
    inotify: Inotify,
    namespaces: WatchDescriptor,
    /// The name of the file of names in its directory.
    names: std::ffi::OsString,
}

/// What has happened.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Events {
    /// The nodes that have been removed.
    pub(super) removed: Vec<NodeName>,
    /// Whether there is another file of names, or none any more.
    pub(super) names: bool,
}

impl Watch {
    pub(super) fn new(paths: &Paths) -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        let gone = AddWatchFlags::IN_DELETE | AddWatchFlags::IN_MOVED_FROM;
        let namespaces = inotify.add_watch(&paths.namespaces, gone)?;
        let (Some(dir), Some(names)) = (paths.names.parent(), paths.names.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        inotify.add_watch(dir, gone | AddWatchFlags::IN_MOVED_TO)?;
        Ok(Self { inotify, namespaces, names: names.to_owned() })
    }

    /// What has happened since the last call.
    pub(super) fn events(&self) -> Events {
        let mut all = Events::default();
        loop {
            match self.inotify.read_events() {
                Ok(events) => {
                    for event in events {
                        let Some(name) = event.name else {
                            // Too much at once (IN_Q_OVERFLOW): what was lost may have been about names.
                            all.names |= event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW);
                            continue;
                        };
                        if event.wd == self.namespaces {
                            all.removed.extend(name.to_str().and_then(|name| NodeName::new(name).ok()));
                        } else {
                            all.names |= name == self.names;
                        }
                    }
                }
                Err(Errno::EINTR) => {}
                Err(_) => return all,
            }
        }
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_name_that_goes_and_a_file_that_comes_are_told_apart() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::below(root.path());
        fs::create_dir_all(&paths.namespaces).unwrap();
        fs::create_dir_all(&paths.marks).unwrap();
        let watch = Watch::new(&paths).unwrap();
        assert_eq!(watch.events(), Events::default());
        fs::write(paths.namespaces.join("a"), "").unwrap();
        fs::write(paths.names.with_extension("new"), "{}").unwrap();
        assert_eq!(watch.events(), Events::default(), "nothing has gone, and the file is not whole yet");
        fs::rename(paths.names.with_extension("new"), &paths.names).unwrap();
        assert_eq!(watch.events(), Events { removed: Vec::new(), names: true });
        fs::remove_file(paths.namespaces.join("a")).unwrap();
        assert_eq!(watch.events(), Events { removed: vec![NodeName::new("a").unwrap()], names: false });
        fs::remove_file(&paths.names).unwrap();
        assert_eq!(watch.events(), Events { removed: Vec::new(), names: true });
    }
}
