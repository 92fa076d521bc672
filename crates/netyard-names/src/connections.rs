//! Questions over connections (RFC 7766).

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use netyard_zone::{Outcome, Transport, Zones};
use nix::errno::Errno;

use crate::Server;
use crate::asker::{Source, asker};
use crate::connection::{Connection, Transfer};
use crate::forward::Question;
use crate::listener::Socket;
use crate::poll::{Owner, Ready};
use crate::reply::ReplyTo;
use crate::server::Due;
use crate::slab::{Key, Slab};

/// The most connections that are taken from one socket in one turn.
const MOST_ACCEPTED: usize = 16;

/// All connections.
#[derive(Debug)]
pub(crate) struct Connections {
    slab: Slab<Connection>,
    /// How many there are of whom.
    counts: BTreeMap<Source, usize>,
    /// How many bytes of replies wait on all of them.
    unsent: usize,
    /// The most there may be.
    pub(crate) most: usize,
}

impl Connections {
    pub(crate) fn new() -> Self {
        Self { slab: Slab::new(), counts: BTreeMap::new(), unsent: 0, most: 0 }
    }

    fn insert(&mut self, connection: Connection) -> Key {
        *self.counts.entry(connection.source.clone()).or_default() += 1;
        self.slab.insert(connection)
    }

    fn remove(&mut self, key: Key) -> Option<Connection> {
        let connection = self.slab.remove(key)?;
        self.unsent -= connection.output.len();
        if let Some(count) = self.counts.get_mut(&connection.source) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&connection.source);
            }
        }
        Some(connection)
    }

    pub(crate) fn contains(&self, key: Key) -> bool {
        self.slab.get(key).is_some()
    }

    /// The one that has been idle for the longest time, of all or of one source.
    fn idle_longest(&self, of: Option<&Source>) -> Option<Key> {
        let counted = self.slab.iter().filter(|(_, one)| of.is_none_or(|of| one.source == *of));
        counted.min_by_key(|(_, one)| one.active).map(|(key, _)| key)
    }

    fn most_unsent(&self) -> Option<Key> {
        self.slab.iter().max_by_key(|(_, one)| one.output.len()).map(|(key, _)| key)
    }
}

impl Server {
    /// Takes the connections that wait at a socket.
    pub(crate) fn accept(&mut self, key: Key) {
        for _ in 0..MOST_ACCEPTED {
            let Some(listening) = self.listeners.get_mut(key) else { return };
            let Socket::Tcp(socket) = &listening.socket else { return };
            match socket.accept() {
                Ok((stream, peer)) => {
                    listening.worked();
                    // A connection that cannot be set up is closed; the client tries again.
                    let _ = self.admit(stream, peer, key);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    let full = [Errno::EMFILE, Errno::ENFILE, Errno::ENOBUFS, Errno::ENOMEM];
                    let is_full = full.iter().any(|errno| error.raw_os_error() == Some(*errno as i32));
                    // Any other error is that of the connection that was to be taken (accept(2)), and comes only once.
                    if is_full || listening.failed() {
                        return self.pause(key);
                    }
                }
            }
        }
    }

    fn admit(&mut self, stream: TcpStream, peer: SocketAddr, listener: Key) -> io::Result<()> {
        let (Some(zones), Some(listening)) = (&self.zones, self.listeners.get(listener)) else {
            return Ok(());
        };
        Connection::set_up(&stream, &self.limits)?;
        let source = Source::new(zones, &listening.node, peer.ip());
        if self.connections.counts.get(&source).is_some_and(|count| *count >= self.limits.connections_of_one)
        {
            self.close_some(self.connections.idle_longest(Some(&source)));
        }
        if self.connections.slab.len() >= self.connections.most {
            self.close_some(self.connections.idle_longest(None));
        }
        let connection = Connection::new(stream, listener, peer.ip(), source, self.now);
        let interest = connection.interest;
        let key = self.connections.insert(connection);
        if let Some(connection) = self.connections.slab.get(key)
            && let Err(errno) = self.poll.add(&connection.stream, Owner::Connection(key), interest)
        {
            self.close(key);
            return Err(errno.into());
        }
        self.advance(key);
        Ok(())
    }

    fn close_some(&mut self, key: Option<Key>) {
        if let Some(key) = key {
            self.close(key);
        }
    }

    fn close(&mut self, key: Key) {
        if let Some(timer) = self.connections.remove(key).and_then(|connection| connection.timer) {
            self.timers.cancel(timer);
        }
    }

    pub(crate) fn close_connections_of(&mut self, listeners: &[Key]) {
        let of_them = |(_, one): &(Key, &Connection)| listeners.contains(&one.listener);
        let keys: Vec<Key> = self.connections.slab.iter().filter(of_them).map(|(key, _)| key).collect();
        for key in keys {
            self.close(key);
        }
    }

    pub(crate) fn look_after_connection(&mut self, key: Key, ready: Ready) {
        let Some(connection) = self.connections.slab.get_mut(key) else { return };
        // A connection that is closed in both directions, or broken, takes no reply either.
        let wants = connection.interest.read;
        if ready.broken || (ready.read && wants && connection.read().is_err()) {
            return self.close(key);
        }
        self.advance(key);
    }

    /// Notes that an answer that was still to come is there, or never will be.
    pub(crate) fn release(&mut self, key: Key, reply: Option<&[u8]>) {
        let Some(connection) = self.connections.slab.get_mut(key) else { return };
        connection.pending -= 1;
        // An idle connection is one that has nothing to come.
        connection.active = self.now;
        if let Some(reply) = reply {
            let before = connection.output.len();
            connection.output.push(reply);
            self.connections.unsent += connection.output.len() - before;
        }
        self.advance(key);
    }

    /// Answers what has been read, sends what can be sent, and sees to what is to be waited for then.
    fn advance(&mut self, key: Key) {
        let Some(mut connection) = self.connections.slab.lend(key) else { return };
        let before = connection.output.len();
        let advanced = self.advance_lent(key, &mut connection);
        let gone = advanced.is_err() || connection.is_done();
        self.connections.unsent = self.connections.unsent - before + connection.output.len();
        self.connections.slab.give_back(key, connection);
        if gone {
            self.close(key);
        } else if self.connections.unsent > self.limits.unsent_in_all {
            self.close_some(self.connections.most_unsent());
        }
    }

    fn advance_lent(&mut self, key: Key, connection: &mut Connection) -> io::Result<()> {
        let Some(zones) = self.zones.clone() else { return Ok(()) };
        loop {
            self.answer_messages(key, connection, &zones);
            connection.continue_transfer(&mut self.reply);
            connection.write(self.now)?;
            // What waits for room, or for the end of a zone, goes on when there is room.
            let is_full = connection.output.len() > 0 || connection.transfer.is_some();
            if is_full || !connection.may_answer(&self.limits) || !connection.input.has_message() {
                break;
            }
        }
        connection.note_message(&self.limits, self.now);
        self.set_timer(key, connection);
        let wanted = connection.wanted(&self.limits);
        if wanted != connection.interest {
            connection.interest = wanted;
            self.poll.modify(&connection.stream, Owner::Connection(key), wanted);
        }
        Ok(())
    }

    /// Answers the messages that are there whole, as long as there is room for answers.
    fn answer_messages(&mut self, key: Key, connection: &mut Connection, zones: &Arc<Zones>) {
        while connection.may_answer(&self.limits)
            && let Some(listening) = self.listeners.get(connection.listener)
            && let Some(message) = connection.input.next_message()
        {
            connection.active = self.now;
            connection.message_since = None;
            let query = connection.input.bytes(message);
            let who = asker(zones, &listening.node, connection.peer);
            self.turn = self.turn.wrapping_add(1);
            match zones.answer(query, who, Transport::Tcp, self.turn, &mut self.reply) {
                Outcome::Reply { delay_ms } => self.reply_to(key, connection, delay_ms),
                Outcome::Silence => {}
                Outcome::Transfer { zone } => {
                    connection.transfer = Some(Transfer {
                        zones: Arc::clone(zones),
                        zone,
                        query: query.to_vec(),
                        asker: who.cloned(),
                        number: 0,
                        since: self.now,
                    });
                }
                Outcome::Forward { delay_ms, alias } => {
                    let (to, node) = (ReplyTo::Connection(key), listening.node.clone());
                    let (source, query) = (connection.source.clone(), query.to_vec());
                    let question = Question { to, source, query, alias, delay_ms, node };
                    match self.forward(question) {
                        None => connection.pending += 1,
                        Some(question) => {
                            Zones::fail(&question.query, &mut self.reply);
                            self.reply_to(key, connection, delay_ms);
                        }
                    }
                }
            }
        }
    }

    /// Sends the reply that has just been written, now or later.
    fn reply_to(&mut self, key: Key, connection: &mut Connection, delay_ms: u32) {
        if delay_ms == 0 {
            connection.output.push(&self.reply);
        } else {
            let (to, source) = (ReplyTo::Connection(key), connection.source.clone());
            if self.keep_back(to, source, delay_ms, self.reply.clone()) {
                connection.pending += 1;
            }
        }
    }

    /// Sees to it that the deadline is looked at, not before it has come if possible, and never after.
    fn set_timer(&mut self, key: Key, connection: &mut Connection) {
        let deadline = connection.deadline(&self.limits);
        if let (Some(deadline), Some(timer)) = (deadline, connection.timer)
            && timer.at <= deadline
        {
            return;
        }
        if let Some(timer) = connection.timer.take() {
            self.timers.cancel(timer);
        }
        connection.timer = deadline.map(|deadline| self.timers.set(deadline, Due::Connection(key)));
    }

    pub(crate) fn look_at_deadline(&mut self, key: Key) {
        let Some(mut connection) = self.connections.slab.lend(key) else { return };
        connection.timer = None;
        let over = connection.deadline(&self.limits).is_some_and(|deadline| deadline <= self.now);
        self.set_timer(key, &mut connection);
        self.connections.slab.give_back(key, connection);
        if over {
            self.close(key);
        }
    }
}
