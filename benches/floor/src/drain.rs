//! How long until the kernel has taken away what was let go before.
//!
//! Namespaces are dismantled one batch after the other by one kernel thread (`cleanup_net()`), so one that is let go now is gone
//! after all that were let go earlier. It holds an end of a cable, and the other end says when.

use std::io::{Write, stdin, stdout};
use std::time::Instant;

use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::gettid;

use crate::links::{self, End, Into};
use crate::netlink::{Batch, Socket, kind};
use crate::{Context, Result};

const RTMGRP_LINK: u32 = 1;
const HERE: u32 = 100;

/// Makes a namespace, says `ready`, waits for a line, lets the namespace go, and prints the seconds until it is gone.
pub(crate) fn drain() -> Result<()> {
    let base = std::fs::File::open("/proc/thread-self/ns/net").context(|| "open the namespace")?;
    let (here, heard) = (Socket::open()?, Socket::open_to(RTMGRP_LINK)?);
    let mut batch = Batch::default();
    links::add_bridge(&mut batch, &End { name: "br", index: 50, mac: [2, 0, 0, 0, 0, 1] }, true);
    here.send(&mut batch)?;
    unshare(CloneFlags::CLONE_NEWNET).context(|| "make a namespace")?;
    let near = End { name: "near", index: HERE, mac: [2, 0, 0, 0, 0, 2] };
    let far = End { name: "far", index: 2, mac: [2, 0, 0, 0, 0, 3] };
    links::add_cable(&mut batch, &near, 50, &far, Into::Thread(gettid().as_raw()));
    here.send(&mut batch)?;
    println!("ready");
    stdout().flush().context(|| "say that it is ready")?;
    stdin().read_line(&mut String::new()).context(|| "wait for a line")?;
    let start = Instant::now();
    setns(&base, CloneFlags::CLONE_NEWNET).context(|| "go back")?;
    heard.listen(|kind, body| {
        let index = body.get(4..8).map(|bytes| u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        // A bridge tells of the ports it loses, too, in messages of its own family.
        kind == kind::DEL_LINK && body.first() == Some(&0) && index == Some(HERE)
    })?;
    println!("drained {:.6}", start.elapsed().as_secs_f64());
    Ok(())
}
