//! What an update is worth: when calls run short, the least valuable wait.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{StepField, Value, WriteField};
use crate::campaign::Sequence;

/// How much people miss a change that they are not shown, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worth {
    /// How often something was opened or clicked: nobody acts on it today.
    Counts,
    /// What repeats, explains or foretells what other columns say.
    Details,
    /// Where the lead stands, what was said to it and when, and what it answered.
    Essential,
}

/// The worth of an update: that of the most valuable of the columns it changes. One that changes
/// nothing has the least.
pub fn worth(cells: &BTreeMap<String, Value>) -> Worth {
    let columns = cells.keys().map(|column| of_column(column));
    columns.max().unwrap_or(Worth::Counts)
}

/// A column we do not know is never the first to wait.
fn of_column(column: &str) -> Worth {
    static KNOWN: LazyLock<BTreeMap<String, Worth>> = LazyLock::new(|| {
        // The steps' names do not matter: those of other sequences are found by how they end.
        let fields = WriteField::all(&Sequence::hook_proof_fomo([0, 1, 2], true));
        let known = fields.iter().map(|field| (field.column(), of_field(field)));
        known.collect()
    });
    if let Some(worth) = KNOWN.get(column) {
        return *worth;
    }
    let opens = WriteField::Step {
        step: String::new(),
        field: StepField::MessageOpens,
    };
    match column.ends_with(&opens.column()) {
        true => of_field(&opens),
        false => Worth::Essential,
    }
}

fn of_field(field: &WriteField) -> Worth {
    match field {
        WriteField::TotalCampaignOpens
        | WriteField::TotalCampaignClicks
        | WriteField::Step {
            field: StepField::MessageOpens,
            ..
        } => Worth::Counts,
        // The number of the last mail and the way it went follow from the steps' sent dates.
        WriteField::CurrentMessageNumber
        | WriteField::DeliveryMethod
        | WriteField::NextMessageDate
        | WriteField::LastCampaignActivity
        | WriteField::MessagePreview
        | WriteField::CampaignNotes => Worth::Details,
        WriteField::CampaignId
        | WriteField::CampaignStatus
        | WriteField::CampaignStartedDate
        | WriteField::CampaignResponseDate
        | WriteField::CampaignResponseType
        | WriteField::LastContactedDate
        | WriteField::EngagementStatus
        | WriteField::CampaignCommand
        | WriteField::Step {
            field: StepField::MessageSubject | StepField::MessageBody | StepField::MessageSentDate,
            ..
        } => Worth::Essential,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::Step;

    fn check(columns: &[&str], expected: Worth) {
        let cells = columns.iter().map(|name| (name.to_string(), Value::Empty));
        assert_eq!(worth(&cells.collect()), expected, "{columns:?}");
    }

    #[test]
    fn every_column_has_its_worth() {
        let lesser = |worth: Worth| -> Vec<String> {
            let mut sequence = Sequence::hook_proof_fomo([0, 3, 7], true);
            sequence.steps.push(Step {
                name: "last_call".to_string(),
                ..sequence.steps[2].clone()
            });
            let columns = WriteField::all(&sequence).into_iter();
            let columns = columns.map(|field| field.column());
            columns.filter(|name| of_column(name) == worth).collect()
        };
        assert_eq!(
            lesser(Worth::Counts),
            [
                "Total_Campaign_Opens",
                "Total_Campaign_Clicks",
                "Hook_Message_Opens",
                "Proof_Message_Opens",
                "FOMO_Message_Opens",
                "Last_call_Message_Opens",
            ]
        );
        assert_eq!(
            lesser(Worth::Details),
            [
                "Campaign_Notes",
                "Current_Message_Number",
                "Next_Message_Date",
                "Last_Campaign_Activity",
                "Message_Preview",
                "Delivery_Method",
            ]
        );
        // All others are what the base is for.
        assert_eq!(lesser(Worth::Essential).len(), 8 + 4 * 3);
    }

    #[test]
    fn the_most_valuable_column_decides() {
        check(&[], Worth::Counts);
        check(
            &["Total_Campaign_Opens", "Hook_Message_Opens"],
            Worth::Counts,
        );
        check(&["Total_Campaign_Opens", "Campaign_Notes"], Worth::Details);
        check(
            &["Campaign_Notes", "Campaign_Status", "Hook_Message_Opens"],
            Worth::Essential,
        );
        check(&["Campaign_Command"], Worth::Essential);
        check(&["Something_New"], Worth::Essential);
        check(&["hook_message_opens "], Worth::Essential);
    }
}
