#!/bin/sh
# The same by hand: run it as root, or in a sandbox (netyard enter --empty).
set -e

localhost() {
    cat <<'EOF'
127.0.0.1 localhost
::1 localhost ip6-localhost ip6-loopback
ff02::1 ip6-allnodes
ff02::2 ip6-allrouters
EOF
}

names_1() {
    cat <<'EOF'
# netyard: begin, written by netyard up
192.168.1.10 a
192.168.1.11 b db
192.168.2.9 c
fd00:2::9 c
# netyard: end
EOF
}

resolver_1() {
    cat <<'EOF'
# written by netyard up
nameserver 127.0.0.53
search office.test
EOF
}

# the namespaces
ip netns add a
ip -n a link set dev lo up
ip netns exec a sysctl -q -w net.ipv4.conf.all.promote_secondaries=1
mkdir -p /etc/netns/a
echo a >/etc/netns/a/hostname
localhost >/etc/netns/a/hosts
ip netns add b
ip -n b link set dev lo up
ip netns exec b sysctl -q -w net.ipv4.conf.all.promote_secondaries=1
mkdir -p /etc/netns/b
echo b >/etc/netns/b/hostname
localhost >/etc/netns/b/hosts
ip netns add c
ip -n c link set dev lo up
ip netns exec c sysctl -q -w net.ipv4.conf.all.promote_secondaries=1
mkdir -p /etc/netns/c
echo c >/etc/netns/c/hostname
localhost >/etc/netns/c/hosts
ip netns add dmz
ip -n dmz link set dev lo up
ip netns exec dmz sysctl -q -w net.ipv4.conf.all.promote_secondaries=1
mkdir -p /etc/netns/dmz
echo dmz >/etc/netns/dmz/hostname
localhost >/etc/netns/dmz/hosts
ip netns add gw
ip -n gw link set dev lo up
ip netns exec gw sysctl -q -w net.ipv4.conf.all.promote_secondaries=1
mkdir -p /etc/netns/gw
echo gw >/etc/netns/gw/hostname
localhost >/etc/netns/gw/hosts
ip netns add lan
ip -n lan link set dev lo up
ip netns exec lan sysctl -q -w net.ipv4.conf.all.promote_secondaries=1
mkdir -p /etc/netns/lan
echo lan >/etc/netns/lan/hostname
localhost >/etc/netns/lan/hosts

# settings
ip netns exec gw sysctl -q -w net.ipv4.ip_forward=1

# bridges
ip -n dmz link add name dmz group 28281 address 02:00:00:00:00:11 mtu 1500 type bridge stp_state 0 ageing_time 30000 forward_delay 200 hello_time 200 priority 32768
ip -n dmz link set dev dmz up
ip -n lan link add name lan group 28281 address 02:00:00:00:00:10 mtu 1500 type bridge stp_state 1 ageing_time 30000 forward_delay 200 hello_time 200 priority 4096
ip -n lan link set dev lan up

# cables
ip -n dmz link add name c group 28281 address 02:00:00:00:00:28 mtu 1500 type veth peer name eth0 netns c group 28281 address 02:00:00:00:00:29 mtu 1400
ip -n dmz link set dev c master dmz up
ip -n c link set dev eth0 up
ip -n dmz link add name gw group 28281 address 02:00:00:00:00:26 mtu 1500 type veth peer name dmz0 netns gw group 28281 address 02:00:00:00:00:27 mtu 1500
ip -n dmz link set dev gw master dmz up
ip -n gw link set dev dmz0 up
ip -n dmz link add name up group 28281 address 02:00:00:00:00:31 mtu 1500 type veth peer name up netns lan group 28281 address 02:00:00:00:00:30 mtu 1500
ip -n dmz link set dev up master dmz up
ip -n lan link set dev up up
ip -n lan link add name a group 28281 address 02:00:00:00:00:20 mtu 1500 type veth peer name eth0 netns a group 28281 address 02:00:00:00:00:21 mtu 1500
ip -n lan link set dev a master lan up
ip -n a link set dev eth0 up
ip -n lan link add name b group 28281 address 02:00:00:00:00:22 mtu 1500 type veth peer name eth0 netns b group 28281 address 02:00:00:00:00:23 mtu 1500
ip -n lan link set dev b master lan up
ip -n b link set dev eth0 up
ip -n lan link add name gw group 28281 address 02:00:00:00:00:24 mtu 1500 type veth peer name lan0 netns gw group 28281 address 02:00:00:00:00:25 mtu 1500
ip -n lan link set dev gw master lan up
ip -n gw link set dev lan0 up

# interfaces
ip netns exec gw sysctl -q -w net.ipv4.conf.lan0.rp_filter=2
ip -n lan link set dev up master lan
ip -n lan link set dev up down

# addresses
ip -n a address add 192.168.1.10/24 broadcast + dev eth0
ip -n b address add 192.168.1.11/24 broadcast + dev eth0
ip -n c address add 192.168.2.9/24 broadcast + dev eth0
ip -n c address add fd00:2::9/64 dev eth0 nodad
ip -n gw address add 192.168.2.1/24 broadcast + dev dmz0
ip -n gw address add fd00:2::1/64 dev dmz0 nodad
ip -n gw address add 192.168.1.1/24 broadcast + dev lan0
ip -n gw address add 10.255.0.1/32 dev lo

# routes and neighbours
ip -n a route add default via 192.168.1.1 dev eth0 proto 121
ip -n b route add default via 192.168.1.1 dev eth0 proto 121
ip -n c route add default via 192.168.2.1 dev eth0 proto 121
ip -n c -6 route add default via fd00:2::1 dev eth0 proto 121
ip -n gw route add blackhole 10.4.0.0/16 proto 121
ip -n gw route add 10.9.9.0/24 dev dmz0 proto 121
ip -n gw route add unreachable fd04::/32 table 100 proto 121
ip -n gw route add 10.2.0.0/16 via 10.9.9.9 dev dmz0 proto 121
ip -n gw route add 10.3.0.0/16 metric 50 proto 121 nexthop via 192.168.1.10 dev lan0 weight 2 nexthop via 192.168.2.9 dev dmz0 weight 1
ip -n gw route add 10.5.0.0/16 via 172.16.0.1 dev lan0 onlink src 10.255.0.1 proto 121
ip -n gw neighbour replace fd00:2::9 lladdr 02:00:00:00:00:29 dev dmz0 nud permanent protocol 121
ip -n gw neighbour replace 192.168.1.10 lladdr 02:00:00:00:00:21 dev lan0 nud permanent protocol 121

# names
names_1 >>/etc/netns/a/hosts
resolver_1 >/etc/netns/a/resolv.conf
names_1 >>/etc/netns/b/hosts
resolver_1 >/etc/netns/b/resolv.conf
names_1 >>/etc/netns/c/hosts
resolver_1 >/etc/netns/c/resolv.conf
cat >>/etc/netns/gw/hosts <<'EOF'
# netyard: begin, written by netyard up
10.0.0.1 only-here
# netyard: end
EOF
cat >/etc/netns/gw/resolv.conf <<'EOF'
# written by netyard up
nameserver 192.168.1.1
search office.test
EOF
# the names of office.test are served by netyard up, not by this script
