//! Killed at one step after another: the next `up` comes to the same state as an undisturbed one, and `down` leaves nothing.

use crate::support::{Outcome, assert_same};

use super::{FILE, Place, Point, changed, each, points, sample};

/// The points at which a run changes something, and those that only look if all are tried.
fn killing_points(log: &[String]) -> Vec<Point> {
    let changes = |point: &Point| super::is_full() || point.is_change();
    // Behind the last change.
    let end = Point { site: String::from("settle.enter"), time: 1 };
    sample(&points(log)).into_iter().filter(|point| changes(point) || *point == end).collect()
}

/// What follows: the next `up` (`true`), or `down` at once.
fn endings(point: &Point) -> Vec<bool> {
    match (super::is_full(), point.time) {
        (true, _) => vec![true, false],
        (false, time) => vec![time == 1],
    }
}

/// The command is killed, or it finds that the holder or the keeper that it has started is.
fn assert_killed(outcome: &Outcome, point: &Point) {
    let is_dead = outcome.signal == Some(9) || outcome.code == Some(1);
    // Who starts a keeper for another command need not care.
    assert!(is_dead || point.site.starts_with("keeper"), "{point:?}: {outcome}");
}

#[test]
fn a_first_up_killed_at_any_step() {
    let Some(place) = Place::new("kill-up") else { return };
    place.disturbed("up", "").expect_code(0);
    let points = killing_points(&place.passed());
    drop(place);
    let prepare = |place: &Place| {
        place.yard.ok("up");
        let expected = place.yard.state();
        place.take_down();
        expected
    };
    each("kill-up", points, prepare, |place, expected, point| {
        for then_up in endings(point) {
            let killed = place.disturbed_at("up", point, &point.kill(), || place.take_down());
            let Some(outcome) = killed else { return false };
            assert_killed(&outcome, point);
            if then_up {
                place.yard.ok("up");
                assert_same(&place.yard.state(), expected, &format!("{point:?}"));
            }
            place.take_down();
        }
        true
    });
}

#[test]
fn a_change_killed_at_any_step() {
    let Some(place) = Place::new("kill-change") else { return };
    place.yard.ok("up");
    place.write(&changed());
    place.disturbed("up", "").expect_code(0);
    let points = killing_points(&place.passed());
    drop(place);
    let prepare = |place: &Place| {
        place.yard.ok("up");
        let before = place.yard.state();
        place.write(&changed());
        place.yard.ok("up");
        let after = place.yard.state();
        place.write(FILE);
        place.yard.ok("up");
        assert_same(&place.yard.state(), &before, "there and back");
        (before, after)
    };
    each("kill-change", points, prepare, |place, (before, after), point| {
        let back = || {
            place.write(FILE);
            place.yard.ok("up");
            place.write(&changed());
        };
        place.write(&changed());
        for then_up in endings(point) {
            let killed = place.disturbed_at("up", point, &point.kill(), back);
            let Some(outcome) = killed else { return false };
            assert_killed(&outcome, point);
            if then_up {
                place.yard.ok("up");
                assert_same(&place.yard.state(), after, &format!("{point:?}"));
            } else {
                place.take_down();
            }
            back();
            assert_same(&place.yard.state(), before, &format!("{point:?}, and back"));
        }
        true
    });
}

#[test]
fn a_down_killed_at_any_step() {
    let Some(place) = Place::new("kill-down") else { return };
    place.yard.ok("up");
    place.disturbed("down", "").expect_code(0);
    let points = points(&place.passed());
    drop(place);
    let prepare = |place: &Place| {
        place.yard.ok("up");
        place.yard.state()
    };
    each("kill-down", points, prepare, |place, expected, point| {
        let up = || drop(place.yard.ok("up"));
        for then_up in [true, false] {
            let killed = place.disturbed_at("down", point, &point.kill(), up);
            let Some(outcome) = killed else { return false };
            assert_eq!(outcome.signal, Some(9), "{point:?}");
            if !then_up {
                place.take_down();
            }
            up();
            assert_same(&place.yard.state(), expected, &format!("{point:?}"));
        }
        true
    });
}
