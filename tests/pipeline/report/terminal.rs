//! The page on the terminal.

use super::{LATER, change, world};
use crate::world::World;

#[test]
fn the_page_tells_what_happened_and_what_too_little_is_known_of() {
    let world = world();
    let page = world.at(LATER).run(&["report"]).exits(0).stdout;
    for line in [
        "Report of 2026-03-05 20:00 UTC: all that ever left",
        "2 leads reached with 2 mails; 1 came back",
        "1 of 2 leads replied: not enough data for a share (fewer than 30)",
        "1 of 3 mails came back: not enough data for a share (fewer than 30); the limit is 2.0 %",
        "opens and clicks are not tracked",
        "nothing differs by more than chance shows: 1 of 2 leads replied",
    ] {
        assert!(page.contains(line), "no `{line}` in\n{page}");
    }
    assert!(
        page.lines().all(|line| line.chars().count() <= 100),
        "{page}"
    );
}

#[test]
fn an_empty_ledger_and_an_empty_choice_say_what_to_do() {
    let empty = World::new();
    let page = empty.at(LATER).run(&["report"]).exits(0).stdout;
    assert!(
        page.contains("nothing was sent so far: `outreach nightly`"),
        "{page}"
    );
    assert!(
        !empty.path("campaigns.db").exists(),
        "a report makes no ledger"
    );
    let world = world();
    let args = ["report", "--segment", "country=FR"];
    let outcome = world.at(LATER).run(&args).exits(0);
    let page = outcome.stdout;
    assert!(
        page.contains("country `FR`\n") && page.contains("nothing was sent that"),
        "{page}"
    );
    assert!(page.contains("values of country: GB, SE"), "{page}");
}

#[test]
fn texts_of_leads_steer_no_terminal() {
    let world = world();
    change(
        &world,
        "INSERT OR REPLACE INTO campaign_traits
         SELECT id, char(27) || '[2J' || char(8238) || 'ab' || char(10) || id, '', '', '', 'Real'
         FROM campaigns",
    );
    let page = world.at(LATER).run(&["report"]).exits(0).stdout;
    assert!(page.contains("[2J"), "{page}");
    let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!page.contains(steers), "{page:?}");
}
