//! The mistakes that the file alone shows.

use alloc::string::String;

use netyard_types::{NameError, NodeKind, NodeName, SysctlKeyError};

use crate::{
    AddressError, Code, Conflict, DomainError, MacError, Mistake, OneOf, SubnetError, Table, ValueError,
    ValueType,
};

/// What is wrong with the text of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Nothing but comments and white space.
    #[error("the file is empty")]
    EmptyFile,
    /// No text.
    #[error("the file is no text")]
    NotText(#[source] NotText),
    /// No TOML.
    #[error("{message}")]
    Syntax {
        /// What the TOML parser says.
        message: String,
    },
    /// A key that does not exist there.
    #[error("{table} has no key `{}`", key.escape_debug())]
    UnknownKey {
        /// The key.
        key: String,
        /// What it stands in.
        table: Table,
        /// A table that has a key of this very name.
        elsewhere: Option<Table>,
        /// If none has: the key that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// A key that must be there.
    #[error("{table} needs `{key}`")]
    MissingKey {
        /// The key.
        key: &'static str,
        /// What it must stand in.
        table: Table,
    },
    /// Two keys that exclude each other.
    #[error("`{}` cannot stand beside `{with}`", key.escape_debug())]
    ConflictingKeys {
        /// The key.
        key: String,
        /// The other key.
        with: String,
        /// Why not.
        #[source]
        reason: Conflict,
    },
    /// A value of the wrong type.
    #[error("{}`{}` must be {expected}, not {found}", if *entry { "an entry of " } else { "" }, key.escape_debug())]
    WrongType {
        /// The key.
        key: String,
        /// Whether it is about an entry of the list that the key has.
        entry: bool,
        /// What it can be.
        expected: OneOf<ValueType>,
        /// What it is.
        found: ValueType,
    },
    /// A value that its key does not take.
    #[error("`{}` cannot have this value", key.escape_debug())]
    InvalidValue {
        /// The key.
        key: String,
        /// Why not.
        #[source]
        reason: ValueError,
    },
    /// A name that is no host name or no safe file name.
    #[error("{text:?} cannot be the name of {what}")]
    InvalidName {
        /// The text.
        text: String,
        /// What it should name.
        what: NameOf,
        /// Why not.
        source: NameError,
    },
    /// An interface name that the kernel or Netyard refuses.
    #[error("{text:?} cannot be the name of an interface")]
    InvalidInterfaceName {
        /// The text.
        text: String,
        /// Why not.
        source: NameError,
    },
    /// An interface name over 15 bytes.
    #[error("the interface name {text:?} is {len} bytes long, the kernel takes {max}")]
    InterfaceNameTooLong {
        /// The text.
        text: String,
        /// Its length, in bytes.
        len: usize,
        /// The longest, in bytes.
        max: usize,
    },
    /// A text that is no address.
    #[error("{text:?} cannot be an address here")]
    InvalidAddress {
        /// The text.
        text: String,
        /// Why not.
        source: AddressError,
    },
    /// A text that is no range of addresses.
    #[error("{text:?} is no range of addresses")]
    InvalidSubnet {
        /// The text.
        text: String,
        /// Why not.
        source: SubnetError,
    },
    /// A text that is no Ethernet address of an interface.
    #[error("{text:?} is no Ethernet address of an interface")]
    InvalidMac {
        /// The text.
        text: String,
        /// Why not.
        source: MacError,
    },
    /// An MTU that the kernel refuses.
    #[error("an MTU is between {min} and {max} bytes, not {found}")]
    InvalidMtu {
        /// The number as the file has it.
        found: String,
        /// The smallest, in bytes.
        min: u32,
        /// The largest, in bytes.
        max: u32,
    },
    /// A text that is no domain name, or none for its key.
    #[error("{text:?} cannot be a domain name here")]
    InvalidDomainName {
        /// The text.
        text: String,
        /// Why not.
        source: DomainError,
    },
    /// A text that is no network setting.
    #[error("{text:?} is no network setting")]
    InvalidSysctl {
        /// The text.
        text: String,
        /// Why not.
        source: SysctlKeyError,
    },
    /// `count` of 0.
    #[error("`count` of 0 makes no host")]
    CountZero,
    /// A code in `allow` that does not exist.
    #[error("there is no mistake with the code {text:?}")]
    UnknownCode {
        /// The text.
        text: String,
        /// The code that was probably meant, among those that can be allowed.
        suggestion: Option<&'static str>,
    },
    /// A code in `allow` of a mistake with which no network can be built.
    #[error("`{code}` cannot be allowed: there would be nothing to build")]
    NotAllowable {
        /// The code.
        code: Code,
    },
    /// Two nodes of one name.
    #[error("there is already a {first} named `{name}`")]
    DuplicateName {
        /// The name.
        name: NodeName,
        /// What has the name.
        first: NodeKind,
    },
}

/// Why a file is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotText {
    /// It begins with the mark of UTF-16, as some editors of Windows write it.
    #[error("it is written in UTF-16, and must be in UTF-8")]
    Utf16,
    /// Bytes that are no UTF-8.
    #[error("byte {at} is no UTF-8")]
    NotUtf8 {
        /// How many bytes stand before it.
        at: usize,
    },
    /// A byte of zero, which no text has.
    #[error("byte {at} is zero")]
    Zero {
        /// How many bytes stand before it.
        at: usize,
    },
}

/// What a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameOf {
    /// The lab.
    Lab,
    /// A node.
    Node,
    /// A further name of a node.
    Alias,
    /// A view of the names.
    View,
}

impl core::fmt::Display for NameOf {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(match self {
            Self::Lab => "a lab",
            Self::Node => "a node",
            Self::Alias => "an alias",
            Self::View => "a view",
        })
    }
}

impl Mistake for Problem {
    fn code(&self) -> Code {
        match self {
            Self::EmptyFile => Code::EmptyFile,
            Self::NotText(_) => Code::NotText,
            Self::Syntax { .. } => Code::Syntax,
            Self::UnknownKey { .. } => Code::UnknownKey,
            Self::MissingKey { .. } => Code::MissingKey,
            Self::ConflictingKeys { .. } => Code::ConflictingKeys,
            Self::WrongType { .. } => Code::WrongType,
            Self::InvalidValue { .. } => Code::InvalidValue,
            Self::InvalidName { .. } => Code::InvalidName,
            Self::InvalidInterfaceName { .. } => Code::InvalidInterfaceName,
            Self::InterfaceNameTooLong { .. } => Code::InterfaceNameTooLong,
            Self::InvalidAddress { .. } => Code::InvalidAddress,
            Self::InvalidSubnet { .. } => Code::InvalidSubnet,
            Self::InvalidMac { .. } => Code::InvalidMac,
            Self::InvalidMtu { .. } => Code::InvalidMtu,
            Self::InvalidDomainName { .. } => Code::InvalidDomainName,
            Self::InvalidSysctl { .. } => Code::InvalidSysctl,
            Self::CountZero => Code::CountZero,
            Self::UnknownCode { .. } | Self::NotAllowable { .. } => Code::NotAllowable,
            Self::DuplicateName { .. } => Code::DuplicateName,
        }
    }
}
