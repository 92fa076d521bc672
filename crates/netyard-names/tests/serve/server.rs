//! A server in a thread, with a keeper for it.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use netyard_kernel::descriptors::{memory_file, receive, send, socket_pair};
use netyard_names::{Limits, Listener, Order, Protocol, Report, Server};
use netyard_types::{DomainName, Names, NodeName, Record, RecordData, Records, Trouble, Troubles};
use nix::sys::socket::{Shutdown, shutdown};

use crate::client::PATIENCE;

pub(crate) fn node(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

pub(crate) fn domain(name: &str) -> DomainName {
    DomainName::new(name).unwrap()
}

/// A lab's names, shortly.
#[derive(Clone)]
pub(crate) struct Wanted(pub(crate) Names);

impl Wanted {
    pub(crate) fn new() -> Self {
        let office = domain("office.test");
        Self(Names {
            name_servers: vec![domain("ns.office.test")],
            ttl: 60,
            servers: [].into(),
            zones: [(office.clone(), Records::new())].into(),
            clients: [].into(),
            views: Vec::new(),
            troubles: Troubles::default(),
            forward: Vec::new(),
            domain: office,
        })
    }

    /// Gives a name of the domain an address.
    pub(crate) fn a(mut self, name: &str, addr: &str) -> Self {
        let zone = self.0.zones.get_mut(&self.0.domain).unwrap();
        let owner = domain(&format!("{name}.office.test"));
        let data = RecordData::address(addr.parse().unwrap());
        zone.entry(owner).or_default().push(Record::from(data));
        self
    }

    /// Makes a name of the domain an alias.
    pub(crate) fn alias(mut self, name: &str, target: &str) -> Self {
        let zone = self.0.zones.get_mut(&self.0.domain).unwrap();
        let data = RecordData::Cname(domain(target));
        zone.insert(domain(&format!("{name}.office.test")), vec![data.into()]);
        self
    }

    pub(crate) fn slow(mut self, name: &str, slow_ms: u32) -> Self {
        let owner = domain(&format!("{name}.office.test"));
        self.0.troubles.names.insert(owner, Trouble { slow_ms, answer: None });
        self
    }

    pub(crate) fn forward(mut self, upstreams: &[SocketAddr]) -> Self {
        self.0.forward = upstreams.to_vec();
        self
    }
}

/// A server in a thread, with a keeper for it.
pub(crate) struct Lab {
    control: Arc<OwnedFd>,
    server: Option<JoinHandle<io::Result<()>>>,
    keeper: Option<JoinHandle<()>>,
    /// What the server reports, but for requests, which the keeper answers.
    reports: Receiver<Report>,
    /// What the keeper gives for each of the other servers.
    upstreams: Arc<Mutex<Vec<SocketAddr>>>,
    next_id: u32,
    next_serial: u32,
}

impl Lab {
    pub(crate) fn start(limits: Limits) -> Self {
        let (near, far) = socket_pair().unwrap();
        let server = thread::spawn(move || Server::new(far, limits)?.serve());
        let (sender, reports) = mpsc::channel();
        let (control, upstreams) = (Arc::new(near), Arc::new(Mutex::new(Vec::new())));
        let keeper = thread::spawn({
            let (control, upstreams) = (Arc::clone(&control), Arc::clone(&upstreams));
            move || keep(control.as_fd(), &upstreams, &sender)
        });
        let lab = Self {
            control,
            server: Some(server),
            keeper: Some(keeper),
            reports,
            upstreams,
            next_id: 1,
            next_serial: 1,
        };
        assert_eq!(lab.report(), Report::Ready);
        lab
    }

    /// A server with usual limits that answers with `names` at one node.
    pub(crate) fn with(names: Wanted) -> (Self, SocketAddr) {
        let mut lab = Self::start(Limits::default());
        let addr = lab.listen("a");
        lab.names(names);
        assert_eq!(lab.commit(), Report::Committed);
        (lab, addr)
    }

    pub(crate) fn order(&self, order: &Order, descriptors: &[BorrowedFd<'_>]) {
        send(self.control.as_fd(), &serde_json::to_vec(order).unwrap(), descriptors).unwrap();
    }

    pub(crate) fn report(&self) -> Report {
        self.reports.recv_timeout(PATIENCE).unwrap()
    }

    pub(crate) fn names(&mut self, names: Wanted) {
        self.upstreams.lock().unwrap().clone_from(&names.0.forward);
        self.names_text(&serde_json::to_vec(&names.0).unwrap());
    }

    pub(crate) fn names_text(&mut self, text: &[u8]) {
        let file = memory_file(text).unwrap();
        self.order(&Order::Names { serial: self.next_serial }, &[file.as_fd()]);
        self.next_serial += 1;
    }

    /// Orders a UDP and a TCP socket of `on` to be answered on, both at the address that is given back. Their numbers are the last
    /// two.
    pub(crate) fn listen(&mut self, on: &str) -> SocketAddr {
        let (datagrams, connections) = bind();
        let addr = datagrams.local_addr().unwrap();
        let mut listeners = Vec::new();
        for protocol in [Protocol::Udp, Protocol::Tcp] {
            listeners.push(Listener { id: self.next_id, node: node(on), protocol });
            self.next_id += 1;
        }
        self.order(&Order::Listen { listeners }, &[datagrams.as_fd(), connections.as_fd()]);
        addr
    }

    pub(crate) fn last_ids(&self) -> Vec<u32> {
        vec![self.next_id - 2, self.next_id - 1]
    }

    pub(crate) fn commit(&self) -> Report {
        self.order(&Order::Commit, &[]);
        self.report()
    }
}

impl Drop for Lab {
    /// The server ends by itself, and without an error, when its keeper is gone.
    fn drop(&mut self) {
        shutdown(self.control.as_raw_fd(), Shutdown::Both).unwrap();
        let ended = self.server.take().unwrap().join();
        let kept = self.keeper.take().unwrap().join();
        if !thread::panicking() {
            ended.unwrap().unwrap();
            kept.unwrap();
        }
    }
}

/// A UDP and a TCP socket with the same port.
fn bind() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let connections = TcpListener::bind("127.0.0.1:0").unwrap();
        if let Ok(datagrams) = UdpSocket::bind(connections.local_addr().unwrap()) {
            return (datagrams, connections);
        }
    }
    panic!("there is no port that is free for both");
}

/// Answers the server's requests and passes on its reports.
fn keep(control: BorrowedFd<'_>, upstreams: &Mutex<Vec<SocketAddr>>, reports: &Sender<Report>) {
    let mut text = Vec::new();
    while let Ok(Some(_)) = receive(control, &mut text) {
        match serde_json::from_slice(&text).unwrap() {
            Report::Connect { token, upstream, protocol, .. } => {
                let addr = upstreams.lock().unwrap()[upstream];
                let socket: io::Result<OwnedFd> = match protocol {
                    _ if addr.port() == 0 => Err(io::ErrorKind::NotFound.into()),
                    Protocol::Udp => UdpSocket::bind("127.0.0.1:0").and_then(|socket| {
                        socket.connect(addr)?;
                        Ok(socket.into())
                    }),
                    Protocol::Tcp => TcpStream::connect(addr).map(OwnedFd::from),
                };
                let (order, socket) = match &socket {
                    Ok(socket) => (Order::Connected { token }, Some(socket.as_fd())),
                    Err(_) => (Order::NotConnected { token }, None),
                };
                let text = serde_json::to_vec(&order).unwrap();
                if send(control, &text, socket.as_slice()).is_err() {
                    return;
                }
            }
            report => {
                if reports.send(report).is_err() {
                    return;
                }
            }
        }
    }
}
