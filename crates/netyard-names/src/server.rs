//! The server: one thread that looks after all sockets by turns.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netyard_kernel::Datagrams;
use netyard_zone::{Outcome, Zones};

use crate::asker::Source;
use crate::connections::Connections;
use crate::control::{Control, Received};
use crate::forwards::Forwards;
use crate::listener::{Listening, Socket};
use crate::poll::{Events, Interest, Owner, Poll, Ready, decode};
use crate::reply::{Delayed, ReplyTo};
use crate::shares::{Share, Shares};
use crate::slab::{Key, Slab};
use crate::stage::{Stage, StageError};
use crate::timers::Timers;
use crate::{Limits, Report};

/// How long a socket is left alone that gives nothing but errors.
const PAUSE: Duration = Duration::from_millis(100);

/// The most orders that are carried out in one turn.
const MOST_ORDERS: usize = 16;

/// The most that is done in one turn of what is due. The rest stays due.
const MOST_DUE: usize = 256;

/// The longest message of the protocol, and the length before it.
const SCRATCH: usize = 65_537;

/// What is due at some time.
#[derive(Debug)]
pub(crate) enum Due {
    /// A look at a connection's deadline.
    Connection(Key),
    /// The end of one server's time to answer.
    Forward(Key),
    /// The end of a pause.
    Resume(Key),
    /// A reply.
    Reply(Delayed),
}

/// A name server: answers on the sockets that its keeper gives it.
#[derive(Debug)]
pub struct Server {
    pub(crate) limits: Limits,
    pub(crate) poll: Poll,
    pub(crate) control: Control,
    /// Whether room for reports is waited for.
    control_waits: bool,
    pub(crate) stage: Stage,
    /// What is answered. Taken once for everything that is read at once, so that a change is never seen by half.
    pub(crate) zones: Option<Arc<Zones>>,
    pub(crate) listeners: Slab<Listening>,
    /// The listeners by the keeper's numbers.
    pub(crate) ids: BTreeMap<u32, Key>,
    pub(crate) connections: Connections,
    pub(crate) forwards: Forwards,
    pub(crate) timers: Timers<Due>,
    /// Whose replies are kept back.
    kept_back: Shares,
    pub(crate) datagrams: Datagrams,
    /// A reply to each datagram.
    pub(crate) replies: Vec<Vec<u8>>,
    /// What to do with the datagrams that are not answered at once.
    pub(crate) put_off: Vec<(usize, Outcome)>,
    /// The reply that is being written.
    pub(crate) reply: Vec<u8>,
    pub(crate) scratch: Box<[u8]>,
    /// Moves with every question, so that names with several addresses give them by turns.
    pub(crate) turn: u32,
    /// The time at which this turn began.
    pub(crate) now: Instant,
}

impl Server {
    /// A server that serves nothing yet and takes orders from `control`, one of two connected sockets
    /// ([`socket_pair`](netyard_kernel::descriptors::socket_pair)).
    ///
    /// # Errors
    /// When there is no room for its own few descriptors.
    pub fn new(control: OwnedFd, limits: Limits) -> io::Result<Self> {
        let poll = Poll::new()?;
        let control = Control::new(control)?;
        poll.add(&control, Owner::Control, Interest::READ)?;
        Ok(Self {
            limits,
            poll,
            control,
            control_waits: false,
            stage: Stage::default(),
            zones: None,
            listeners: Slab::new(),
            ids: BTreeMap::new(),
            connections: Connections::new(),
            forwards: Forwards::new(),
            timers: Timers::new(),
            kept_back: Shares::default(),
            datagrams: Datagrams::new(),
            replies: vec![Vec::new(); Datagrams::MOST],
            put_off: Vec::new(),
            reply: Vec::new(),
            scratch: vec![0; SCRATCH].into_boxed_slice(),
            turn: 0,
            now: Instant::now(),
        })
    }

    /// Reports [`Report::Ready`] and serves until the keeper closes its end.
    ///
    /// # Errors
    /// When sockets cannot be waited for any more. Nothing that happens on one socket is an error.
    pub fn serve(mut self) -> io::Result<()> {
        self.control.report(&Report::Ready);
        let mut events = Events::new();
        loop {
            self.wait_for_room();
            let happened = self.poll.wait(&mut events, self.timers.next())?;
            self.now = Instant::now();
            for event in happened {
                let (owner, ready) = decode(event);
                if owner == Owner::Control {
                    if !self.take_orders() {
                        return Ok(());
                    }
                } else {
                    self.look_after(owner, ready);
                }
            }
            for _ in 0..MOST_DUE {
                let Some(due) = self.timers.take_due(self.now) else { break };
                self.do_due(due);
            }
        }
    }

    /// Has the end of the keeper's slowness told, or not any more.
    fn wait_for_room(&mut self) {
        let waits = self.control.is_waiting();
        if waits != self.control_waits {
            self.control_waits = waits;
            let interest = if waits { Interest::BOTH } else { Interest::READ };
            self.poll.modify(&self.control, Owner::Control, interest);
        }
    }

    /// Carries out what the keeper has ordered; `false` when nothing will ever come again.
    fn take_orders(&mut self) -> bool {
        self.control.flush();
        for _ in 0..MOST_ORDERS {
            match self.control.receive() {
                Received::Order(order, descriptors) => self.obey(order, descriptors),
                Received::WithoutDescriptors(order) => self.obey_without_descriptors(&order),
                Received::NotUnderstood => self.stage.fail(StageError::NotUnderstood),
                Received::Nothing => break,
                Received::End => return false,
            }
        }
        true
    }

    fn look_after(&mut self, owner: Owner, ready: Ready) {
        match owner {
            Owner::Control => {}
            Owner::Listener(key) => match self.listeners.get(key).map(|listening| &listening.socket) {
                Some(Socket::Udp(_)) => self.answer_datagrams(key),
                Some(Socket::Tcp(_)) => self.accept(key),
                None => {}
            },
            Owner::Connection(key) => self.look_after_connection(key, ready),
            Owner::Forward(key) => self.look_after_forward(key),
        }
    }

    fn do_due(&mut self, due: Due) {
        match due {
            Due::Connection(key) => self.look_at_deadline(key),
            Due::Forward(key) => self.try_next(key),
            Due::Resume(key) => self.resume(key),
            Due::Reply(Delayed { to, source, bytes }) => {
                self.kept_back.give_back(&source, bytes.len());
                self.deliver(to, &bytes);
            }
        }
    }

    /// Leaves a listener alone for a while.
    pub(crate) fn pause(&mut self, key: Key) {
        if let Some(listening) = self.listeners.get(key) {
            self.poll.remove(listening);
            self.timers.set(self.now + PAUSE, Due::Resume(key));
        }
    }

    fn resume(&mut self, key: Key) {
        if let Some(listening) = self.listeners.get(key)
            && self.poll.add(listening, Owner::Listener(key), Interest::READ).is_err()
        {
            self.timers.set(self.now + PAUSE, Due::Resume(key));
        }
    }

    /// Keeps a reply back for a while; says whether there is room for it.
    pub(crate) fn keep_back(&mut self, to: ReplyTo, source: Source, delay_ms: u32, bytes: Vec<u8>) -> bool {
        let Limits { delayed, delayed_of_one, delayed_bytes, delayed_bytes_of_one, .. } = self.limits;
        let most = Share { count: delayed, bytes: delayed_bytes };
        let most_of_one = Share { count: delayed_of_one, bytes: delayed_bytes_of_one };
        let has_room = self.kept_back.take(&source, bytes.len(), (most, most_of_one));
        if has_room {
            let at = self.now + Duration::from_millis(delay_ms.into());
            self.timers.set(at, Due::Reply(Delayed { to, source, bytes }));
        }
        has_room
    }

    /// Sends a reply that has been waited for, now or later.
    pub(crate) fn deliver_after(&mut self, to: ReplyTo, source: Source, delay_ms: u32, bytes: Vec<u8>) {
        if delay_ms == 0 {
            self.deliver(to, &bytes);
        } else if !self.keep_back(to, source, delay_ms, bytes)
            && let ReplyTo::Connection(key) = to
        {
            self.release(key, None);
        }
    }

    /// Sends a reply that has been waited for. Whoever is gone gets none.
    fn deliver(&mut self, to: ReplyTo, bytes: &[u8]) {
        match to {
            ReplyTo::Datagram { listener, peer } => {
                let socket = self.listeners.get(listener).map(|found| &found.socket);
                if let (Some(Socket::Udp(socket)), false) = (socket, bytes.is_empty()) {
                    // A reply for which there is no room is lost, as datagrams are.
                    let _ = socket.send_to(bytes, peer);
                }
            }
            ReplyTo::Connection(key) => self.release(key, Some(bytes)),
        }
    }
}
