//! Entering a node.

use std::fs;
use std::path::Path;

use netyard_types::NodeName;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::sethostname;

use super::process::check_single_thread;
use super::{SandboxError, SandboxStep, overlay};

/// Moves this process, which is in the lab already, into a node: its network namespace, its host name, its `/sys`, and its own
/// files over `/etc`, as `ip netns exec` does (ip-netns(8)).
///
/// # Errors
/// The step that failed; the process is of no use then.
pub fn enter_node(node: &NodeName) -> Result<(), SandboxError> {
    check_single_thread()?;
    let namespace =
        fs::File::open(Path::new("/run/netns").join(node.as_str())).map_err(SandboxStep::Node.failed_io())?;
    setns(&namespace, CloneFlags::CLONE_NEWNET).map_err(SandboxStep::Node.failed())?;
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS).map_err(SandboxStep::Node.failed())?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_SLAVE, None::<&str>)
        .map_err(SandboxStep::NodeFiles.failed())?;
    sethostname(node.as_str()).map_err(SandboxStep::Hostname.failed())?;
    overlay::replace_sys();
    let own = Path::new("/etc/netns").join(node.as_str());
    let Ok(files) = fs::read_dir(&own) else { return Ok(()) };
    for file in files.flatten() {
        let target = Path::new("/etc").join(file.file_name());
        if target.exists() {
            overlay::bind(&file.path(), &target).map_err(SandboxStep::NodeFiles.failed())?;
        }
    }
    Ok(())
}
