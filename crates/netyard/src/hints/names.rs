//! What to do when names cannot be served.

use netyard_lab::keeper::KeeperError;
use nix::errno::Errno;

use super::system;

pub(super) fn of(error: &KeeperError) -> Vec<String> {
    if let Some(hint) = error.errno().and_then(system::of_errno) {
        return vec![String::from(hint)];
    }
    let hint = match error {
        KeeperError::Listen { node, source, .. } if source.errno() == Errno::EADDRINUSE => format!(
            "a program on `{node}` listens there already: `netyard exec {node} -- ss -lntup` names it"
        ),
        KeeperError::ConfineServer { source, .. } if source.errno() == Errno::ENOSPC => {
            system::of_namespaces(&["mnt", "pid", "net", "ipc", "uts"])
        }
        KeeperError::TooManySockets { .. } => String::from(
            "raise the limit (`ulimit -Hn`), or let one node serve all others: `[names] server = \"NODE\"`",
        ),
        KeeperError::Format { .. } | KeeperError::Read { .. } => String::from(
            "`netyard up` writes it again; if it was made by another version, take the lab away first",
        ),
        KeeperError::NoAnswer | KeeperError::ServerEnded => String::from("`netyard up` starts it again"),
        _ => String::from(
            "`netyard doctor` checks what this machine lacks; `[names] by = \"hosts\"` does without a server",
        ),
    };
    vec![hint]
}
