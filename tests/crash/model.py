"""What the queries of workload.py must have written: one record after the other, nothing shared with the
engine. An output is {group: [(id, value)]}, in the order in which records of one group must stand; ids
are unique in their group. A group is a key, or where keys mix several partitions, a key and a
source partition.

ANY as a value: not determined. Choices: one of these, and never back (a row joined with a table
depends on how far the table was read).
"""
from workload import GRACE_MS, PARTITIONS, WINDOW_MS, WITHIN_MS

ANY = object()


class Choices:
    """Versions of a table row in their order."""

    def __init__(self, history, rest):
        self.history, self.rest = history, rest


def by_partition(records):
    parts = [[] for _ in range(PARTITIONS)]
    for r in records:
        parts[r.p].append(r)
    return parts


def merged(*lists):
    """The head with the smallest time is next."""
    at = [0] * len(lists)
    while True:
        heads = [(lists[i][at[i]].ts, i) for i in range(len(lists)) if at[i] < len(lists[i])]
        if not heads:
            return
        i = min(heads)[1]
        yield lists[i][at[i]]
        at[i] += 1


def put(out, group, ident, value):
    out.setdefault(group, []).append((ident, value))


def filtered(orders, out):
    for r in orders:
        v = r.value
        if v['v'] % 3:
            put(out['BIG'], r.key, r.n, {'SRC': v['src'], 'P': r.p, 'N': r.n, 'V': v['v']})
            if v['v'] % 2 == 0:
                put(out['BIG_EVEN'], r.key, r.n, {'P': r.p, 'N': r.n, 'W': 2 * v['v']})
        put(out['BY_G'], (v['g'], r.p), r.n, {'K': r.key, 'SRC': v['src'], 'P': r.p, 'N': r.n,
                                              'V': v['v'], 'PAD': v['pad']})


def counted(orders, out):
    for name, keep in (('TOTALS', lambda v: True), ('BIG_TOTALS', lambda v: v % 3)):
        state = {}
        for r in orders:
            v = r.value['v']
            if keep(v):
                c, s, n = state.get(r.key, (0, 0, -1))
                state[r.key] = c, s, n = c + 1, s + v, max(n, r.n)
                put(out[name], r.key, c, {'C': c, 'S': s, 'N': n})


def windowed(orders, out):
    """A record belongs to a window that has not been closed. A final result is told with the record that
    closes the window, if it is kept so long: Kafka Streams keeps size and grace behind the newest one."""
    state, open_windows, time, newest = {}, set(), -1, -1
    for r in orders:
        time = max(time, r.ts)
        start = r.ts // WINDOW_MS * WINDOW_MS
        if start + WINDOW_MS > time - GRACE_MS:
            newest = max(newest, start)
            c, s = state.get((r.key, start), (0, 0))
            state[(r.key, start)] = c, s = c + 1, s + r.value['v']
            open_windows.add((start, r.key))
            put(out['WINDOWS'], (r.key, start), c, {'C': c, 'S': s})
        for start, key in sorted(w for w in open_windows if w[0] + WINDOW_MS <= time - GRACE_MS):
            open_windows.remove((start, key))
            if start >= newest - WINDOW_MS - GRACE_MS:
                c, s = state[(key, start)]
                put(out['FINALS'], key, start, {'C': c, 'S': s})


def grouped(all_orders, out):
    """The order among partitions is open, so of each group only the counts and the last row are known."""
    state = {}
    for r in all_orders:
        g = r.value['g']
        if g is not None:
            c, s = state.get(g, (0, 0))
            state[g] = c + 1, s + r.value['v']
    for name in ('GROUPS', 'G_TOTALS'):
        for g, (c, s) in state.items():
            for i in range(1, c):
                put(out[name], g, i, ANY)
            put(out[name], g, c, {'C': c, 'S': s})


def looked_up(orders, users, out):
    """At its start a query reads the table before the stream, so the version depends on when it died."""
    history = {}
    for u in users:
        history.setdefault(u.key, [row_of(None)]).append(row_of(u.value))
    for r in orders:
        rest = {'P': r.p, 'N': r.n, 'V': r.value['v']}
        put(out['LOOKED'], r.key, r.n, Choices(history.get(r.key, [row_of(None)]), rest))


def row_of(value):
    v = value or {'n': None, 'name': None}
    return {'UN': v['n'], 'NAME': v['name']}


def paired(orders, clicks, out):
    seen = {'orders': {}, 'clicks': {}}
    for r in merged(orders, clicks):
        seen[r.topic].setdefault(r.key, []).append(r)
        other = seen['clicks' if r.topic == 'orders' else 'orders'].get(r.key, [])
        for o in sorted((o for o in other if abs(o.ts - r.ts) <= WITHIN_MS), key=lambda o: o.ts):
            a, b = (r, o) if r.topic == 'orders' else (o, r)
            put(out['PAIRS'], r.key, (a.n, b.n),
                {'P': r.p, 'N': a.n, 'CN': b.n, 'V': a.value['v'] + b.value['v']})


def tables(users, out):
    for r in users:
        v = r.value
        put(out['NAMES'], r.key, r.ts, v and {'N': r.n, 'NAME': v['name']})   # a tombstone has its time only


def named(all_users, out):
    rows, names = {}, set()
    for r in all_users:
        rows[r.key] = r.value and r.value['name']
        names.add(rows[r.key])
    for name in names - {None}:
        c = sum(other == name for other in rows.values())
        put(out['BY_NAME'], name, 'last', {'C': c})


def expected(records):
    """`records`: {topic: [Record]} in the order of each partition."""
    out = {name: {} for name in ('BIG', 'BIG_EVEN', 'BY_G', 'TOTALS', 'BIG_TOTALS', 'WINDOWS', 'FINALS',
                                 'GROUPS', 'G_TOTALS', 'LOOKED', 'PAIRS', 'NAMES', 'BY_NAME')}
    parts = {topic: by_partition(rs) for topic, rs in records.items()}
    for p in range(PARTITIONS):
        orders, clicks, users = (parts[t][p] for t in ('orders', 'clicks', 'users'))
        filtered(orders, out)
        counted(orders, out)
        windowed(orders, out)
        looked_up(orders, users, out)
        paired(orders, clicks, out)
        tables(users, out)
    grouped(records['orders'], out)
    named(records['users'], out)
    return out
