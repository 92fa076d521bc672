//! Talking to the kernel by rtnetlink(7): a blocking socket, many requests at once, dumps, and the messages Netyard sends.
//!
//! Messages are built with `netlink-packet-route`. Answers are read attribute by attribute, only those that are needed: a kernel
//! newer than that crate, or an attribute it stumbles over, must not blind Netyard. Nothing here knows of nodes or steps.

mod attributes;
mod batch;
mod error;
mod link;
mod message;
mod network;
mod request;
mod socket;
#[cfg(feature = "faults")]
mod withhold;

pub use attributes::{Attributes, u8_of, u16_of, u32_of};
pub use batch::Batch;
pub use error::{NetlinkError, Refusal};
pub use link::{
    LinkEnd, add_bridge, add_veth, delete_group, delete_link, dump_links, flush_fdb, get_link, get_peer,
    set_bridge, set_group, set_mac, set_master, set_mtu, set_up,
};
pub use message::{Message, Messages};
pub use network::{
    DeviceIndex, add_address, add_fdb, add_neighbour, add_route, delete_address, delete_fdb,
    delete_neighbour, delete_route, dump_addresses, dump_fdb, dump_neighbours, dump_routes, get_nsid,
    replace_route,
};
pub use request::Request;
pub use socket::Socket;
