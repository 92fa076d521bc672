//! Names as a program on a node finds them: by the node's hosts file first, then by the servers of its resolver file, asked from
//! its own namespace.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use netyard_kernel::{fill_random, netns};
use nix::errno::Errno;

use crate::candidate::{Candidate, candidates};
use crate::destination::nearest;
use crate::exchange::{Exchange, ask};
use crate::question::{Question, Verdict};
use crate::{Family, NameServer, Resolv, ResolveError, ServerFault, Target, lookup, resolve};

/// How many names are looked up at once.
const MAX_THREADS: usize = 16;

/// What a node finds names by.
#[derive(Debug, Clone, Copy)]
pub struct Resolver<'a> {
    /// The text of its hosts file.
    pub hosts: &'a str,
    /// What its resolver file says; without one no server is asked.
    pub resolv: Option<&'a Resolv>,
    /// The file that names its network namespace, from where the questions are sent.
    pub namespace: &'a Path,
}

impl Resolver<'_> {
    /// Finds the address of every one of `names`, in their order, several at a time. The threads that ask enter the namespace; the
    /// calling one stays where it is.
    ///
    /// A name with an address of the family in the hosts file is that. Any other is asked for as glibc would: the servers one
    /// after another, with the domains to search behind it, until there is an answer. Without a `family`, IPv4 comes first; of
    /// several addresses of a family the nearest is taken (RFC 6724). Where glibc would go on to the next domain although no server
    /// answers, this stops: a person waits.
    ///
    /// # Errors
    /// The first in the order of `names` that was found; no new name is begun after one has failed.
    pub fn resolve_all(&self, names: &[String], family: Option<Family>) -> Result<Vec<Target>, ResolveError> {
        let by_file: Vec<_> = names.iter().map(|name| resolve(self.hosts, name, family)).collect();
        let Some(resolv) = self.resolv else { return by_file.into_iter().collect() };
        let mut open = Vec::new();
        for (at, found) in by_file.iter().enumerate() {
            match found {
                Ok(_) => {}
                Err(ResolveError::UnknownName { .. }) => open.push(at),
                // Unless it is an address itself, the servers may know one of the family.
                Err(ResolveError::OtherFamily { name, .. }) if !lookup(self.hosts, name).is_empty() => {
                    open.push(at);
                }
                Err(error) => return Err(error.clone()),
            }
        }
        let mut answers = self.ask_for(names, &open, resolv, family)?;
        let mut targets = Vec::new();
        for (answer, found) in answers.iter_mut().map(Option::take).zip(by_file) {
            match (answer, found) {
                // What only the file knows is told before that the servers do not know it.
                (
                    Some(Err(ResolveError::NoName { .. } | ResolveError::NoAddress { .. })),
                    Err(error @ ResolveError::OtherFamily { .. }),
                ) => return Err(error),
                (Some(answer), _) => targets.push(answer?),
                (None, Ok(target)) => targets.push(target),
                // It was not asked for, because another one has failed, and that is still to come.
                (None, Err(_)) => {}
            }
        }
        Ok(targets)
    }

    /// Looks up those of `names` that stand at the places in `open`. The answers have the places of the names.
    fn ask_for(
        &self,
        names: &[String],
        open: &[usize],
        resolv: &Resolv,
        family: Option<Family>,
    ) -> Result<Vec<Option<Result<Target, ResolveError>>>, ResolveError> {
        let answers = Mutex::new(vec![None; names.len()]);
        let (next, has_failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let work = || {
            while !has_failed.load(Ordering::Relaxed) {
                let Some(&at) = open.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                let name = &names[at];
                let answer = look_up(resolv, name, family);
                has_failed.fetch_or(answer.is_err(), Ordering::Relaxed);
                let target = answer.map(|addr| Target { name: name.clone(), addr, zone: None });
                answers.lock().expect("no thread panics with it")[at] = Some(target);
            }
        };
        thread::scope(|scope| {
            let mut threads = Vec::new();
            for _ in 0..open.len().min(MAX_THREADS) {
                let inside = || netns::enter(self.namespace).map(|()| work());
                let thread = thread::Builder::new().name(String::from("resolver"));
                threads.push(thread.spawn_scoped(scope, inside).map_err(|error| ResolveError::Thread {
                    errno: error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw),
                })?);
            }
            for thread in threads {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            }
            Ok::<(), ResolveError>(())
        })?;
        Ok(answers.into_inner().expect("no thread panics with it"))
    }
}

/// Why a candidate leads to no address.
enum Miss {
    NoName(NameServer),
    NoAddress(NameServer),
    Faults(Vec<(NameServer, ServerFault)>),
}

impl Miss {
    /// Whether a server says that it has failed.
    fn has_failed(&self) -> bool {
        matches!(self, Self::Faults(faults) if faults.iter().any(|(_, fault)| *fault == ServerFault::Failed))
    }

    /// Whether asking for another candidate cannot help: no server has answered at all.
    fn is_final(&self) -> bool {
        matches!(self, Self::Faults(faults) if !faults.iter().any(|(_, fault)| fault.is_answer()))
    }
}

/// Asks the servers for a name, from the namespace of the calling thread.
fn look_up(resolv: &Resolv, name: &str, family: Option<Family>) -> Result<IpAddr, ResolveError> {
    let candidates =
        candidates(name, resolv).map_err(|source| ResolveError::BadName { name: name.to_owned(), source })?;
    let mut misses = Vec::new();
    for candidate in candidates {
        match find(resolv, &candidate, family)? {
            Ok(addr) => return Ok(addr),
            Err(miss) => {
                let is_final = miss.is_final();
                misses.push((candidate, miss));
                if is_final {
                    break;
                }
            }
        }
    }
    Err(explain(name, family, misses))
}

/// Asks for one candidate. With addresses of both families wanted, the second is asked for only if the first is not there.
fn find(
    resolv: &Resolv,
    candidate: &Candidate,
    family: Option<Family>,
) -> Result<Result<IpAddr, Miss>, ResolveError> {
    let families = family.map_or_else(|| vec![Family::V4, Family::V6], |family| vec![family]);
    let mut miss = Miss::Faults(Vec::new());
    for family in families {
        let mut id = [0; 2];
        fill_random(&mut id).map_err(|errno| ResolveError::Random { errno })?;
        let question = Question::new(u16::from_be_bytes(id), &candidate.full, family);
        miss = match ask(resolv, &question) {
            Exchange::Answered(Verdict::Found(found), server) => match nearest(&found) {
                Some(addr) => return Ok(Ok(addr)),
                None => Miss::NoAddress(server),
            },
            Exchange::Answered(Verdict::NoData, server) => Miss::NoAddress(server),
            // What has no name has none for the other family either (RFC 8020).
            Exchange::Answered(_, server) => return Ok(Err(Miss::NoName(server))),
            Exchange::Failed(faults) => return Ok(Err(Miss::Faults(faults))),
        };
    }
    Ok(Err(miss))
}

/// Which miss is told, as glibc does: that of the name as it is, if it was tried first; else that a name is there without such an
/// address; else that a server has failed; else the first.
fn explain(name: &str, family: Option<Family>, misses: Vec<(Candidate, Miss)>) -> ResolveError {
    let place = |is_it: fn(&Miss) -> bool| misses.iter().position(|(_, miss)| is_it(miss));
    let told = match misses.first() {
        Some((Candidate { domain: None, .. }, _)) => 0,
        _ => place(|miss| matches!(miss, Miss::NoAddress(_)))
            .or_else(|| place(Miss::has_failed))
            // Nobody answered for a later candidate.
            .or_else(|| place(Miss::is_final))
            .unwrap_or_default(),
    };
    let domains = misses.iter().filter(|(_, miss)| matches!(miss, Miss::NoName(_)));
    let domains = domains.filter_map(|(candidate, _)| candidate.domain.clone()).collect();
    let name = name.to_owned();
    match misses.into_iter().nth(told) {
        Some((candidate, Miss::NoName(server))) => {
            let domains = if candidate.domain.is_some() { domains } else { Vec::new() };
            ResolveError::NoName { name, domains, server }
        }
        Some((_, Miss::NoAddress(server))) => ResolveError::NoAddress { name, family, server },
        Some((candidate, Miss::Faults(faults))) => {
            ResolveError::NoAnswer { name, asked: candidate.full, faults }
        }
        None => ResolveError::UnknownName { name },
    }
}
