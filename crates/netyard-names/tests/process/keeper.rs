//! One keeper with one server, which is a process of its own.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Command, Stdio};
use std::time::Duration;

use netyard_kernel::descriptors::{memory_file, receive, send, socket_pair};
use netyard_names::{Listener, NAMES_ARGUMENT, Order, Protocol, Report};
use netyard_types::{DomainName, Names, NodeName, Record, RecordData, Records, Troubles};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;

/// How long anything at all may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How many nodes' sockets are handed over at once: two of each.
const NODES_IN_ONE: usize = Order::MOST_SOCKETS / 2;

/// One keeper with one server.
pub(crate) struct Keeper(OwnedFd);

impl Keeper {
    pub(crate) fn start() -> Self {
        let (near, far) = socket_pair().unwrap();
        let mut child = Command::new(env::current_exe().unwrap())
            .arg(NAMES_ARGUMENT)
            .stdin(far)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let keeper = Self(near);
        assert_eq!(keeper.report(PATIENCE), Some(Report::Ready));
        assert_eq!(child.wait().unwrap().code(), Some(0), "what was started leaves the server behind");
        keeper
    }

    pub(crate) fn order(&self, order: &Order, descriptors: &[BorrowedFd<'_>]) {
        send(self.0.as_fd(), &serde_json::to_vec(order).unwrap(), descriptors).unwrap();
    }

    /// The next report, if there is one in time.
    pub(crate) fn report(&self, within: Duration) -> Option<Report> {
        let timeout = PollTimeout::try_from(within).unwrap();
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, timeout).unwrap() == 0 {
            return None;
        }
        let mut text = Vec::new();
        receive(self.0.as_fd(), &mut text).unwrap().expect("the server is there");
        Some(serde_json::from_slice(&text).unwrap())
    }

    /// Makes the server answer with `names` at each of `addrs`, which are those of one node each.
    pub(crate) fn serve(&self, addrs: &[SocketAddr], names: &Names) {
        for (first, addrs) in (0..).step_by(NODES_IN_ONE).zip(addrs.chunks(NODES_IN_ONE)) {
            let (mut listeners, mut sockets) = (Vec::new(), Vec::<OwnedFd>::new());
            for (number, addr) in (first..).zip(addrs) {
                let node = NodeName::new(format!("n{number}")).unwrap();
                let listener = |id, protocol| Listener { id, node: node.clone(), protocol };
                listeners
                    .extend([listener(number * 2, Protocol::Udp), listener(number * 2 + 1, Protocol::Tcp)]);
                sockets.push(UdpSocket::bind(addr).unwrap().into());
                sockets.push(TcpListener::bind(addr).unwrap().into());
            }
            let sockets: Vec<_> = sockets.iter().map(AsFd::as_fd).collect();
            self.order(&Order::Listen { listeners }, &sockets);
        }
        let file = memory_file(&serde_json::to_vec(names).unwrap()).unwrap();
        self.order(&Order::Names { serial: 1 }, &[file.as_fd()]);
        self.order(&Order::Commit, &[]);
        assert_eq!(self.report(PATIENCE), Some(Report::Committed));
    }

    /// The process of the server (proc_pid_status(5)).
    pub(crate) fn status(&self) -> (Pid, BTreeMap<String, String>) {
        let entries = fs::read_dir("/proc").unwrap();
        let servers = entries.filter_map(|entry| {
            let pid: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let fields = text.lines().filter_map(|line| line.split_once(":\t"));
            let fields: BTreeMap<_, _> =
                fields.map(|(key, value)| (key.to_owned(), value.trim().to_owned())).collect();
            let is_it = fields["Name"] == "netyard-names" && fields["PPid"] == std::process::id().to_string();
            is_it.then_some((Pid::from_raw(pid), fields))
        });
        let mut servers: Vec<_> = servers.collect();
        assert_eq!(servers.len(), 1, "{servers:?}");
        servers.pop().unwrap()
    }
}

/// The names of a lab with these hosts.
pub(crate) fn names(hosts: impl Iterator<Item = (String, IpAddr)>) -> Names {
    let domain = |name: &str| DomainName::new(name).unwrap();
    let record = |addr| vec![Record::from(RecordData::address(addr))];
    let records: Records =
        hosts.map(|(host, addr)| (domain(&format!("{host}.office.test")), record(addr))).collect();
    Names {
        name_servers: vec![domain("ns.office.test")],
        ttl: 60,
        servers: [].into(),
        zones: [(domain("office.test"), records)].into(),
        clients: [].into(),
        views: Vec::new(),
        troubles: Troubles::default(),
        forward: Vec::new(),
        domain: domain("office.test"),
    }
}
