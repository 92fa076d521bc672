//! What is served, and where: the file of names on one side, the name server on the other.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use netyard_kernel::fault::{self, Site};
use netyard_kernel::{Paths, descriptors, netns};
use netyard_names::{Listener, Order, Protocol, Report};
use netyard_types::{Names, NodeName};
use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::KeeperError;
use super::listen::{is_local, open_connection, open_listener};
use super::server::Server;

/// Open files that the server needs besides the sockets it is asked on: connections and questions that it asks itself.
const SPARE: u64 = 2048;
/// How long the server may take to do what it is told.
const COMMIT_WITHIN: Duration = Duration::from_secs(30);
/// How long the sockets of a server that has ended may stay: it ends when it sees that its keeper has.
const LET_GO_WITHIN: Duration = Duration::from_secs(2);
/// A server that ends again within this time is not started anew before it is over.
const RESTART_AFTER: Duration = Duration::from_secs(5);

/// A socket that names are served on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    node: NodeName,
    addr: IpAddr,
    protocol: Protocol,
}

/// A namespace, known by what it is and not by what it is called: a node may have been made anew.
type Identity = (u64, u64);

/// A socket that the server has.
#[derive(Debug, Clone, Copy)]
struct Open {
    id: u32,
    namespace: Identity,
}

pub(super) struct Serving {
    paths: Paths,
    /// What is served, as the file has it.
    text: Vec<u8>,
    names: Option<Names>,
    server: Option<Server>,
    started: Option<Instant>,
    open: BTreeMap<Place, Open>,
    next_id: u32,
    serial: u32,
    serial_file: PathBuf,
}

impl Serving {
    pub(super) fn new(paths: Paths) -> Self {
        let serial_file = paths.names.with_file_name("serial");
        Self {
            paths,
            text: Vec::new(),
            names: None,
            server: None,
            started: None,
            open: BTreeMap::new(),
            next_id: 0,
            serial: read_serial(&serial_file),
            serial_file,
        }
    }

    /// Whether there is anything to serve.
    pub(super) fn has_names(&self) -> bool {
        self.names.is_some()
    }

    /// Where the server reports.
    pub(super) fn server(&self) -> Option<BorrowedFd<'_>> {
        self.server.as_ref().map(AsFd::as_fd)
    }

    /// When a server that has ended is to be started anew.
    pub(super) fn restart_in(&self) -> Option<Duration> {
        if self.server.is_some() {
            return None;
        }
        Some(self.started.map_or(Duration::ZERO, |started| RESTART_AFTER.saturating_sub(started.elapsed())))
    }

    /// Serves what the file says now. On an error, what was served before still is, unless the server itself ended.
    pub(super) fn refresh(&mut self) -> Result<(), KeeperError> {
        self.serve(|_, _| true)
    }

    /// The same while a command may still be at work on the nodes, and may be killed at any moment: only on addresses that are there.
    /// A socket that is bound in a namespace without any address would answer from another one for good (`inet_addr_type()` finds no
    /// table, and `__inet_bind()` sets no source). For the others the command asks when it has done its work, or the next one.
    pub(super) fn follow(&mut self) -> Result<(), KeeperError> {
        self.serve(|serving, place| serving.visit(&place.node, || is_local(place.addr)).unwrap_or(false))
    }

    fn serve(&mut self, is_due: impl Fn(&Self, &Place) -> bool) -> Result<(), KeeperError> {
        let Some((text, names)) = self.read()? else {
            self.stop();
            self.names = None;
            return Ok(());
        };
        let is_new = self.server.is_none();
        if is_new {
            self.stop();
            allow_many_files();
            self.started = Some(Instant::now());
            self.server = Some(Server::start()?);
        }
        let wanted = self.wanted(&names);
        check_limit(wanted.len() as u64)?;
        let closed: Vec<Place> = self
            .open
            .iter()
            .filter(|(place, open)| wanted.get(place) != Some(&open.namespace))
            .map(|(place, _)| place.clone())
            .collect();
        let fresh: Vec<(Place, Identity)> = wanted
            .into_iter()
            .filter(|(place, namespace)| self.open.get(place).is_none_or(|open| open.namespace != *namespace))
            .filter(|(place, _)| is_due(self, place))
            .collect();
        let patience = if is_new { LET_GO_WITHIN } else { Duration::ZERO };
        let sockets = self.open_sockets_within(patience, &fresh)?;
        let told = self.tell(&text, &names, &closed, &fresh, &sockets);
        match told {
            Ok(()) => {}
            Err(KeeperError::ServerEnded) => self.stop(),
            Err(_) => return told,
        }
        if told.is_ok() {
            self.text = text;
        }
        // Even if the server has ended: it is to be started anew with these.
        self.names = Some(names);
        told
    }

    fn read(&self) -> Result<Option<(Vec<u8>, Names)>, KeeperError> {
        let path = || self.paths.names.clone();
        let text = match fault::at_file(Site::LoadNames).and_then(|()| fs::read(&self.paths.names)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(KeeperError::Read { path: path(), source: source.into() }),
        };
        let names = serde_json::from_slice(&text).map_err(|_| KeeperError::Format { path: path() })?;
        Ok(Some((text, names)))
    }

    /// Where names are to be served. A node that is not there is left out: it was removed by hand, and the others are served.
    fn wanted(&self, names: &Names) -> BTreeMap<Place, Identity> {
        let mut wanted = BTreeMap::new();
        for (node, addrs) in &names.servers {
            let Some(namespace) = self.identity(node) else { continue };
            for &addr in addrs {
                for protocol in [Protocol::Udp, Protocol::Tcp] {
                    wanted.insert(Place { node: node.clone(), addr, protocol }, namespace);
                }
            }
        }
        wanted
    }

    fn identity(&self, node: &NodeName) -> Option<Identity> {
        fs::metadata(self.paths.namespace(node)).ok().map(|meta| (meta.dev(), meta.ino()))
    }

    /// Opens the sockets, and waits for a server that was there before to let go of them.
    fn open_sockets_within(
        &self,
        patience: Duration,
        places: &[(Place, Identity)],
    ) -> Result<Vec<OwnedFd>, KeeperError> {
        let deadline = Instant::now() + patience;
        loop {
            match self.open_sockets(places) {
                Err(KeeperError::Listen { source, .. })
                    if source.errno() == Errno::EADDRINUSE && Instant::now() < deadline =>
                {
                    thread::sleep(Duration::from_millis(5));
                }
                opened => return opened,
            }
        }
    }

    fn open_sockets(&self, places: &[(Place, Identity)]) -> Result<Vec<OwnedFd>, KeeperError> {
        let mut sockets = Vec::with_capacity(places.len());
        for of_node in places.chunk_by(|(a, _), (b, _)| a.node == b.node) {
            let node = &of_node[0].0.node;
            let open = || {
                let open = |place: &Place| {
                    let open = || open_listener(place.addr, place.protocol);
                    fault::at(Site::OpenListener).and_then(|()| open()).map_err(|errno| KeeperError::Listen {
                        node: place.node.clone(),
                        addr: place.addr,
                        protocol: place.protocol,
                        source: errno.into(),
                    })
                };
                of_node.iter().map(|(place, _)| open(place)).collect::<Result<Vec<_>, _>>()
            };
            sockets.extend(self.visit(node, open)??);
        }
        Ok(sockets)
    }

    fn visit<T>(&self, node: &NodeName, work: impl FnOnce() -> T) -> Result<T, KeeperError> {
        netns::open(&self.paths.namespace(node))
            .and_then(|namespace| netns::with_namespace(namespace.as_fd(), work))
            .map_err(|error| KeeperError::Node { node: node.clone(), source: error.errno.into() })
    }

    /// Brings the server to serve `names`, at once.
    fn tell(
        &mut self,
        text: &[u8],
        names: &Names,
        closed: &[Place],
        fresh: &[(Place, Identity)],
        sockets: &[OwnedFd],
    ) -> Result<(), KeeperError> {
        let mut next_id = self.next_id;
        let mut opened = BTreeMap::new();
        let mut listeners = Vec::new();
        for (place, namespace) in fresh {
            opened.insert(place.clone(), Open { id: next_id, namespace: *namespace });
            listeners.push(Listener { id: next_id, node: place.node.clone(), protocol: place.protocol });
            next_id = next_id.wrapping_add(1);
        }
        self.next_id = next_id;
        let server = self.server.as_ref().ok_or(KeeperError::ServerEnded)?;
        for (listeners, sockets) in
            listeners.chunks(Order::MOST_SOCKETS).zip(sockets.chunks(Order::MOST_SOCKETS))
        {
            let sockets: Vec<_> = sockets.iter().map(AsFd::as_fd).collect();
            server.order(&Order::Listen { listeners: listeners.to_vec() }, &sockets)?;
        }
        let ids: Vec<u32> =
            closed.iter().filter_map(|place| self.open.get(place)).map(|open| open.id).collect();
        for ids in ids.chunks(Order::MOST_SOCKETS) {
            server.order(&Order::Close { ids: ids.to_vec() }, &[])?;
        }
        if self.text != text {
            self.serial = next_serial(SystemTime::now(), self.serial);
            // Only a keeper after this one would miss it, and then only if the clock is set back.
            let _ = write_serial(&self.serial_file, self.serial);
            let file = fault::at_file(Site::MemoryFile)
                .and_then(|()| descriptors::memory_file(text))
                .map_err(|source| KeeperError::StartServer { source: source.into() })?;
            server.order(&Order::Names { serial: self.serial }, &[file.as_fd()])?;
        }
        self.commit(names)?;
        for place in closed {
            self.open.remove(place);
        }
        self.open.extend(opened);
        Ok(())
    }

    /// Makes what was ordered so. Meanwhile the server may want sockets, by `names` or by what was before.
    fn commit(&self, names: &Names) -> Result<(), KeeperError> {
        let server = self.server.as_ref().ok_or(KeeperError::ServerEnded)?;
        server.order(&Order::Commit, &[])?;
        let deadline = Instant::now() + COMMIT_WITHIN;
        loop {
            match server.report(deadline)? {
                Report::Committed => return Ok(()),
                Report::Rejected { reason } => return Err(KeeperError::Rejected { reason }),
                Report::Connect { token, node, upstream, protocol } => {
                    self.connect(self.names.as_ref().unwrap_or(names), token, &node, upstream, protocol)?;
                }
                Report::Ready | Report::Failed { .. } => {}
            }
        }
    }

    /// Takes the next report of the server, and starts a server that has ended anew, though not all the time.
    pub(super) fn hear(&mut self) {
        if let Some(server) = &self.server {
            match (server.report(Instant::now()), &self.names) {
                (Ok(Report::Connect { token, node, upstream, protocol }), Some(names)) => {
                    if self.connect(names, token, &node, upstream, protocol).is_err() {
                        self.stop();
                    }
                }
                (Ok(_), _) => {}
                (Err(_), _) => self.stop(),
            }
        }
        if self.restart_in() == Some(Duration::ZERO) {
            // The next command that asks for it is told why it fails.
            let _ = self.refresh();
        }
    }

    fn connect(
        &self,
        names: &Names,
        token: u64,
        node: &NodeName,
        upstream: usize,
        protocol: Protocol,
    ) -> Result<(), KeeperError> {
        let server = self.server.as_ref().ok_or(KeeperError::ServerEnded)?;
        // The server is not trusted: it can reach what the file allows, from where the file has it, and nothing else.
        let allowed = names.forward.get(upstream).filter(|_| names.servers.contains_key(node));
        let socket = allowed.and_then(|upstream| {
            self.visit(node, || open_connection(*upstream, protocol)).ok().and_then(Result::ok)
        });
        match socket {
            Some(socket) => server.order(&Order::Connected { token }, &[socket.as_fd()]),
            None => server.order(&Order::NotConnected { token }, &[]),
        }
    }

    /// Serves no longer on those of `nodes` that are gone. One that is there again has a new namespace.
    pub(super) fn leave(&mut self, nodes: &[NodeName]) {
        let now: BTreeMap<&NodeName, Option<Identity>> =
            nodes.iter().map(|node| (node, self.identity(node))).collect();
        let is_gone = |place: &Place, open: &Open| {
            now.get(&place.node).is_some_and(|namespace| *namespace != Some(open.namespace))
        };
        let gone = self.open.iter().filter(|(place, open)| is_gone(place, open));
        let places: Vec<Place> = gone.map(|(place, _)| place.clone()).collect();
        if let (false, Some(names)) = (places.is_empty(), self.names.clone()) {
            let text = self.text.clone();
            if self.tell(&text, &names, &places, &[], &[]).is_err() {
                self.stop();
            }
        }
    }

    /// Lets the server go.
    fn stop(&mut self) {
        self.server = None;
        self.open.clear();
        self.text.clear();
    }
}

/// The serial number of changed zones: the time, as is the custom, and in any case more than before (RFC 1982 §3.2), wherever the
/// clock has jumped.
fn next_serial(now: SystemTime, last: u32) -> u32 {
    let now = now.duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    u32::try_from(now).unwrap_or(u32::MAX).max(last.wrapping_add(1))
}

/// The last serial number that a keeper of this lab has given; it is what a keeper cannot know by itself when the clock has been
/// set back.
fn read_serial(path: &Path) -> u32 {
    fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

fn write_serial(path: &Path, serial: u32) -> io::Result<()> {
    let fresh = path.with_extension("new");
    fs::write(&fresh, format!("{serial}\n"))?;
    fs::rename(&fresh, path)
}

/// Raises the limit of open files to what the user may have. The server has it from here.
fn allow_many_files() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// Whether a keeper that this process starts may have all the sockets that serving `names` takes: better asked before a large network
/// is built than behind it.
///
/// # Errors
/// [`KeeperError::TooManySockets`].
pub fn check_room(names: &Names) -> Result<(), KeeperError> {
    let addrs: usize = names.servers.values().map(|addrs| addrs.iter().count()).sum();
    let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(_, hard)| hard);
    // Of each address one for UDP and one for TCP.
    check_against(limit, addrs as u64 * 2)
}

fn check_limit(sockets: u64) -> Result<(), KeeperError> {
    check_against(getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft), sockets)
}

fn check_against(limit: u64, sockets: u64) -> Result<(), KeeperError> {
    let needed = sockets + SPARE.min(limit / 4);
    if needed <= limit { Ok(()) } else { Err(KeeperError::TooManySockets { needed, limit }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_grow() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(next_serial(at(1_700_000_000), 0), 1_700_000_000);
        assert_eq!(next_serial(at(1_700_000_000), 1_700_000_000), 1_700_000_001);
        // The clock is set back, before 1970 even, and has been in the next century.
        assert_eq!(next_serial(at(5), 1_700_000_000), 1_700_000_001);
        assert_eq!(next_serial(UNIX_EPOCH - Duration::from_secs(5), 7), 8);
        assert_eq!(next_serial(at(1_700_000_000), 4_102_444_800), 4_102_444_801);
        // Numbers go round; what comes behind the last is taken for more (RFC 1982).
        assert_eq!(next_serial(at(1_700_000_000), u32::MAX), 1_700_000_000);
        assert_eq!(next_serial(at(u64::MAX >> 2), 7), u32::MAX);
    }

    #[test]
    fn a_new_keeper_goes_on_with_the_serial_of_the_last() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::below(dir.path());
        let file = paths.names.with_file_name("serial");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        assert_eq!(Serving::new(paths.clone()).serial, 0);
        write_serial(&file, 4_102_444_800).unwrap();
        assert_eq!(Serving::new(paths.clone()).serial, 4_102_444_800);
        fs::write(&file, "nonsense").unwrap();
        assert_eq!(Serving::new(paths).serial, 0);
    }
}
