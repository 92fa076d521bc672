//! Making the network.

use std::fs::{self, File};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::AsRawFd;
use std::thread;
use std::time::Duration;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::gettid;

use crate::links::{self, End, Into};
use crate::netlink::{Batch, Socket};
use crate::options::{Options, Order};
use crate::phases::{Phase, Phases};
use crate::sandbox::{FILES, NAMESPACES};
use crate::settings::{self, Proc};
use crate::shape::{self, Host};
use crate::{Context, Result};

const OWN: &str = "/proc/thread-self/ns/net";
const BRIDGE: u32 = 2;
const ETH0: u32 = 2;
const LO: u32 = 1;
const HOSTS: &str = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n\
                     ff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n";
const RESOLV: &str = "# written by netyard up\nnameserver 127.0.0.53\nsearch big.test\n";

/// Where a node's questions for names arrive.
pub(crate) type NameSockets = (UdpSocket, TcpListener);

/// A node that is there. All of it goes with the process.
struct Node {
    namespace: Option<File>,
    socket: Socket,
    names: Option<NameSockets>,
}

/// One of the threads that make hosts.
struct Builder<'a> {
    options: &'a Options,
    proc: Proc,
    phases: Phases,
    batch: Batch,
}

/// What was made.
pub(crate) struct Network {
    switches: Vec<Node>,
    router: Node,
    hosts: Vec<Node>,
}

/// Makes everything and waits until it carries.
pub(crate) fn up(options: &Options, phases: &mut Phases) -> Result<Network> {
    let mut first = Builder::new(options, 0);
    let switches: Vec<Node> =
        (0..options.shape.switches()).map(|switch| first.add_switch(switch)).collect::<Result<_>>()?;
    let router = first.add_router(&switches)?;
    let shares: Vec<Vec<Host>> = shares(options);
    let made = thread::scope(|scope| {
        let switches = &switches;
        let work = |(number, share): (u32, Vec<Host>)| {
            scope.spawn(move || {
                let mut builder = Builder::new(options, number);
                let made = builder.add_hosts(&share, switches);
                made.map(|nodes| (nodes, builder.phases))
            })
        };
        let running: Vec<_> = (1..).zip(shares).map(work).collect();
        running
            .into_iter()
            .map(|thread| thread.join().map_err(|_| "a thread panicked")?)
            .collect::<Result<Vec<_>>>()
    })?;
    phases.add(&first.phases);
    let mut hosts = Vec::new();
    for (nodes, spent) in made {
        hosts.extend(nodes);
        phases.add(&spent);
    }
    if options.bridges_last {
        for switch in &switches {
            links::set_up(&mut first.batch, BRIDGE);
            switch.socket.send(&mut first.batch)?;
        }
    }
    let network = Network { switches, router, hosts };
    if options.wait {
        phases.time(Phase::Wait, || network.wait(options))?;
    }
    Ok(network)
}

/// The hosts of each thread: by turns, so that all threads are at the same place of every switch.
fn shares(options: &Options) -> Vec<Vec<Host>> {
    let threads = options.threads.max(1) as usize;
    let hosts: Vec<Host> =
        (0..options.shape.switches()).flat_map(|switch| options.shape.hosts_of(switch)).collect();
    let len = hosts.len().div_ceil(threads).max(1);
    hosts.chunks(len).map(<[Host]>::to_vec).collect()
}

impl<'a> Builder<'a> {
    fn new(options: &'a Options, thread: u32) -> Self {
        Self {
            options,
            proc: Proc::new(thread, options.per_proc),
            phases: Phases::default(),
            batch: Batch::default(),
        }
    }

    /// Makes a namespace with its settings, and stays in it.
    fn add_node(
        &mut self,
        name: &str,
        settings: &[(&'static str, &'static str, &'static str)],
    ) -> Result<Node> {
        let keep = self.options.order == Order::Phased;
        let node = self.phases.time(Phase::Namespaces, || {
            let path = format!("{NAMESPACES}/{name}");
            File::create_new(&path).context(|| "make a namespace's file")?;
            unshare(CloneFlags::CLONE_NEWNET).context(|| "make a namespace")?;
            mount(Some(OWN), path.as_str(), None::<&str>, MsFlags::MS_BIND, None::<&str>)
                .context(|| "bind a namespace")?;
            let namespace = keep.then(|| File::open(OWN)).transpose().context(|| "open a namespace")?;
            Ok(Node { namespace, socket: Socket::open()?, names: None })
        });
        if self.options.settings {
            self.phases.time(Phase::Settings, || self.proc.write(settings))?;
        }
        node
    }

    fn add_switch(&mut self, switch: u32) -> Result<Node> {
        let name = shape::switch_name(switch);
        let mut node = self.add_node(&name, settings::SWITCH)?;
        self.phases.time(Phase::Cables, || {
            links::set_up(&mut self.batch, LO);
            let end = End { name: &name, index: BRIDGE, mac: shape::mac(switch, 0, true) };
            links::add_bridge(&mut self.batch, &end, !self.options.bridges_last);
            node.socket.send(&mut self.batch)
        })?;
        self.add_names(&name, &mut node)?;
        Ok(node)
    }

    fn add_router(&mut self, switches: &[Node]) -> Result<Node> {
        let mut node = self.add_node("gw", settings::ROUTER)?;
        let into = Into::Thread(gettid().as_raw());
        for (number, switch) in (0..).zip(switches) {
            let name = format!("eth{number}");
            let near = End { name: "gw", index: 3, mac: shape::mac(number, 1, false) };
            let far = End { name: &name, index: number + 4, mac: shape::mac(number, 1, true) };
            links::add_cable(&mut self.batch, &near, BRIDGE, &far, into);
            switch.socket.send(&mut self.batch)?;
        }
        links::set_up(&mut self.batch, LO);
        for number in 0..self.options.shape.switches() {
            links::set_up(&mut self.batch, number + 4);
            links::add_address(&mut self.batch, number + 4, shape::gateway(number), 16);
        }
        node.socket.send(&mut self.batch)?;
        self.add_names("gw", &mut node)?;
        Ok(node)
    }

    fn add_hosts(&mut self, hosts: &[Host], switches: &[Node]) -> Result<Vec<Node>> {
        match self.options.order {
            Order::Each => hosts.iter().map(|host| self.add_host(*host, switches)).collect(),
            Order::Phased => self.add_hosts_phased(hosts, switches),
        }
    }

    /// Everything of one host at once: the thread is in its namespace all the time.
    fn add_host(&mut self, host: Host, switches: &[Node]) -> Result<Node> {
        let name = host.name();
        let mut node = self.add_node(&name, settings::HOST)?;
        let into = Into::Thread(gettid().as_raw());
        let switch = &switches[host.switch as usize].socket;
        self.phases.time(Phase::Cables, || {
            add_cable(&mut self.batch, host, &name, into);
            switch.push(&mut self.batch)
        })?;
        self.configure(host, &node)?;
        self.add_names(&name, &mut node)?;
        Ok(node)
    }

    /// First all namespaces, then all cables in large batches, then what is in each namespace.
    fn add_hosts_phased(&mut self, hosts: &[Host], switches: &[Node]) -> Result<Vec<Node>> {
        let add = |host: &Host| self.add_node(&host.name(), settings::HOST);
        let mut nodes = hosts.iter().map(add).collect::<Result<Vec<_>>>()?;
        let mut start = 0;
        while let Some(first) = hosts.get(start) {
            let same = |host: &&Host| host.switch == first.switch;
            let len = hosts[start..].iter().take(Batch::MOST).take_while(same).count();
            self.phases.time(Phase::Cables, || {
                for (host, node) in hosts[start..start + len].iter().zip(&nodes[start..]) {
                    let namespace = node.namespace.as_ref().expect("it is kept in this order");
                    add_cable(&mut self.batch, *host, &host.name(), Into::Descriptor(namespace.as_raw_fd()));
                }
                switches[first.switch as usize].socket.send(&mut self.batch)
            })?;
            start += len;
        }
        for (host, node) in hosts.iter().zip(&mut nodes) {
            self.configure(*host, node)?;
            let namespace = node.namespace.take().expect("it is kept in this order");
            if self.options.names {
                setns(&namespace, CloneFlags::CLONE_NEWNET).context(|| "enter a namespace")?;
            }
            self.add_names(&host.name(), node)?;
        }
        Ok(nodes)
    }

    fn configure(&mut self, host: Host, node: &Node) -> Result<()> {
        self.phases.time(Phase::Hosts, || {
            links::set_up(&mut self.batch, LO);
            if self.options.address_first {
                links::add_address(&mut self.batch, ETH0, host.addr(), 16);
                links::set_up(&mut self.batch, ETH0);
            } else {
                links::set_up(&mut self.batch, ETH0);
                links::add_address(&mut self.batch, ETH0, host.addr(), 16);
            }
            links::add_default_route(&mut self.batch, ETH0, shape::gateway(host.switch));
            node.socket.send(&mut self.batch)
        })
    }

    /// The files of a node and the sockets for its names, with the thread in its namespace.
    fn add_names(&mut self, name: &str, node: &mut Node) -> Result<()> {
        if !self.options.names {
            return Ok(());
        }
        self.phases.time(Phase::Files, || {
            let dir = format!("{FILES}/{name}");
            fs::create_dir(&dir).context(|| "make a node's directory")?;
            let hostname = format!("{name}\n");
            let files = [("hostname", hostname.as_str()), ("hosts", HOSTS), ("resolv.conf", RESOLV)];
            for (file, text) in files {
                fs::write(format!("{dir}/{file}"), text).context(|| "write a node's file")?;
            }
            Ok::<_, crate::Failure>(())
        })?;
        node.names = Some(self.phases.time(Phase::Names, || {
            let udp = UdpSocket::bind("127.0.0.53:53").context(|| "bind a UDP socket")?;
            let tcp = TcpListener::bind("127.0.0.53:53").context(|| "bind a TCP socket")?;
            Ok::<_, crate::Failure>((udp, tcp))
        })?);
        Ok(())
    }
}

fn add_cable(batch: &mut Batch, host: Host, name: &str, into: Into) {
    let near = End { name, index: host.port_index(), mac: host.mac(false) };
    let far = End { name: "eth0", index: ETH0, mac: host.mac(true) };
    links::add_cable(batch, &near, BRIDGE, &far, into);
}

impl Network {
    /// Leaves what a lab consists of: the namespaces, which are bound to files, and the sockets for names.
    pub(crate) fn into_names(self) -> Vec<NameSockets> {
        let nodes = self.switches.into_iter().chain([self.router]).chain(self.hosts);
        nodes.filter_map(|node| node.names).collect()
    }

    /// Waits until every cable carries, at both ends.
    fn wait(&self, options: &Options) -> Result<()> {
        let pause = Duration::from_micros(500);
        for (number, switch) in (0..).zip(&self.switches) {
            // The ports, the router's port, the bridge.
            let wanted = options.shape.hosts_of(number).count() + 2;
            while links::count_up(&switch.socket)? < wanted {
                thread::sleep(pause);
            }
        }
        for host in &self.hosts {
            while !links::link_is_up(&host.socket, ETH0)? {
                thread::sleep(pause);
            }
        }
        Ok(())
    }
}
