//! The rules for resolver files and for what the name server answers.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod office;

use std::sync::Arc;

use netyard_plan::{Conflict, Plan, diff, owned, simulate};
use netyard_types::{Names, NetState, NodeState, Record, RecordData, Trouble, View};
use office::{Edit, answers, domain, ip, node, office, resolver};

/// The office with a name server.
fn served() -> NetState {
    let mut net = office();
    net.names = Some(Arc::new(answers()));
    for name in ["a", "b"] {
        net.node(name).resolv = Some(resolver("127.0.0.53"));
    }
    net
}

/// The plan, after a check that it leads there and back.
fn plan(observed: &NetState, desired: &NetState) -> Plan {
    let plan = diff(observed, desired);
    assert_eq!(plan.conflicts, []);
    let mut state = observed.clone();
    for step in plan.bare_steps() {
        simulate(&mut state, &step).unwrap();
    }
    assert_eq!(owned(&state), owned(desired));
    for step in plan.undo() {
        simulate(&mut state, &step).unwrap();
    }
    assert_eq!(&state, observed);
    plan
}

/// The words of the plan, and its numbers behind them.
fn words(plan: &Plan) -> Vec<String> {
    let steps = plan.steps.iter().map(|planned| format!("{}: {}", planned.step, planned.reason));
    steps.chain([plan.summary().to_string()]).collect()
}

/// The words of the plan after a change of what is answered.
fn after(edit: impl FnOnce(&mut Names)) -> Vec<String> {
    let mut names = answers();
    edit(&mut names);
    words(&plan(&served(), &NetState { names: Some(Arc::new(names)), ..served() }))
}

fn a(addr: &str) -> Record {
    RecordData::address(ip(addr)).into()
}

/// Gives a name of the domain other records, or none.
fn set(names: &mut Names, name: &str, records: &[Record]) {
    let zone = names.zones.get_mut(&names.domain).unwrap();
    zone.remove(&domain(name));
    if !records.is_empty() {
        zone.insert(domain(name), records.to_vec());
    }
}

#[test]
fn a_name_server_comes_last_and_goes_again() {
    assert_eq!(
        words(&plan(&office(), &served())),
        [
            "write the resolver file of a: not there yet",
            "write the resolver file of b: not there yet",
            "serve the names of office.test: not there yet",
            "2 resolver files changed, 1 name server added, 4 names added",
        ]
    );
    assert_eq!(
        words(&plan(&served(), &office())),
        [
            "give a the resolver file of the lab: no longer in the file",
            "give b the resolver file of the lab: no longer in the file",
            "serve no names: no longer in the file",
            "2 resolver files removed, 1 name server removed, 4 names removed",
        ]
    );
}

#[test]
fn equal_names_are_no_difference_wherever_they_are_kept() {
    let copy = NetState { names: Some(Arc::new(answers())), ..served() };
    assert!(plan(&served(), &copy).is_empty());
}

#[test]
fn a_change_tells_which_names_differ() {
    assert_eq!(
        after(|names| set(names, "db.office.test", &[a("10.0.0.9")])),
        ["serve the names of office.test: db: 10.0.0.2 -> 10.0.0.9", "1 name changed"]
    );
    assert_eq!(
        after(|names| {
            set(names, "db.office.test", &[]);
            set(
                names,
                "office.test",
                &[RecordData::Mx { preference: 5, exchange: domain("db.office.test") }.into()],
            );
            let many: Vec<_> = (1..=5).map(|n| a(&format!("10.0.1.{n}"))).collect();
            set(names, "many.office.test", &many);
            for name in ["x.office.test", "y.office.test"] {
                set(names, name, &[RecordData::Txt("a\nb".repeat(20)).into()]);
            }
        }),
        [
            "serve the names of office.test: db: 10.0.0.2 -> none, many: none -> 10.0.1.1 + 10.0.1.2 + 10.0.1.3 + 2 more, \
             @: MX 10 mail.elsewhere.example -> MX 5 db, and 2 more",
            "3 names added, 1 name removed, 1 name changed",
        ]
    );
    assert_eq!(
        after(|names| {
            let www = RecordData::Cname(domain("a.office.test"));
            set(names, "www.office.test", &[Record { ttl: Some(5), ..www.into() }]);
            set(names, "t.office.test", &[RecordData::Txt("a\n".repeat(30)).into()]);
        }),
        [
            format!(
                "serve the names of office.test: t: none -> TXT \"{}…\", www: CNAME db -> CNAME a (ttl 5s)",
                "a\\n".repeat(20)
            ),
            "1 name added, 1 name changed".into(),
        ]
    );
}

#[test]
fn a_name_in_several_views_is_one_name() {
    let mut before = answers();
    before.views.push(View {
        name: "inside".into(),
        nodes: [node("a")].into(),
        records: [(domain("db.office.test"), vec![a("192.168.1.2")])].into(),
        troubles: netyard_types::Troubles::default(),
    });
    let mut with_view = before.clone();
    with_view.views[0].records.insert(domain("db.office.test"), vec![a("192.168.1.3")]);
    set(&mut with_view, "db.office.test", &[a("10.0.0.3")]);
    let net = |names| NetState { names: Some(Arc::new(names)), ..served() };
    assert_eq!(
        words(&plan(&net(before.clone()), &net(with_view))),
        [
            "serve the names of office.test: db: 10.0.0.2 -> 10.0.0.3, db in view inside: 192.168.1.2 -> 192.168.1.3",
            "1 name changed",
        ]
    );
    let mut without = before.clone();
    without.views[0].records.clear();
    assert_eq!(
        words(&plan(&net(before.clone()), &net(without))),
        ["serve the names of office.test: db in view inside: 192.168.1.2 -> 10.0.0.2", "1 name changed"]
    );
    // The view says what all are told anyhow.
    let mut same = before.clone();
    same.views[0]
        .records
        .insert(domain("www.office.test"), vec![RecordData::Cname(domain("db.office.test")).into()]);
    assert_eq!(
        words(&plan(&net(before.clone()), &net(same))),
        ["serve the names of office.test: other views", "1 name server changed"]
    );
    let mut others = before.clone();
    others.views[0].nodes.insert(node("b"));
    assert_eq!(
        words(&plan(&net(before), &net(others))),
        ["serve the names of office.test: other views", "1 name server changed"]
    );
}

#[test]
fn a_change_of_the_server_itself_tells_what() {
    assert_eq!(
        after(|names| {
            names.ttl = 5;
            names.forward.push("10.0.0.1:53".parse().unwrap());
            names.troubles.all = Some(Trouble { slow_ms: 800, answer: None });
            set(names, "db.office.test", &[a("10.0.0.9")]);
        }),
        [
            "serve the names of office.test: db: 10.0.0.2 -> 10.0.0.9; another ttl, other trouble, other servers to forward to",
            "1 name server changed, 1 name changed",
        ]
    );
    assert_eq!(
        after(|names| {
            names.clients.remove(&ip("10.0.0.2"));
            names.servers.remove(&node("a"));
        }),
        ["serve the names of office.test: other nodes that ask", "1 name server changed"]
    );
    assert_eq!(
        after(|names| drop(names.zones.remove(&domain("0.0.10.in-addr.arpa")))),
        ["serve the names of office.test: other names of addresses", "1 name server changed"]
    );
    let mut desired = served();
    let mut names = answers();
    names.servers = [(node("gw"), [ip("192.168.1.1")].into())].into();
    names.name_servers = vec![domain("gw.office.test")];
    desired.names = Some(Arc::new(names));
    for name in ["a", "b"] {
        desired.node(name).resolv = Some(resolver("192.168.1.1"));
    }
    assert_eq!(
        words(&plan(&served(), &desired)),
        [
            "write the resolver file of a: its lines differ",
            "write the resolver file of b: its lines differ",
            "serve the names of office.test: another server",
            "2 resolver files changed, 1 name server changed",
        ]
    );
}

#[test]
fn a_resolver_file_that_was_edited_is_written_again() {
    let mut observed = served();
    let edited = format!("{}\nnameserver 10.9.9.9\n", NodeState::RESOLV_MARK);
    observed.node("a").resolv = Some(edited.into());
    assert_eq!(
        words(&plan(&observed, &served())),
        ["write the resolver file of a: its lines differ", "1 resolver file changed"]
    );
}

#[test]
fn a_resolver_file_of_a_person_stays_or_is_a_conflict() {
    let theirs: Arc<str> = "nameserver 10.9.9.9\n".into();
    let mut observed = office();
    observed.node("a").resolv = Some(theirs.clone());
    assert!(diff(&observed, &office()).is_empty());
    assert_eq!(owned(&observed), office());

    let plan = diff(&observed, &served());
    assert_eq!(plan.conflicts, [Conflict::Resolver { node: node("a") }]);
    assert_eq!(
        plan.conflicts[0].to_string(),
        "a has a resolv.conf that netyard did not write, in the place of its own"
    );

    // With its node it goes, and comes back.
    let mut desired = office();
    desired.cut("lan.a");
    desired.nodes.remove("a");
    let plan = diff(&observed, &desired);
    let mut state = observed.clone();
    for step in plan.bare_steps().iter().chain(&plan.undo()) {
        simulate(&mut state, step).unwrap();
    }
    assert_eq!(state.node("a").resolv, Some(theirs));
}

#[test]
fn the_resolver_file_of_a_node_that_is_made_anew_is_written_anew() {
    let mut desired = served();
    desired.node("b").kind = netyard_types::NodeKind::Router;
    let plan = plan(&served(), &desired);
    let last = plan.steps.last().unwrap();
    assert_eq!(
        format!("{}: {}", last.step, last.reason),
        "write the resolver file of b: its node is made anew"
    );
}
