//! Whether a line says what is recorded, when no hash of the line that made it is at hand: dossiers recorded
//! here and exported, dossiers of a restored full copy.

use serde_json::{Map, Value};

use crate::app::export::{self, Names};
use crate::app::record::{Ask, File};
use crate::domain::event::Event;
use crate::domain::time::local_text;

/// Compares business fields; personal values may be the recorded ones or masked. What happened after an
/// import is not compared, nor what a receipt leaves to the program.
#[must_use]
pub fn same_content(file: &File, asks: &[Ask]) -> bool {
    let imported = file.events.iter().take_while(|event| event.origin.is_some()).count();
    let events: &[Event] = if imported > 0 { &file.events[..imported] } else { &file.events };
    [Names::Full, Names::Masked].into_iter().any(|names| {
        let recorded = export::events(events, &file.personal, names);
        recorded.len() == asks.len() && recorded.iter().zip(asks).all(|(recorded, ask)| says(recorded, ask))
    })
}

fn says(recorded: &Value, ask: &Ask) -> bool {
    let Value::Object(mut recorded) = recorded.clone() else { return false };
    let mut asked: Map<String, Value> = ask.payload.fields();
    asked.insert("type".into(), Value::from(ask.payload.kind().as_str()));
    if let Some(at) = ask.occurred_at {
        asked.insert("occurred_at".into(), Value::from(local_text(at)));
    }
    if let Some(reason) = &ask.late_entry_reason {
        asked.insert("late_entry_reason".into(), Value::from(reason.as_str()));
    }
    if ask.payload.kind() == crate::domain::event::EventType::Received {
        for left_out in ["code", "due", "fees"] {
            if !asked.contains_key(left_out) {
                recorded.remove(left_out);
            }
        }
    }
    // A date was recorded as the close of the office on it.
    if let (Some(Value::String(date)), Some(Value::String(at))) = (asked.get("new_due"), recorded.get("new_due"))
        && date.len() == 10
        && at.starts_with(date.as_str())
    {
        recorded.insert("new_due".into(), Value::from(date.as_str()));
    }
    asked == recorded
}
