//! From the bytes of a file to a network.

use std::time::Instant;

use netyard_spec::parse_bytes;
use netyard_types::LabName;

use crate::support::file;
use crate::support::spent::{Goal, figure, median};

pub(crate) fn measure(hosts: usize, rounds: usize) {
    println!("\nreading: parse and resolve {hosts} hosts, {rounds} rounds by turns");
    let files =
        [("`count`", file::with_counts(hosts, 0)), ("a table for each host", file::with_tables(hosts))];
    let name = LabName::new(file::LAB).expect("it is a name");
    let mut times: [[Vec<f64>; 2]; 2] = Default::default();
    for _ in 0..rounds.max(5) {
        for ((_, text), [parsed, resolved]) in files.iter().zip(&mut times) {
            let start = Instant::now();
            let (spec, findings) = parse_bytes(text.as_bytes());
            parsed.push(start.elapsed().as_secs_f64());
            assert!(findings.is_empty(), "the file has a mistake: {:?}", findings[0]);
            let resolution = netyard_model::resolve(&spec, &name);
            resolved.push(start.elapsed().as_secs_f64());
            assert!(resolution.network.is_some(), "the file has a mistake: {:?}", resolution.errors[0]);
        }
    }
    for ((form, text), [parsed, resolved]) in files.iter().zip(times) {
        println!("  {form}: {} KB, parsed alone {:.1} ms", text.len() / 1024, median(parsed) * 1e3);
        figure(&format!("parse and resolve, {form}"), median(resolved) * 1e3, "ms", Goal::AtMost(100.0));
    }
}
