//! RFC 8906 §8: the tests that every server should pass, by their sections. A reply is compared flag by flag.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use support::{AA, AD, Answer, BADVERS, CD, Dig, QR, RD, SOA, Z, ask, lab};

/// "expect: status: NOERROR, the SOA record to be present in the answer section, the OPT record to NOT be present".
fn assert_plain(answer: &Answer, flags: u16) {
    assert_eq!((answer.rcode(), answer.answers()), (ResponseCode::NoError, vec![SOA.to_owned()]));
    assert_eq!((answer.flags(), answer.message().edns.is_none()), (flags, true));
    assert_eq!(answer.raw[..2], [0xab, 0xcd]);
}

/// The same with an OPT record of version 0, without options, and of its flags only DO.
fn assert_edns(answer: &Answer, dnssec_ok: bool) {
    assert_eq!((answer.rcode(), answer.answers()), (ResponseCode::NoError, vec![SOA.to_owned()]));
    assert_eq!(answer.flags(), QR | AA);
    assert_opt(answer, dnssec_ok);
}

/// "expect: status: BADVERS, the SOA record to NOT be present, EDNS Version 0".
fn assert_bad_version(answer: &Answer, dnssec_ok: bool) {
    assert_eq!((answer.rcode(), answer.counts()), (BADVERS, [1, 0, 0, 1]));
    assert_eq!(answer.flags(), QR);
    assert_opt(answer, dnssec_ok);
}

fn assert_opt(answer: &Answer, dnssec_ok: bool) {
    let edns = answer.message().edns.unwrap();
    assert_eq!((edns.version(), edns.flags().dnssec_ok, edns.flags().z), (0, dnssec_ok, 0));
    assert!(edns.options().as_ref().is_empty());
}

fn edns(version: u8, flags: u16, options: &[u8]) -> Dig {
    Dig { edns: Some((1232, version, flags, options.to_vec())), ..Dig::soa() }
}

const DO: u16 = 1 << 15;
const UNKNOWN_FLAG: u16 = 0x40;
const UNKNOWN_OPTION: &[u8] = b"\0\x64\0\0";

#[test]
fn section_8_1_1_is_the_server_configured_for_the_zone() {
    assert_plain(&Dig::soa().at(&lab()), QR | AA);
}

#[test]
fn section_8_1_2_unknown_types() {
    for rtype in [1000_u16, 0, 3, 64, 99, 249, 253, 65535] {
        let answer = Dig::new("office.test", rtype).at(&lab());
        assert_eq!((answer.rcode(), answer.counts()), (ResponseCode::NoError, [1, 0, 1, 0]), "{rtype}");
        assert_eq!((answer.flags(), answer.authorities()), (QR | AA, vec![SOA.to_owned()]), "{rtype}");
    }
    let answer = Dig::new("none.office.test", 1000_u16).at(&lab());
    assert_eq!(answer.rcode(), ResponseCode::NXDomain);
}

/// CD is copied (RFC 4035 §3.2.2); nothing is checked either way.
#[test]
fn section_8_1_3_1_cd_1_queries() {
    assert_plain(&Dig::soa().flags(CD).at(&lab()), QR | AA | CD);
}

#[test]
fn section_8_1_3_2_ad_1_queries() {
    assert_plain(&Dig::soa().flags(AD).at(&lab()), QR | AA);
}

#[test]
fn section_8_1_3_3_reserved_bit() {
    assert_plain(&Dig::soa().flags(Z).at(&lab()), QR | AA);
}

#[test]
fn section_8_1_3_4_recursive_queries() {
    assert_plain(&Dig::soa().flags(RD).at(&lab()), QR | AA | RD);
}

#[test]
fn section_8_1_4_unknown_opcodes() {
    for opcode in 1..16_u16 {
        let header = Dig::soa().flags(opcode << 11).bytes()[..12].to_vec();
        let counted = header;
        let mut header = counted.clone();
        header[5] = 0;
        for query in [header, counted, Dig::soa().flags(opcode << 11).bytes()] {
            let answer = ask(&lab(), &query, &Dig::soa());
            assert_eq!((answer.rcode(), answer.counts()), (ResponseCode::NotImp, [0; 4]), "{opcode}");
            assert_eq!((answer.flags(), answer.raw.len()), (QR | opcode << 11, 12), "{opcode}");
            assert_eq!(answer.raw[..2], [0xab, 0xcd]);
        }
    }
}

#[test]
fn section_8_1_5_tcp() {
    assert_plain(&Dig::soa().tcp().at(&lab()), QR | AA);
}

#[test]
fn section_8_2_1_minimal_edns() {
    assert_edns(&edns(0, 0, b"").at(&lab()), false);
}

#[test]
fn section_8_2_2_edns_version_negotiation() {
    assert_bad_version(&edns(1, 0, b"").at(&lab()), false);
}

#[test]
fn section_8_2_3_unknown_edns_options() {
    assert_edns(&edns(0, 0, UNKNOWN_OPTION).at(&lab()), false);
}

#[test]
fn section_8_2_4_unknown_edns_flags() {
    assert_edns(&edns(0, UNKNOWN_FLAG, b"").at(&lab()), false);
    assert_edns(&edns(0, 0x7fff, b"").at(&lab()), false);
}

#[test]
fn section_8_2_5_edns_version_negotiation_with_unknown_flags() {
    assert_bad_version(&edns(1, UNKNOWN_FLAG, b"").at(&lab()), false);
}

#[test]
fn section_8_2_6_edns_version_negotiation_with_unknown_options() {
    assert_bad_version(&edns(1, 0, UNKNOWN_OPTION).at(&lab()), false);
}

#[test]
fn section_8_2_7_truncated_responses() {
    let answer = Dig { edns: Some((512, 0, DO, Vec::new())), ..Dig::new("office.test", RecordType::DNSKEY) }
        .at(&lab());
    assert_eq!((answer.rcode(), answer.authorities()), (ResponseCode::NoError, vec![SOA.to_owned()]));
    assert_opt(&answer, true);
    let answer =
        Dig { edns: Some((512, 0, DO, Vec::new())), ..Dig::new("huge.office.test", RecordType::TXT) }
            .at(&lab());
    assert_eq!((answer.flags(), answer.counts()), (QR | AA | support::TC, [1, 0, 0, 1]));
    assert_opt(&answer, true);
}

#[test]
fn section_8_2_8_do_1_handling() {
    assert_edns(&edns(0, DO, b"").at(&lab()), true);
}

#[test]
fn section_8_2_9_edns_version_negotiation_with_do_1() {
    assert_bad_version(&edns(1, DO, b"").at(&lab()), true);
}

/// COOKIE, NSID, EXPIRE, client subnet, padding.
#[test]
fn section_8_2_10_multiple_defined_edns_options() {
    let options = b"\0\x0a\0\x08abcdefgh\0\x03\0\0\0\x09\0\0\0\x08\0\x04\0\x01\0\0\0\x0c\0\x02\0\0";
    assert_edns(&edns(0, 0, options).at(&lab()), false);
}
