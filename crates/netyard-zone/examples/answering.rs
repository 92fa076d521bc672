//! How long an answer takes, with 1,000 names: `cargo run --release -p netyard-zone --example answering`.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Instant;

use netyard_types::{DomainName, Names, RecordData, Records, Troubles};
use netyard_zone::{Transport, Zones};

const HOSTS: u32 = 1000;
const ROUNDS: u32 = 2000;

fn main() -> Result<(), Box<dyn Error>> {
    let zones = Zones::new(Arc::new(names()?), 1);
    measure(&zones, "A", 1, |host| format!("host{host}.office.test"));
    measure(&zones, "no AAAA", 28, |host| format!("host{host}.office.test"));
    measure(&zones, "PTR", 12, |host| format!("{}.{}.0.10.in-addr.arpa", host % 256, host / 256));
    measure(&zones, "no such name", 1, |host| format!("none{host}.office.test"));
    measure(&zones, "by a wildcard", 1, |host| format!("x{host}.apps.office.test"));
    Ok(())
}

fn measure(zones: &Zones, kind: &str, rtype: u16, name: impl Fn(u32) -> String) {
    let queries: Vec<Vec<u8>> = (0..HOSTS).map(|host| query(&name(host), rtype)).collect();
    let mut reply = Vec::with_capacity(1232);
    let mut bytes = 0;
    let start = Instant::now();
    for turn in 0..ROUNDS {
        for query in &queries {
            zones.answer(query, None, Transport::Udp, turn, &mut reply);
            bytes += reply.len() as u128;
        }
    }
    let count = u128::from(ROUNDS * HOSTS);
    println!("{kind:14} {:5} ns, {} bytes", start.elapsed().as_nanos() / count, bytes / count);
}

fn names() -> Result<Names, Box<dyn Error>> {
    let domain = DomainName::new("office.test")?;
    let mut office = Records::new();
    let mut reverse = Records::new();
    for host in 0..HOSTS {
        let (name, addr) =
            (domain.with_labels(&format!("host{host}"))?, Ipv4Addr::from_bits(0x0a00_0000 + host));
        office.insert(name.clone(), vec![RecordData::A(addr).into()]);
        reverse.insert(DomainName::of_address(addr.into()), vec![RecordData::Ptr(name).into()]);
    }
    office.insert(domain.with_labels("*.apps")?, vec![RecordData::A(Ipv4Addr::new(10, 9, 9, 9)).into()]);
    Ok(Names {
        name_servers: vec![domain.with_labels("ns")?],
        ttl: 60,
        servers: BTreeMap::new(),
        zones: BTreeMap::from([(domain.clone(), office), (DomainName::new("0.10.in-addr.arpa")?, reverse)]),
        clients: BTreeMap::new(),
        views: Vec::new(),
        troubles: Troubles::default(),
        forward: Vec::new(),
        domain,
    })
}

/// A query with an OPT record, as resolvers send it.
fn query(name: &str, rtype: u16) -> Vec<u8> {
    let mut query = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
    for label in name.split('.') {
        query.extend(u8::try_from(label.len()).ok());
        query.extend(label.as_bytes());
    }
    query.push(0);
    query.extend(rtype.to_be_bytes());
    query.extend(b"\0\x01\0\0\x29\x04\xd0\0\0\0\0\0\0");
    query
}
