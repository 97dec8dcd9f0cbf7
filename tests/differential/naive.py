"""Random records in disorder through the engine and through the models, record for record."""
import models
from engine import compare, run

STREAM = "CREATE STREAM %s (K STRING KEY, %s) WITH (kafka_topic='%s', value_format='JSON');\n"
TABLE = "CREATE TABLE %s (K STRING PRIMARY KEY, %s) WITH (kafka_topic='%s', value_format='JSON');\n"


def disorder(rng, topics, make, n, late, keys=5, nulls=0.05):
    """Time goes on in jumps; a record may be up to `late` behind."""
    now, records = rng.randrange(3000), []
    for at in range(n):
        now += rng.choice([0, 0, 1, rng.randrange(500), rng.randrange(2000)])
        ts = max(0, now - rng.choice([0, 0, 0, rng.randrange(late + 1)]))
        topic = rng.choice(topics)
        key = None if rng.random() < nulls else 'k%d' % rng.randrange(keys)
        value = None if rng.random() < nulls else make(topic, at)
        records.append((topic, ts, key, value))
    return records


def number(rng):
    return lambda topic, at: {'N': None if rng.random() < 0.1 else rng.randrange(-50, 50)}


def time_windows(rng, final=False):
    size = rng.choice([500, 1000, 3000])
    advance = size if rng.random() < 0.5 else rng.choice([size // 2, size // 5])
    grace = rng.choice([0, 100, 1000, 5000])
    records = disorder(rng, ['s'], number(rng), rng.randrange(20, 300), grace * 2 + 500)
    kind = 'TUMBLING (SIZE %d MILLISECONDS' % size if advance == size else \
        'HOPPING (SIZE %d MILLISECONDS, ADVANCE BY %d MILLISECONDS' % (size, advance)
    sql = STREAM % ('s', 'N INT', 's') + (
        'CREATE TABLE out AS SELECT K, COUNT(*) AS C, SUM(N) AS S FROM s WINDOW %s, GRACE PERIOD %d MILLISECONDS) GROUP BY K EMIT %s;'
        % (kind, grace, 'FINAL' if final else 'CHANGES'))
    return sql, records, models.windows(models.ordered(records), size, advance, grace, final)


def final_windows(rng):
    return time_windows(rng, True)


def sessions(rng):
    gap, grace = rng.choice([200, 1000, 3000]), rng.choice([1000, 5000, 20000])
    records = disorder(rng, ['s'], number(rng), rng.randrange(20, 300), grace, keys=3)
    sql = STREAM % ('s', 'N INT', 's') + (
        'CREATE TABLE out AS SELECT K, COUNT(*) AS C, SUM(N) AS S FROM s WINDOW SESSION (%d MILLISECONDS, GRACE PERIOD %d MILLISECONDS) '
        'GROUP BY K;' % (gap, grace))
    return sql, records, models.sessions(models.ordered(records), gap, grace)


def named(topic, at):
    return {'V' if topic == 'l' else 'W': '%s%d' % (topic, at)}


def stream_join(rng):
    kind = rng.choice(['INNER', 'LEFT', 'RIGHT', 'FULL'])
    before = after = rng.choice([1, 300, 1000, 4000])    # 0: the stores keep nothing to join with
    if rng.random() < 0.4:
        after = rng.choice([1, 100, 2000])
    grace = rng.choice([None, 0, 500, 3000])
    late = 5000 if grace is None else grace
    records = disorder(rng, ['l', 'r'], named, rng.randrange(20, 200), late, keys=4)
    records = [r for r in records if r[0] == 'l'][:1] + [r for r in records if r[0] == 'r'] + [r for r in records if r[0] == 'l'][1:]
    sql = STREAM % ('l', 'V STRING', 'l') + STREAM % ('r', 'W STRING', 'r') + (
        'CREATE STREAM out AS SELECT %s AS K, V, W FROM l %s JOIN r WITHIN (%d MILLISECONDS, %d MILLISECONDS)%s ON l.K = r.K;' % (
            'ROWKEY' if kind == 'FULL' else 'r.K' if kind == 'RIGHT' else 'l.K', kind + (' OUTER' if kind == 'FULL' else ''), before, after,
            '' if grace is None else ' GRACE PERIOD %d MILLISECONDS' % grace))
    return sql, records, models.stream_join(models.ordered(records), kind, before, after, grace)


def table_join(rng):
    kind = rng.choice(['INNER', 'LEFT', 'RIGHT', 'FULL'])
    records = disorder(rng, ['l', 'r'], named, rng.randrange(20, 200), 2000, keys=6, nulls=0.2)
    sql = TABLE % ('l', 'V STRING', 'l') + TABLE % ('r', 'W STRING', 'r') + (
        'CREATE TABLE out AS SELECT %s AS K, V, W FROM l %s JOIN r ON l.K = r.K;' % (
            'ROWKEY' if kind == 'FULL' else 'r.K' if kind == 'RIGHT' else 'l.K', kind + (' OUTER' if kind == 'FULL' else '')))
    return sql, records, models.table_join(models.ordered(records), kind)


def foreign_join(rng):
    kind = rng.choice(['INNER', 'LEFT'])

    def make(topic, at):
        f = None if rng.random() < 0.1 else 'k%d' % rng.randrange(4)
        return {'F': f, 'V': 'l%d' % at} if topic == 'l' else {'W': 'r%d' % at}

    records = disorder(rng, ['l', 'r'], make, rng.randrange(20, 200), 2000, keys=4, nulls=0.15)
    sql = TABLE % ('l', 'F STRING, V STRING', 'l') + TABLE % ('r', 'W STRING', 'r') + (
        'CREATE TABLE out AS SELECT l.K AS K, F, V, W FROM l %s JOIN r ON l.F = r.K;' % kind)
    return sql, records, models.foreign_join(models.ordered(records), kind)


def check(make, rng):
    """With several partitions the order is certain for each key only; time is a partition's own, so what
    depends on it has one."""
    sql, records, expected = make(rng)
    spread = make in (table_join, foreign_join) and rng.random() < 0.4
    if spread:
        partitions = "', partitions=%d" % rng.choice([2, 3, 8])
        sql = sql.replace("value_format='JSON'", "value_format='JSON" + partitions)
    actual = run(rng, sql, records, 'OUT')
    if spread:
        expected, actual = (sorted(rows, key=lambda r: r[0]) for rows in (expected, actual))
    compare(expected, actual, records)


TESTS = [(make.__name__, lambda rng, m=make: check(m, rng)) for make in (
    time_windows, final_windows, sessions, stream_join, table_join, foreign_join)]
