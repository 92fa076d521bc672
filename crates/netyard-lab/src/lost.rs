//! Labs whose run directory has gone: at the end of a login session the system removes the user's runtime directory, and the labs
//! in it run on. Their holders tell where they were.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use netyard_kernel::sandbox::{self, INSIDE_MARK};
use netyard_types::LabName;
use nix::unistd::geteuid;

use crate::holder::HOLDER_ARGUMENT;
use crate::record::AnyRecord;
use crate::{LabError, RunDir};

/// A holder of a lab below a directory that is not there.
struct Lost {
    name: LabName,
    record: AnyRecord,
}

/// Writes down anew which processes hold the labs of `run_dir`, if the whole directory has gone.
pub(crate) fn recover(run_dir: &RunDir) -> Result<(), LabError> {
    let dir = std::path::absolute(run_dir.path()).map_err(LabError::file("look at", run_dir.path()))?;
    let failed = || LabError::file("read", "/proc");
    for entry in fs::read_dir("/proc").map_err(failed())? {
        let entry = entry.map_err(failed())?;
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        // One that cannot be looked at is somebody else's, or has just ended.
        if let Some(pid) = pid
            && let Ok(Some(lost)) = look_at(pid, &dir)
        {
            run_dir.ensure()?;
            let locked = run_dir.lab(&lost.name).lock(|| ())?;
            if !locked.has_record() {
                locked.write_record(&lost.record)?;
            }
        }
    }
    Ok(())
}

/// What is known of the process, if it is a holder that has got its record once, and that is below `dir`.
fn look_at(pid: i32, dir: &Path) -> io::Result<Option<Lost>> {
    let proc = PathBuf::from(format!("/proc/{pid}"));
    if fs::metadata(&proc)?.uid() != geteuid().as_raw() || fs::read(proc.join("comm"))? != b"netyard-holder\n"
    {
        return Ok(None);
    }
    let line = fs::read(proc.join("cmdline"))?;
    let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
    let [_, argument, name, of, b""] = words[..] else { return Ok(None) };
    let name = std::str::from_utf8(name).ok().and_then(|name| LabName::new(name).ok());
    let Some(name) = name else { return Ok(None) };
    if argument != HOLDER_ARGUMENT.as_bytes() || OsStr::from_bytes(of) != dir.join(name.as_str()) {
        return Ok(None);
    }
    let version = fs::read_to_string(format!("/proc/{pid}/root{INSIDE_MARK}"))?;
    let (Ok(version), Ok(Some(start))) = (version.trim().parse(), sandbox::start_time_of(pid)) else {
        return Ok(None);
    };
    Ok(Some(Lost { name, record: AnyRecord { version, holder_pid: Some(pid), holder_start: Some(start) } }))
}
