//! What a test wants to go wrong.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::Command;
use std::sync::LazyLock;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill as send_signal};
use nix::unistd::Pid;

use super::Site;

/// The file that every site which is passed is written to.
const LOG: &str = "NETYARD_FAULT_LOG";
/// What is to go wrong.
const ORDER: &str = "NETYARD_FAULT";

/// What is to happen at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Kill,
    Fail(Errno),
}

/// One word of the order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Order {
    site: String,
    /// The first time, counted from 1.
    first: usize,
    /// Whether every later time is meant too.
    and_on: bool,
    fault: Fault,
}

impl Order {
    fn parse(word: &str) -> Option<Self> {
        let mut parts = word.split(':');
        let (what, site, times) = (parts.next()?, parts.next()?, parts.next()?);
        let (times, and_on) = times.strip_suffix("..").map_or((times, false), |times| (times, true));
        let fault = match (what, parts.next()) {
            ("kill", None) => Fault::Kill,
            ("fail", Some(errno)) => Fault::Fail(errno_of(errno)?),
            _ => return None,
        };
        let first = times.parse().ok()?;
        parts.next().is_none().then(|| Self { site: site.to_owned(), first, and_on, fault })
    }

    fn holds(&self, site: Site, time: usize) -> bool {
        self.site == site.word() && (self.first == time || self.and_on && self.first < time)
    }
}

/// The number of an error by its name in errno(3).
fn errno_of(name: &str) -> Option<Errno> {
    (1..=200).map(Errno::from_raw).find(|errno| format!("{errno:?}") == name)
}

struct Told {
    log: OsString,
    orders: Vec<Order>,
}

static TOLD: LazyLock<Option<Told>> = LazyLock::new(|| {
    let log = std::env::var_os(LOG)?;
    let text = std::env::var(ORDER).unwrap_or_default();
    let order = |word| Order::parse(word).unwrap_or_else(|| panic!("{ORDER} does not mean anything: {word}"));
    Some(Told { log, orders: text.split_whitespace().map(order).collect() })
});

impl Told {
    /// Notes that the site is passed, and says for the how manieth time.
    fn note(&self, site: Site) -> std::io::Result<usize> {
        let file = OpenOptions::new().read(true).append(true).open(&self.log)?;
        // Threads and processes take turns.
        let mut file: Flock<File> = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        file.write_all(format!("{}\n", site.word()).as_bytes())?;
        Ok(text.lines().filter(|line| *line == site.word()).count() + 1)
    }
}

/// Passes a site: whatever comes next may be done.
///
/// # Errors
/// What a test wants to be answered in its place.
pub fn at(site: Site) -> Result<(), Errno> {
    match at_request(site) {
        None => Ok(()),
        Some(Fault::Fail(errno)) => Err(errno),
        Some(Fault::Kill) => kill(),
    }
}

/// The same where a caller has to make something of it himself.
pub(crate) fn at_request(site: Site) -> Option<Fault> {
    let told = TOLD.as_ref()?;
    let time = told.note(site).unwrap_or_else(|error| panic!("{LOG} cannot be written: {error}"));
    told.orders.iter().find(|order| order.holds(site, time)).map(|order| order.fault)
}

/// Kills the process group: the whole command, as far as it has not been left on purpose.
pub(crate) fn kill() -> ! {
    let _ = send_signal(Pid::from_raw(0), Signal::SIGKILL);
    if Pid::this() == Pid::from_raw(1) {
        // The first process of a PID namespace is deaf to signals from within (pid_namespaces(7)).
        std::process::exit(128 + Signal::SIGKILL as i32);
    }
    loop {
        // The signal is on its way.
        std::thread::park();
    }
}

/// Hands what a test wants on to a program that is started without any environment.
pub fn tell(command: &mut Command) {
    for name in [LOG, ORDER] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read() {
        let order = Order::parse("fail:netns.bind:2..:EPERM").unwrap();
        assert_eq!(order.fault, Fault::Fail(Errno::EPERM));
        assert_eq!([1, 2, 3].map(|time| order.holds(Site::BindNamespace, time)), [false, true, true]);
        let once = Order::parse("kill:netns.bind:2").unwrap();
        assert_eq!(once.fault, Fault::Kill);
        assert_eq!([1, 2, 3].map(|time| once.holds(Site::BindNamespace, time)), [false, true, false]);
        assert!(!once.holds(Site::Unshare, 2));
        for word in
            ["kill", "kill:x", "kill:x:y", "kill:x:1:EPERM", "fail:x:1", "fail:x:1:EWHAT", "fail:x:1:EPERM:1"]
        {
            assert_eq!(Order::parse(word), None, "{word}");
        }
    }
}
