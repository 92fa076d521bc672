//! Finding out what this kernel can do by doing it. For the doctor.
//!
//! Whether a module is there cannot be read off anywhere: it may be built in, or loaded at the first use, or not for this user.

use std::fs::OpenOptions;
use std::os::fd::AsRawFd;

use netlink_packet_core::{DefaultNla, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    BridgeStpState, InfoBridge, InfoData, InfoIpVlan, InfoKind, InfoMacVlan, InfoVeth, InfoVlan, InfoVrf,
    InfoVxlan, IpVlanMode, LinkAttribute, LinkInfo, LinkMessage, MacVlanMode,
};
use netlink_packet_route::tc::{TcAttribute, TcHandle, TcMessage};
use nix::errno::Errno;

use crate::netlink::{NetlinkError, Request, Socket};

/// What came of trying one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What was tried, in the words of ip-link(8) and tc(8).
    pub name: &'static str,
    /// The option of the kernel's configuration that it needs.
    pub option: &'static str,
    /// Whether Netyard can do nothing without it.
    pub needed: bool,
    /// Whether it worked, or what the kernel said.
    pub result: Result<(), Errno>,
}

/// The interface that others are made upon.
const BASE: u32 = 1000;

/// Tries everything that networks are made of. The calling thread must be in a network namespace that is thrown away afterwards:
/// what is made stays in it.
///
/// # Errors
/// When the kernel cannot be talked to at all.
pub fn probe() -> Result<Vec<Probe>, NetlinkError> {
    let mut socket = Socket::open()?;
    let mut probes = probe_links(&mut socket)?;
    probes.extend(probe_qdiscs(&mut socket)?);
    probes.push(Probe { name: "tun", option: "CONFIG_TUN", needed: false, result: probe_tun() });
    probes.push(Probe {
        name: "nftables",
        option: "CONFIG_NF_TABLES",
        needed: false,
        result: probe_nftables()?,
    });
    Ok(probes)
}

/// What the kernel says to a request; only that it cannot be asked is an error.
fn answer(asked: Result<Option<()>, NetlinkError>) -> Result<Result<(), Errno>, NetlinkError> {
    match asked {
        Ok(_) => Ok(Ok(())),
        Err(NetlinkError::Refused(refusal)) => Ok(Err(refusal.errno)),
        Err(error) => Err(error),
    }
}

/// Each kind of interface: its name, the kernel's option, whether it is needed, its kind and its settings.
fn link_kinds() -> Vec<(&'static str, &'static str, bool, InfoKind, Option<InfoData>)> {
    let mut peer = LinkMessage::default();
    peer.attributes = vec![LinkAttribute::IfName(String::from("far"))];
    let bridge = |setting| Some(InfoData::Bridge(vec![setting]));
    vec![
        ("veth", "CONFIG_VETH", true, InfoKind::Veth, Some(InfoData::Veth(InfoVeth::Peer(peer)))),
        ("bridge", "CONFIG_BRIDGE", true, InfoKind::Bridge, None),
        (
            "bridge stp",
            "CONFIG_BRIDGE",
            false,
            InfoKind::Bridge,
            bridge(InfoBridge::StpState(BridgeStpState::KernelStp)),
        ),
        (
            "bridge vlan_filtering",
            "CONFIG_BRIDGE_VLAN_FILTERING",
            false,
            InfoKind::Bridge,
            bridge(InfoBridge::VlanFiltering(true)),
        ),
        ("vlan", "CONFIG_VLAN_8021Q", false, InfoKind::Vlan, Some(InfoData::Vlan(vec![InfoVlan::Id(7)]))),
        ("dummy", "CONFIG_DUMMY", false, InfoKind::Dummy, None),
        ("vrf", "CONFIG_NET_VRF", false, InfoKind::Vrf, Some(InfoData::Vrf(vec![InfoVrf::TableId(7)]))),
        ("wireguard", "CONFIG_WIREGUARD", false, InfoKind::Wireguard, None),
        (
            "vxlan",
            "CONFIG_VXLAN",
            false,
            InfoKind::Vxlan,
            Some(InfoData::Vxlan(vec![InfoVxlan::Id(7), InfoVxlan::Port(4789)])),
        ),
        (
            "macvlan",
            "CONFIG_MACVLAN",
            false,
            InfoKind::MacVlan,
            Some(InfoData::MacVlan(vec![InfoMacVlan::Mode(MacVlanMode::Bridge)])),
        ),
        (
            "ipvlan",
            "CONFIG_IPVLAN",
            false,
            InfoKind::IpVlan,
            Some(InfoData::IpVlan(vec![InfoIpVlan::Mode(IpVlanMode::L2)])),
        ),
        ("ifb", "CONFIG_IFB", false, InfoKind::Ifb, None),
    ]
}

fn probe_links(socket: &mut Socket) -> Result<Vec<Probe>, NetlinkError> {
    let mut probes = Vec::new();
    for (index, (name, option, needed, kind, data)) in (BASE..).zip(link_kinds()) {
        let mut message = LinkMessage::default();
        message.header.index = index;
        let upon = matches!(kind, InfoKind::Vlan | InfoKind::IpVlan | InfoKind::MacVlan);
        message.attributes = vec![LinkAttribute::IfName(format!("probe{index}"))];
        message.attributes.extend(upon.then_some(LinkAttribute::Link(BASE)));
        let mut info = vec![LinkInfo::Kind(kind)];
        info.extend(data.map(LinkInfo::Data));
        message.attributes.push(LinkAttribute::LinkInfo(info));
        let request = Request::new(RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL);
        let result = answer(socket.ask(request, |_| None))?;
        // ipvlan and macvlan do not share an interface.
        if upon && result.is_ok() {
            socket.ask(crate::netlink::delete_link(index), |_| None::<()>)?;
        }
        probes.push(Probe { name, option, needed, result });
    }
    Ok(probes)
}

/// The queueing disciplines: name, the kernel's option, and the least settings it takes (linux/pkt_sched.h).
fn qdiscs() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>();
    let attribute = |kind: u16, value: Vec<u8>| {
        let len = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
        [&len.to_ne_bytes()[..], &kind.to_ne_bytes(), &value].concat()
    };
    // struct tc_ratespec of a million bytes a second on Ethernet (TC_LINKLAYER_ETHERNET).
    let rate = [&[0_u8, 1, 0, 0, 0, 0, 0, 0][..], &1_000_000_u32.to_ne_bytes()].concat();
    // struct tc_tbf_qopt: rate, no peak rate, limit in bytes, burst in ticks of 64 ns, no burst of the peak.
    let tbf = [&rate[..], &[0; 12], &words(&[100_000, 1 << 20, 0])].concat();
    vec![
        // struct tc_netem_qopt: latency, limit, loss, gap, duplicate, jitter.
        ("netem", "CONFIG_NET_SCH_NETEM", words(&[0, 1000, 0, 0, 0, 0])),
        ("fq_codel", "CONFIG_NET_SCH_FQ_CODEL", Vec::new()),
        ("tbf", "CONFIG_NET_SCH_TBF", attribute(1, tbf)),
        // struct tc_htb_glob: version 3, rate2quantum, default class, debug, direct packets.
        ("htb", "CONFIG_NET_SCH_HTB", attribute(2, words(&[3, 10, 0, 0, 0]))),
    ]
}

fn probe_qdiscs(socket: &mut Socket) -> Result<Vec<Probe>, NetlinkError> {
    const TCA_OPTIONS: u16 = 2;
    let mut probes = Vec::new();
    for (major, (name, option, settings)) in (1_u16..).zip(qdiscs()) {
        let mut message = TcMessage::with_index(BASE.cast_signed());
        message.header.parent = TcHandle::ROOT;
        message.header.handle = TcHandle { major, minor: 0 };
        message.attributes = vec![TcAttribute::Kind(name.to_owned())];
        if !settings.is_empty() {
            message.attributes.push(TcAttribute::Other(DefaultNla::new(TCA_OPTIONS, settings)));
        }
        let message = RouteNetlinkMessage::NewQueueDiscipline(message);
        let result = answer(socket.ask(Request::new(message, NLM_F_CREATE | NLM_F_REPLACE), |_| None))?;
        probes.push(Probe { name, option, needed: false, result });
    }
    Ok(probes)
}

/// Makes an interface whose other side is this process. It goes with the descriptor.
fn probe_tun() -> Result<(), Errno> {
    let device = OpenOptions::new().read(true).write(true).open("/dev/net/tun");
    let device = device.map_err(|error| error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw))?;
    // SAFETY: an ifreq is numbers and arrays of numbers, for which zeros are values.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_ifru.ifru_flags = i16::try_from(libc::IFF_TUN).map_err(|_| Errno::EINVAL)?;
    // SAFETY: TUNSETIFF reads and writes one ifreq, which lives until the call returns.
    let made = unsafe { libc::ioctl(device.as_raw_fd(), libc::TUNSETIFF, &raw mut request) };
    Errno::result(made).map(drop)
}

/// Asks nf_tables for the number of its rule set, which needs the module and the right to use it.
fn probe_nftables() -> Result<Result<(), Errno>, NetlinkError> {
    const NFT_MSG_GETGEN: u16 = 16;
    const NFNL_SUBSYS_NFTABLES: u16 = 10;
    let mut socket = match Socket::open_netfilter() {
        Ok(socket) => socket,
        Err(NetlinkError::Socket(errno)) => return Ok(Err(errno)),
        Err(error) => return Err(error),
    };
    // struct nfgenmsg: no family, version 0, no resource.
    answer(socket.ask_bare(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, &[0; 4]).map(|()| None))
}
