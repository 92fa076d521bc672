//! Carrying out what the keeper orders.

use std::os::fd::OwnedFd;

use nix::sys::resource::{Resource, getrlimit};

use crate::listener::Listening;
use crate::poll::{Interest, Owner};
use crate::slab::Key;
use crate::stage::{Stage, StageError};
use crate::{Order, Report, Server};

/// Files that may be open besides sockets to answer on, connections and sockets to other servers: the standard streams, the
/// keeper's socket, what arrives with one order.
const SPARE_FILES: usize = Order::MOST_SOCKETS + 16;

/// However few files may be open, this many connections are tried.
const FEWEST_CONNECTIONS: usize = 4;

impl Server {
    pub(crate) fn obey(&mut self, order: Order, mut descriptors: Vec<OwnedFd>) {
        match order {
            Order::Names { serial } => self.stage.take_names(serial, descriptors),
            Order::Listen { listeners } => self.stage.take_listeners(listeners, descriptors),
            Order::Close { ids } => self.stage.close.extend(ids),
            Order::Commit => {
                let report = match self.commit() {
                    Ok(()) => Report::Committed,
                    Err(error) => Report::Rejected { reason: error.to_string() },
                };
                self.control.report(&report);
            }
            Order::Connected { token } => self.take_upstream(token, descriptors.pop()),
            Order::NotConnected { token } => self.take_upstream(token, None),
        }
    }

    /// What becomes of an order whose descriptors could not be opened.
    pub(crate) fn obey_without_descriptors(&mut self, order: &Order) {
        match order {
            Order::Connected { token } | Order::NotConnected { token } => self.take_upstream(*token, None),
            _ => self.stage.fail(StageError::TooManyFiles),
        }
    }

    /// Does all that was ordered, or nothing.
    fn commit(&mut self) -> Result<(), StageError> {
        let Stage { zones, listeners, close, .. } = std::mem::take(&mut self.stage).check()?;
        if zones.is_none() && self.zones.is_none() {
            return Err(StageError::NoNames);
        }
        let closed = close
            .iter()
            .map(|id| self.ids.get(id).map(|key| (*id, *key)).ok_or(StageError::NoSuchSocket { id: *id }))
            .collect::<Result<Vec<_>, _>>()?;
        let mut opened = Vec::new();
        for listening in listeners {
            if let Err(error) = self.open(listening, &mut opened) {
                for id in opened {
                    self.close_listener(id);
                }
                return Err(error);
            }
        }
        for (id, _) in &closed {
            self.close_listener(*id);
        }
        if !closed.is_empty() {
            let gone: Vec<Key> = closed.into_iter().map(|(_, key)| key).collect();
            self.close_connections_of(&gone);
            self.end_forwards_for_nobody();
        }
        self.zones = zones.or(self.zones.take());
        self.connections.most = self.allowed_connections();
        Ok(())
    }

    fn open(&mut self, listening: Listening, opened: &mut Vec<u32>) -> Result<(), StageError> {
        let id = listening.id;
        if self.ids.contains_key(&id) {
            return Err(StageError::Twice { id });
        }
        let key = self.listeners.insert(listening);
        self.ids.insert(id, key);
        opened.push(id);
        let Some(listening) = self.listeners.get(key) else { return Ok(()) };
        self.poll
            .add(listening, Owner::Listener(key), Interest::READ)
            .map_err(|errno| StageError::Socket { id, errno })
    }

    fn close_listener(&mut self, id: u32) {
        if let Some(listening) = self.ids.remove(&id).and_then(|key| self.listeners.remove(key)) {
            // The keeper may have it open too.
            self.poll.remove(&listening);
        }
    }

    /// How many connections there may be, so that there is always a file to be had for everything else.
    fn allowed_connections(&self) -> usize {
        let files = getrlimit(Resource::RLIMIT_NOFILE)
            .map_or(usize::MAX, |(soft, _)| usize::try_from(soft).unwrap_or(usize::MAX));
        let others = self.listeners.len() + self.limits.forwards + SPARE_FILES;
        self.limits.connections.min(files.saturating_sub(others)).max(FEWEST_CONNECTIONS)
    }
}
