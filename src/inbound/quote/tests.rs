//! Bodies as mail programs write them, and the words that are a person's own.

use super::*;

#[track_caller]
fn check(body: &str, text: &str) {
    assert_eq!(strip(body, "Bob Stone").text, text, "{body}");
}

#[test]
fn what_programs_quote_is_left_out() {
    for head in [
        "On Tue, 3 Mar 2026 at 09:12, Ada Lovelace <ada@ourco.example> wrote:",
        "On Tue, 3 Mar 2026 at 09:12, Ada Lovelace\n<ada@ourco.example> wrote:",
        "Am Di., 3. März 2026 um 09:12 Uhr schrieb Ada <ada@ourco.example>:",
        "Am 03.03.2026 um 09:12 schrieb Ada Lovelace:",
        "Le mar. 3 mars 2026 à 09:12, Ada <ada@ourco.example> a écrit :",
        "El mar, 3 mar 2026 a las 9:12, Ada (<ada@ourco.example>) escribió:",
        "Il giorno mar 3 mar 2026 alle ore 09:12 Ada <ada@ourco.example> ha\nscritto:",
        "Op di 3 mrt 2026 om 09:12 schreef Ada <ada@ourco.example>:",
        "Em ter., 3 de mar. de 2026 às 09:12, Ada <ada@ourco.example> escreveu:",
        "-----Original Message-----",
        "-----Ursprüngliche Nachricht-----",
        "-------- Message d'origine --------",
        "From: Ada\nSent: Tuesday, 3 March 2026 09:12\nTo: Bob\nSubject: Hello",
        "Von: Ada\nGesendet: Dienstag, 3. März 2026 09:12\nAn: Bob\nBetreff: Hallo",
        "De : Ada\nEnvoyé : mardi 3 mars 2026 09:12\nÀ : Bob\nObjet : Bonjour",
        "Van: Ada\nVerzonden: dinsdag 3 maart 2026 09:12\nAan: Bob\nOnderwerp: Hallo",
        "*From:* Ada\n*Sent:* Tuesday\n*To:* Bob\n*Subject:* Hello",
    ] {
        check(
            &format!("Yes please.\n\n{head}\n\nreply \"no thanks\""),
            "Yes please.",
        );
        check(
            &format!("Yes please.\n\n{head}\n> reply \"no thanks\"\n"),
            "Yes please.",
        );
    }
}

#[test]
fn answers_between_and_below_marked_lines_are_kept() {
    let body =
        "On Tue, 3 Mar 2026, Ada <a@b.example> wrote:\n> Do you ship?\nWe do.\n> When?\nDaily.";
    check(body, "We do.\nDaily.");
    check("> a\n>> b\n\nBelow.", "Below.");
}

#[test]
fn signatures_devices_and_notices_are_left_out() {
    check("Yes.\n-- \nBob\nunsubscribe from our newsletter", "Yes.");
    check("Yes.\n\nSent from my iPhone", "Yes.");
    check("Ja.\n\nVon meinem iPhone gesendet", "Ja.");
    check(
        "Yes.\n\nThis e-mail is confidential and intended solely for you.\nDelete it.",
        "Yes.",
    );
    assert_eq!(
        strip("Yes, do call me.\n\nBest regards,\nBob Stop", "").judged,
        "Yes, do call me."
    );
}

#[test]
fn ordinary_lines_are_not_taken_for_heads() {
    for body in [
        "On Monday I wrote to your colleague about this.\nPlease answer.",
        "From: here to eternity.\nWe like it.",
        "He wrote:\nnothing",
        "Thanks\nfor the mail, and more",
        "--\nAda\nYes",
    ] {
        let stripped = strip(body, "Bob Stone").text;
        assert!(!stripped.is_empty(), "{body}");
        assert!(
            stripped.contains(body.lines().last().unwrap()) || body.starts_with("He"),
            "{body}"
        );
    }
}

#[test]
fn heads_of_many_programs_are_known() {
    let mut wrong = Vec::new();
    for head in [
        "On Tue, 3 Mar 2026 at\n09:12, Ada Lovelace\n<ada@ourco.example> wrote:",
        "On Mar 3, 2026, at 9:12 AM, Ada <a@b.example<mailto:a@b.example>> wrote:",
        "On 03/03/2026 09:12, Ada Lovelace wrote:",
        "2026-03-03 9:12 GMT+01:00 Ada Lovelace <ada@ourco.example>:",
        "Ada Lovelace <ada@ourco.example> wrote on 3 March 2026:",
        "Ada Lovelace <ada@ourco.example> schrieb am Di., 3. März 2026, 09:12:",
        "Ada Lovelace <ada@ourco.example> hat am 03.03.2026 09:12 geschrieben:",
        "On Tuesday, March 3rd, 2026 at 9:12 AM, Ada <ada@ourco.example> wrote:",
        "------- Original Message -------\nOn Tuesday, March 3rd, 2026 at 9:12 AM, Ada wrote:",
        "Den tis 3 mars 2026 kl 09:12 skrev Ada <ada@ourco.example>:",
        "W dniu wt., 3 mar 2026 o 09:12 Ada <ada@ourco.example> napisał(a):",
        "3 марта 2026 г., в 09:12, Ada <ada@ourco.example> написал(а):",
        "2026年3月3日(火) 9:12 Ada <ada@ourco.example>:",
        "Ada <ada@ourco.example> 于2026年3月3日周二 09:12写道：",
        "Begin forwarded message:",
        "---------- Forwarded message ---------\nFrom: Ada <ada@ourco.example>",
        "____________\nFrom: Ada <a@b.example>\nSent: Tuesday\nTo: Bob\nSubject: x",
        "Från: Ada\nSkickat: den 3 mars 2026 09:12\nTill: Bob\nÄmne: Hej",
        "**Von:** Ada\n**Gesendet:** Dienstag, 3. März 2026\n**An:** Bob\n**Betreff:** Hallo",
        "Da: Ada <ada@ourco.example>\nInviato: martedì 3 marzo 2026 09:12\nA: Bob\nOggetto: Ciao",
        "De: Ada <ada@ourco.example>\nEnviada em: terça-feira, 3 de março\nPara: Bob\nAssunto: Olá",
        "From:\tAda <a@b.example>\nTo:\tb@x.example\nDate:\t03/03/2026 09:12 AM\nSubject:\tHi",
        "Ada Lovelace/US/OurCo@OurCo 03/03/2026 09:12 AM\n\nTo\nbob@x.example\n\ncc\n\nSubject\nHi",
    ] {
        let body = format!("Yes please.\n\n{head}\n\nreply \"no thanks\"");
        if strip(&body, "Bob Stone").text != "Yes please." {
            wrong.push((head, strip(&body, "Bob Stone").text));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_head_on_the_line_of_an_answer_is_found() {
    check(
        "Yes please. On Tue, Mar 3, 2026 at 9:12 AM Ada <ada@ourco.example> wrote: Hello Bob",
        "Yes please.",
    );
    check("Gern. Am 03.03.2026 um 09:12 schrieb Ada: Hallo", "Gern.");
    check(
        "Yes. From: Ada Sent: Tuesday 3 March To: Bob Subject: Hello x",
        "Yes.",
    );
}

#[test]
fn a_broken_quoted_line_is_no_answer() {
    let long = "we help freight companies of every size to find the loads that fit their lorries";
    check(&format!("Ok.\n> {long}\nand routes\n> and more"), "Ok.");
}

#[test]
fn closings_names_and_contact_lines_are_left_out() {
    for below in [
        "Best regards,\nBob Stone\nHead of Operations\nLead Ltd\n+44 20 7946 0000",
        "Kind regards\n\nBob",
        "Cheers, Bob",
        "Thanks,\nBob",
        "Mit freundlichen Grüßen\n\nBob Stone\nGeschäftsführer",
        "Cordialement,\nBob",
        "Un saludo,\nBob",
        "Cordiali saluti\nBob",
        "Met vriendelijke groet,\nBob",
        "Atenciosamente,\nBob",
        "Bob",
        "-Bob",
        "Bob Stone\nCEO, Lead Ltd\nTel: +44 20 7946 0000\nwww.lead.example",
        "—\nBob",
        "--\nBob",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Sent from Yahoo Mail on Android",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Diese Nachricht wurde von meinem Android Mobiltelefon mit WEB.DE Mail gesendet.",
        "Sent with Proton Mail secure email.",
        "Please consider the environment before printing this e-mail",
        "This email has been checked for viruses by Avast antivirus software.\nwww.avast.com",
        "Best,\nBob\n\nThe information in this email is confidential and may be privileged.\nx",
    ] {
        check(&format!("Yes, do call me.\n\n{below}"), "Yes, do call me.");
    }
}

#[test]
fn what_might_be_said_is_kept() {
    for body in [
        "Thanks",
        "Thanks!",
        "Thanks, Bob",
        "Call me.\n\nThanks",
        "Regards",
        "STOP",
        "Please remove.\n\nMonday",
        "Best would be Monday.\nWe have a lot of work to do until then, so please wait.",
        "Two things:\n- price\n- Delivery",
        "Ich habe Ihnen alles gesendet.",
        "My number:\n\n+44 20 7946 0000",
    ] {
        check(body, body);
    }
    check(
        "Yes.\n\nRegards,\nBob\n\nPS: call me on Monday.",
        "Yes.\n\nPS: call me on Monday.",
    );
    check(
        "CAUTION: This email originated from outside of the organization.\n\nYes please.",
        "Yes please.",
    );
    check("> quoted\nThanks", "Thanks");
}
