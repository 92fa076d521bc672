//! What the name server answers, and the resolver files of nodes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

use netyard_kernel::{KernelError, LinuxKernel, Paths};
use netyard_plan::{ApplyError, Conflict, Kernel, RESOLV_COPY, Scope, Which, apply, owned};
use netyard_types::{
    BadAnswer, DomainName, LOOPBACK_SERVER, Names, NodeState, Record, RecordData, Trouble, Troubles, View,
};

use crate::network::{Wanted, name};
use crate::sandbox::paths;

fn domain(text: &str) -> DomainName {
    DomainName::new(text).unwrap()
}

/// Something of everything.
pub(crate) fn names() -> Names {
    let data = [
        RecordData::A(LOOPBACK_SERVER),
        RecordData::Aaaa("fd00::1".parse().unwrap()),
        RecordData::Txt("a \"text\"\\ é".into()),
        RecordData::Srv { priority: 0, weight: 5, port: 80, target: domain("Web.office.test") },
        RecordData::Mx { preference: 10, exchange: domain("mail.example") },
        RecordData::Ptr(domain("web.office.test")),
    ];
    let mut records: Vec<Record> = data.into_iter().map(Record::from).collect();
    records[0].ttl = Some(5);
    let alias = RecordData::Cname(domain("web.office.test")).into();
    let trouble = Trouble { slow_ms: 800, answer: Some(BadAnswer::Servfail) };
    Names {
        domain: domain("office.test"),
        ttl: 60,
        name_servers: vec![domain("ns.office.test")],
        servers: [(name("a"), ["fd00::1".parse().unwrap(), LOOPBACK_SERVER.into()].into())].into(),
        zones: [(
            domain("office.test"),
            [(domain("web.office.test"), records), (domain("*.office.test"), vec![alias])].into(),
        )]
        .into(),
        clients: [("10.0.0.1".parse().unwrap(), name("a")), ("fd00::1".parse().unwrap(), name("a"))].into(),
        views: vec![View {
            name: "inside".into(),
            nodes: [name("b")].into(),
            records: [(domain("web.office.test"), Vec::new())].into(),
            troubles: Troubles { all: Some(trouble), names: [(domain("x.example"), trouble)].into() },
        }],
        troubles: Troubles::default(),
        forward: vec!["10.0.0.1:53".parse().unwrap(), "[fd00::1]:5353".parse().unwrap()],
    }
}

pub(crate) fn resolver(server: &str) -> Arc<str> {
    format!("{}\nnameserver {server}\nsearch office.test\n", NodeState::RESOLV_MARK).into()
}

/// The directories of the sandbox, with a resolver file of the lab's.
fn with_resolver() -> Paths {
    let resolv = PathBuf::from("/run/resolv.conf");
    fs::write(&resolv, "nameserver 192.0.2.1\n").unwrap();
    Paths { resolv, ..paths() }
}

fn two_hosts() -> Wanted {
    let mut wanted = Wanted::default();
    wanted.host("a");
    wanted.host("b");
    wanted
}

sandboxed! {
    fn names_and_resolver_files_come_change_and_go() {
        let paths = with_resolver();
        let mut kernel = LinuxKernel::open(paths.clone()).unwrap();
        let plain = two_hosts();
        plain.build(&mut kernel);
        let file = |node: &str| paths.resolv(&name(node));
        let copy = format!("{RESOLV_COPY}\nnameserver 192.0.2.1\n");
        assert_eq!(fs::read_to_string(file("a")).unwrap(), copy);
        let before = fs::metadata(file("a")).unwrap();
        assert_eq!(before.mode() & 0o777, 0o644);
        assert!(!paths.names.exists());

        let mut served = plain.clone();
        served.0.names = Some(Arc::new(names()));
        for node in ["a", "b"] {
            served.state(node).resolv = Some(resolver("127.0.0.53"));
        }
        served.build(&mut kernel);
        assert_eq!(fs::read_to_string(file("a")).unwrap(), *resolver("127.0.0.53"));
        assert_eq!(fs::metadata(&paths.names).unwrap().mode() & 0o777, 0o600);
        let state = kernel.observe(&Scope::default()).unwrap();
        assert_eq!(state.names.as_deref(), Some(&names()));
        let [a, b] = ["a", "b"].map(|node| state.nodes[&name(node)].resolv.clone().unwrap());
        assert!(Arc::ptr_eq(&a, &b), "what is the same is kept once");

        let mut changed = served.clone();
        let mut others = names();
        others.zones.clear();
        others.ttl = 5;
        changed.0.names = Some(Arc::new(others));
        changed.state("a").resolv = Some(resolver("10.0.0.1"));
        changed.build(&mut kernel);
        assert_eq!(fs::read_to_string(file("a")).unwrap(), *resolver("10.0.0.1"));

        plain.build(&mut kernel);
        assert_eq!(fs::read_to_string(file("a")).unwrap(), copy);
        assert_eq!(fs::metadata(file("a")).unwrap().ino(), before.ino());
        assert!(!paths.names.exists());
        let left: Vec<_> = fs::read_dir(paths.names.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["nodes"], "nothing is left behind");
    }

    fn the_undo_of_names_leads_back() {
        let mut kernel = LinuxKernel::open(with_resolver()).unwrap();
        let plain = two_hosts();
        let mut served = plain.clone();
        served.0.names = Some(Arc::new(names()));
        served.state("a").resolv = Some(resolver("127.0.0.53"));
        for (from, to) in [(&plain, &served), (&served, &plain)] {
            from.build(&mut kernel);
            let before = kernel.observe(&Scope::default()).unwrap();
            let plan = netyard_plan::diff(&before, &to.0);
            kernel.execute(&plan.bare_steps(), &mut |_| {}).unwrap();
            kernel.execute(&plan.undo(), &mut |_| {}).unwrap();
            assert_eq!(kernel.observe(&Scope::default()).unwrap().names, before.names);
            assert_eq!(owned(&kernel.observe(&Scope::default()).unwrap()), owned(&before));
        }
    }

    fn a_resolver_file_of_a_person_is_not_taken_over() {
        let paths = with_resolver();
        let mut kernel = LinuxKernel::open(paths.clone()).unwrap();
        let plain = two_hosts();
        plain.build(&mut kernel);
        let file = paths.resolv(&name("a"));
        fs::write(&file, "nameserver 10.9.9.9\n").unwrap();
        plain.build(&mut kernel);
        let mut served = plain.clone();
        served.state("a").resolv = Some(resolver("127.0.0.53"));
        match apply(&mut kernel, &served.0, &mut |_| {}) {
            Err(ApplyError::Conflicts(conflicts)) => assert_eq!(conflicts, [Conflict::Resolver { node: name("a") }]),
            other => panic!("{other:?}"),
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "nameserver 10.9.9.9\n");
        // One that says nothing is nobody's, and one that is not there is no reason to fail.
        fs::write(&file, "\n").unwrap();
        served.build(&mut kernel);
        fs::remove_file(&file).unwrap();
        served.build(&mut kernel);
        // One of Netyard's that was edited is written again.
        fs::write(&file, format!("{}\nnameserver 10.9.9.9\n", NodeState::RESOLV_MARK)).unwrap();
        served.build(&mut kernel);
        assert_eq!(fs::read_to_string(&file).unwrap(), *resolver("127.0.0.53"));
    }

    fn a_file_that_holds_no_names_is_said() {
        let paths = paths();
        let mut kernel = LinuxKernel::open(paths.clone()).unwrap();
        for text in ["", "{", "{}", "[1]", "{\"domain\": \"a..b\"}"] {
            fs::write(&paths.names, text).unwrap();
            let error = kernel.observe(&Scope { nodes: Which::All, ..Scope::default() }).unwrap_err();
            assert_eq!(error.to_string(), "/run/netyard/names.json does not hold the names of a lab");
            assert!(matches!(error, KernelError::Names { .. }), "{error:?}");
        }
    }
}
