//! Messages on a connection: each has its length before it, in two bytes (RFC 1035 §4.2.2).

use std::io::{self, Read, Write};
use std::ops::Range;

use netyard_kernel::Datagrams;

/// The bytes before a message.
const PREFIX: usize = 2;
/// The longest message that is kept whole. Of a longer one, which no question is, the rest is thrown away as it comes.
const LONGEST: usize = Datagrams::LONGEST;
/// What is kept in memory for reading.
const CAPACITY: usize = PREFIX + LONGEST;
/// The memory that is kept for writing, in bytes.
const KEPT: usize = 1024;

/// Puts the length before a message. A message that has more than 65,535 bytes is none.
pub(crate) fn prefix(message: &[u8]) -> Option<[u8; PREFIX]> {
    u16::try_from(message.len()).ok().map(u16::to_be_bytes)
}

/// What has been read from a client and not been answered yet.
#[derive(Debug, Default)]
pub(crate) struct Input {
    /// Nothing, or [`CAPACITY`] bytes.
    buffer: Box<[u8]>,
    /// Where in the buffer there is something.
    filled: Range<usize>,
    /// How much is to be thrown away before the next message.
    skip: usize,
}

impl Input {
    /// Reads once from `stream`, as much as there is room for; 0 is its end. There is always room when no whole message is there.
    pub(crate) fn read_from(&mut self, stream: &mut impl Read) -> io::Result<usize> {
        if self.buffer.is_empty() {
            self.buffer = vec![0; CAPACITY].into_boxed_slice();
        }
        if self.filled.start > 0 {
            self.buffer.copy_within(self.filled.clone(), 0);
            self.filled = 0..self.filled.len();
        }
        if self.filled.end == CAPACITY {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = stream.read(&mut self.buffer[self.filled.end..])?;
        self.filled.end += count;
        self.throw_away();
        Ok(count)
    }

    fn throw_away(&mut self) {
        let count = self.skip.min(self.filled.len());
        self.skip -= count;
        self.filled.start += count;
    }

    /// How long the next message is, if it is there whole, or as much of it as is kept.
    fn next_len(&self) -> Option<usize> {
        let bytes = &self.buffer[self.filled.clone()];
        let len = usize::from(u16::from_be_bytes(*bytes.first_chunk()?));
        (bytes.len() >= PREFIX + len.min(LONGEST)).then_some(len)
    }

    /// Whether [`Self::next_message`] would give one.
    pub(crate) fn has_message(&self) -> bool {
        self.next_len().is_some()
    }

    /// Takes the next message that is there whole, or as much of it as is kept. Where it is, [`Self::bytes`] tells.
    pub(crate) fn next_message(&mut self) -> Option<Range<usize>> {
        let len = self.next_len()?;
        let start = self.filled.start + PREFIX;
        let end = start + len.min(LONGEST);
        self.filled.start = end;
        self.skip = len - len.min(LONGEST);
        self.throw_away();
        Some(start..end)
    }

    /// The bytes of a message. They stay until the next call of [`Self::read_from`].
    pub(crate) fn bytes(&self, message: Range<usize>) -> &[u8] {
        &self.buffer[message]
    }

    /// Whether a message has begun and not ended.
    pub(crate) fn is_within_message(&self) -> bool {
        !self.filled.is_empty() || self.skip > 0
    }
}

/// What is still to be sent.
#[derive(Debug, Default)]
pub(crate) struct Output {
    bytes: Vec<u8>,
    sent: usize,
}

impl Output {
    /// How many bytes are still to be sent.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Adds a message. What is empty, or too long, is none and is left out.
    pub(crate) fn push(&mut self, message: &[u8]) {
        if let (Some(prefix), false) = (prefix(message), message.is_empty()) {
            self.bytes.extend_from_slice(&prefix);
            self.bytes.extend_from_slice(message);
        }
    }

    /// Sends what `stream` takes now; says how much that was.
    pub(crate) fn write_to(&mut self, stream: &mut impl Write) -> io::Result<usize> {
        let before = self.sent;
        while self.sent < self.bytes.len() {
            match stream.write(&self.bytes[self.sent..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        let count = self.sent - before;
        if self.sent == self.bytes.len() {
            self.bytes.clear();
            // A connection that waits for its next question is not to keep the memory of a large answer.
            self.bytes.shrink_to(KEPT);
            self.sent = 0;
        } else if self.sent > self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(messages: &[&[u8]]) -> Vec<u8> {
        messages.iter().flat_map(|message| [&prefix(message).unwrap()[..], message].concat()).collect()
    }

    /// All messages that come out when `bytes` come in, at most `piece` at a time.
    fn messages(bytes: &[u8], piece: usize) -> (Vec<Vec<u8>>, Input) {
        let (mut input, mut messages) = (Input::default(), Vec::new());
        for mut piece in bytes.chunks(piece) {
            while !piece.is_empty() {
                input.read_from(&mut piece).unwrap();
                while let Some(message) = input.next_message() {
                    messages.push(input.bytes(message).to_vec());
                }
            }
        }
        (messages, input)
    }

    #[test]
    fn messages_come_out_however_they_come_in() {
        let expected: [&[u8]; 5] = [b"one", b"", &[7; LONGEST], b"four", &[9; 300]];
        let bytes = framed(&expected);
        for piece in [1, 2, 3, 5, 1000, 4097, 100_000] {
            let (messages, input) = messages(&bytes, piece);
            assert_eq!(messages, expected, "{piece}");
            assert!(!input.is_within_message());
        }
    }

    #[test]
    fn a_long_message_is_cut_and_the_next_one_found() {
        let bytes = framed(&[&[1; 65_535], b"next", &[2; LONGEST + 1], b"last"]);
        for piece in [1, 999, 4098, 100_000] {
            let (messages, input) = messages(&bytes, piece);
            assert_eq!(messages, [&[1; LONGEST][..], b"next", &[2; LONGEST], b"last"], "{piece}");
            assert!(!input.is_within_message());
        }
    }

    #[test]
    fn half_a_message_is_none() {
        for bytes in [&b"\0"[..], b"\0\x05", b"\0\x05four", &[&b"\xff\xff"[..], &[0; 65_534]].concat()] {
            let (messages, input) = messages(bytes, 1000);
            assert!(messages.len() <= usize::from(bytes.len() > LONGEST));
            assert!(input.is_within_message());
        }
    }

    /// Takes so many bytes in all, so many at a time.
    struct Slow(usize, usize, Vec<u8>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.0).min(self.1);
            if count == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.0 -= count;
            self.2.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_not_taken_is_sent_later() {
        let mut output = Output::default();
        let long = vec![5; 1000];
        output.push(b"one");
        output.push(&long);
        output.push(&[0; 65_536]);
        let expected = framed(&[b"one", &long]);
        let mut stream = Slow(0, 7, Vec::new());
        while output.len() > 0 {
            stream.0 = 100;
            assert!((1..=100).contains(&output.write_to(&mut stream).unwrap()));
            assert_eq!(output.len() + stream.2.len(), expected.len());
        }
        assert_eq!(stream.2, expected);
    }
}
