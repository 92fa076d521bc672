//! Names by DNS: what real programs get on the nodes of a lab.

use std::process::Stdio;

use crate::support::{Netyard, assert_page, has_programs, wait_until};

/// Two networks, so that queries cross a router, and something of everything that `[names]` can say.
const FILE: &str = r#"
name = "dns"

[names]
domain = "Office.test"

[names.records]
"@" = { MX = "10 mail", TXT = "the whole office" }
mail = { A = ["10.0.0.2", "10.1.0.9"] }
www = { CNAME = "b", ttl = "5s" }
"_http._tcp" = { SRV = "0 5 80 www" }
"*.apps" = { A = "10.0.0.2" }

[names.view.inside]
nodes = ["b"]
records = { www = { A = "10.1.0.77" } }

[switch.lan]
subnet = ["10.0.0.0/24", "fd00::/64"]
[switch.attic]
subnet = "10.1.0.0/24"
[router.gw]
on = ["lan", "attic"]
[host.a]
on = "lan"
[host.b]
on = "attic"
aliases = ["db"]
[host.c]
on = "lan"
"#;

/// The same, served by the router: the network carries the queries.
fn by_the_router() -> String {
    FILE.replace("[names]\n", "[names]\nserver = \"gw\"\n")
}

/// Both ways of serving.
fn labs() -> impl Iterator<Item = Netyard> {
    [FILE.to_owned(), by_the_router()].into_iter().filter_map(|file| Netyard::with_lab(&file))
}

/// The words that a program prints, in order.
fn sorted(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    words.sort_unstable();
    words
}

const TROUBLE: &str = "[names.trouble]
db = \"servfail\"
a = \"nxdomain\"
c = { slow = \"600ms\" }
mail = \"truncate\"
www = \"drop\"
";

/// What is shown of names, and of a change of names.
#[test]
fn names_are_shown() {
    let Some(yard) = Netyard::with_lab(&by_the_router()) else { return };
    let page = |name: &str, line: &str| assert_page("snapshots", name, &yard.run(line).to_string());
    page("show_names_views", "show names");
    page("show_names_views_json", "show names b --json");
    page("show_names_of_a_node", "show names b");
    yard.write("netyard.toml", format!("{FILE}{TROUBLE}").replace("CNAME = \"b\"", "CNAME = \"a\""));
    page("plan_of_names", "plan");
    yard.ok("up");
    page("show_names_trouble", "show names a");
}

#[test]
fn the_c_library_finds_names() {
    for yard in labs() {
        for node in ["a", "b", "c", "gw"] {
            let found = yard.sh(node, "getent hosts db").expect_code(0).stdout;
            assert_eq!(
                found.split_whitespace().take(2).collect::<Vec<_>>(),
                ["10.1.0.2", "b.Office.test"],
                "{node}"
            );
            yard.sh(node, "getent hosts nobody").expect_code(2);
            yard.sh(node, "getent hosts nobody.example").expect_code(2);
        }
        let found = yard.sh("c", "getent ahostsv6 a").expect_code(0).stdout;
        assert!(found.starts_with("fd00::2 "), "{found}");
        let found = yard.sh("a", "getent hosts 10.1.0.2").expect_code(0).stdout;
        assert_eq!(sorted(&found), ["10.1.0.2", "b.Office.test"]);
        let found = yard.sh("a", "getent hosts fd00::2").expect_code(0).stdout;
        assert_eq!(sorted(&found), ["a.Office.test", "fd00::2"]);
        // A view is what its nodes see, and nobody else.
        assert!(yard.sh("b", "getent hosts www").stdout.starts_with("10.1.0.77 "));
        assert!(yard.sh("a", "getent hosts www").stdout.starts_with("10.1.0.2 "));
        assert!(yard.sh("c", "getent hosts shop.apps").stdout.starts_with("10.0.0.2 "));
        yard.assert_reaches("a", ["db", "www", "b.office.test", "gw"]);
    }
}

#[test]
fn dig_and_host_agree() {
    if !has_programs(&["dig", "host"]) {
        return;
    }
    for yard in labs() {
        let dig = |node: &str, words: &str| {
            yard.sh(node, &format!("dig +short +search {words}")).expect_code(0).stdout
        };
        assert_eq!(dig("a", "db"), "b.Office.test.\n10.1.0.2\n");
        assert_eq!(dig("a", "-t aaaa -q a"), "fd00::2\n");
        assert_eq!(dig("a", "+tcp a gw").lines().count(), 2);
        assert_eq!(dig("c", "mx office.test"), "10 mail.Office.test.\n");
        assert_eq!(dig("c", "txt office.test"), "\"the whole office\"\n");
        assert_eq!(dig("c", "srv _http._tcp.office.test"), "0 5 80 www.Office.test.\n");
        assert_eq!(dig("c", "-x 10.1.0.2"), "b.Office.test.\n");
        assert_eq!(sorted(&dig("c", "mail")), ["10.0.0.2", "10.1.0.9"]);
        let status = |words: &str| {
            let answer = yard.sh("a", &format!("dig +nosearch {words}")).expect_code(0).stdout;
            let status = answer.split("status: ").nth(1).and_then(|rest| rest.split(',').next());
            status.map(str::to_owned).unwrap_or_default()
        };
        assert_eq!(status("nobody.office.test"), "NXDOMAIN");
        assert_eq!(status("mx db.office.test"), "NOERROR");
        assert_eq!(status("example.com"), "REFUSED");
        let zone = yard.sh("c", "dig axfr office.test").expect_code(0).stdout;
        assert_eq!(zone.matches("SOA").count(), 2, "{zone}");
        assert!(zone.contains("db.Office.test.") && !zone.contains("10.1.0.77"), "{zone}");
        let host = yard.sh("a", "host db").expect_code(0).stdout;
        assert!(host.contains("db.Office.test is an alias for b.Office.test"), "{host}");
        assert!(host.contains("b.Office.test has address 10.1.0.2"), "{host}");
    }
}

/// Of several addresses each comes first in its turn.
#[test]
fn addresses_take_turns() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    if has_programs(&["dig"]) {
        let first = || yard.sh("a", "dig +short +search mail").stdout.lines().next().map(str::to_owned);
        let before = first();
        wait_until("the other address comes first", || first() != before);
    }
}

#[test]
fn busybox_agrees() {
    if !has_programs(&["busybox"]) {
        return;
    }
    for yard in labs() {
        let found = yard.sh("a", "busybox nslookup db.office.test").expect_code(0).stdout;
        assert!(found.contains("10.1.0.2"), "{found}");
        let found = yard.sh("a", "busybox nslookup 10.1.0.2").expect_code(0).stdout;
        assert!(found.contains("b.Office.test"), "{found}");
    }
}

/// A resolver of its own, which shares nothing with the C library (dnspython), and Python's way to the C library.
#[test]
fn python_agrees() {
    if !has_programs(&["python3"]) {
        return;
    }
    for yard in labs() {
        let found = yard.sh("a", "python3 -c 'import socket; print(socket.gethostbyname(\"db\"))'").stdout;
        assert_eq!(found, "10.1.0.2\n");
        // It is not there, which is another thing than that nobody could say so (EAI_NONAME and not EAI_AGAIN).
        let nobody = "import socket\ntry: socket.gethostbyname(\"nobody\")\nexcept socket.gaierror as e: print(e.errno == socket.EAI_NONAME)";
        let found = yard.run_args(["exec", "a", "--", "python3", "-c", nobody]).expect_code(0).stdout;
        assert_eq!(found, "True\n");
        let own = "import dns.resolver; r = dns.resolver.Resolver(); r.use_search_by_default = True\n\
                   print(*(x.address for x in r.resolve(\"db\")))";
        let outcome = yard.run_args(["exec", "a", "--", "/usr/bin/python3", "-c", own]);
        if outcome.stderr.contains("ModuleNotFoundError") {
            eprintln!("skipped: Python has no module dns");
            continue;
        }
        assert_eq!(outcome.expect_code(0).stdout, "10.1.0.2\n");
    }
}

/// musl asks all servers at once and reads resolv.conf by rules of its own.
#[test]
fn musl_agrees() {
    if !has_programs(&["musl-gcc"]) {
        return;
    }
    const PROGRAM: &str = r#"
        #include <netdb.h>
        #include <stdio.h>
        #include <arpa/inet.h>
        int main(int argc, char **argv) {
            struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *found;
            if (getaddrinfo(argv[1], "80", &hints, &found)) return 1;
            puts(inet_ntoa(((struct sockaddr_in *)found->ai_addr)->sin_addr));
            return 0;
        }"#;
    for yard in labs() {
        yard.write("resolve.c", PROGRAM);
        let made = yard.program("musl-gcc", ["-static", "-o", "resolve", "resolve.c"]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        assert_eq!(yard.sh("a", "./resolve db").expect_code(0).stdout, "10.1.0.2\n");
        assert_eq!(yard.sh("b", "./resolve www").expect_code(0).stdout, "10.1.0.77\n");
        yard.sh("a", "./resolve nobody").expect_code(1);
    }
}

#[test]
fn go_agrees() {
    if !has_programs(&["go"]) {
        return;
    }
    const PROGRAM: &str = r#"package main
import ("context"; "fmt"; "net"; "os")
func main() {
    resolver := net.Resolver{PreferGo: true}
    found, err := resolver.LookupHost(context.Background(), os.Args[1])
    if err != nil { os.Exit(1) }
    fmt.Println(found[0])
}"#;
    for yard in labs() {
        yard.write("resolve.go", PROGRAM);
        let made = yard.program("go", ["build", "-o", "resolve", "resolve.go"]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        assert_eq!(yard.sh("a", "./resolve db").expect_code(0).stdout, "10.1.0.2\n");
        yard.sh("a", "./resolve nobody").expect_code(1);
    }
}

/// What `ip netns exec` gives a program is what `exec` and `shell` give it.
#[test]
fn ip_netns_exec_agrees() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    if has_programs(&["ip"]) {
        let found = yard.run_args(["enter", "--", "ip", "netns", "exec", "a", "getent", "hosts", "db"]);
        assert!(found.expect_code(0).stdout.starts_with("10.1.0.2 "));
    }
}

/// A change is one `up`, and the next query of every node is answered by it, whoever runs there since when.
#[test]
fn a_change_is_one_up() {
    for yard in labs() {
        let mut shell = yard
            .command(["exec", "a", "--", "sh"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut keys = shell.stdin.take().unwrap();
        let mut output = std::io::BufReader::new(shell.stdout.take().unwrap());
        let mut ask = || {
            use std::io::{BufRead, Write};
            writeln!(keys, "getent hosts db || echo unknown").unwrap();
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            line
        };
        assert!(ask().starts_with("10.1.0.2 "));
        let file = std::fs::read_to_string(yard.folder().join("netyard.toml")).unwrap();
        let said = yard.change(&file.replace("[host.b]\n", "[host.b]\naddress = \"10.1.0.66\"\n"));
        assert!(said.contains("1 name"), "{said}");
        assert!(ask().starts_with("10.1.0.66 "));
        for node in ["a", "b", "c", "gw"] {
            assert!(yard.sh(node, "getent hosts db").stdout.starts_with("10.1.0.66 "), "{node}");
        }
        yard.change(&file.replace("aliases = [\"db\"]", ""));
        assert_eq!(ask(), "unknown\n");
        assert!(yard.ok("up").contains("nothing to do"));
        drop(keys);
        assert!(shell.wait().unwrap().success());
    }
}

/// With a server of the lab, a cut cable cuts names off as in life; addresses work wherever the cable is not needed.
#[test]
fn the_network_carries_the_queries() {
    let Some(yard) = Netyard::with_lab(&by_the_router()) else { return };
    if !has_programs(&["ip"]) {
        return;
    }
    yard.sh("gw", "ip link set eth0 down").expect_code(0);
    yard.sh("a", "RES_OPTIONS='timeout:1 attempts:1' getent hosts db").expect_code(2);
    yard.assert_reaches("a", ["10.0.0.3"]);
    yard.run("ping a db -c 1").expect_code(1).expect_complaint("10.0.0.1");
    assert!(yard.sh("b", "getent hosts db").stdout.starts_with("10.1.0.2 "), "the other side has its server");
    yard.ok("up");
    assert!(yard.sh("a", "getent hosts db").stdout.starts_with("10.1.0.2 "));
}

#[test]
fn trouble_is_served_as_ordered() {
    let Some(yard) = Netyard::with_lab(&format!("{FILE}{TROUBLE}")) else { return };
    yard.run("ping c db -c 1").expect_code(1).expect_complaint("SERVFAIL");
    yard.run("ping c a -c 1").expect_code(1);
    yard.assert_reaches("b", ["c"]);
    if !has_programs(&["dig"]) {
        return;
    }
    let dig = |words: &str| yard.sh("a", &format!("dig +search {words}")).stdout;
    assert!(dig("db").contains("status: SERVFAIL"));
    assert!(dig("a.office.test").contains("status: NXDOMAIN"));
    let slow = dig("c.office.test");
    let took: u32 = slow.split("Query time: ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    // `dig` begins to count when it has sent, which on a busy machine is some time after the question arrived.
    assert!(took >= 500, "{slow}");
    assert!(dig("+ignore mail").contains(" tc"));
    assert!(dig("mail").contains("10.1.0.9"), "over TCP it is whole");
    yard.sh("a", "dig +tries=1 +timeout=1 +search www").expect_code(9);
    // It ends as it began, with one `up`.
    yard.change(FILE);
    yard.assert_reaches("c", ["db", "a", "www"]);
}

/// Between `none`, `hosts` and `dns` there is one `up`, and nothing of the one is left in the other.
#[test]
fn names_by_one_way_and_another() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let by = |word: &str| {
        let nodes = FILE.split_once("[switch.lan]").unwrap().1;
        format!("name = \"dns\"\nnames.by = \"{word}\"\n[switch.lan]{nodes}")
    };
    assert_eq!(keepers(&yard), 1);
    yard.change(&by("hosts"));
    assert!(yard.sh("a", "getent hosts db").stdout.starts_with("10.1.0.2 "));
    wait_until("nobody serves names", || keepers(&yard) == 0);
    assert!(!yard.sh("a", "cat /etc/resolv.conf").stdout.contains("127.0.0.53"));
    yard.change(&by("none"));
    yard.sh("a", "getent hosts db").expect_code(2);
    yard.change(&by("dns"));
    assert!(yard.sh("a", "getent hosts db").stdout.contains("b.dns.test"));
    assert!(!yard.sh("a", "cat /etc/hosts").stdout.contains("10.1.0.2"));
}

/// How many keepers the lab has.
fn keepers(yard: &Netyard) -> usize {
    processes(yard, "--keep-names").len()
}

/// The processes of the lab, by their ids in it, that were started with this argument.
fn processes(yard: &Netyard, argument: &str) -> Vec<u32> {
    let script = format!("grep -l -a -e {argument} /proc/[0-9]*/cmdline 2>/dev/null; true");
    let found = yard.run_args(["enter", "--", "sh", "-c", &script]).stdout;
    let of = |path: &str| path.split('/').nth(2).and_then(|pid| pid.parse().ok());
    // The shell that looks has the word in its own line.
    let is_it = |pid: &u32| {
        let line = yard.run_args(["enter", "--", "cat", &format!("/proc/{pid}/cmdline")]).stdout;
        line == format!("netyard\0{argument}\0")
    };
    found.lines().filter_map(of).filter(is_it).collect()
}

/// Both processes can be killed: the name server comes back by itself, the keeper with the next command.
#[test]
fn killed_servers_come_back() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let kill = |argument: &str| {
        let [pid] = processes(&yard, argument)[..] else { panic!("there is one {argument}") };
        yard.run_args(["enter", "--", "sh", "-c", &format!("kill -9 {pid}")]).expect_code(0);
        wait_until("it is gone", || !processes(&yard, argument).contains(&pid));
    };
    let answers = || yard.sh("a", "getent hosts db").stdout.starts_with("10.1.0.2 ");
    kill("--serve-names");
    wait_until("the name server is there again", answers);
    for _ in 0..5 {
        let [pid] = processes(&yard, "--keep-names")[..] else { panic!("there is one keeper") };
        yard.run_args(["enter", "--", "sh", "-c", &format!("kill -9 {pid}")]).expect_code(0);
        // Also while the kernel is still closing its files.
        assert!(answers(), "the command itself has brought it back");
    }
    assert!(yard.ok("up").contains("nothing to do"));
}

/// A host that is added is not known to the name server before its network is there: a socket that is opened in a namespace without
/// any address answers from another one than it was asked on (`__inet_bind()`, net/ipv4/af_inet.c).
#[test]
fn a_host_that_is_added_gets_answers() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    for _ in 0..6 {
        yard.change(&format!("{FILE}\n[host.late]\non = \"lan\"\n"));
        yard.run("ping late a -c 1").expect_code(0);
        yard.change(FILE);
    }
}

/// What parses packets has no rights: no capability, no file, no network but the sockets it was given.
#[test]
fn the_name_server_is_shut_in() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let [pid] = processes(&yard, "--serve-names")[..] else { panic!("there is one name server") };
    let inside = |script: &str| yard.run_args(["enter", "--", "sh", "-c", script]).stdout;
    let status = inside(&format!("cat /proc/{pid}/status"));
    for line in [
        "CapEff:\t0000000000000000",
        "CapPrm:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "NoNewPrivs:\t1",
    ] {
        assert!(status.contains(line), "{line}:\n{status}");
    }
    for kind in ["net", "mnt", "pid", "ipc", "uts"] {
        let own = inside(&format!("readlink /proc/$$/ns/{kind}"));
        let its = inside(&format!("readlink /proc/{pid}/ns/{kind}"));
        // Who may not look at a process that cannot be traced sees nothing; the status above has told enough then.
        assert!(its != own, "{kind}: {its}");
    }
}

/// A port that somebody has taken is an error that says so, and what was served before still is.
#[test]
fn a_taken_port_is_told() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    if !has_programs(&["python3"]) {
        return;
    }
    let program = "import socket,sys; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind((\"10.0.0.1\",53)); print(\"ready\",flush=True); sys.stdin.read()";
    let mut taken = yard
        .command(["exec", "gw", "--", "python3", "-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(taken.stdout.take().unwrap()), &mut line)
        .unwrap();
    assert_eq!(line, "ready\n");
    yard.write("netyard.toml", by_the_router());
    yard.run("up").expect_code(1).expect_complaint("cannot serve names on 10.0.0.1, port 53 (UDP), of `gw`");
    drop(taken.stdin.take());
    taken.wait().unwrap();
    yard.ok("up");
    assert!(yard.sh("a", "getent hosts db").stdout.starts_with("10.1.0.2 "));
}

/// A socket keeps its namespace alive; the name server lets go of a node that a person removes.
#[test]
fn a_node_removed_by_hand_is_gone() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    if !has_programs(&["ip"]) {
        return;
    }
    let ports = || yard.sh("lan", "ip -br link show master lan | wc -l").stdout.trim().to_owned();
    assert_eq!(ports(), "3");
    yard.run_args(["enter", "--", "ip", "netns", "del", "c"]).expect_code(0);
    wait_until("its cable is gone with it", || ports() == "2");
    yard.ok("up");
    assert!(yard.sh("c", "getent hosts db").expect_code(0).stdout.starts_with("10.1.0.2 "));
}

/// A person's own server on a node is a secondary of the lab's: it takes the zone over, and again after a change.
#[test]
fn a_secondary_follows() {
    if !has_programs(&["nsd", "dig"]) {
        return;
    }
    let file = |address: &str| {
        format!(
            "name = \"secondary\"\n[names]\nserver = \"ns\"\ndomain = \"office.test\"\n[switch.lan]\nsubnet = \"10.0.0.0/24\"\n\
             [host.ns]\non = \"lan\"\naddress = \"10.0.0.1\"\n[host.second]\non = \"lan\"\naddress = \"10.0.0.2\"\n\
             [host.a]\non = \"lan\"\naddress = \"{address}\"\n"
        )
    };
    let Some(yard) = Netyard::with_lab(&file("10.0.0.3")) else { return };
    let dir = yard.folder();
    let dir = dir.display();
    yard.write(
        "nsd.conf",
        format!(
            "server:\n  ip-address: 10.0.0.2@5300\n  username: \"\"\n  database: \"\"\n  zonesdir: \"{dir}\"\n  pidfile: \"{dir}/nsd.pid\"\n  \
             xfrdfile: \"{dir}/xfrd\"\n  zonelistfile: \"{dir}/zones\"\n  xfrdir: \"{dir}\"\n  server-count: 1\n\
             remote-control:\n  control-enable: no\n\
             zone:\n  name: office.test\n  zonefile: office.zone\n  request-xfr: AXFR 10.0.0.1 NOKEY\n  \
             max-refresh-time: 2\n  min-refresh-time: 1\n"
        ),
    );
    let conf = format!("{dir}/nsd.conf");
    let mut second = yard
        .command(["exec", "second", "--", "nsd", "-d", "-c", &conf])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let answers = |expected: &str| {
        yard.sh("ns", "dig +time=1 +tries=1 @10.0.0.2 -p 5300 +short a.office.test").stdout == expected
    };
    wait_until("it has the zone", || answers("10.0.0.3\n"));
    yard.change(&file("10.0.0.9"));
    wait_until("it has the change", || answers("10.0.0.9\n"));
    yard.ok("down secondary");
    second.wait().unwrap();
}
