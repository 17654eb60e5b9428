//! What was settled once is the same for ever: figures, groups and lists, byte for byte.

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::Duration;
use motcua::app::App;
use motcua::store::figures::GroupBy;
use motcua::store::indicators::{self, Indicator};
use motcua::store::{StoreError, Tx};

use super::asks::Ask;
use super::story::Story;
use super::{checks, lists, reports};

const BY: [Option<GroupBy>; 6] = [
    None,
    Some(GroupBy::Agency),
    Some(GroupBy::Procedure),
    Some(GroupBy::Field),
    Some(GroupBy::Channel),
    Some(GroupBy::Month),
];

/// Cuts with what they said; known no later than five seconds ago.
pub fn keep(story: &mut Story<'_>) -> Vec<(Ask, String)> {
    let settled = story.app.clock.now() - Duration::seconds(5);
    let asks: Vec<Ask> = (0..10).map(|_| Ask::random(story, settled)).collect();
    asks.into_iter().map(|ask| (ask.clone(), said(story, &ask))).collect()
}

/// Asks again, after what was recorded since; the world did change meanwhile.
pub fn compare(story: &Story<'_>, kept: &[(Ask, String)]) {
    let mut moved = 0;
    for (ask, before) in kept {
        let after = said(story, ask);
        assert!(after == *before, "{ask:?} said\n{before}\nand now says\n{after}");
        let now = Ask { known_at: story.app.clock.now(), ..ask.clone() };
        moved += usize::from(said(story, &now) != *before);
    }
    assert!(moved > 0, "no cut changed as known now: nothing was put to the test");
}

fn said(story: &Story<'_>, ask: &Ask) -> String {
    let text = story.app.store.read_blocking::<_, StoreError, _>(|tx| text(tx, story.app, ask));
    text.expect("a database")
}

fn text(tx: &mut Tx<'_>, app: &App, ask: &Ask) -> Result<String, StoreError> {
    let mut text = String::new();
    let (cut, children) = ask.cut(tx, app)?;
    for by in BY {
        let fits = |indicator: &Indicator| by.is_none_or(|by| indicator.group_by().contains(&by.as_str()));
        let asked: Vec<&'static Indicator> = indicators::all().filter(|indicator| fits(indicator)).collect();
        for figure in ask.figures(tx, app, &asked, by)? {
            writeln!(text, "{} {:?} {:?}", figure.indicator.id, figure.group, figure.counts).expect("a text");
        }
    }
    for indicator in indicators::all() {
        for part in lists::parts(indicator) {
            let members = lists::members(tx, app, &cut, indicator, *part, 500)?;
            writeln!(text, "{} {part:?} {members:?}", indicator.id).expect("a text");
        }
    }
    for report in reports::texts(tx, app, ask)? {
        writeln!(text, "{report}").expect("a text");
    }
    for (found, members) in checks::said(tx, &cut)? {
        writeln!(text, "{} {} of {} {members:?}", found.check.id, found.flagged, found.population).expect("a text");
    }
    let groups: BTreeMap<_, _> = children.into_iter().filter(|(agency, _)| cut.agencies.contains(agency)).collect();
    writeln!(text, "{groups:?}").expect("a text");
    Ok(text)
}
