use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use proptest::prelude::*;

use super::*;

const ID: u16 = 0x1234;

fn question(family: Family) -> Question {
    Question::new(ID, &DomainName::new("db.office.test").unwrap(), family)
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn v4(owner: &str, addr: &str) -> Record {
    Record::from_rdata(name(owner), 60, RData::A(A(addr.parse().unwrap())))
}

fn v6(owner: &str, addr: &str) -> Record {
    Record::from_rdata(name(owner), 60, RData::AAAA(AAAA(addr.parse().unwrap())))
}

fn cname(owner: &str, target: &str) -> Record {
    Record::from_rdata(name(owner), 60, RData::CNAME(CNAME(name(target))))
}

/// The reply of a server that knows what it says.
fn reply(to: &Question, answers: Vec<Record>) -> Message {
    let mut message = Message::response(ID, OpCode::Query);
    message.metadata.authoritative = true;
    message.add_query(to.query.clone());
    message.add_answers(answers);
    message
}

fn read(question: &Question, message: &Message) -> Option<Verdict> {
    question.read_reply(&message.to_vec().unwrap())
}

fn found(addrs: &[&str]) -> Option<Verdict> {
    Some(Verdict::Found(addrs.iter().map(|addr| addr.parse().unwrap()).collect()))
}

#[test]
fn a_question_is_what_programs_send() {
    let expected = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x02db\x06office\x04test\0\0\x1c\0\x01";
    assert_eq!(question(Family::V6).to_bytes(), expected);
}

#[test]
fn addresses_of_the_family_are_found_in_order() {
    let asked = question(Family::V4);
    let answers = vec![
        v4("db.office.test.", "10.0.0.2"),
        v6("db.office.test.", "fd00::2"),
        v4("other.office.test.", "10.0.0.9"),
        v4("DB.office.TEST.", "10.0.0.1"),
    ];
    assert_eq!(read(&asked, &reply(&asked, answers)), found(&["10.0.0.2", "10.0.0.1"]));
}

#[test]
fn other_names_of_a_name_are_followed() {
    let asked = question(Family::V6);
    let answers =
        vec![v6("c.test.", "fd00::3"), cname("b.test.", "c.test."), cname("db.office.test.", "B.test.")];
    assert_eq!(read(&asked, &reply(&asked, answers)), found(&["fd00::3"]));
    let circle = vec![cname("db.office.test.", "b.test."), cname("b.test.", "db.office.test.")];
    assert_eq!(read(&asked, &reply(&asked, circle)), Some(Verdict::NoData));
    let open_end = vec![cname("db.office.test.", "www.example.com.")];
    assert_eq!(read(&asked, &reply(&asked, open_end)), Some(Verdict::NoData));
}

#[test]
fn what_is_no_answer_is_told_apart() {
    let asked = question(Family::V4);
    let with_code = |code| {
        let mut message = reply(&asked, vec![]);
        message.metadata.response_code = code;
        read(&asked, &message)
    };
    assert_eq!(with_code(ResponseCode::NoError), Some(Verdict::NoData));
    assert_eq!(with_code(ResponseCode::NXDomain), Some(Verdict::NoName));
    assert_eq!(with_code(ResponseCode::ServFail), Some(Verdict::Failed(2)));
    assert_eq!(with_code(ResponseCode::Refused), Some(Verdict::Failed(5)));
    let mut referral = reply(&asked, vec![]);
    referral.metadata.authoritative = false;
    assert_eq!(read(&asked, &referral), Some(Verdict::Referral));
    referral.metadata.recursion_available = true;
    assert_eq!(read(&asked, &referral), Some(Verdict::NoData));
}

#[test]
fn a_reply_can_be_cut_anywhere() {
    let asked = question(Family::V4);
    let mut message = reply(&asked, vec![v4("db.office.test.", "10.0.0.2")]);
    message.metadata.truncation = true;
    let bytes = message.to_vec().unwrap();
    let question_end = asked.to_bytes().len();
    for len in question_end..=bytes.len() {
        assert_eq!(asked.read_reply(&bytes[..len]), Some(Verdict::Truncated), "{len}");
    }
}

#[test]
fn only_its_own_reply_is_read() {
    let asked = question(Family::V4);
    let good = reply(&asked, vec![v4("db.office.test.", "10.0.0.2")]);
    let changed = |change: &dyn Fn(&mut Message)| {
        let mut message = good.clone();
        change(&mut message);
        read(&asked, &message)
    };
    assert!(read(&asked, &good).is_some());
    assert_eq!(changed(&|message| message.metadata.id ^= 1), None);
    assert_eq!(changed(&|message| message.metadata.message_type = MessageType::Query), None);
    assert_eq!(changed(&|message| message.metadata.op_code = OpCode::Notify), None);
    assert_eq!(changed(&|message| message.queries = vec![question(Family::V6).query]), None);
    assert_eq!(changed(&|message| message.queries[0] = Query::query(name("db.test."), RecordType::A)), None);
    assert_eq!(changed(&|message| message.queries.clear()), None);
    let twice = |message: &mut Message| message.queries.push(asked.query.clone());
    assert_eq!(changed(&twice), None);
    // A server that could not read the question cannot repeat it.
    let unreadable = Message::error_msg(ID, OpCode::Query, ResponseCode::FormErr);
    assert_eq!(read(&asked, &unreadable), Some(Verdict::Failed(1)));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = question(Family::V4).read_reply(&bytes);
    }

    /// Behind a header and a question that are right, and with some bytes of a right answer changed.
    #[test]
    fn no_records_make_it_panic(
        records in prop::collection::vec(any::<u8>(), 0..200),
        counts: [u8; 3],
        changes in prop::collection::vec((12..90usize, any::<u8>()), 0..6),
    ) {
        let asked = question(Family::V4);
        let mut bytes = asked.to_bytes();
        bytes[2] = 0x84;
        [7, 9, 11].into_iter().zip(counts).for_each(|(at, count)| bytes[at] = count);
        bytes.extend(&records);
        let _ = asked.read_reply(&bytes);
        let answers = vec![cname("db.office.test.", "b.test."), v4("b.test.", "10.0.0.2")];
        let mut bytes = reply(&asked, answers).to_vec().unwrap();
        for (at, byte) in changes {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        let _ = asked.read_reply(&bytes);
    }

    /// Whatever is found was in the reply.
    #[test]
    fn what_is_sent_is_found(addrs in prop::collection::vec(any::<[u8; 4]>(), 1..20)) {
        let asked = question(Family::V4);
        let addrs: Vec<IpAddr> = addrs.into_iter().map(IpAddr::from).collect();
        let records = addrs.iter().map(|addr| v4("db.office.test.", &addr.to_string())).collect();
        prop_assert_eq!(read(&asked, &reply(&asked, records)), Some(Verdict::Found(addrs)));
    }
}
