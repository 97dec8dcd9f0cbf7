"""What was written against what must have been written. Anomalies are counted by kind; for the first
ones it is kept what they were.

Of a run, `topics` is {topic: [records of partition 0, …]}, a record being what `weir run --output` prints
(key, value, timestamp, window).
"""
import json

from model import ANY, Choices
from workload import PARTITIONS, partition_of

KINDS = ('lost', 'duplicated', 'aborted_visible', 'torn', 'wrong_value', 'reordered')
TOLD_MAX = 12


class Anomalies:
    def __init__(self):
        self.counts = dict.fromkeys(KINDS, 0)
        self.told = []

    def add(self, kind, text, n=1):
        if n > 0:
            self.counts[kind] += n
            if len(self.told) < TOLD_MAX:
                self.told.append('%s: %s' % (kind, text))

    def merge(self, other):
        for kind, n in other.counts.items():
            self.counts[kind] += n
        self.told = (self.told + other.told)[:TOLD_MAX]

    def total(self):
        return sum(self.counts.values())


# ---- what a record of an output is about: (group, id)

def identity(topic, p, r):
    key, v = r['key'], r['value']
    if topic == 'WINDOWS':
        return (key, r['window']['start']), v and v['C']
    if topic == 'FINALS':
        return key, r['window']['start']
    if topic == 'BY_G':
        return (key, v and v['P']), v and v['N']
    if topic == 'PAIRS':
        return key, v and (v['N'], v['CN'])
    if topic in ('BIG', 'BIG_EVEN', 'LOOKED'):
        return key, v and v['N']
    if topic == 'NAMES':
        return key, r['timestamp']
    return key, v and v['C']


TABLES = ('TOTALS', 'BIG_TOTALS', 'WINDOWS', 'GROUPS', 'G_TOTALS', 'NAMES')   # may coalesce
ONLY_LAST = ('BY_NAME',)                                                      # goes up and down


def grouped(topic, parts, a):
    """{group: [(id, value)]} of what was written."""
    groups = {}
    for p, records in enumerate(parts):
        for r in records:
            if 'window' not in r and p != partition_of(r['key']):
                a.add('wrong_value', '%s: %s is in partition %d' % (topic, r, p))
            group, ident = identity(topic, p, r)
            groups.setdefault(group, []).append((ident, r['value']))
    return groups


class Mode:
    """`thin`: tables may leave updates out. `replays`: at-least-once, what came may come again from
    some place on, without holes. `loose`: inputs that meet were not merged by time."""

    def __init__(self, thin=False, replays=False, loose=False):
        self.thin, self.replays, self.loose = thin, replays, loose


def check_values(where, expected, known, replays, a):
    version = 0
    for ident, value in known:
        want = expected[ident]
        if isinstance(want, Choices):
            row = {k: v for k, v in value.items() if k not in want.rest}
            found = next((i for i in range(0 if replays else version, len(want.history))
                          if want.history[i] == row), None)
            if found is None or any(value[k] != v for k, v in want.rest.items()):
                a.add('wrong_value', '%s %s: %s' % (where, ident, value))
            else:
                version = found
        elif want is not ANY and value != want:
            a.add('wrong_value', '%s %s: %s instead of %s' % (where, ident, value, want))


def check_order(where, expected, known, thin, replays, a):
    """What comes again, and what comes in another order than it must. `known`: ids."""
    position = {ident: i for i, (ident, _) in enumerate(expected)}
    newest = before = -1
    come = set()
    for ident in known:
        at = position[ident]
        if ident in come:
            if not replays:
                a.add('duplicated', '%s %s' % (where, ident))
            elif at > before + 1 and not thin:
                a.add('duplicated', '%s %s comes again, but not after %s' % (where, ident, expected[at - 1][0]))
        elif at < newest:
            a.add('reordered', '%s %s after %s' % (where, ident, expected[newest][0]))
        come.add(ident)
        newest, before = max(newest, at), at
    if before < newest:
        a.add('reordered', '%s ends with %s' % (where, expected[before][0]))


def check_group(where, expected, actual, thin, ordered, replays, a):
    """`expected`, `actual`: lists of (id, value)."""
    values = dict(expected)
    known = [(ident, value) for ident, value in actual if ident in values]
    for ident, value in actual:
        if ident not in values:
            a.add('wrong_value', '%s %s: %s belongs to nothing' % (where, ident, value))
    seen = set(ident for ident, _ in known)
    missing = [i for i, _ in (expected[-1:] if thin else expected) if i not in seen]
    a.add('lost', '%s %s (%d of %d)' % (where, missing[:3], len(missing), len(expected)), len(missing))
    check_values(where, values, known, replays, a)
    if ordered:
        check_order(where, expected, [ident for ident, _ in known], thin, replays, a)
    elif not replays:
        a.add('duplicated', where, len(known) - len(seen))


def check_output(topic, expected, parts, mode, a):
    actual = grouped(topic, parts, a)
    if topic in ONLY_LAST:
        for group, rows in expected.items():
            value = actual.get(group, [(None, None)])[-1][1]
            if value != rows[-1][1]:
                a.add('lost' if group not in actual else 'wrong_value', '%s %s: %s instead of %s' % (
                    topic, group, value, rows[-1][1]))
        return
    thin = mode.thin and topic in TABLES
    for group in list(expected) + [g for g in actual if g not in expected]:
        rows = expected.get(group, [])
        got = actual.get(group, [])
        if topic == 'NAMES' and thin and rows and rows[-1][1] is None and (not got or got[-1][1] is None):
            rows, got = rows[:-1], [x for x in got if x[1] is not None]   # gone, and known to be gone
            check_group('%s %s' % (topic, group), rows, got, True, True, mode.replays, Quiet(a))
            continue
        check_group('%s %s' % (topic, group), rows, got, thin,
                    not (mode.loose and topic == 'PAIRS'), mode.replays, a)


class Quiet(Anomalies):
    """A row that was removed in the end: nothing of it has to be there."""

    def __init__(self, a):
        super().__init__()
        self.to = a

    def add(self, kind, text, n=1):
        if kind != 'lost':
            self.to.add(kind, text, n)


def check_copy(parts, copy, complete, replays, a):
    """TOTALS_COPY is TOTALS, partition by partition; before the end, the beginning of it."""
    for p in range(PARTITIONS):
        want = [(r['key'], r['value']) for r in parts[p]]
        got = [(r['key'], r['value']) for r in copy[p]]
        if replays:
            for x in set(map(str, want)) - set(map(str, got)) if complete else ():
                a.add('lost', 'TOTALS_COPY %s' % x)
            continue
        if got[:len(want)] != want[:len(got)]:
            at = next(i for i in range(min(len(got), len(want))) if got[i] != want[i])
            a.add('wrong_value', 'TOTALS_COPY partition %d, record %d: %s instead of %s' % (
                p, at, got[at], want[at]))
        elif len(got) > len(want):
            a.add('duplicated', 'TOTALS_COPY partition %d has %d records of %d' % (
                p, len(got), len(want)), len(got) - len(want))
        elif complete:
            a.add('lost', 'TOTALS_COPY partition %d has %d records of %d' % (p, len(got), len(want)),
                  len(want) - len(got))


def check_source(topic, records, parts, a, complete=True):
    """The input itself. `complete` false: a beginning of it."""
    for p in range(PARTITIONS):
        want = [(r.key, r.value, r.ts) for r in records if r.p == p]
        got = [(r['key'], folded(r['value']), r['timestamp']) for r in parts[p]]
        want = [(k, folded(v), t) for k, v, t in want]
        if got != want[:len(got)] or (complete and len(got) < len(want)):
            a.add('lost' if len(got) < len(want) else 'duplicated', 'input %s, partition %d: %d of %d' % (
                topic, p, len(got), len(want)))


def folded(value):
    return value and {k.upper(): v for k, v in value.items()}


def check_end(expected, topics, mode, a):
    for topic, groups in expected.items():
        check_output(topic, groups, topics[topic], mode, a)
    check_copy(topics['TOTALS'], topics['TOTALS_COPY'], True, mode.replays, a)


# ---- in between: what is visible must be whole epochs, and stay

def holes(expected, topics, a):
    """What a query has written must be everything it makes of the first m records of each partition
    it reads: a hole is a part of an epoch."""
    for topic in ('BIG', 'BY_G', 'BIG_EVEN'):
        order = {}
        for group, rows in expected[topic].items():
            for ident, value in rows:
                order.setdefault(value['P'], []).append(ident)
        seen = {}
        for p in range(PARTITIONS):
            for r in topics[topic][p]:
                seen.setdefault(r['value']['P'], set()).add(r['value']['N'])
        for p, idents in seen.items():
            wanted = sorted(order.get(p, []))[:len(idents)]
            missing = set(wanted) - idents
            if missing:
                a.add('torn', '%s of partition %d: %d records without %s' % (
                    topic, p, len(idents), sorted(missing)[:3]))
    for p in range(PARTITIONS):
        last = {}
        for r in topics['TOTALS'][p]:
            last[r['key']] = r['value']['C']
        first = sorted((v['N'], v['C'], k) for k, v in (
            (r['key'], r['value']) for r in topics['TOTALS'][p]))
        m = sum(last.values())
        if first and first[-1][0] + 1 != m:
            a.add('torn', 'TOTALS of partition %d: %d records counted, number %d among them' % (
                p, m, first[-1][0]))


def check_snapshot(expected, topics, replays, a):
    if not replays:
        holes(expected, topics, a)
    check_copy(topics['TOTALS'], topics['TOTALS_COPY'], False, replays, a)


def check_kept(before, now, what, a):
    """What could be seen once must be there for good: `before` is a beginning of `now`."""
    for topic, parts in before.items():
        for p, records in enumerate(parts):
            gone = next((i for i, r in enumerate(records) if i >= len(now[topic][p]) or
                         now[topic][p][i] != r), None)
            if gone is not None:
                a.add('aborted_visible', '%s: %s partition %d, record %d was %s and is %s' % (
                    what, topic, p, gone, json.dumps(records[gone]),
                    json.dumps(now[topic][p][gone]) if gone < len(now[topic][p]) else 'gone'),
                    len(records) - gone)
