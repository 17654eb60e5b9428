//! Over HTTP: the link beside a figure opens a list of just those counted, group by group.

use motcua::domain::time::canonical;
use serde_json::Value;

use super::asks::Ask;
use super::story::Story;
use super::world::SUCCESSOR;
use crate::factory::AGENCY;

const ASKS: usize = 6;
/// Links followed of each answer.
const FOLLOWED: usize = 12;

pub fn check(story: &mut Story<'_>) {
    let now = story.app.clock.now();
    for i in 0..ASKS {
        let mut ask = Ask::wide(story, now);
        if i == 0 {
            // Across the merger.
            (ask.from, ask.known_at) = ("2026-03-01".parse().expect("a date"), now);
            ask.to = "2026-05-15".parse().expect("a date");
        }
        let agency = story.dice.pick(&[AGENCY, SUCCESSOR]);
        let by = ["month", "agency", "field", "procedure", "channel", "month"][i];
        let known_at = canonical(ask.known_at);
        let query = format!("agency={agency}&from={}&to={}&known_at={known_at}&group_by={by}", ask.from, ask.to);
        let auditor = story.test.user("auditor");
        let answer = auditor.get(&format!("/indicators/values?{query}")).expect(200);
        let values = answer["values"].as_array().expect("values");
        for _ in 0..FOLLOWED.min(values.len()) {
            let i = story.dice.index(values.len());
            follow(story, &values[i]);
        }
    }
}

fn follow(story: &Story<'_>, value: &Value) {
    let link = value["dossiers"].as_str().and_then(|link| link.strip_prefix("/api/v1")).expect("a link");
    let days = value["unit"] == "days";
    for part in ["denominator", "numerator"] {
        let link = link.replace("part=denominator", &format!("part={part}"));
        let list = story.test.user("auditor").get(&format!("{link}&count=true&limit=500")).expect(200);
        let count = if days { &value["denominator"] } else { &value[part] };
        assert_eq!(list["count"], *count, "{link} of {value}");
        assert_eq!(Some(list["items"].as_array().expect("items").len() as i64), count.as_i64(), "{link} of {value}");
    }
}
