//! The columns we write.

use crate::campaign::Sequence;

/// A field we write: our own, and the two we share with people (`Engagement_Status`,
/// `Campaign_Command`). Every other column of a base belongs to people and is never named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WriteField {
    /// The campaign's id, text.
    CampaignId,
    /// The campaign's state, a select.
    CampaignStatus,
    /// When the first mail left, an instant.
    CampaignStartedDate,
    /// The number of the last mail that left, 0 before the first.
    CurrentMessageNumber,
    /// Opens of all mails together.
    TotalCampaignOpens,
    /// Clicks of all mails together.
    TotalCampaignClicks,
    /// When the lead answered, an instant.
    CampaignResponseDate,
    /// What kind of answer came, a select.
    CampaignResponseType,
    /// When anything last happened, an instant.
    LastCampaignActivity,
    /// When the next mail falls due, an instant.
    NextMessageDate,
    /// One sentence that explains the lead's state.
    CampaignNotes,
    /// The beginning of the mail sent last, or of the one to come.
    MessagePreview,
    /// The day of the last mail, in the lead's zone.
    LastContactedDate,
    /// How the lead was written to, a select: `Email`.
    DeliveryMethod,
    /// Shared with people, see [`crate::changeset::engagement`].
    EngagementStatus,
    /// People's: we only clear it, after the command was carried out.
    CampaignCommand,
    /// A field of one step's mail.
    Step {
        /// The step's label, `hook`.
        step: String,
        /// Which field of it.
        field: StepField,
    },
}

/// A field that every step's mail has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepField {
    /// The subject, text.
    MessageSubject,
    /// The body, long text.
    MessageBody,
    /// When it left, an instant.
    MessageSentDate,
    /// How often it was opened.
    MessageOpens,
}

impl StepField {
    /// Every field of a step.
    pub const ALL: [StepField; 4] = [
        StepField::MessageSubject,
        StepField::MessageBody,
        StepField::MessageSentDate,
        StepField::MessageOpens,
    ];

    fn suffix(self) -> &'static str {
        match self {
            StepField::MessageSubject => "Message_Subject",
            StepField::MessageBody => "Message_Body",
            StepField::MessageSentDate => "Message_Sent_Date",
            StepField::MessageOpens => "Message_Opens",
        }
    }
}

impl WriteField {
    /// Every field we write for campaigns of this sequence, in the order a table shows them best.
    pub fn all(sequence: &Sequence) -> Vec<WriteField> {
        let mut fields = vec![
            WriteField::CampaignId,
            WriteField::CampaignStatus,
            WriteField::CampaignNotes,
            WriteField::EngagementStatus,
            WriteField::CampaignCommand,
            WriteField::CampaignStartedDate,
            WriteField::CurrentMessageNumber,
            WriteField::NextMessageDate,
            WriteField::LastCampaignActivity,
            WriteField::CampaignResponseDate,
            WriteField::CampaignResponseType,
            WriteField::TotalCampaignOpens,
            WriteField::TotalCampaignClicks,
            WriteField::MessagePreview,
            WriteField::LastContactedDate,
            WriteField::DeliveryMethod,
        ];
        for step in &sequence.steps {
            let of_step = |field| WriteField::Step {
                step: step.name.clone(),
                field,
            };
            fields.extend(StepField::ALL.map(of_step));
        }
        fields
    }

    /// Whether people write into the column as well, at any time.
    pub fn is_peoples(&self) -> bool {
        matches!(
            self,
            WriteField::EngagementStatus | WriteField::CampaignCommand
        )
    }

    /// Whether it is a subject or a body, which people may edit while a campaign is in review.
    pub fn is_text(&self) -> bool {
        matches!(
            self,
            WriteField::Step {
                field: StepField::MessageSubject | StepField::MessageBody,
                ..
            }
        )
    }

    /// The column's name, `Campaign_ID` or `Hook_Message_Subject`. A step's prefix is its label
    /// with a capital, but `FOMO`, an abbreviation, in capitals.
    pub fn column(&self) -> String {
        let name = match self {
            WriteField::CampaignId => "Campaign_ID",
            WriteField::CampaignStatus => "Campaign_Status",
            WriteField::CampaignStartedDate => "Campaign_Started_Date",
            WriteField::CurrentMessageNumber => "Current_Message_Number",
            WriteField::TotalCampaignOpens => "Total_Campaign_Opens",
            WriteField::TotalCampaignClicks => "Total_Campaign_Clicks",
            WriteField::CampaignResponseDate => "Campaign_Response_Date",
            WriteField::CampaignResponseType => "Campaign_Response_Type",
            WriteField::LastCampaignActivity => "Last_Campaign_Activity",
            WriteField::NextMessageDate => "Next_Message_Date",
            WriteField::CampaignNotes => "Campaign_Notes",
            WriteField::MessagePreview => "Message_Preview",
            WriteField::LastContactedDate => "Last_Contacted_Date",
            WriteField::DeliveryMethod => "Delivery_Method",
            WriteField::EngagementStatus => "Engagement_Status",
            WriteField::CampaignCommand => "Campaign_Command",
            WriteField::Step { step, field } => {
                return format!("{}_{}", prefix(step), field.suffix());
            }
        };
        name.to_string()
    }

    /// The name in `AIRTABLE_FIELD_<KEY>`, in lower case: the column's own name.
    pub fn key(&self) -> String {
        self.column().to_lowercase()
    }
}

fn prefix(step: &str) -> String {
    if step == "fomo" {
        return step.to_uppercase();
    }
    let mut chars = step.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
