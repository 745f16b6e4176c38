//! What holds for all requests together: the rate, the money, the room in the context.

use super::*;

/// What one of several requests at once is told, all of them keep to.
#[tokio::test]
async fn a_refusal_for_the_rate_is_one_for_all() {
    let slow = error(429, "retry-after: 0.3\r\n", "rate_limit", "slow down");
    let server = Server::start(vec![slow.clone(), slow, good()]).await;
    let writer = server.writer();
    let began = std::time::Instant::now();
    let prompt = prompt();
    let heard = tokio::join!(
        writer.ask(&prompt),
        writer.ask(&prompt),
        writer.ask(&prompt)
    );
    assert!(began.elapsed() >= Duration::from_millis(300));
    let requests = [heard.0, heard.1, heard.2].map(|heard| {
        heard.result.unwrap();
        heard.usage.requests
    });
    assert_eq!(requests.iter().sum::<u32>(), 5);
}

#[tokio::test]
async fn a_question_that_only_fails_by_itself_is_given_up_by_itself() {
    // One answer for another question each time this one has failed.
    let ill = || error(500, "", "x", "ill");
    let script = [ill(), good(), ill(), good(), ill(), good()];
    let script = [script.to_vec(), vec![ill()]].concat();
    let server = Server::start(script).await;
    let writer = Writer::with_patience(
        server.settings(),
        None,
        Patience {
            backoff: Duration::from_millis(100),
            ..SHORT
        },
    );
    let writer = writer.unwrap();
    let prompt = prompt();
    let (heard, ()) = tokio::join!(writer.ask(&prompt), async {
        for n in 1..=3 {
            while server.requests().len() < 2 * n - 1 {
                tokio::task::yield_now().await;
            }
            writer.ask(&prompt).await.result.unwrap();
        }
    });
    let found = format!("{heard:?}");
    assert!(found.contains("Unusable(Unanswered(5,"), "{found}");
}

#[tokio::test]
async fn an_unanswered_question_counts_at_its_worst_and_the_budget_is_never_exceeded() {
    let server = Server::start(vec![Act::Cut, good()]).await;
    let settings = |budget: f64| Settings {
        // The answer's 900 tokens cost 9,000 millionths, the prompt's next to nothing.
        price: Some(Price {
            input: 0.001,
            output: 10.0,
        }),
        budget_usd: Some(budget),
        ..server.settings()
    };
    let writer = Writer::with_patience(settings(0.0185), None, SHORT).unwrap();
    let heard = writer.ask(&prompt()).await;
    heard.result.unwrap();
    assert_eq!((heard.usage.requests, heard.usage.lost), (2, 1));
    assert_eq!(writer.cost_of(heard.usage), Some(1_231));
    let spent = writer.ask(&prompt()).await;
    assert!(
        matches!(spent.result, Err(WriteError::Budget(_))),
        "{spent:?}"
    );
    assert_eq!(spent.usage, Usage::default());
    let writer = Writer::with_patience(settings(0.0089), None, SHORT).unwrap();
    let heard = writer.ask(&prompt()).await;
    let error = heard.result.unwrap_err();
    assert!(matches!(error, WriteError::BudgetTooSmall(_)), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("LLM_BUDGET_USD_PER_RUN: expected room")
    );
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn what_is_sent_fits_into_the_context_with_room_for_the_answer() {
    let message = "This model's maximum context length is 3000 tokens.";
    let server = Server::start(vec![
        error(400, "", "context_length_exceeded", message),
        good(),
    ]);
    let server = server.await;
    let settings = Settings {
        max_tokens: Some(2_900),
        ..server.settings()
    };
    let writer = Writer::with_patience(settings, None, SHORT).unwrap();
    writer.ask(&prompt()).await.result.unwrap();
    let sent = server.requests().remove(1).1;
    let left = 3_000 - prompt().tokens_max();
    assert_eq!(sent["max_tokens"], left, "the answer gets what is left");
    let long = Prompt::of_texts(&"rules! ".repeat(3_000), "data");
    let heard = writer.ask(&long).await;
    let error = heard.result.unwrap_err();
    assert!(error.to_string().contains("BRAND_FILE"), "{error}");
    assert_eq!(heard.usage.requests, 0);
}

#[tokio::test]
async fn a_writer_that_was_closed_asks_nobody() {
    let server = Server::start(vec![good()]).await;
    let writer = server.writer();
    writer.close();
    let heard = writer.ask(&prompt()).await;
    assert!(matches!(heard.result, Err(WriteError::Closed)), "{heard:?}");
    assert_eq!(server.requests().len(), 0);
}
