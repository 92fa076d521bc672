//! Refused at one step after another: what was there before is there again, and the error says what was refused and what to do.

use crate::support::{Outcome, assert_page, assert_same};

use super::{FILE, NODES, Place, Point, changed, each, is_full, points, sample};

/// What a command does without, or tries in another way: root's lab gets a user namespace where it gets none without, a keeper that
/// cannot be reached is started or asked again, and what a node has learned fades by itself where it cannot be made to forget it.
fn is_done_without(point: &Point, log: &[String]) -> bool {
    // Nodes are made to forget when all has been looked at for the last time.
    let built = log.iter().rposition(|site| site == "observe.enter").unwrap_or(log.len());
    let made = log[..built].iter().filter(|site| **site == point.site).count();
    match point.site.as_str() {
        "sandbox.unshare" | "keeper.connect" | "keeper.ask" => true,
        "netlink.new-link" => made < point.time,
        _ => false,
    }
}

/// The error says in words what the kernel answered, which node it was about where it was one, and what to do.
fn assert_told(outcome: &Outcome, point: &Point) {
    assert_eq!(outcome.code, Some(1), "{point:?}: {outcome}");
    let said = &outcome.stderr;
    assert!(said.starts_with("error: ") && said.contains("hint: "), "{point:?}: {outcome}");
    // What is lost between two processes has no number.
    let has_number =
        !["keeper.hear", "keeper.order", "keeper.ask", "sandbox.report"].contains(&point.site.as_str());
    assert!(!has_number || said.to_lowercase().contains("operation not permitted"), "{point:?}: {outcome}");
    let concerns_node = [
        "netns.unshare",
        "netns.bind",
        "netns.make-file",
        "netlink.new",
        "netlink.set",
        "netlink.del",
        "mark.",
        "files.w",
        "files.o",
    ];
    if concerns_node.iter().any(|of| point.site.starts_with(of)) {
        let mut words = said.split(|c: char| !c.is_ascii_alphanumeric());
        assert!(words.any(|word| NODES.contains(&word)), "no node is named, {point:?}: {outcome}");
    }
}

/// The file that the record of the lab names.
fn file_of(place: &Place) -> String {
    place.yard.json("ls --json")["labs"][0]["file"].to_string()
}

#[test]
fn a_first_up_refused_anything() {
    let Some(place) = Place::new("fail-up") else { return };
    place.disturbed("up", "").expect_code(0);
    let points = sample(&points(&place.passed()));
    drop(place);
    let prepare = |place: &Place| {
        place.yard.ok("up");
        let expected = place.yard.state();
        place.take_down();
        expected
    };
    each("fail-up", points, prepare, |place, expected, point| {
        let refused = place.disturbed_at("up", point, &point.fail("EPERM"), || place.take_down());
        let Some(outcome) = refused else { return false };
        if outcome.code == Some(0) {
            assert!(is_done_without(point, &place.passed()), "{point:?} is done without: {outcome}");
            assert_same(&place.yard.state(), expected, &format!("{point:?}"));
            place.take_down();
            return true;
        }
        assert_told(&outcome, point);
        if point.site == "lab.lock" {
            // Whoever cannot lock a file must not remove it: another may have locked it.
            place.take_down();
        }
        place.assert_nothing_left();
        assert_eq!(place.yard.ok("ls"), "no lab is running\n");
        true
    });
}

#[test]
fn a_change_refused_anything() {
    let Some(place) = Place::new("fail-change") else { return };
    place.yard.ok("up");
    place.write(&changed());
    place.disturbed("up", "").expect_code(0);
    let points = sample(&points(&place.passed()));
    drop(place);
    let prepare = |place: &Place| {
        place.yard.ok("up");
        let before = (place.yard.state(), file_of(place));
        place.write(&changed());
        place.yard.ok("up");
        let after = place.yard.state();
        place.write(FILE);
        place.yard.ok("up");
        (before, after)
    };
    each("fail-change", points, prepare, |place, (before, after), point| {
        let back = || {
            place.write(FILE);
            place.yard.ok("up");
        };
        place.write(&changed());
        let refused = place.disturbed_at("up", point, &point.fail("EPERM"), || {
            back();
            place.write(&changed());
        });
        let Some(outcome) = refused else { return false };
        if outcome.code == Some(0) {
            assert!(is_done_without(point, &place.passed()), "{point:?} is done without: {outcome}");
            assert_same(&place.yard.state(), after, &format!("{point:?}"));
        } else {
            assert_told(&outcome, point);
            place.assert_comes_back(&before.0, &format!("{point:?}"));
            place.write(FILE);
            place.yard.run("plan --check").expect_code(0);
            assert_eq!(file_of(place), before.1, "{point:?}");
        }
        back();
        true
    });
}

#[test]
fn a_down_refused_anything() {
    let Some(place) = Place::new("fail-down") else { return };
    place.yard.ok("up");
    place.disturbed("down", "").expect_code(0);
    let points = points(&place.passed());
    drop(place);
    each(
        "fail-down",
        points,
        |place| drop(place.yard.ok("up")),
        |place, (), point| {
            let up = || drop(place.yard.ok("up"));
            let refused = place.disturbed_at("down", point, &point.fail("EPERM"), up);
            let Some(outcome) = refused else { return false };
            assert_told(&outcome, point);
            place.take_down();
            up();
            true
        },
    );
}

/// Answers that are lost, or an exchange that fails as a whole: nobody knows then which of the requests took effect.
#[test]
fn a_change_whose_exchanges_are_lost() {
    let Some(place) = Place::new("lost") else { return };
    place.yard.ok("up");
    place.write(&changed());
    place.disturbed("up", "").expect_code(0);
    let is_exchange = |point: &Point| point.site == "netlink.receive" || point.site == "netlink.send";
    let mut exchanges: Vec<_> = points(&place.passed()).into_iter().filter(is_exchange).collect();
    if !is_full() {
        // Those that change something come behind the first observation and before the second.
        exchanges = exchanges.into_iter().skip(3).step_by(9).collect();
    }
    drop(place);
    let prepare = |place: &Place| {
        place.yard.ok("up");
        let before = place.yard.state();
        place.write(&changed());
        place.yard.ok("up");
        (before, place.yard.state())
    };
    each("lost", exchanges, prepare, |place, (before, after), point| {
        let back = || {
            place.write(FILE);
            place.yard.ok("up");
            place.write(&changed());
        };
        back();
        let Some(outcome) = place.disturbed_at("up", point, &point.fail("ENOBUFS"), back) else {
            return false;
        };
        // A list is read again; a change is taken back.
        let state = if outcome.code == Some(0) { after } else { before };
        assert!(matches!(outcome.code, Some(0 | 1)), "{point:?}: {outcome}");
        place.assert_comes_back(state, &format!("{point:?}: {outcome}"));
        true
    });
}

/// A host more: small enough that every step of the way back is one that can be told.
fn with_eve() -> String {
    format!("{FILE}[host.eve]\non = \"dmz\"\n")
}

/// What is left of a change that could not be taken back is told, `plan` shows it, and both the next `up` and `down` bring it away.
#[test]
fn a_way_back_that_is_refused_too() {
    let Some(place) = Place::new("back") else { return };
    place.yard.ok("up");
    let before = place.yard.state();
    place.write(&with_eve());
    let refused = |faults: &str, page: &str| {
        let outcome = place.disturbed("up", faults).expect_code(1);
        let text = outcome.to_string().replace(&place.name, "back");
        assert_page("snapshots", page, &text);
    };
    // The namespace can be made, the default route not, and then the namespace cannot be removed.
    refused("fail:netlink.new-route:1:EPERM fail:netns.unbind:1..:EBUSY", "up_cannot_go_back");
    place.write(FILE);
    assert!(place.yard.ok("plan").contains("eve"));
    place.yard.ok("up");
    assert_same(&place.yard.state(), &before, "the next `up` brings away what was left");
    // Nobody can look any more: what is left is not known.
    place.write(&with_eve());
    refused("fail:netlink.new-route:1:EPERM fail:netns.list:2..:EMFILE", "up_cannot_look_back");
    place.take_down();
    // The way back of what failed behind the last step is no other.
    place.write(FILE);
    place.yard.ok("up");
    place.write(&with_eve());
    // Which node is looked at first is not the same each time.
    place
        .disturbed("up", "fail:settle.enter:1:EPERM fail:netns.unbind:1..:EBUSY")
        .expect_code(1)
        .expect_complaint("cannot enter the namespace")
        .expect_complaint("undoing failed: the namespace of node eve failed")
        .expect_complaint("left to do: delete node eve")
        .expect_complaint("not all could be taken back");
    place.take_down();
    // Of a lab that was not there before, all goes.
    refused("fail:netlink.new-route:1:EPERM fail:netns.unbind:1..:EBUSY", "up_of_a_new_lab_cannot_go_back");
    place.assert_nothing_left();
}
