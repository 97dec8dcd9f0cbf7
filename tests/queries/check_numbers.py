"""Are the numbers right? What bundles say about generated records, some of them late and out of order, computed once
more by a few lines of Python each."""
import collections
import json
import tempfile
from decimal import Decimal
from math import log, sqrt

from case import RELEASE, ROOT, equal, expect, test, weir

MINUTE = 60000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
SCORES = {'view': 1, 'add_to_cart': 3, 'purchase': 10}
STEPS = ['view', 'add_to_cart', 'purchase']


def records(text):
    for line in text.splitlines():
        r = json.loads(line, parse_float=Decimal)
        yield r['key'], r['value'], r['timestamp'], r.get('window')


def generated(topic, count, *options):
    return weir('datagen', '--topic', topic, '--count', str(count), '--seed', '1', *options, program=RELEASE)[0]


def clicks():
    found = list(records(generated('clickstream', 20000, '--speed', '60')))
    times = [ts for _, _, ts, _ in found]
    expect(times != sorted(times), 'no record is late')
    return found


def table(bundle, topic, *options):
    """What is left of a table: rows by key, and by window where it has some."""
    out, _ = weir('run', '--until-idle', '--output', topic + '=-', *options, 'queries/' + bundle, program=RELEASE)
    rows = {}
    for key, value, _, window in records(out):
        key = tuple(key.values()) if isinstance(key, dict) else key
        rows[(key, window['start']) if window else key] = value
    return {key: row for key, row in rows.items() if row}


def windowed(events, size, advance, grace):
    """(window's start, event) of the (timestamp, …) events, without what comes after the window has been closed."""
    now = 0
    for event in events:
        now = max(now, event[0])
        start = event[0] - event[0] % advance
        while start > event[0] - size:
            if start >= 0 and start + size + grace > now:
                yield start, event
            start -= advance


@test
def revenue_is_right():
    model = {}
    bought = [(ts, v) for _, v, ts, _ in clicks() if v['event_type'] == 'purchase']
    for start, (_, v) in windowed(bought, 5 * MINUTE, 5 * MINUTE, 2 * MINUTE):
        row = model.setdefault((v['category'], start), {'PURCHASES': 0, 'UNITS': 0, 'REVENUE': Decimal(0)})
        row['PURCHASES'] += 1
        row['UNITS'] += v['quantity']
        row['REVENUE'] += v['price'] * v['quantity']
    with tempfile.NamedTemporaryFile('w', encoding='utf-8') as f:
        f.write(generated('clickstream', 20000, '--speed', '60'))
        f.flush()
        equal(table('revenue', 'REVENUE_BY_CATEGORY', '--input', 'clickstream=' + f.name), model)


@test
def activity_is_right():
    model = {}
    seen = [(ts, v) for _, v, ts, _ in clicks() if v['product_id']]
    for start, (_, v) in windowed(seen, 10 * MINUTE, 5 * MINUTE, 2 * MINUTE):
        row = model.setdefault((v['product_id'], start), collections.Counter())
        row.update([v['event_type'], 'all'])
        row['score'] += SCORES.get(v['event_type'], 0)
    equal({k: (r['VIEW_COUNT'], r['CART_COUNT'], r['PURCHASE_COUNT'], r['TOTAL_EVENTS'], r['SCORE'])
           for k, r in table('trending', 'PRODUCT_ACTIVITY').items()},
          {k: (c['view'], c['add_to_cart'], c['purchase'], c['all'], c['score']) for k, c in model.items()})


@test
def segments_are_right():
    users = {}
    for user, v, ts, _ in clicks():
        row = users.setdefault((ts // DAY, user), [0, False])
        row[0] += SCORES.get(v['event_type'], 0)
        row[1] |= v['event_type'] == 'purchase'
    model = collections.Counter('Buyer' if bought else 'Window Shopper' for _, bought in users.values())
    found = table('segmentation', 'SEGMENT_SUMMARY')
    equal({segment: row['USERS'] for (_, segment), row in found.items()}, model)
    equal(sum(row['ENGAGEMENT'] for row in found.values()), sum(score for score, _ in users.values()))


@test
def steps_are_right():
    visits = {}
    for _, v, _, _ in clicks():
        if v['event_type'] in STEPS:
            step = visits.setdefault(v['session_id'], 0)
            visits[v['session_id']] += step < 3 and v['event_type'] == STEPS[step]
    model = collections.Counter(visits.values())
    equal({int(step): row['VISITS'] for step, row in table('funnel', 'STEPS_REACHED').items() if row['VISITS']}, model)


@test
def fraud_scores_are_right():
    model = {}
    paid = [(ts, v) for _, v, ts, _ in records(generated('payments', 1000))]
    for start, (_, v) in windowed(paid, HOUR, HOUR // 2, 5 * MINUTE):
        model.setdefault((v['card'], start), []).append(v)
    for key, all_of in model.items():
        countries = len({v['country'] for v in all_of})
        declined = sum(v['status'] == 'declined' for v in all_of)
        model[key] = min(100, 30 * (len(all_of) > 3) + 30 * (len({v['user_id'] for v in all_of}) > 1)
                         + (30 if countries > 2 else 10 * (countries == 2)) + 20 * (declined > 1)
                         + 20 * (max(v['amount'] for v in all_of) > 1000))
    equal({key: row['SCORE'] for key, row in table('fraud', 'FRAUD_SCORES').items()}, model)


def without(told, is_ask, matches, wait, grace, found, name):
    """The (timestamp, event) asks for which no answer came, as (visit, name): all whose wait was over five minutes
    before the end are in found, and nothing whose wait is not over. Later events tell what time it is."""
    visits = collections.defaultdict(list)
    for ts, v in told:
        if not is_ask(v):
            visits[v['session_id']].append((ts, v))
    now = max(ts for ts, _ in told)
    over = {}
    for ts, v in told:
        if is_ask(v) and not any(ts <= at <= ts + wait and matches(v, w) for at, w in visits[v['session_id']]):
            key = (v['session_id'], v[name])
            over[key] = over.get(key, []) + [now - ts - wait - grace]
    certain = collections.Counter({key: sum(t > 5 * MINUTE for t in all_of) for key, all_of in over.items()})
    possible = collections.Counter({key: sum(t > 0 for t in all_of) for key, all_of in over.items()})
    expect(sum(certain.values()) > 100, 'nothing to compare')
    equal((certain - found, found - possible), (collections.Counter(), collections.Counter()))


def pairs(bundle, topic, name):
    out, _ = weir('run', '--until-idle', '--output', topic + '=-', 'queries/' + bundle, program=RELEASE)
    return collections.Counter((visit, v[name]) for visit, v, _, _ in records(out))


@test
def abandoned_lines_are_right():
    told = [(ts, v) for _, v, ts, _ in clicks() if v['event_type'] in ('add_to_cart', 'purchase', 'remove_from_cart')]
    without(told, lambda v: v['event_type'] == 'add_to_cart',
            lambda v, end: end['event_type'] == 'purchase' or end['product_id'] == v['product_id'],
            30 * MINUTE, 5 * MINUTE, pairs('cart-abandonment', 'ABANDONED_LINES', 'PRODUCT_ID'), 'product_id')


@test
def searches_without_result_are_right():
    told = [(ts, v) for _, v, ts, _ in clicks() if v['event_type'] in ('search', 'view')]
    without(told, lambda v: v['event_type'] == 'search', lambda v, view: True, MINUTE, 5 * MINUTE,
            pairs('search-index', 'SEARCHES_WITHOUT_RESULT', 'SEARCH_ID'), 'event_id')


@test
def stock_is_right():
    movements = {}
    limits = {}
    for topic, into in (('stock_movements', movements), ('stock_limits', limits)):
        with open(ROOT + '/queries/inventory/data/%s.jsonl' % topic, encoding='utf-8') as f:
            for product, v, _, _ in records(f.read()):
                into.setdefault(product, []).append(v)
    short = {p: limits[p][-1]['least'] - sum(v['change'] for v in movements[p]) for p in movements.keys() & limits.keys()}
    equal({p: row['MISSING'] for p, row in table('inventory', 'LOW_STOCK').items()},
          {p: n for p, n in short.items() if n > 0})


@test
def significance_is_right():
    shown = collections.defaultdict(dict)
    with open(ROOT + '/queries/experiments/data/exposures.jsonl', encoding='utf-8') as f:
        for user, v, ts, _ in records(f.read()):
            shown[v['experiment']].setdefault(user, []).append((ts, v['arm']))
    bought = collections.defaultdict(list)
    with open(ROOT + '/queries/experiments/data/clickstream.jsonl', encoding='utf-8') as f:
        for user, v, ts, _ in records(f.read()):
            if v['event_type'] == 'purchase':
                bought[user].append(ts)
    for experiment, row in table('experiments', 'EXPERIMENT_RESULTS').items():
        n = collections.Counter(arm for at in shown[experiment].values() for arm in {a for _, a in at})
        hits = collections.Counter(arm for user, at in shown[experiment].items() for arm in {
            a for ts, a in at if any(ts <= b <= ts + DAY for b in bought[user])})
        rate = {arm: hits[arm] / n[arm] for arm in 'AB'}
        pooled = (hits['A'] + hits['B']) / (n['A'] + n['B'])
        z = (rate['B'] - rate['A']) / sqrt(pooled * (1 - pooled) * (1 / n['A'] + 1 / n['B']))
        expect(abs(float(row['Z']) - z) < 0.06, '%s: z %s, model %.3f (%s of %s)' % (experiment, row, z, hits, n))


@test
def drift_is_right():
    reference = {}
    with open(ROOT + '/queries/models/data/drift_references.jsonl', encoding='utf-8') as f:
        for feature, v, _, _ in records(f.read()):
            reference[feature] = {k: float(share) for k, share in v['shares'].items()}
    counts = collections.defaultdict(collections.Counter)
    seen = [(ts, feature, v[feature]) for _, v, ts, _ in clicks() for feature in reference if v[feature]]
    for start, (_, feature, value) in windowed(seen, HOUR, HOUR, 5 * MINUTE):
        counts[feature, start][value] += 1
    found = table('models', 'DRIFT_SCORES')
    expect(found, 'no hour is over')
    for (feature, start), row in found.items():
        now, n = counts[feature, start], sum(counts[feature, start].values())
        then = reference[feature]
        shares = [(max(now[k] / n, 1e-4), max(then.get(k, 1e-4), 1e-4)) for k in now.keys() | then.keys()]
        equal(row['EVENTS'], n)
        expect(abs(float(row['PSI']) - sum((a - b) * log(a / b) for a, b in shares)) < 1e-4, '%s: %s' % (feature, row))
