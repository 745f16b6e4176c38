#!/usr/bin/env python3
"""Counts the figures of `outreach report` from the rows of a ledger, with code that shares nothing
with the program: the standard library alone, and the definitions at the head of
src/metrics/mod.rs, each read literally and counted in the plainest way.

    tests/oracle/report.py LEDGER [FILTER…]

FILTER is the JSON of a filter as the report shows it; without one, all are taken that ask for
every value of every dimension, for several periods, and for some of these together. Prints one line
of JSON for each: the report without `generated_at`, `bounce_rate_max`, `findings` and the texts of
wordings.
`tests/pipeline/report/year.rs` compares every number with what the program says.
"""

import json
import math
import sqlite3
import sys
from collections import Counter, defaultdict
from datetime import date, datetime, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

# The words of the definitions.
POSITIVE = {"interested", "referral"}
NEGATIVE = {"not_interested"}
REPLIES = POSITIVE | NEGATIVE | {"later", "neutral"}
OPT_OUT = "unsubscribed"
UNKNOWN, OTHERS = "(unknown)", "(others)"
VALUES_MAX, WORDING_MIN, WORDINGS_MAX, SAMPLE_MIN = 50, 10, 40, 30
Z = 1.959963984540054
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
TALLY = """reached sent delivered bounced in_doubt open_tracked opened click_tracked clicked
machine_opens machine_clicks replied positive negative opt_outs complaints""".split()
OF_CAMPAIGNS = """industry company_size seniority country tone confidence sender writer
variant""".split()


def read(path):
    """The campaigns of a ledger, each with its messages, and what is known of them."""
    ledger = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    ledger.row_factory = sqlite3.Row
    complained = {
        row["message_id"]
        for row in ledger.execute("SELECT message_id FROM inbound WHERE kind = 'complaint'")
    }
    requests = defaultdict(Counter)
    raw = "SELECT message_id, at, kind FROM engagements WHERE machine IS NULL"
    for row in ledger.execute(raw):
        requests[row["message_id"]][utc_day(row["at"]), row["kind"]] += 1
    folded = "SELECT message_id, day, kind, n FROM engagement_days WHERE is_machine = 0"
    for row in ledger.execute(folded):
        day = date.fromisoformat(row["day"])
        requests[row["message_id"]][day, row["kind"]] += row["n"]
    traits = {
        row["campaign_id"]: row for row in ledger.execute("SELECT * FROM campaign_traits")
    }
    campaigns = {}
    for row in ledger.execute("SELECT * FROM campaigns ORDER BY id"):
        campaigns[row["id"]] = campaign(row, traits.get(row["id"]))
    for row in ledger.execute("SELECT * FROM messages ORDER BY campaign_id, number"):
        owner = campaigns[row["campaign_id"]]
        owner["messages"].append(message(row, owner, complained, requests))
    for one in campaigns.values():
        left = [m["sent_at"] for m in one["messages"] if m["sent"]]
        one["first_day"] = utc_day(min(left)) if left else None
    return list(campaigns.values())


def campaign(row, traits):
    of_lead = {name: traits[name] if traits else "" for name in OF_CAMPAIGNS[:3]}
    of_lead |= {name: traits[name] if traits else "" for name in ("tone", "confidence")}
    # The traits keep the word `unknown` for a job title that says nothing.
    if of_lead["seniority"] == "unknown":
        of_lead["seniority"] = ""
    own = {
        "country": row["country"],
        "sender": row["sender"] or "",
        "writer": row["writer"].split(":")[0],
        "variant": row["writer"],
    }
    return {
        "state": row["state"],
        "zone": row["zone"],
        "response": row["response_type"],
        "response_at": row["response_at"],
        "responding_step": row["responding_step"],
        "values": of_lead | own,
        "messages": [],
    }


def message(row, owner, complained, requests):
    sent = row["state"] == "sent"
    local = local_time(owner["zone"], row["sent_at"]) if sent else None
    return {
        "step": row["step"],
        "number": row["number"],
        "sent": sent,
        "sent_at": row["sent_at"],
        "bounced": sent and row["bounced_at"] is not None,
        "delivered": sent and row["bounced_at"] is None,
        "in_doubt": row["state"] == "in_doubt",
        "opens": row["opens"],
        "clicks": row["clicks"],
        "tracked": row["tracked"],
        "machine_opens": row["machine_opens"],
        "machine_clicks": row["machine_clicks"],
        "complained": row["id"] in complained,
        "subject": row["subject_key"],
        "opening": row["opening_key"],
        "weekday": local.weekday() if sent else None,
        "hour": local.hour if sent else None,
        "requests": requests.get(row["id"], {}),
        "responds": row["step"] == owner["responding_step"],
        "campaign": owner,
    }


def utc_day(at):
    return datetime.fromtimestamp(at, timezone.utc).date()


zone_named = lru_cache(None)(ZoneInfo)


def local_time(zone, at):
    return datetime.fromtimestamp(at, timezone.utc).astimezone(zone_named(zone))


def rate(n, of):
    """Wilson's interval in the form of a quadratic's two roots, not in the program's."""
    n = min(n, of)
    if of == 0:
        ends = {"share": None, "low": 0.0, "high": 1.0}
    else:
        share = n / of
        # (share - p)^2 = z^2 p (1 - p) / of, solved for p.
        a, b, c = 1 + Z * Z / of, -(2 * share + Z * Z / of), share * share
        root = math.sqrt(max(b * b - 4 * a * c, 0.0))
        low = 0.0 if n == 0 else (-b - root) / (2 * a)
        high = 1.0 if n == of else (-b + root) / (2 * a)
        ends = {"share": share, "low": low, "high": high}
    return {"n": n, "of": of, "is_enough": of >= SAMPLE_MIN} | ends


def spread(seconds):
    if not seconds:
        return None
    ordered = sorted(seconds)
    n = len(ordered)
    # The first value of which it is true, looked for rather than calculated.
    p90 = next(v for i, v in enumerate(ordered) if 10 * (i + 1) >= 9 * n)
    return {"n": n, "median_seconds": ordered[(n - 1) // 2], "p90_seconds": p90}


def count_response(tally, response):
    tally["replied"] += response in REPLIES
    tally["positive"] += response in POSITIVE
    tally["negative"] += response in NEGATIVE
    tally["opt_outs"] += response == OPT_OUT


def count_message(tally, m):
    tally["sent"] += m["sent"]
    tally["delivered"] += m["delivered"]
    tally["bounced"] += m["bounced"]
    tally["in_doubt"] += m["in_doubt"]
    tally["open_tracked"] += m["delivered"] and m["tracked"] in (1, 3)
    tally["click_tracked"] += m["delivered"] and m["tracked"] in (2, 3)
    tally["opened"] += m["delivered"] and m["opens"] > 0
    tally["clicked"] += m["delivered"] and m["clicks"] > 0
    # What programs do is told beside what people do: of delivered messages as well.
    tally["machine_opens"] += m["machine_opens"] if m["delivered"] else 0
    tally["machine_clicks"] += m["machine_clicks"] if m["delivered"] else 0
    tally["complaints"] += m["complained"]


def wait(m):
    """How long the answer to this message took; none when it is no person's answer to it."""
    c = m["campaign"]
    if not (m["responds"] and m["sent"] and c["response"] in REPLIES):
        return None
    return None if c["response_at"] is None else max(0, c["response_at"] - m["sent_at"])


def figures(tally, messages, base):
    waits = [w for w in map(wait, messages) if w is not None]
    of = tally[base]
    return {
        "tally": {name: tally[name] for name in TALLY},
        "open_rate": rate(tally["opened"], tally["open_tracked"]),
        "click_rate": rate(tally["clicked"], tally["click_tracked"]),
        "bounce_rate": rate(tally["bounced"], tally["sent"]),
        "reply_rate": rate(tally["replied"], of),
        "positive_rate": rate(tally["positive"], of),
        "opt_out_rate": rate(tally["opt_outs"], of),
        "time_to_reply": spread(waits),
    }


def of_campaigns(campaigns):
    tally = Counter()
    messages = [m for c in campaigns for m in c["messages"]]
    for m in messages:
        count_message(tally, m)
    for c in campaigns:
        tally["reached"] += any(m["delivered"] for m in c["messages"])
        count_response(tally, c["response"])
    return figures(tally, messages, "reached")


def of_messages(messages):
    tally = Counter()
    for m in messages:
        count_message(tally, m)
        if m["responds"]:
            count_response(tally, m["campaign"]["response"])
    return figures(tally, messages, "delivered")


def groups(items, key):
    found = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return found


def fold(value):
    """What makes two spellings one value: case and spaces do not count."""
    return " ".join(value.split()).lower()


def segment(campaigns, dimension):
    rows = []
    for folded, members in groups(campaigns, lambda c: fold(c["values"][dimension])).items():
        # Spaces count in how many write it so, not in how it is shown.
        spellings = Counter(c["values"][dimension] for c in members)
        most = max(spellings.values())
        shown = min(s for s, n in spellings.items() if n == most)
        name = " ".join(shown.split()) or UNKNOWN
        rows.append((name, members, of_campaigns(members)))
    rows.sort(key=lambda row: (-row[2]["tally"]["reached"], row[0].encode()))
    told = [{"value": name, "figures": f} for name, _, f in rows[:VALUES_MAX]]
    rest = [c for _, members, _ in rows[VALUES_MAX:] for c in members]
    if rest:
        told.append({"value": OTHERS, "figures": of_campaigns(rest)})
    return {"dimension": dimension, "rows": told}


def segment_of_messages(dimension, messages, name):
    by_value = groups([m for m in messages if m["sent"]], lambda m: m[dimension])
    rows = [{"value": name(v), "figures": of_messages(by_value[v])} for v in sorted(by_value)]
    return {"dimension": dimension, "rows": rows}


def wordings(messages, kind):
    rows = []
    with_key = [m for m in messages if m[kind] is not None]
    for (number, step, key), members in groups(
        with_key, lambda m: (m["number"], m["step"], m[kind])
    ).items():
        if sum(m["delivered"] for m in members) < WORDING_MIN:
            continue
        rows.append((number, {"step": step, "key": key, "figures": of_messages(members)}))
    best = lambda row: (
        -row[1]["figures"]["positive_rate"]["low"],
        -row[1]["figures"]["tally"]["delivered"],
        row[1]["key"],
        row[0],
    )
    return [row for _, row in sorted(rows, key=best)[:WORDINGS_MAX]]


def steps(messages):
    by_step = groups(messages, lambda m: (m["number"], m["step"]))
    return [
        {"step": step, "number": number, "figures": of_messages(by_step[number, step])}
        for number, step in sorted(by_step)
    ]


def funnel(told_steps, totals):
    n_first = told_steps[0]["figures"]["tally"]["delivered"] if told_steps else 0
    n_replies = totals["tally"]["replied"]

    def row(stage, n, added, share):
        return {
            "stage": stage,
            "n": n,
            "of_first": rate(n, n_first),
            "replies_added": added,
            "share_added": share,
        }

    rows = []
    for step in told_steps:
        tally = step["figures"]["tally"]
        share = rate(tally["replied"], n_replies)
        rows.append(row(step["step"], tally["delivered"], tally["replied"], share))
    rows.append(row("response", n_replies, 0, None))
    rows.append(row("positive", totals["tally"]["positive"], 0, None))
    return rows


def days(campaigns):
    names = "sent bounced replied positive opt_outs opens clicks".split()
    by_day = defaultdict(Counter)
    for c in campaigns:
        for m in c["messages"]:
            if m["sent"]:
                by_day[utc_day(m["sent_at"])]["sent"] += 1
                by_day[utc_day(m["sent_at"])]["bounced"] += m["bounced"]
            # As for messages opened: one that came back opens for nobody.
            if not m["delivered"]:
                continue
            for (day, kind), n in m["requests"].items():
                if kind in ("open", "click"):
                    by_day[day][kind + "s"] += n
        if c["response_at"] is not None:
            happened = Counter()
            count_response(happened, c["response"])
            for name in ("replied", "positive", "opt_outs"):
                by_day[utc_day(c["response_at"])][name] += happened[name]
    return [
        {"day": day.isoformat()} | {name: by_day[day][name] for name in names}
        for day in sorted(by_day)
        if any(by_day[day][name] for name in names)
    ]


def slots(messages):
    by_slot = groups([m for m in messages if m["sent"]], lambda m: (m["weekday"], m["hour"]))
    rows = []
    for weekday, hour in sorted(by_slot):
        tally = of_messages(by_slot[weekday, hour])["tally"]
        share = rate(tally["replied"], tally["delivered"])
        row = {"weekday": weekday + 1, "hour": hour, "delivered": tally["delivered"]}
        rows.append(row | {"reply_rate": share})
    return rows


def cohorts(campaigns):
    week = lambda c: "{:04}-W{:02}".format(*c["first_day"].isocalendar()[:2])
    by_week = groups(campaigns, week)
    return [{"week": w, "figures": of_campaigns(by_week[w])} for w in sorted(by_week)]


def belongs(c, segments):
    """Every dimension named has one of the values named for it."""
    wanted = groups(segments, lambda pair: pair[0])
    for dimension, pairs in wanted.items():
        values = {fold(value) for _, value in pairs}
        if (fold(c["values"][dimension]) or UNKNOWN) not in values:
            return False
    return True


def report(campaigns, asked):
    since, until = (asked[name] and date.fromisoformat(asked[name]) for name in ("since", "until"))
    mine = [c for c in campaigns if belongs(c, asked["segments"])]
    within = [
        c
        for c in mine
        if c["first_day"]
        and (since is None or c["first_day"] >= since)
        and (until is None or c["first_day"] <= until)
    ]
    standing = within if since or until else mine
    messages = [m for c in within for m in c["messages"]]
    totals, told_steps = of_campaigns(within), steps(messages)
    segments = [segment(within, dimension) for dimension in OF_CAMPAIGNS]
    segments.append(segment_of_messages("weekday", messages, lambda day: WEEKDAYS[day]))
    segments.append(segment_of_messages("hour", messages, lambda hour: f"{hour:02}"))
    return {
        "filter": asked,
        "sample_min": SAMPLE_MIN,
        "states": dict(Counter(c["state"] for c in standing)),
        "totals": totals,
        "steps": told_steps,
        "funnel": funnel(told_steps, totals),
        "segments": segments,
        "subjects": wordings(messages, "subject"),
        "openings": wordings(messages, "opening"),
        "cohorts": cohorts(within),
        "days": days(within),
        "slots": slots(messages),
    }


def every_filter(campaigns):
    """No filter, periods with and without ends, every value of every dimension, and pairs."""
    first_days = sorted({c["first_day"] for c in campaigns if c["first_day"]})
    at = lambda tenths: first_days[(len(first_days) - 1) * tenths // 10].isoformat()
    filters = [(None, None, [])]
    filters += [(at(3), None, []), (None, at(6), []), (at(2), at(7), []), (at(5), at(5), [])]
    filters += [("2031-01-01", None, []), (at(8), at(1), [])]
    values = {}
    for dimension in OF_CAMPAIGNS:
        spelled = {fold(v): v for v in (c["values"][dimension] for c in campaigns)}
        values[dimension] = [v if folded else UNKNOWN for folded, v in sorted(spelled.items())]
        filters += [(None, None, [(dimension, value)]) for value in values[dimension]]
        # Another case, and spaces around, are the same value.
        filters.append((at(1), None, [(dimension, f" {values[dimension][-1].upper()}  ")]))
        filters.append((None, None, [(dimension, value) for value in values[dimension][:2]]))
    for one, other in zip(OF_CAMPAIGNS, OF_CAMPAIGNS[1:] + OF_CAMPAIGNS[:1]):
        pair = [(one, values[one][-1]), (other, values[other][0])]
        filters += [(None, None, pair), (at(2), at(9), pair + [(one, values[one][0])])]
    named = [{"since": s, "until": u, "segments": list(map(list, p))} for s, u, p in filters]
    return [json.dumps(one) for one in named]


def main(path, *filters):
    campaigns = read(path)
    for asked in filters or every_filter(campaigns):
        print(json.dumps(report(campaigns, json.loads(asked))))


if __name__ == "__main__":
    main(*sys.argv[1:])
