//! Netavark, which joins one network namespace to a bridge each time it is run.

use crate::stage::Stage;
use crate::support::machine::{Machine, is_here};
use crate::support::spent::{Goal, Series, ratio_of_walls};
use crate::{Netyard, per_host};

const PROGRAMS: [&str; 2] = ["/usr/lib/podman/netavark", "/usr/libexec/podman/netavark"];

/// The namespaces are there before the clock runs. Netavark insists on `iptables`, and for an internal network only asks it for its
/// version; where it is not installed, a script answers that does no more, so netavark has less to do than it should.
const SCRIPT: &str = "
mount -t tmpfs run /run && ip link set lo up || exit
mkdir /run/bin
if ! command -v iptables >/dev/null; then
    for name in iptables ip6tables; do
        printf '#!/bin/sh\\necho iptables v1.8.9\\n' >/run/bin/$name
        chmod +x /run/bin/$name
    done
    PATH=/run/bin:$PATH
fi
for n in $(seq $1); do ip netns add c$n || exit; done
all() {
    for n in $(seq $2); do $3 --config /run/netavark $1 /run/netns/c$n <$4$n.json >/dev/null || exit; done
}
echo; read -r line
all setup $1 $2 $3
echo; read -r line
all teardown $1 $2 $3
echo
";

pub(crate) fn measure(machine: &Machine, hosts: usize, rounds: usize) {
    println!(
        "\nnetavark: {hosts} namespaces joined to one bridge, {}, {rounds} rounds by turns",
        machine.who()
    );
    let Some(program) = PROGRAMS.into_iter().find(|program| is_here(program)) else {
        return println!("  skipped: it is not here (Debian: netavark)");
    };
    if !is_here("ip") {
        return println!("  skipped: `ip` is not here");
    }
    let mut netyard = Netyard::default();
    let mut networks = [Network::new("internal", true), Network::new("with a way out", false)];
    for network in &networks {
        for number in 1..=hosts {
            machine.write(&format!("{}{number}.json", network.prefix()), &request(number, network.internal));
        }
    }
    for _ in 0..rounds {
        netyard.add(machine);
        for network in &mut networks {
            if network.add(machine, hosts, program).is_none() {
                return println!("  given up: netavark failed or took too long");
            }
        }
    }
    per_host("netyard, up", &netyard.up, hosts);
    per_host("netyard, down", &netyard.down, hosts);
    if !is_here("iptables") {
        println!("  iptables is not here: what it would take is left out");
    }
    for Network { name, setup, teardown, .. } in &networks {
        per_host(&format!("netavark, setup, {name}"), setup, hosts);
        per_host(&format!("netavark, teardown, {name}"), teardown, hosts);
        ratio_of_walls("setup / netyard up", setup, &netyard.up, Goal::AtLeast(10.0));
    }
}

/// A network that containers join.
struct Network {
    name: &'static str,
    /// Whether it leads nowhere: no default route, and nothing for the firewall to do.
    internal: bool,
    setup: Series,
    teardown: Series,
}

impl Network {
    fn new(name: &'static str, internal: bool) -> Self {
        Self { name, internal, setup: Series::default(), teardown: Series::default() }
    }

    /// How the names of its requests begin.
    fn prefix(&self) -> &'static str {
        if self.internal { "internal" } else { "open" }
    }

    fn add(&mut self, machine: &Machine, hosts: usize, program: &str) -> Option<()> {
        let arguments = ["sh", "-c", SCRIPT, "sh", &hosts.to_string(), program, self.prefix()];
        let mut stage = Stage::start(machine, &arguments)?;
        self.setup.push(stage.step()?);
        self.teardown.push(stage.step()?);
        Some(())
    }
}

/// What Podman says of a container: one address, without DNS.
fn request(number: usize, internal: bool) -> String {
    let address = format!("10.0.{}.{}", (number + 1) / 256, (number + 1) % 256);
    serde_json::json!({
        "container_id": format!("c{number}"),
        "container_name": format!("c{number}"),
        "networks": {"net": {"interface_name": "eth0", "static_ips": [address]}},
        "network_info": {"net": {
            "name": "net",
            "id": "53ce4390f2adb1681eb1a90ec8b48c49c015e0a8d336c197637e7f65e365fa9e",
            "driver": "bridge",
            "network_interface": "podman0",
            "subnets": [{"subnet": "10.0.0.0/16", "gateway": "10.0.0.1"}],
            "ipv6_enabled": false,
            "internal": internal,
            "dns_enabled": false,
            "ipam_options": {"driver": "host-local"},
        }},
    })
    .to_string()
}
