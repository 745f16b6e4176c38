use super::*;

/// A sieve says what the expression says.
#[track_caller]
fn check(pattern: &str, edge: bool, texts: &[&str]) {
    let sieve = Sieve::new([("nothing".to_string(), true), (pattern.to_string(), edge)]);
    let regex = phrases::pattern(pattern, edge);
    for text in texts {
        let expected = regex.is_match(text);
        assert_eq!(
            sieve.sift(text).has(1, text),
            expected,
            "{pattern} | {text}"
        );
        assert!(!sieve.sift(text).has(0, text), "{text}");
    }
}

#[test]
fn a_sieve_says_what_the_expression_says() {
    let texts = [
        "",
        "cat",
        "cats",
        "a cat.",
        "scat",
        "the cat sat",
        "le\u{e9}cat",
        "cat\u{e9}",
        "bobcat",
        "dog 12",
        "dog ab",
        "hot dog",
        "hot-dog",
        "hotdog",
        "HOT dog",
        "x",
        "'s",
        "it's",
        "_cat",
        "cat\u{a0}x",
        "\u{fffc}'s cat",
        "\u{fffc} cat",
        "cat\n",
        "ca t",
        "12 24",
        "dogs, cats",
        "XX",
        "XXXX",
        "a [b] c",
        "[B]",
        "a____",
        "a ,",
        "a  b",
        "\u{300a}x",
        "&AMP;",
        "&x;",
    ];
    for pattern in [
        "cat",
        "cat|dog",
        "cats?|hot[ -]?dogs?",
        "dog [0-9]+",
        "(?:the|a) cat",
        "^cat",
        "cat$|^$",
        "[a-z]{3}",
        "'s|x",
        "\u{fffc}(?:'s)? cat",
        "(?i:hot) (?P<it>dog)",
        r"dog(?: \w+)?|(?-u:\b)at",
        r"\d+ \d+",
        "(?:hot|cold)*dog",
        "X{3,}|TBD",
        r"\[[a-z]+\]|_{3,}",
        "[a-z] +[,;]|[a-z] {2,}[a-z]",
        "[\u{27e6}\u{300a}][a-z]",
        "(?i:&(?:amp|lt);)",
    ] {
        check(pattern, true, &texts);
        check(pattern, false, &texts);
    }
}

#[test]
fn the_best_literals_are_taken() {
    let needed = |pattern: &str| {
        let hir = regex_syntax::parse(pattern).unwrap();
        let mut all: Vec<String> = needed(&hir)
            .unwrap_or_default()
            .into_iter()
            .map(|text| String::from_utf8(text).unwrap())
            .collect();
        all.sort();
        all.join(",")
    };
    assert_eq!(
        needed("[a-z]+ the train(?:ing)? [a-z]+"),
        " the train , the training "
    );
    assert_eq!(needed("(?:abc|defg)+[a-z]"), "abc,defg");
    assert_eq!(needed("[a-z]+|abc"), "");
    assert_eq!(needed("(?:abc)?yx"), "abcyx,yx");
}

#[test]
fn a_part_of_a_text_has_what_it_has_alone() {
    let patterns = [
        "cat|hot dogs?",
        "[a-z]+ the train(?:ing)? [a-z]+",
        "^the",
        "dog$",
    ];
    let sieve = Sieve::new(patterns.map(|text| (text.to_string(), true)));
    let text = "the cat. hot dog, bobcat\nthe hot dogs by the training bus. a hot\u{a0}dog";
    let found = sieve.search(text);
    let mut start = 0;
    for part in text.split_inclusive(['.', ',', '\n', ' ']) {
        for end in [start + part.len(), text.len()] {
            let alone = text[start..end].trim_end();
            let within = found.within(start..start + alone.len());
            for at in 0..patterns.len() {
                let expected = sieve.sift(alone).has(at, alone);
                assert_eq!(within.has(at, alone), expected, "{at}: {alone}");
            }
        }
        start += part.len();
    }
}
