"""The checker on outputs that are right, and on outputs with one thing wrong: each must be seen as what it
is. A test that cannot fail proves nothing."""
import copy

import check
from model import ANY, Choices, expected, filtered
from workload import Feed, PARTITIONS, RESIDUE, WINDOW_MS, partition_of


def written(feed):
    """The outputs of a run without any accident."""
    topics = {t: [[] for _ in range(PARTITIONS)] for t in tuple(RESIDUE)}
    for topic, records in feed.records.items():
        for r in records:
            topics[topic][r.p].append({'key': r.key, 'value': r.value, 'timestamp': r.ts})
    for topic, groups in expected(feed.records).items():
        topics[topic] = [[] for _ in range(PARTITIONS)]
        for group, rows in groups.items():
            key = group[0] if topic in ('WINDOWS', 'BY_G') else group
            for ident, value in rows:
                if value is ANY:
                    value = {'C': ident, 'S': 0}
                elif isinstance(value, Choices):
                    value = dict(value.history[-1], **value.rest)
                r = {'key': key, 'value': value, 'timestamp': 0}
                if topic in ('WINDOWS', 'FINALS'):
                    start = group[1] if topic == 'WINDOWS' else ident
                    r['window'] = {'start': start, 'end': start + WINDOW_MS}
                if topic == 'NAMES':
                    r['timestamp'] = ident
                topics[topic][partition_of(key)].append(r)
    topics['TOTALS_COPY'] = copy.deepcopy(topics['TOTALS'])
    return topics


def most(parts):
    """The partition with the most records."""
    return max(parts, key=len)


def lose(topics):
    for topic in ('BIG', 'BY_G', 'WINDOWS', 'FINALS', 'PAIRS', 'LOOKED', 'TOTALS_COPY', 'users'):
        damaged = copy.deepcopy(topics)
        del most(damaged[topic])[3 if topic != 'TOTALS_COPY' else -1]
        yield topic, damaged


def double(topics):
    for topic in ('BIG', 'TOTALS', 'GROUPS', 'FINALS', 'PAIRS', 'NAMES'):
        damaged = copy.deepcopy(topics)
        part = most(damaged[topic])
        part.insert(5, copy.deepcopy(part[5]))
        damaged['TOTALS_COPY'] = copy.deepcopy(damaged['TOTALS'])
        yield topic, damaged


def change(topics):
    for topic, column in (('BIG', 'V'), ('TOTALS', 'S'), ('LOOKED', 'UN'), ('PAIRS', 'V'), ('BIG_EVEN', 'W')):
        damaged = copy.deepcopy(topics)
        most(damaged[topic])[4]['value'][column] = 12345
        damaged['TOTALS_COPY'] = copy.deepcopy(damaged['TOTALS'])
        yield topic, damaged
    damaged = copy.deepcopy(topics)
    part = most(damaged['LOOKED'])
    at = max(i for i, r in enumerate(part) if r['value']['UN'] is not None and r['key'] == part[0]['key'])
    part[at]['value'].update(UN=None, NAME='nobody')
    yield 'a table row that never was in LOOKED', damaged
    damaged = copy.deepcopy(topics)
    last = {r['key']: r for r in most(damaged['G_TOTALS'])}
    next(iter(last.values()))['value']['S'] += 1
    yield 'G_TOTALS', damaged


def swap(topics):
    for topic in ('BIG', 'WINDOWS', 'BY_G', 'NAMES'):
        damaged = copy.deepcopy(topics)
        part = most(damaged[topic])
        group = [check.identity(topic, 0, r)[0] for r in part]
        i, k = next((i, k) for i in range(len(part)) for k in range(i + 1, len(part)) if group[i] == group[k])
        part[i], part[k] = part[k], part[i]
        yield topic, damaged


def found(feed, topics, mode):
    a = check.Anomalies()
    for topic in RESIDUE:
        check.check_source(topic, feed.records[topic], topics[topic], a)
    check.check_end(expected(feed.records), topics, mode, a)
    return a


def replayed(topics, hole):
    """BIG, with the end of each partition sent again."""
    again = copy.deepcopy(topics)
    for part in again['BIG']:
        part += [r for i, r in enumerate(part[-9:]) if not (hole and i == 4)]
    return again


def cases():
    """(name, the kind that must be seen or None, what was seen)."""
    feed = Feed(1)
    for _ in range(6):
        feed.portion()
    topics = written(feed)
    exact = check.Mode()
    yield 'nothing wrong', None, found(feed, topics, exact)
    for kind, damages in (('lost', lose), ('duplicated', double), ('wrong_value', change), ('reordered', swap)):
        for name, damaged in damages(topics):
            yield '%s in %s' % (kind, name), kind, found(feed, damaged, exact)

    thinned = copy.deepcopy(topics)
    for p in range(PARTITIONS):
        last = {r['key']: r for r in thinned['TOTALS'][p]}
        thinned['TOTALS'][p] = list(last.values())
    thinned['TOTALS_COPY'] = copy.deepcopy(thinned['TOTALS'])
    yield 'coalesced', None, found(feed, thinned, check.Mode(thin=True))
    yield 'coalesced where it must not', 'lost', found(feed, thinned, exact)
    del most(thinned['TOTALS'])[-1]
    yield 'the last row of a table', 'lost', found(feed, thinned, check.Mode(thin=True))

    replays = check.Mode(replays=True)
    yield 'a replay', None, found(feed, replayed(topics, False), replays)
    yield 'a replay where none may be', 'duplicated', found(feed, replayed(topics, False), exact)
    yield 'a replay that leaves out', 'duplicated', found(feed, replayed(topics, True), replays)

    part = {'BIG': {}, 'BIG_EVEN': {}, 'BY_G': {}}
    filtered(feed.records['orders'], part)
    for topic in ('BY_G', 'TOTALS'):
        a = check.Anomalies()
        torn = copy.deepcopy(topics)
        longest = most(torn[topic])
        gone = [r for r in longest if r['key'] == longest[0]['key']][-3:]
        longest[:] = [r for r in longest if not any(r is g for g in gone)]
        check.holes(part, torn, a)
        yield 'an epoch without part of %s' % topic, 'torn', a
    a = check.Anomalies()
    check.holes(part, topics, a)
    yield 'whole epochs', None, a
    a = check.Anomalies()
    before = copy.deepcopy(topics)
    most(before['PAIRS']).append({'key': 'k1', 'value': None, 'timestamp': 1})
    check.check_kept(before, topics, 'seen', a)
    yield 'seen and gone', 'aborted_visible', a


def run():
    """[(name, problem or None)]"""
    results = []
    for name, kind, a in cases():
        if kind is None:
            problem = '%s' % a.told if a.total() else None
        else:
            problem = None if a.counts[kind] else 'not seen: %s' % a.counts
        results.append((name, problem))
    return results
