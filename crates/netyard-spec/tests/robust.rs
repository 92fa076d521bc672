//! Whatever the text is, the parser does not panic, and every place that it speaks of is in the text.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use netyard_spec::{Finding, NodeBody, Problem, Span, Spec, parse, parse_bytes};
use proptest::prelude::*;

const GOOD: &str = include_str!("cases/good/netyard.toml");
const BAD: &str = include_str!("cases/many-at-once/netyard.toml");

/// The places of the mistakes, and of a value of each kind.
fn places<'a>(spec: &'a Spec, found: &'a [Finding<Problem>]) -> Vec<&'a Span> {
    let mut places: Vec<&Span> =
        found.iter().flat_map(|f| core::iter::once(&f.span).chain(&f.also)).collect();
    places.extend(spec.name.as_ref().map(|name| &name.span));
    places.extend(spec.allow.iter().map(|code| &code.span));
    for node in &spec.nodes {
        places.push(&node.name.span);
        places.extend(node.sysctl.iter().flat_map(|(key, value)| [&key.span, &value.span]));
        match &node.body {
            NodeBody::Switch(switch) => places.extend(switch.subnet.iter().map(|subnet| &subnet.span)),
            NodeBody::Host(station) | NodeBody::Router(station) => {
                places.extend(station.on.iter().map(|on| &on.span));
                places.extend(station.ports.iter().map(|port| &port.name.span));
                places.extend(station.gateway.iter().map(|gateway| &gateway.span));
                places.extend(station.routes.iter().map(|route| &route.span));
            }
        }
    }
    if let Some(names) = &spec.names {
        places.extend(names.domain.as_ref().map(|domain| &domain.span));
        places.extend(names.forward.iter().map(|upstream| &upstream.span));
        let entries = names.records.iter().chain(names.views.iter().flat_map(|view| &view.records));
        for entry in entries {
            places.push(&entry.owner.span);
            places.extend(entry.records.iter().map(|record| &record.span));
        }
        let views = names.views.iter();
        let troubles = names.troubles.iter().chain(views.flat_map(|view| &view.troubles));
        places.extend(troubles.map(|entry| &entry.name.span));
    }
    for cable in &spec.cables {
        places.push(&cable.span);
        places.extend(cable.between.iter().map(|end| &end.span));
    }
    places
}

fn check(text: &str) {
    let (spec, found) = parse(text);
    for place in places(&spec, &found) {
        assert!(text.get(place.clone()).is_some(), "{place:?} cuts {text:?}");
    }
    assert!(found.is_sorted_by_key(|finding| finding.span.start));
    assert_eq!(parse(text), (spec, found), "the same text gives the same");
}

/// Pieces that files are made of, so that chance finds its way past the syntax.
const PIECES: &[&str] = &[
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "\"",
    "'",
    "\"\"\"",
    "\n",
    " ",
    "#",
    "é",
    "\u{0}",
    "\u{feff}",
    "name",
    "allow",
    "names",
    "by",
    "domain",
    "ttl",
    "server",
    "forward",
    "wildcard",
    "records",
    "view",
    "nodes",
    "trouble",
    "slow",
    "answer",
    "A",
    "CNAME",
    "SRV",
    "MX",
    "\"0 5 80 web1\"",
    "\"[fd00::1]:53\"",
    "\"drop\"",
    "\"*\"",
    "\"@\"",
    "\n[names.records.a]\n",
    "\n[names.view.a]\n",
    "switch",
    "host",
    "router",
    "cable",
    "lan",
    "on",
    "address",
    "ports",
    "eth0",
    "mac",
    "mtu",
    "aliases",
    "gateway",
    "routes",
    "to",
    "via",
    "dev",
    "type",
    "metric",
    "sysctl",
    "comment",
    "count",
    "routing",
    "subnet",
    "stp",
    "priority",
    "ageing",
    "neighbours",
    "between",
    "\"192.168.1.0/24\"",
    "\"fd00::1/64\"",
    "\"a.b\"",
    "\"net.ipv4.ip_forward\"",
    "\"300s\"",
    "-1",
    "0",
    "1e999",
    "nan",
    "1979-05-27",
    "07:32:00",
    "true",
    "0xff",
    "[[cable]]",
    "[host.a]",
    "\n[switch.lan]\n",
    "\n[router.gw.ports.eth0]\n",
];

fn piece() -> impl Strategy<Value = String> {
    prop::sample::select(PIECES).prop_map(String::from)
}

proptest! {
    #[test]
    fn any_text(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_bytes(bytes in any::<Vec<u8>>()) {
        let (_, found) = parse_bytes(&bytes);
        prop_assert!(found.iter().all(|finding| finding.span.end <= bytes.len()));
    }

    #[test]
    fn any_pieces(pieces in prop::collection::vec(piece(), 0..40)) {
        check(&pieces.concat());
    }

    #[test]
    fn a_file_with_a_piece_changed(bad in any::<bool>(), at in any::<prop::sample::Index>(), cut in 0..12_usize, piece in piece()) {
        let file = if bad { BAD } else { GOOD };
        let chars: Vec<char> = file.chars().collect();
        let at = at.index(chars.len());
        let after = (at + cut).min(chars.len());
        let changed: String = chars[..at].iter().copied().chain(piece.chars()).chain(chars[after..].iter().copied()).collect();
        check(&changed);
    }
}
