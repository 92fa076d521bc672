//! The script of a whole network, and of a change of it, as a person reads them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod office;

use std::path::Path;
use std::sync::Arc;

use netyard_plan::{diff, script};
use netyard_types::{Bridge, LinkKind, NetState, NextHop, Records, Route, RouteKind};
use office::{Edit, addr, answers, dev, domain, hop, ip, key, office, permanent, prefix, resolver, via};

/// Compares with a file in `tests/golden`; with `BLESS` in the environment, writes it.
fn check(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let golden = std::fs::read_to_string(&file).unwrap();
    assert!(golden == text, "{} is out of date; BLESS=1 writes it anew. Now:\n{text}", file.display());
}

fn rich_office() -> NetState {
    let mut net = office();
    net.add_cable("lan.up", "dmz.up", 0x30);
    net.link("lan.up").up = false;
    net.link("lan.lan").kind = LinkKind::Bridge(Bridge { stp: true, priority: 4096, ..Bridge::default() });
    net.link("c.eth0").mtu = 1400;
    net.link("gw.lo").addresses.insert(addr("10.255.0.1/32"));
    let gw = net.node("gw");
    gw.sysctls.insert(key("net.ipv4.conf.lan0.rp_filter"), "2".into());
    gw.routes.insert(via("10.2.0.0/16", "10.9.9.9", "dmz0"));
    gw.routes.insert(Route::netyard(
        prefix("10.9.9.0/24"),
        RouteKind::Unicast(vec![NextHop::new(None, dev("dmz0"))]),
    ));
    let many = vec![NextHop { weight: 2, ..hop("192.168.1.10", "lan0") }, hop("192.168.2.9", "dmz0")];
    gw.routes.insert(Route { metric: 50, ..Route::netyard(prefix("10.3.0.0/16"), RouteKind::Unicast(many)) });
    gw.routes.insert(Route::netyard(prefix("10.4.0.0/16"), RouteKind::Blackhole));
    gw.routes.insert(Route { table: 100, ..Route::netyard(prefix("fd04::/32"), RouteKind::Unreachable) });
    let onlink = vec![NextHop { onlink: true, ..hop("172.16.0.1", "lan0") }];
    let src = Some(ip("10.255.0.1"));
    gw.routes.insert(Route { src, ..Route::netyard(prefix("10.5.0.0/16"), RouteKind::Unicast(onlink)) });
    gw.neighbours.insert(permanent("192.168.1.10", "lan0", 0x21));
    gw.neighbours.insert(permanent("fd00:2::9", "dmz0", 0x29));
    gw.hosts = Some("10.0.0.1 only-here\n".into());
    gw.resolv = Some(resolver("192.168.1.1"));
    for name in ["a", "b", "c"] {
        net.node(name).resolv = Some(resolver("127.0.0.53"));
    }
    net.names = Some(Arc::new(answers()));
    net
}

#[test]
fn a_whole_network() {
    check("build.sh", &script(&diff(&NetState::default(), &rich_office()).bare_steps()));
}

#[test]
fn a_change() {
    let mut net = rich_office();
    net.cut("dmz.c");
    net.nodes.remove("c");
    net.cut("b.eth0");
    net.add_cable("dmz.b", "b.eth0", 0x22);
    net.link("b.eth0").addresses.insert(addr("192.168.2.11/24"));
    net.node("b").routes = [via("0.0.0.0/0", "192.168.2.1", "eth0")].into();
    net.node("b").hosts = Some("192.168.2.11 b\n".into());
    net.link("a.eth0").addresses = [addr("192.168.1.12/24")].into_iter().collect();
    net.link("a.eth0").mtu = 1300;
    net.node("a").hosts = None;
    net.node("a").resolv = None;
    let mut names = answers();
    names.domain = domain("elsewhere.test");
    names.zones = [(names.domain.clone(), Records::new())].into();
    net.names = Some(Arc::new(names));
    net.node("a").routes = [via("0.0.0.0/0", "192.168.1.11", "eth0")].into();
    net.link("lan.lan").kind = LinkKind::Bridge(Bridge::default());
    let gw = net.node("gw");
    gw.sysctls.clear();
    gw.neighbours.clear();
    gw.routes.retain(|route| route.to != prefix("10.4.0.0/16"));
    let plan = diff(&rich_office(), &net);
    check("change.sh", &script(&plan.bare_steps()));
    let lines: Vec<_> = plan.steps.iter().map(|p| format!("{}: {}\n", p.step, p.reason)).collect();
    check("change.txt", &lines.concat());
    assert_eq!(
        plan.summary().to_string(),
        "1 node removed, 1 cable added, 1 cable removed, 2 links changed, 2 addresses added, 1 address removed, \
         1 route added, 1 route removed, 1 route changed, 2 neighbours removed, 2 settings removed, \
         1 hosts file removed, 1 hosts file changed, 1 resolver file removed, 1 name server changed, \
         4 names removed"
    );
}

#[test]
fn nothing_to_do_is_an_empty_script() {
    assert_eq!(script(&[]).lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>(), ["set -e"]);
}
