//! The same reports once more, as the law's form: every cell of 06a, what it opens into, and the rates beside it.

use serde_json::Value;

use super::histories::{Group, Story, When};
use super::{Fraction, Report};

/// Columns 3 to 13 by the groups alone; `ended` counts the withdrawn and the stopped among the received.
fn expected(groups: &[Group], ended: bool) -> [i64; 13] {
    let mut columns = [0; 13];
    for group in groups {
        let mut count = |column: usize| columns[column - 1] += group.count as i64;
        if matches!(group.story, Story::Ended) && !ended {
            continue;
        }
        count(3);
        count(match group.when {
            When::Before => 6,
            When::Within if group.channel.starts_with("level_") => 4,
            When::Within => 5,
        });
        match group.story {
            Story::Early => [7, 8].into_iter().for_each(&mut count),
            Story::OnTime => [7, 9].into_iter().for_each(&mut count),
            Story::Late => [7, 10].into_iter().for_each(&mut count),
            Story::Open => [11, 12].into_iter().for_each(&mut count),
            Story::Overdue => [11, 13].into_iter().for_each(&mut count),
            Story::Ended => count(7),
        }
    }
    columns
}

impl Report<'_> {
    /// Both treatments of the ended against the groups; under the usual one, column by column and list by list.
    pub fn on_paper(&self) {
        let excluded = self.form("exclude");
        let columns = expected(self.groups, false);
        for cell in excluded["cells"].as_array().expect("cells") {
            let number: usize = cell["column"].as_str().and_then(|text| text.parse().ok()).expect("a number");
            assert_eq!(cell["count"], columns[number - 1], "column {number}");
            let link = cell["dossiers"].as_str().expect("a link");
            let list = self.app.user("leader").get(&format!("/{link}&count=true&limit=1")).expect(200);
            assert_eq!(list["count"], cell["count"], "column {number}");
        }
        for id in ["on_time_resolved", "on_time_due"] {
            let rate = &excluded[id];
            let found = Fraction(number(rate, "numerator"), number(rate, "denominator"));
            assert_eq!(found, self.value(id), "{id} beside the form is the indicator");
        }
        // How the ended are spread over early, on time and late is not told by their groups.
        let resolved = self.form("as_resolved");
        let columns = expected(self.groups, true);
        let cells = resolved["cells"].as_array().expect("cells");
        for column in [3, 4, 5, 6, 7, 11, 12, 13] {
            assert_eq!(cells[column - 3]["count"], columns[column - 1], "column {column} with the ended");
        }
    }

    fn form(&self, ended: &str) -> Value {
        let path = format!("/reports/06a?ended={ended}&rows=agency&{}", self.cut());
        let report = self.app.user("leader").get(&path).expect(200);
        let ended: i64 = ["stopped", "withdrawn"].iter().map(|kind| number(&report["ended"][kind], "count")).sum();
        let withdrawn = self.groups.iter().filter(|group| matches!(group.story, Story::Ended));
        assert_eq!(ended, withdrawn.map(|group| group.count as i64).sum::<i64>());
        report["rows"].as_array().and_then(|rows| rows.last()).expect("a total").clone()
    }
}

fn number(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or_else(|| panic!("{name} of {value}"))
}
