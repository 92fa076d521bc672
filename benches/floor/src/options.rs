//! What is asked for on the command line.

use crate::Result;
use crate::shape::Shape;

/// The order of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Host by host.
    Each,
    /// Namespaces, then cables, then what is in the namespaces.
    Phased,
}

/// How the network is made.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) shape: Shape,
    pub(crate) order: Order,
    pub(crate) threads: u32,
    /// For how many namespaces one mount of proc is used; 0 is all.
    pub(crate) per_proc: u32,
    pub(crate) settings: bool,
    /// Whether bridges are switched on when all their ports are there.
    pub(crate) bridges_last: bool,
    /// Whether hosts get their address before their interface is switched on.
    pub(crate) address_first: bool,
    /// Whether nodes get files and sockets.
    pub(crate) names: bool,
    pub(crate) wait: bool,
    /// Whether the network stays until standard input ends.
    pub(crate) hold: bool,
}

impl Options {
    /// Reads `N` and what follows it.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            shape: Shape { hosts: 0 },
            order: Order::Each,
            threads: 1,
            per_proc: 32,
            settings: true,
            bridges_last: false,
            address_first: false,
            names: true,
            wait: true,
            hold: false,
        };
        let mut rest = arguments.iter().map(String::as_str);
        options.shape.hosts = number(rest.next())?;
        while let Some(argument) = rest.next() {
            match argument {
                "--phased" => options.order = Order::Phased,
                "--threads" => options.threads = number(rest.next())?,
                "--per-proc" => options.per_proc = number(rest.next())?,
                "--bridges-last" => options.bridges_last = true,
                "--address-first" => options.address_first = true,
                "--no-settings" => options.settings = false,
                "--bare" => options.names = false,
                "--no-wait" => options.wait = false,
                "--hold" => options.hold = true,
                other => return Err(format!("unknown argument {other}").into()),
            }
        }
        Ok(options)
    }
}

fn number(argument: Option<&str>) -> Result<u32> {
    let argument = argument.ok_or("a number is missing")?;
    Ok(argument.parse().map_err(|_| format!("{argument} is no number"))?)
}
