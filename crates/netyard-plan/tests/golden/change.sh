#!/bin/sh
# The same by hand: run it as root, or in a sandbox (netyard enter --empty).
set -e

# what goes
ip -n c link delete group 28281 2>/dev/null || true
ip netns delete c
rm -rf /etc/netns/c
ip -n b link delete dev eth0
ip -n gw route delete blackhole 10.4.0.0/16 proto 121
ip -n gw neighbour delete fd00:2::9 dev dmz0
ip -n gw neighbour delete 192.168.1.10 dev lan0

# settings
ip netns exec gw sysctl -q -w net.ipv4.ip_forward="$(sysctl -n net.ipv4.ip_forward)"

# cables
ip -n dmz link add name b group 28281 address 02:00:00:00:00:22 mtu 1500 type veth peer name eth0 netns b group 28281 address 02:00:00:00:00:23 mtu 1500
ip -n dmz link set dev b master dmz up
ip -n b link set dev eth0 up

# interfaces
ip -n a link set dev eth0 mtu 1300
ip netns exec gw sysctl -q -w net.ipv4.conf.lan0.rp_filter="$(ip netns exec gw sysctl -n net.ipv4.conf.default.rp_filter)"
ip -n lan link set dev lan type bridge stp_state 0 ageing_time 30000 forward_delay 200 hello_time 200 priority 32768

# addresses
ip -n a address add 192.168.1.12/24 broadcast + dev eth0
ip -n b address add 192.168.2.11/24 broadcast + dev eth0

# addresses that go
ip -n a address delete 192.168.1.10/24 dev eth0

# routes and neighbours
ip -n a route replace default via 192.168.1.11 dev eth0 proto 121
ip -n b route add default via 192.168.2.1 dev eth0 proto 121

# names
sed -i '/^# netyard: begin, written by netyard up$/,/^# netyard: end$/d' /etc/netns/a/hosts
rm -f /etc/netns/a/resolv.conf
sed -i '/^# netyard: begin, written by netyard up$/,/^# netyard: end$/d' /etc/netns/b/hosts
cat >>/etc/netns/b/hosts <<'EOF'
# netyard: begin, written by netyard up
192.168.2.11 b
# netyard: end
EOF
# the names of elsewhere.test are served by netyard up, not by this script
