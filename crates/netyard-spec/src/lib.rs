//! The file that describes a network: its text, its keys, its mistakes.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod code;
mod spec;

pub use code::{Code, UnknownCode};
pub use spec::{
    AddressSpec, CableEnd, CableSpec, GatewaySpec, HostNamesBy, NodeBody, NodeSpec, PortSettings, PortSpec, RouteSpec, RouteTarget, RouteTo, Spanned,
    Span, Spec, StationSpec, SwitchSpec,
};
