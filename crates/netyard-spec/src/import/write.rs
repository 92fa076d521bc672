//! The text of an imported network.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;
use core::net::Ipv4Addr;

use netyard_types::NodeName;

use crate::json::quote;

/// A network that is to be written.
pub(super) struct Network {
    pub(super) name: String,
    pub(super) source: Option<String>,
    pub(super) sites: Vec<Site>,
    pub(super) cables: Vec<Cable>,
}

/// A router and the host behind it.
pub(super) struct Site {
    pub(super) router: NodeName,
    pub(super) host: NodeName,
    /// The name as it was.
    pub(super) place: String,
    /// Longitude and latitude, in degrees.
    pub(super) position: Option<(f64, f64)>,
}

/// A cable between the routers of two sites.
pub(super) struct Cable {
    pub(super) ends: [usize; 2],
    pub(super) kilometres: Option<f64>,
}

/// Longer than any cable around the Earth, so it is no distance.
const TOO_FAR: f64 = 1e6;

pub(super) fn write(network: &Network) -> String {
    let mut out = String::new();
    // A `String` takes everything.
    let _ = write_all(&mut out, network);
    out
}

fn write_all(out: &mut String, network: &Network) -> core::fmt::Result {
    header(out, network)?;
    out.push_str("\n[router]\n");
    for site in &network.sites {
        write!(out, "{} = {{ comment = ", site.router)?;
        quote(out, &describe(site));
        out.push_str(" }\n");
    }
    out.push_str("\n[host]\n");
    for site in &network.sites {
        writeln!(out, "{} = {{}}", site.host)?;
    }
    out.push_str("\n# From each router to its host.\n");
    for (i, site) in network.sites.iter().enumerate() {
        writeln!(out, "[[cable]]\nbetween = [\"{}\", \"{}\"]", site.router, site.host)?;
        writeln!(out, "subnet = \"{}/24\"\n", subnet(0, i + 1))?;
    }
    out.push_str("# From router to router.\n");
    for (i, cable) in network.cables.iter().enumerate() {
        let [a, b] = cable.ends.map(|end| &network.sites[end].router);
        writeln!(out, "[[cable]]\nbetween = [\"{a}\", \"{b}\"]\nsubnet = \"{}/30\"", subnet(128, i + 1))?;
        if let Some(distance) = cable.kilometres.filter(|km| (0.0..TOO_FAR).contains(km)) {
            writeln!(out, "comment = \"{distance:.0} km\"")?;
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    Ok(())
}

fn header(out: &mut String, network: &Network) -> core::fmt::Result {
    let (routers, cables) = (network.sites.len(), network.cables.len());
    writeln!(
        out,
        "# {}: {routers} routers with {cables} cables between them, and a host behind each.",
        network.name
    )?;
    if let Some(source) = &network.source {
        writeln!(out, "# Source: {}", one_line(source))?;
    }
    out.push_str("# Written by `netyard import topology`.\n#\n");
    writeln!(
        out,
        "# Router number n and its host share 10.0.n.0/24, cable number n between routers is 10.128.n.0/30"
    )?;
    out.push_str("# (from the 256th on, the second byte counts up).\n");
    writeln!(out, "name = \"{}\"", network.name)
}

/// The first address of range number `number` of 10.`start`.0.0/9.
fn subnet(start: u8, number: usize) -> Ipv4Addr {
    let number = u16::try_from(number).expect("the size of the topology has been checked");
    let [high, low] = number.to_be_bytes();
    Ipv4Addr::new(10, start + high, low, 0)
}

fn describe(site: &Site) -> String {
    let mut text = one_line(&site.place);
    if let Some((longitude, latitude)) =
        site.position.filter(|(lon, lat)| lon.abs() <= 180.0 && lat.abs() <= 90.0)
    {
        let north = if latitude < 0.0 { 'S' } else { 'N' };
        let east = if longitude < 0.0 { 'W' } else { 'E' };
        // A `String` takes everything.
        let _ = write!(text, ", {:.2}° {north} {:.2}° {east}", latitude.abs(), longitude.abs());
    }
    text
}

/// The text without the characters that a comment cannot have.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
