//! The codes of mistakes.

use core::fmt;
use core::str::FromStr;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal $(, $allow:ident)?;)*) => {
        /// The code of a mistake: the short, lasting name by which `allow` and scripts speak of it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The code as it is written.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Whether `allow` can let it through: the kernel would build such a network.
            #[must_use]
            pub fn is_allowable(self) -> bool {
                match self { $(Self::$variant => codes!(@allow $($allow)?),)* }
            }
        }
    };
    (@allow allow) => { true };
    (@allow) => { false };
}

codes! {
    /// The file is empty.
    EmptyFile = "empty-file";
    /// The file is no UTF-8 text.
    NotText = "not-text";
    /// The text is no TOML.
    Syntax = "syntax";
    /// A key that does not exist there.
    UnknownKey = "unknown-key";
    /// A required key is not there.
    MissingKey = "missing-key";
    /// Two keys that exclude each other.
    ConflictingKeys = "conflicting-keys";
    /// A value of the wrong type.
    WrongType = "wrong-type";
    /// A value that its key does not take.
    InvalidValue = "invalid-value";
    /// A name that is no host name or no safe file name.
    InvalidName = "invalid-name";
    /// An interface name that the kernel or Netyard refuses.
    InvalidInterfaceName = "invalid-interface-name";
    /// An interface name over 15 bytes.
    InterfaceNameTooLong = "interface-name-too-long";
    /// A text that is no address.
    InvalidAddress = "invalid-address";
    /// A text that is no range of addresses.
    InvalidSubnet = "invalid-subnet";
    /// A text that is no Ethernet address, or one that no interface can have.
    InvalidMac = "invalid-mac";
    /// A text that is no domain name, or none for its key.
    InvalidDomainName = "invalid-domain-name";
    /// A text that is no network setting.
    InvalidSysctl = "invalid-sysctl";
    /// `count` of 0.
    CountZero = "count-zero";
    /// A code in `allow` that does not exist, or cannot be allowed.
    NotAllowable = "not-allowable";
    /// A name that no node has.
    UnknownNode = "unknown-node";
    /// An interface that its node does not have.
    UnknownPort = "unknown-port";
    /// A `count` that no machine could build.
    CountTooLarge = "count-too-large";
    /// A node of a kind that cannot stand there.
    WrongKind = "wrong-kind";
    /// Two nodes or aliases of one name.
    DuplicateName = "duplicate-name";
    /// Two interfaces of one name on one node, or one interface with two cables.
    DuplicatePort = "duplicate-port";
    /// Two interfaces with one address.
    DuplicateAddress = "duplicate-address", allow;
    /// Two interfaces with one Ethernet address.
    DuplicateMac = "duplicate-mac", allow;
    /// An address outside of the subnets of its segment.
    OutsideSubnet = "outside-subnet", allow;
    /// An address whose prefix length is not its subnet's.
    WrongPrefix = "wrong-prefix", allow;
    /// An address without a length on a segment without a subnet.
    NoPrefixLength = "no-prefix-length";
    /// The first address of a subnet, which names the subnet.
    NetworkAddress = "network-address", allow;
    /// The last address of an IPv4 subnet, which reaches everybody.
    BroadcastAddress = "broadcast-address", allow;
    /// Two subnets of different segments, or two of one, that overlap.
    OverlappingSubnets = "overlapping-subnets", allow;
    /// More interfaces than addresses.
    SubnetTooSmall = "subnet-too-small";
    /// Several routers could be the gateway.
    AmbiguousGateway = "ambiguous-gateway";
    /// A gateway that is not on a segment of the node.
    UnreachableGateway = "unreachable-gateway", allow;
    /// Two routes of one node to one range with one metric.
    DuplicateRoute = "duplicate-route";
    /// A port that no cable or switch holds, or a host without any.
    UnconnectedPort = "unconnected-port", allow;
    /// A node cabled to itself.
    SelfCable = "self-cable";
    /// Switches in a loop without a spanning tree.
    SwitchLoop = "switch-loop", allow;
    /// More than 1,023 ports on a switch.
    TooManyPorts = "too-many-ports";
    /// A name of the lab's domain that nobody has.
    UnknownName = "unknown-name";
    /// A name of another domain, where one of the lab's must stand.
    OutsideDomain = "outside-domain";
    /// A domain name that gets longer than a message can say.
    NameTooLong = "name-too-long";
    /// Two entries for one domain name.
    DuplicateEntry = "duplicate-entry";
    /// A CNAME record beside other records of its name.
    CnameNotAlone = "cname-not-alone";
    /// CNAME records in a circle.
    CnameLoop = "cname-loop";
    /// A node that has no address, where one is needed.
    NoAddress = "no-address";
    /// A node in two views.
    TwoViews = "two-views";
    /// An MTU that the kernel refuses, or IPv6 on less than 1,280 bytes.
    InvalidMtu = "invalid-mtu";
}

/// A text that is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such code")]
pub struct UnknownCode;

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(UnknownCode)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
