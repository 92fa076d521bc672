//! One lab: finding it, locking it, starting and ending it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use netyard_kernel::fault::{self, Site};
use netyard_kernel::sandbox::{self, Holder};
use netyard_types::LabName;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::own::{self, has_directory};
use crate::record::{self, AnyRecord};
use crate::{LabError, RECORD_VERSION, Record, holder};

/// A lab that may run or not.
#[derive(Debug, Clone)]
pub struct Lab {
    dir: PathBuf,
    name: LabName,
}

/// A lab that no other command can change meanwhile.
#[derive(Debug)]
pub struct LockedLab {
    lab: Lab,
    /// Held until this value, and every copy of it in a child process, is gone.
    lock: Flock<File>,
}

/// A directory that was made for the lock, and got no record meanwhile, is nobody's.
impl Drop for LockedLab {
    fn drop(&mut self) {
        let [lock, fresh] = [LOCK, record::FRESH].map(|name| self.lab.dir.join(name));
        // After the lab was removed, what is there may be another command's.
        if !self.has_record() && is_same_file(&self.lock, &lock) {
            // Without opening anything: a lack of descriptors may be what went wrong.
            let _ = fs::remove_file(fresh);
            let _ = fs::remove_file(lock);
            let _ = fs::remove_dir(&self.lab.dir);
        }
    }
}

/// The file that is locked.
const LOCK: &str = "lock";

/// How long the kernel may take to end the processes of a lab.
const END_WITHIN: Duration = Duration::from_secs(30);

impl Lab {
    pub(crate) fn new(dir: PathBuf, name: LabName) -> Self {
        Self { dir, name }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &LabName {
        &self.name
    }

    /// Whether it has a directory: it runs, or left one behind.
    ///
    /// # Errors
    /// When that directory, or the one that it is in, is not the user's own.
    pub fn is_known(&self) -> Result<bool, LabError> {
        if let Some(run_dir) = self.dir.parent()
            && !has_directory(run_dir)?
        {
            return Ok(false);
        }
        has_directory(&self.dir)
    }

    /// The record and the holder of the lab, if it runs.
    ///
    /// # Errors
    /// When what the directory tells cannot be read, or was written by another version.
    pub fn running(&self) -> Result<Option<(Record, Holder)>, LabError> {
        let Some(text) = self.read_record()? else { return Ok(None) };
        let any: AnyRecord = self.parse_record(&text)?;
        if any.version != RECORD_VERSION {
            let is_removable = any.version > 0 && any.holder_pid.is_some() && any.holder_start.is_some();
            let (name, found, known) = (self.name.clone(), any.version, RECORD_VERSION);
            return Err(LabError::Version { name, found, known, is_removable });
        }
        let record: Record = self.parse_record(&text)?;
        let holder = self.open_holder(record.holder_pid, record.holder_start)?;
        Ok(holder.map(|holder| (record, holder)))
    }

    /// The holder of the lab, if it runs, whichever version made it.
    fn holder(&self) -> Result<Option<Holder>, LabError> {
        match self.running() {
            Err(LabError::Version { is_removable: true, .. }) => {}
            running => return Ok(running?.map(|(_, holder)| holder)),
        }
        let Some(text) = self.read_record()? else { return Ok(None) };
        let any: AnyRecord = self.parse_record(&text)?;
        match (any.holder_pid, any.holder_start) {
            (Some(pid), Some(start)) => self.open_holder(pid, start),
            _ => Ok(None),
        }
    }

    /// The text of the record, if there is one.
    fn read_record(&self) -> Result<Option<Vec<u8>>, LabError> {
        if !self.is_known()? {
            return Ok(None);
        }
        let path = self.dir.join(record::FILE);
        fault::at_file(Site::ReadRecord).map_err(LabError::file("read", &path))?;
        let file = match own::open(&path, "read", OpenOptions::new().read(true)) {
            Ok(file) => file,
            Err(LabError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let mut text = Vec::new();
        file.take(record::MOST).read_to_end(&mut text).map_err(LabError::file("read", path))?;
        Ok(Some(text))
    }

    fn parse_record<T: DeserializeOwned>(&self, text: &[u8]) -> Result<T, LabError> {
        serde_json::from_slice(text)
            .map_err(|source| LabError::Record { path: self.dir.join(record::FILE), source })
    }

    /// The process with this number that started at that time, if it runs and holds this lab. A run directory on a disk is still
    /// there after the machine has been started anew, when all numbers are given again.
    fn open_holder(&self, pid: i32, start: u64) -> Result<Option<Holder>, LabError> {
        let Some(holder) = Holder::open(pid, start)? else { return Ok(None) };
        Ok(holder::holds(pid, &self.name)?.then_some(holder))
    }

    /// Takes away what a lab has left whose holder is gone, unless another command is at work on it. What cannot be removed stays: this
    /// is done by the way.
    pub fn tidy(&self) {
        let path = self.dir.join(LOCK);
        let Ok(file) = own::open(&path, "open", OpenOptions::new().write(true)) else {
            // It goes only if it is empty: a command was killed right before it had done so.
            let _ = fs::remove_dir(&self.dir);
            return;
        };
        let Ok(lock) = Flock::lock(file, FlockArg::LockExclusiveNonblock) else { return };
        if is_same_file(&lock, &path) && matches!(self.running(), Ok(None)) {
            let _ = LockedLab { lab: self.clone(), lock }.clear_directory();
        }
    }

    /// Locks the lab. `wait_note` is called once if another command has to be waited for.
    ///
    /// # Errors
    /// When the directory of the lab cannot be made or locked.
    pub fn lock(&self, wait_note: impl FnOnce()) -> Result<LockedLab, LabError> {
        let mut wait_note = Some(wait_note);
        let path = self.dir.join(LOCK);
        loop {
            if !self.is_known()? {
                let made = fault::at_file(Site::MakeLabDir)
                    .and_then(|()| DirBuilder::new().recursive(true).mode(0o700).create(&self.dir));
                made.map_err(LabError::file("make the directory", &self.dir))?;
                // Somebody may have been quicker.
                self.is_known().inspect_err(|_| drop(fs::remove_dir(&self.dir)))?;
            }
            let mut options = OpenOptions::new();
            let mut open = || own::open(&path, "open", options.write(true).create(true).mode(0o600));
            let opened = fault::at_file(Site::OpenLock).map_err(LabError::file("open", &path));
            let file = match opened.and_then(|()| open()) {
                Ok(file) => file,
                // The lab was taken away between the two calls.
                Err(LabError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    // Goes only if it is empty: it was made for this.
                    let _ = fs::remove_dir(&self.dir);
                    return Err(error);
                }
            };
            fault::at_file(Site::Lock).map_err(LabError::file("lock", &path))?;
            let lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(lock) => lock,
                Err((file, Errno::EWOULDBLOCK)) => {
                    if let Some(note) = wait_note.take() {
                        note();
                    }
                    lock_waiting(file).map_err(LabError::file("lock", &path))?
                }
                Err((_, errno)) => return Err(LabError::file("lock", &path)(errno.into())),
            };
            // Whoever had the lock may have removed the directory, and the lock with it.
            if is_same_file(&lock, &path) {
                return Ok(LockedLab { lab: self.clone(), lock });
            }
        }
    }
}

fn lock_waiting(mut file: File) -> io::Result<Flock<File>> {
    loop {
        match Flock::lock(file, FlockArg::LockExclusive) {
            Ok(lock) => return Ok(lock),
            Err((again, Errno::EINTR)) => file = again,
            Err((_, errno)) => return Err(errno.into()),
        }
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn is_same_file(open: &File, path: &Path) -> bool {
    match (open.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

impl LockedLab {
    /// The lab.
    #[must_use]
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    /// Starts the holder of a lab that does not run, and writes the record. The lab is empty then.
    ///
    /// # Errors
    /// When the namespaces cannot be made or the record cannot be written; nothing is left then.
    pub fn start(&self, file: Option<PathBuf>, created: u64) -> Result<Holder, LabError> {
        self.try_start(file, created).inspect_err(|_| {
            // Of a process that has ended by now. Why it failed is what counts.
            let _ = fs::remove_file(self.lab.dir.join(record::FILE));
        })
    }

    fn try_start(&self, file: Option<PathBuf>, created: u64) -> Result<Holder, LabError> {
        let ready = holder::spawn(&self.lab.name, &self.lab.dir)?;
        let holder_start = sandbox::start_time_of(ready.pid)?.ok_or(LabError::HolderEnded)?;
        let holder = Holder::open(ready.pid, holder_start)?.ok_or(LabError::HolderEnded)?;
        let record = Record { version: RECORD_VERSION, file, holder_pid: ready.pid, holder_start, created };
        match self.write_record(&record).and_then(|()| ready.release()) {
            Ok(()) => Ok(holder),
            Err(error) => {
                // It would end by itself, some time after whoever asked for the lab was told that there is none.
                let _ = holder.kill();
                let _ = holder.wait_gone(END_WITHIN);
                Err(error)
            }
        }
    }

    /// Whether there is anything in the place of the record.
    pub(crate) fn has_record(&self) -> bool {
        let record = fs::symlink_metadata(self.lab.dir.join(record::FILE));
        record.map_or_else(|error| error.kind() != io::ErrorKind::NotFound, |_| true)
    }

    /// Writes the record anew, so that a reader finds the old one or the new one, whole.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn write_record(&self, record: &impl Serialize) -> Result<(), LabError> {
        let path = self.lab.dir.join(record::FILE);
        let fresh = self.lab.dir.join(record::FRESH);
        let text =
            serde_json::to_vec(record).map_err(|source| LabError::Record { path: path.clone(), source })?;
        let write = || {
            // What a killed command has left, or somebody has put there, is not written to.
            remove_if_there(&fresh)?;
            fault::at(Site::OpenRecord)?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
            fault::at(Site::WriteRecord)?;
            file.write_all(&text)?;
            fault::at(Site::SyncRecord)?;
            file.sync_all()?;
            fault::at(Site::RenameRecord)?;
            fs::rename(&fresh, &path)
        };
        write().map_err(|source| {
            let _ = fs::remove_file(&fresh);
            LabError::file("write", &path)(source)
        })
    }

    /// Takes the lab away: ends its holder, with which the kernel ends all its processes and frees all its namespaces, and
    /// removes its directory. Says whether it ran.
    ///
    /// # Errors
    /// When the holder does not end or the directory cannot be removed.
    pub fn remove(self) -> Result<bool, LabError> {
        let running = self.lab.holder()?;
        if let Some(holder) = &running {
            holder.kill()?;
            if !holder.wait_gone(END_WITHIN) {
                let (name, pid) = (self.lab.name.clone(), holder.pid());
                return Err(LabError::HolderStays { name, pid, seconds: END_WITHIN.as_secs() });
            }
        }
        self.clear_directory()?;
        Ok(running.is_some())
    }

    /// Takes the directory away again where it has only been made to be locked.
    pub fn clear_if_empty(&self) {
        let is_other =
            |entry: io::Result<fs::DirEntry>| entry.map_or(true, |entry| entry.file_name() != LOCK);
        if fs::read_dir(&self.lab.dir).is_ok_and(|mut entries| !entries.any(is_other)) {
            // What is left, `down` removes.
            let _ = self.clear_directory();
        }
    }

    /// The lock goes last: from then on the directory belongs to whoever waited for it, and what he puts there stays.
    fn clear_directory(&self) -> Result<(), LabError> {
        let dir = &self.lab.dir;
        fault::at_file(Site::ReadLabDir).map_err(LabError::file("read", dir))?;
        for entry in fs::read_dir(dir).map_err(LabError::file("read", dir))? {
            let path = entry.map_err(LabError::file("read", dir))?.path();
            if !path.ends_with(LOCK) {
                fault::at_file(Site::RemoveLabFile)
                    .and_then(|()| fs::remove_file(&path))
                    .map_err(LabError::file("remove", path))?;
            }
        }
        let lock = dir.join(LOCK);
        fault::at_file(Site::RemoveLock)
            .and_then(|()| fs::remove_file(&lock))
            .map_err(LabError::file("remove", lock))?;
        match fault::at_file(Site::RemoveLabDir).and_then(|()| fs::remove_dir(dir)) {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound) =>
            {
                Ok(())
            }
            removed => removed.map_err(LabError::file("remove", dir)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NotOwn, RunDir};

    fn scratch() -> (tempfile::TempDir, Lab) {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::choose(Some(dir.path().join("run")), None);
        run.ensure().unwrap();
        let lab = run.lab(&LabName::new("office").unwrap());
        (dir, lab)
    }

    #[test]
    fn a_lab_without_a_record_does_not_run() {
        let (_dir, lab) = scratch();
        assert!(lab.running().unwrap().is_none());
    }

    #[test]
    fn a_record_of_another_version_is_refused() {
        let (_dir, lab) = scratch();
        let locked = lab.lock(|| panic!("nobody else is there")).unwrap();
        fs::write(locked.lab.dir.join(record::FILE), r#"{"version": 99}"#).unwrap();
        assert!(matches!(lab.running(), Err(LabError::Version { found: 99, .. })));
    }

    #[test]
    fn a_record_of_garbage_is_an_error() {
        let (_dir, lab) = scratch();
        let locked = lab.lock(|| ()).unwrap();
        fs::write(locked.lab.dir.join(record::FILE), "half a rec").unwrap();
        assert!(matches!(lab.running(), Err(LabError::Record { .. })));
    }

    #[test]
    fn a_holder_that_is_gone_is_no_running_lab() {
        let (_dir, lab) = scratch();
        let locked = lab.lock(|| ()).unwrap();
        // This process runs, but started at another time than the record says.
        let record = Record {
            version: RECORD_VERSION,
            file: None,
            holder_pid: std::process::id().cast_signed(),
            holder_start: 1,
            created: 0,
        };
        locked.write_record(&record).unwrap();
        assert!(lab.running().unwrap().is_none());
        assert!(!locked.remove().unwrap());
        assert!(!lab.dir.exists());
    }

    #[test]
    fn two_commands_take_turns() {
        let (_dir, lab) = scratch();
        let first = lab.lock(|| ()).unwrap();
        let (told, waits) = std::sync::mpsc::channel();
        let other = lab.clone();
        let second = std::thread::spawn(move || other.lock(|| told.send(()).unwrap()).unwrap());
        waits.recv().unwrap();
        // The directory goes, and the lock file with it: the second must not believe in the lock of a file that is gone.
        first.remove().unwrap();
        let second = second.join().unwrap();
        assert!(is_same_file(&second.lock, &lab.dir.join("lock")));
    }

    #[test]
    fn a_directory_of_somebody_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("link")).unwrap();
        let run = RunDir::choose(Some(dir.path().join("link")), None);
        assert!(matches!(run.ensure(), Err(LabError::NotOwn { why: NotOwn::Link, .. })));
    }
}
