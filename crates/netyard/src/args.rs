//! The arguments: the one definition from which parsing, `--help`, completions and man pages come.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use netyard_plan::Foreign;
use netyard_types::{LabName, NodeName};

const ABOUT: &str = "Build real networks on one Linux machine from one file";

const LONG_ABOUT: &str = "\
Build real networks on one Linux machine from one file.

A host is a network namespace, a switch is a bridge, a cable is a veth pair, a router is a namespace that forwards. No root, no \
containers, nothing left behind: the machine's own interfaces, routes and files are never touched.";

const AFTER_HELP: &str = "\
Start here:
  netyard demo                 see a network come up, work, and go away
  netyard up                   build what ./netyard.toml describes
  netyard exec a -- ping b     run a command on host a
  netyard down                 take it all away

A file in four lines:
  switch.lan.subnet = \"192.168.1.0/24\"
  host.a.on = \"lan\"
  host.b.on = \"lan\"
  host.b.aliases = [\"db\"]";

const LAB_HELP: &str = "\
The lab to work on. Without it: the lab of ./netyard.toml, otherwise the only one that runs. With `up` and `plan` it is the name \
that the lab gets, so one file can be up several times";

const STRICT_HELP: &str = "\
Remove what was added by hand too: the links, addresses, routes, neighbours, forwarding entries, resolver files and namespaces of \
the lab that neither the file describes nor the kernel makes by itself, whichever program added them. What stands in the way of \
the file is replaced. What cannot be put back if a step fails goes last, and `plan --strict` says so. A process in a namespace \
that is removed is not ended: it stays there, cut off, until it ends";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "netyard", version, about = ABOUT, long_about = LONG_ABOUT, after_help = AFTER_HELP)]
#[command(disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Args {
    #[arg(short = 'l', long = "lab", global = true, value_name = "LAB", help = "The lab to work on", long_help = LAB_HELP)]
    pub(crate) lab: Option<LabName>,

    /// When to use colours [default: auto, which respects `NO_COLOR` and pipes]
    #[arg(long, global = true, value_name = "WHEN", hide_possible_values = true)]
    pub(crate) color: Option<Colors>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colors {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build the network, or change the running one to match the file
    ///
    /// Compares what the file describes with what the kernel has, does only the difference, waits until every link carries,
    /// and looks again whether all is as it should be. Run it again after each change of the file. If a step fails, the steps
    /// before it are taken back.
    Up(Up),

    /// Show what `up` would do, and why, changing nothing
    Plan(Plan),

    /// Take a lab away, whole
    ///
    /// Ends its processes and frees its namespaces. Works after any crash; a lab that does not run is no error.
    Down(Down),

    /// List the labs that run
    Ls(Json),

    /// Show the live state of the kernel as tables
    Show(Show),

    /// Run a command on a node
    ///
    /// The command sees the node's network, host name and names. Its standard streams, its signals and its exit code are those
    /// of `netyard exec`.
    #[command(after_help = "Example:\n  netyard exec a -- ip route")]
    Exec(Exec),

    /// Open a shell on a node
    Shell(Shell),

    /// Open a shell inside the lab, where `ip netns` knows every node
    ///
    /// There, `ip netns`, `ip -n red link`, `ip netns exec red arp` and `bridge -n lan fdb` work as they do everywhere.
    #[command(
        after_help = "Examples:\n  netyard enter\n  netyard enter -- ip -n a route\n  netyard enter --empty"
    )]
    Enter(Enter),

    /// Ping one or more nodes or addresses from a node
    ///
    /// Built in: it needs no `ping` program. Names are looked up as the node itself would look them up.
    Ping(Ping),

    /// Draw the topology
    Graph(Graph),

    /// Watch a network come up, work, and go away; needs no file
    ///
    /// Without a lesson it builds a small office with two networks and a router. With one it plays that lesson, command by
    /// command.
    Demo(Demo),

    /// Check whether this machine can run labs, and what to do if it cannot
    Doctor(Json),

    /// Print the JSON schema of the file, for editors
    #[command(
        after_help = "Example:\n  netyard schema > netyard.schema.json\n\nThen begin the file with\n  #:schema ./netyard.schema.json"
    )]
    Schema,

    /// Turn other descriptions of networks into a file
    #[command(subcommand)]
    Import(Import),

    /// Print the completions for a shell
    #[command(
        after_help = "Example:\n  netyard completions bash > ~/.local/share/bash-completion/completions/netyard"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },

    /// Write the man pages into a directory
    Man {
        /// The directory, made if it is not there
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
}

/// `--json`, which every answer has.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub(crate) struct Json {
    /// Answer in JSON, for programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct File {
    /// The file [default: ./netyard.toml]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// `--strict`, which `up` and `plan` have.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub(crate) struct Strict {
    #[arg(long, help = "Remove what was added by hand too", long_help = STRICT_HELP)]
    strict: bool,
}

impl Strict {
    /// What becomes of things that neither Netyard nor the kernel made.
    pub(crate) fn foreign(self) -> Foreign {
        if self.strict { Foreign::Remove } else { Foreign::Keep }
    }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Up {
    #[command(flatten)]
    pub(crate) file: File,
    #[command(flatten)]
    pub(crate) strict: Strict,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) file: File,
    /// Print the plan as a shell script of `ip`, `bridge` and `sysctl` commands
    #[arg(long, conflicts_with = "json")]
    pub(crate) script: bool,
    /// Exit with 3 if there is anything to do
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) strict: Strict,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Down {
    /// The lab [default: as for `--lab`]
    #[arg(value_name = "LAB", conflicts_with = "all")]
    pub(crate) name: Option<LabName>,
    /// Take every lab away
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Show {
    /// What to show
    #[arg(value_enum)]
    pub(crate) what: Table,
    /// Only these nodes
    #[arg(value_name = "NODE")]
    pub(crate) nodes: Vec<NodeName>,
    #[command(flatten)]
    pub(crate) json: Json,
}

/// The tables of `show`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Table {
    /// Every node and what it has
    Nodes,
    /// Interfaces, as `ip link`
    Links,
    /// Addresses, as `ip addr`
    Addresses,
    /// Routes, as `ip route`
    Routes,
    /// Neighbours, as `ip neigh`
    Neighbours,
    /// Forwarding tables of the switches, as `bridge fdb`
    Fdb,
    /// What each node gets for each name, and from where
    Names,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Exec {
    /// The node
    pub(crate) node: NodeName,
    /// The command and its arguments
    #[arg(value_name = "CMD", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Shell {
    /// The node
    pub(crate) node: NodeName,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Enter {
    /// An empty sandbox without a lab, to try `ip` by hand; gone when left
    #[arg(long, conflicts_with = "lab")]
    pub(crate) empty: bool,
    /// A command instead of a shell
    #[arg(value_name = "CMD", last = true)]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Ping {
    /// The node that asks
    pub(crate) from: NodeName,
    /// Who should answer: names or addresses
    #[arg(required = true)]
    pub(crate) to: Vec<String>,
    /// How many packets each
    #[arg(short, long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) count: u16,
    /// Seconds between two packets to one target
    #[arg(short, long, default_value = "0.2", value_parser = parse_seconds, value_name = "SECONDS")]
    pub(crate) interval: std::time::Duration,
    /// Seconds to wait for an answer
    #[arg(short = 'W', long, default_value = "4", value_parser = parse_seconds, value_name = "SECONDS")]
    pub(crate) timeout: std::time::Duration,
    /// Bytes of payload in each packet
    #[arg(short, long, default_value_t = 56, value_parser = clap::value_parser!(u16).range(..=65_000), value_name = "BYTES")]
    pub(crate) size: u16,
    /// IPv4 only
    #[arg(short = '4', conflicts_with = "ipv6")]
    pub(crate) ipv4: bool,
    /// IPv6 only
    #[arg(short = '6')]
    pub(crate) ipv6: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Graph {
    /// Draw what this file describes instead of what runs
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// In which form
    #[arg(long, value_enum, default_value_t = GraphFormat::Text)]
    pub(crate) format: GraphFormat,
}

/// The forms of `graph`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// For the terminal
    Text,
    /// For Graphviz
    Dot,
    /// For Markdown pages
    Mermaid,
    /// For programs
    Json,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Demo {
    /// A lesson, by its number or name [default: the office]
    pub(crate) lesson: Option<String>,
    /// List the lessons
    #[arg(long)]
    pub(crate) list: bool,
    /// Fail if a command comes out otherwise than the page says
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// A wide-area network as a graph in JSON: a router for every node, a host behind each
    ///
    /// The input has `nodes` (`id`, `name`, `pos`) and `edges` (`source`, `target`, `dist_km`), as TopoHub publishes them.
    #[command(
        after_help = "Example:\n  netyard import topology geant.json > geant.toml && netyard up geant.toml"
    )]
    Topology {
        /// The file; `-` for standard input
        #[arg(value_name = "FILE.json")]
        file: PathBuf,
    },
}

fn parse_seconds(text: &str) -> Result<std::time::Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| String::from("not a number of seconds"))?;
    std::time::Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_lab_stands_before_or_after_the_verb() {
        for line in [["netyard", "-l", "x", "ls"], ["netyard", "ls", "-l", "x"]] {
            assert_eq!(Args::parse_from(line).lab.unwrap().as_str(), "x");
        }
    }

    #[test]
    fn a_command_keeps_its_own_options() {
        let args = Args::parse_from(["netyard", "exec", "a", "ping", "-c", "1", "b"]);
        let Command::Exec(exec) = args.command else { panic!("not exec") };
        assert_eq!(exec.command, ["ping", "-c", "1", "b"]);
    }
}
