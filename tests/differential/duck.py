"""The same rows through DuckDB, where both mean the same: final values of aggregates, with and without
windows, and inner joins."""
import importlib.util
import json
import math
import os
import subprocess
import sys

from engine import HERE, Failed, run

VENV = os.path.join(HERE, '../../build/venv')
ROWS = 400


def ensure():
    """Starts this program again with a Python that has DuckDB; returns if there is none to be had."""
    if importlib.util.find_spec('duckdb') or 'WEIR_DUCKDB_TRIED' in os.environ:
        return
    python = os.path.join(VENV, 'bin', 'python')
    try:
        has = os.path.exists(python) and subprocess.run([python, '-c', 'import duckdb'], stderr=subprocess.DEVNULL).returncode == 0
        if not has:
            subprocess.run([sys.executable, '-m', 'venv', VENV], check=True, timeout=60, stdout=subprocess.DEVNULL)
            subprocess.run([python, '-m', 'pip', 'install', '-q', 'duckdb'], check=True, timeout=180, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as e:
        print('DuckDB cannot be installed: its tests are skipped (%s)' % e, flush=True)
        return
    os.environ['WEIR_DUCKDB_TRIED'] = '1'
    os.execv(python, [python] + sys.argv)


# name in both: (Weir, DuckDB over rows r in order of r.o)
AGGREGATES = [
    ('COUNT(*)', 'count(*)'), ('COUNT(i)', 'count(i)'), ('SUM(i)', 'coalesce(sum(i), 0)'), ('SUM(b)', 'coalesce(sum(b), 0)'),
    ('SUM(d)', 'coalesce(sum(d), 0)'), ('SUM(p)', 'coalesce(sum(p), 0)'), ('MIN(i)', 'min(i)'), ('MAX(b)', 'max(b)'),
    ('MIN(d)', 'min(d)'), ('MAX(p)', 'max(p)'), ('MIN(s)', 'min(s)'), ('MAX(s)', 'max(s)'), ('AVG(i)', 'coalesce(avg(i), 0)'),
    ('AVG(d)', 'coalesce(avg(d), 0)'), ('STDDEV_SAMPLE(d)', 'coalesce(stddev_samp(d), 0)'),
    ('COLLECT_LIST(i)', 'list(i ORDER BY o)'), ('COUNT(DISTINCT s)', 'count(DISTINCT s)'),
    ('EARLIEST_BY_OFFSET(i)', 'arg_min(i, o)'), ('LATEST_BY_OFFSET(s)', 'arg_max(s, o)'),
    ('SUM(CASE WHEN i > 0 THEN 1 ELSE 0 END)', 'sum(CASE WHEN i > 0 THEN 1 ELSE 0 END)'),
    ('SUM(i * 2 + 1)', 'coalesce(sum(i * 2 + 1), 0)'), ('MAX(LEN(s))', 'max(len(s))'), ('COUNT(NULLIF(s, \'a\'))', "count(nullif(s, 'a'))"),
]


def rows(rng, n=ROWS, late=3000):
    now, made = 0, []
    for at in range(n):
        now += rng.choice([0, 1, rng.randrange(300)])

        def maybe(v):
            return None if rng.random() < 0.1 else v
        made.append({'o': at, 'ts': max(0, now - rng.choice([0, rng.randrange(late)])), 'k': 'k%d' % rng.randrange(6),
                     'i': maybe(rng.randrange(-1000, 1000)), 'b': maybe(rng.randrange(-1 << 40, 1 << 40)),
                     'd': maybe(round(rng.uniform(-100, 100), 3)), 'p': maybe('%.2f' % rng.uniform(-999, 999)),
                     's': maybe(rng.choice(['a', 'b', 'ab', 'é', 'zz', '']))})
    return made


COLUMNS = 'o INT, i INT, b BIGINT, d DOUBLE, p DECIMAL(10, 2), s STRING'
FIELDS = ['o', 'i', 'b', 'd', 'p', 's']


def source(name, kind='STREAM', key='KEY'):
    return "CREATE %s %s (k STRING %s, %s) WITH (kafka_topic='%s', value_format='JSON');\n" % (kind, name, key, COLUMNS, name)


def records(name, made):
    return [(name, r['ts'], r['k'], {f: r[f] for f in FIELDS}) for r in made]


def table(connection, name, made):
    connection.execute('CREATE TABLE %s (o INT, ts BIGINT, k TEXT, i INT, b BIGINT, d DOUBLE, p DECIMAL(10, 2), s TEXT)' % name)
    connection.executemany('INSERT INTO %s VALUES (?, ?, ?, ?, ?, ?, ?, ?)' % name,
                           [[r['o'], r['ts'], r['k'], r['i'], r['b'], r['d'], r['p'], r['s']] for r in made])


def same(a, b):
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if a is None or b is None or isinstance(a, str) or isinstance(b, str):
        return a == b
    return math.isclose(float(a), float(b), rel_tol=1e-9, abs_tol=1e-9)


def compare(expected, actual, sql):
    """Both: key → list of values."""
    for key in sorted(set(expected) | set(actual), key=str):
        e, a = expected.get(key), actual.get(key)
        if e is None or a is None or len(e) != len(a) or not all(map(same, e, a)):
            raise Failed('%s\n  DuckDB %s\n  Weir   %s\n%s' % (key, e, a, sql))


def aggregates(rng, windowed=None):
    import duckdb
    made = rows(rng)
    chosen = rng.sample(AGGREGATES, 8)
    group = rng.choice(['k', 'k', 's', 'i % 3'])
    columns = ', '.join('%s AS c%d' % (a, n) for n, (a, _) in enumerate(chosen))
    where = rng.choice(['', ' WHERE i > 0', " WHERE s <> 'a' AND d < 50e0"])
    window, start = '', 'NULL'
    if windowed:
        size, advance = windowed
        window = ' WINDOW HOPPING (SIZE %d MILLISECONDS, ADVANCE BY %d MILLISECONDS, GRACE PERIOD 1 DAY)' % (size, advance)
        start = 'w.start'
    sql = source('r') + 'CREATE TABLE out AS SELECT %s AS g, %s FROM r%s%s GROUP BY %s;' % (group, columns, window, where, group)
    db = duckdb.connect()
    table(db, 'r', made)
    rows_of = 'r'
    if windowed:
        rows_of = ('r JOIN (SELECT range AS start FROM range(0, (SELECT max(ts) + 1 FROM r), %d)) w ON r.ts >= w.start AND r.ts < w.start + %d'
                   % (advance, size))
    answer = db.execute('SELECT %s AS g, %s, %s FROM %s%s%s g IS NOT NULL GROUP BY ALL' % (
        group, start, ', '.join(d for _, d in chosen), rows_of, where, ' AND' if where else ' WHERE')).fetchall()
    expected = {(row[0], row[1]): list(row[2:]) for row in answer}
    actual = {}
    for key, value, _, begin, _ in run(rng, sql, records('r', made), 'OUT'):
        actual[(key, begin)] = [value['C%d' % n] for n in range(len(chosen))]
    compare(expected, actual, sql)


def duck_aggregates(rng):
    aggregates(rng)


def duck_windows(rng):
    size = rng.choice([500, 2000, 10000])
    aggregates(rng, (size, rng.choice([size, size // 2, size // 5])))


def lists(answer):
    """Rows as a multiset."""
    count = {}
    for row in answer:
        key = json.dumps(row)
        count[key] = [count.get(key, [0])[0] + 1]
    return count


def duck_interval_join(rng):
    import duckdb
    a, b = rows(rng, 150), rows(rng, 150)
    before, after = rng.choice([0, 100, 2000]), rng.choice([0, 100, 2000])
    sql = source('x') + source('y') + (
        'CREATE STREAM out AS SELECT x.k AS k, x.o AS xo, y.o AS yo, x.i + y.i AS n FROM x JOIN y '
        'WITHIN (%d MILLISECONDS, %d MILLISECONDS) ON x.k = y.k WHERE x.i > y.i;' % (before, after))
    db = duckdb.connect()
    table(db, 'x', a)
    table(db, 'y', b)
    answer = db.execute('SELECT x.k, x.o, y.o, x.i + y.i, greatest(x.ts, y.ts) FROM x JOIN y ON x.k = y.k AND x.i > y.i '
                        'AND y.ts BETWEEN x.ts - %d AND x.ts + %d' % (before, after)).fetchall()
    rows_of = run(rng, sql, records('x', a) + records('y', b), 'OUT')
    compare(lists(map(list, answer)), lists([k, v['XO'], v['YO'], v['N'], ts] for k, v, ts, _, _ in rows_of), sql)


def duck_table_join(rng):
    import duckdb
    facts, static = rows(rng), rows(rng, 12)
    for r in static:
        r['ts'] = 0
    facts.sort(key=lambda r: r['o'])
    for r in facts:
        r['ts'] += 1
    left = rng.choice(['', 'LEFT '])
    on = rng.choice(['k', 's'])
    sql = source('t', 'TABLE', 'PRIMARY KEY') + source('x') + (
        'CREATE STREAM out AS SELECT x.%s AS k, x.o AS o, t.i AS i, t.s AS s FROM x %sJOIN t ON x.%s = t.k;' % (on, left, on))
    if on == 's':
        for r in static:
            r['k'] = rng.choice(['a', 'b', 'zz', 'é'])
    db = duckdb.connect()
    table(db, 'x', facts)
    table(db, 't', static)
    answer = db.execute('SELECT x.%s, x.o, t.i, t.s, x.ts FROM x %sJOIN (SELECT k, max_by(o, o) AS o FROM t GROUP BY k) l ON x.%s = l.k '
                        'LEFT JOIN t ON t.o = l.o ORDER BY x.o' % (on, left, on)).fetchall()
    rows_of = run(rng, sql, records('t', static) + records('x', facts), 'OUT')
    compare(lists(map(list, answer)), lists([k, v['O'], v['I'], v['S'], ts] for k, v, ts, _, _ in rows_of), sql)


def tests():
    if not importlib.util.find_spec('duckdb'):
        return []
    return [(t.__name__, t) for t in (duck_aggregates, duck_windows, duck_interval_join, duck_table_join)]
