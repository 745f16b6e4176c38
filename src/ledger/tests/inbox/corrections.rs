//! What a person corrects, and what newer rules say of mails that were judged before.

use super::*;

#[test]
fn a_corrected_opt_out_leaves_nothing_behind_but_a_pause() {
    let mut book = written_to(2);
    book.store(Inbound {
        for_company: true,
        ..mail(Kind::Unsubscribe)
    });
    let relabelled = book.relabel(Kind::AutoReply, None);
    assert_eq!(relabelled.was, (Kind::Unsubscribe, None));
    assert_eq!(book.suppressed(), "");
    assert_eq!([1, 2].map(|id| book.stands(id)), ["paused person"; 2]);
    assert_eq!(book.state(1, "proof"), "drafted");
    assert!(book.claim(50, at(10_000)).messages.is_empty());
    book.ledger.resume_campaign(1, "go", at(30)).unwrap();
    assert_eq!(book.stands(1), "active -");
    let item = book.ledger.inbox_item(1).unwrap().unwrap();
    assert_eq!(item.row.judged, Some((Kind::Unsubscribe, None)));
    assert_eq!(item.row.relabelled_at, Some(at(20)));
    assert_eq!(item.answers.as_deref(), Some(KEY_OF_1));
}

#[test]
fn a_suppression_that_something_else_supports_stays() {
    let mut book = written_to(1);
    book.store(mail(Kind::Unsubscribe));
    book.store(Inbound {
        reply_text: "Again: stop.".to_string(),
        ..mail(Kind::Unsubscribe)
    });
    book.relabel(Kind::AutoReply, None);
    assert_eq!(book.suppressed(), "lead1@firm.example");
    let mut book = written_to(1);
    book.store(mail(Kind::Unsubscribe));
    let by_person = SuppressionReason::ByPerson;
    book.ledger
        .suppress("lead1@firm.example", by_person, "phoned", at(10))
        .unwrap();
    book.relabel(Kind::AutoReply, None);
    assert_eq!(book.suppressed(), "lead1@firm.example");
}

#[test]
fn a_correction_gives_what_the_new_verdict_gives() {
    let mut book = written_to(2);
    book.store(mail(Kind::AutoReply));
    book.relabel(Kind::HumanReply, Some(Sentiment::Interested));
    assert_eq!(book.stands(1), "responded interested");
    assert_eq!(book.stands(2), "paused company");
    // And back: the colleague goes on by itself, the campaign waits for a person.
    book.relabel(Kind::AutoReply, None);
    assert_eq!(
        [1, 2].map(|id| book.stands(id)),
        ["paused person", "active -"]
    );
    book.relabel(Kind::Unsubscribe, None);
    assert_eq!(book.stands(1), "stopped opted_out");
    assert_eq!(book.suppressed(), "lead1@firm.example");
    let judged = book.ledger.inbox_item(1).unwrap().unwrap().row.judged;
    assert_eq!(judged, Some((Kind::AutoReply, None)), "what the rules said");
}

#[test]
fn a_bounce_that_was_none_takes_the_second_try_back() {
    let mut book = written_to(1);
    book.store(bounced("full"));
    assert_eq!(book.state(1, "hook"), "deferred");
    book.relabel(Kind::HumanReply, Some(Sentiment::Neutral));
    assert_eq!(book.state(1, "hook"), "sent");
    assert_eq!(book.stands(1), "responded neutral");
}

#[test]
fn a_correction_is_refused_where_it_makes_no_sense() {
    let mut book = written_to(1);
    let refused = |book: &mut Book, id, kind, sentiment| {
        let error = book.ledger.relabel(id, kind, sentiment, true, at(20));
        error.unwrap_err().to_string()
    };
    let why = refused(&mut book, 7, Kind::AutoReply, None);
    assert!(why.contains("there is no mail 7"), "{why}");
    book.store(mail(Kind::AutoReply));
    let why = refused(&mut book, 1, Kind::Receipt, Some(Sentiment::Later));
    assert!(why.contains("only a `human_reply` has one"), "{why}");
}

#[test]
fn newer_rules_stop_what_must_stop_and_release_nothing() {
    let mut book = written_to(2);
    book.store(mail(Kind::AutoReply));
    let changed = |book: &mut Book, inbound: Inbound| {
        book.ledger.rejudge(&[(1, inbound)], true, at(30)).unwrap()
    };
    assert!(changed(&mut book, mail(Kind::AutoReply)).is_empty());
    let found = changed(&mut book, answer(Sentiment::Interested));
    assert_eq!(found[0].was, (Kind::AutoReply, None));
    assert_eq!(
        found[0].consequence,
        "campaign responded: interested; 1 of the same company wait"
    );
    assert_eq!(book.stands(1), "responded interested");
    // Another sentiment of the same answer is told to the base.
    changed(&mut book, answer(Sentiment::Later));
    assert_eq!(book.stands(1), "responded later");
    // What was stopped stays so, and a person is asked.
    let found = changed(&mut book, mail(Kind::Receipt));
    assert!(
        found[0]
            .consequence
            .contains("outreach inbox relabel 1 receipt"),
        "{found:?}"
    );
    assert_eq!(
        [1, 2].map(|id| book.stands(id)),
        ["responded later", "paused company"]
    );
    let item = book.ledger.inbox_item(1).unwrap().unwrap();
    assert!(
        item.row
            .follow_up
            .unwrap()
            .contains("newer rules say receipt")
    );
    // A person's word is final.
    book.relabel(Kind::AutoReply, None);
    assert!(changed(&mut book, mail(Kind::Unsubscribe)).is_empty());
    assert!(book.ledger.kept_mails(0, 10).unwrap().is_empty());
}

#[test]
fn a_replay_sends_nothing_again_and_holds_no_sender() {
    let mut book = written_to(1);
    book.store(mail(Kind::Receipt));
    for kind in ["full", "policy"] {
        let inbound = bounced(kind);
        book.ledger.rejudge(&[(1, inbound)], true, at(30)).unwrap();
        assert_eq!(book.state(1, "hook"), "sent", "{kind}");
        assert!(book.ledger.held_senders().unwrap().is_empty());
    }
}

#[test]
fn what_a_model_heard_is_not_overruled_unless_it_was_an_opt_out() {
    let mut book = written_to(1);
    book.store(Inbound {
        rule: "model",
        ..answer(Sentiment::Referral)
    });
    let neutral = [(1, answer(Sentiment::Neutral))];
    assert!(
        book.ledger
            .rejudge(&neutral, true, at(30))
            .unwrap()
            .is_empty()
    );
    let opt_out = [(1, mail(Kind::Unsubscribe))];
    assert_eq!(
        book.ledger.rejudge(&opt_out, true, at(30)).unwrap().len(),
        1
    );
    assert_eq!(book.suppressed(), "lead1@firm.example");
}

#[test]
fn old_mails_keep_their_verdict_and_lose_their_words() {
    let mut book = written_to(1);
    let referral = Some(Referral {
        name: "Bea".to_string(),
        address: Some("bea@firm.example".to_string()),
    });
    book.store(Inbound {
        referral,
        ..answer(Sentiment::Referral)
    });
    assert_eq!(book.ledger.forget_old_mail(at(9)).unwrap(), 0);
    assert_eq!(book.ledger.forget_old_mail(at(10)).unwrap(), 1);
    assert_eq!(book.ledger.forget_old_mail(at(10)).unwrap(), 0);
    let item = book.ledger.inbox_item(1).unwrap().unwrap();
    assert_eq!((item.headers.as_str(), item.reply_text.as_str()), ("", ""));
    assert_eq!(item.row.kind, Kind::HumanReply);
    let why = item.row.follow_up.unwrap();
    assert_eq!(why, "answer: referral, names Bea bea@firm.example");
    assert!(book.ledger.followed_up(1).unwrap());
    assert!(!book.ledger.followed_up(1).unwrap());
    assert!(book.ledger.kept_mails(0, 10).unwrap().is_empty());
}
