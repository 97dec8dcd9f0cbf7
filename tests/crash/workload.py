"""What a crash test reads and runs: records of which each says where it belongs, and the queries.

Every record's value carries its source, its partition and its number there, so that nothing can get
lost or come twice without being seen. Times ascend, but go back now and then, in part further than the
grace period of the windows. No two records have the same time.
"""
import random

PARTITIONS = 3
SPAN_MS = 24000          # of event time, one portion
WINDOW_MS = 10000
GRACE_MS = 3000
WITHIN_MS = 5000
RESIDUE = {'orders': 0, 'clicks': 1, 'users': 2}    # of the time, modulo 3
NAMES = ['ann', 'bob', 'eve', None]

SOURCES = """
CREATE STREAM orders (k STRING KEY, src STRING, p INT, n INT, v INT, g INT, pad STRING)
  WITH (kafka_topic='orders', value_format='JSON', partitions=3);
CREATE STREAM clicks (k STRING KEY, src STRING, p INT, n INT, v INT)
  WITH (kafka_topic='clicks', value_format='JSON', partitions=3);
CREATE TABLE users (k STRING PRIMARY KEY, src STRING, p INT, n INT, name STRING)
  WITH (kafka_topic='users', value_format='JSON', partitions=3);
"""

QUERIES = SOURCES + """
-- one record in, at most one out
CREATE STREAM big AS SELECT k, src, p, n, v FROM orders WHERE v % 3 <> 0;
CREATE STREAM by_g AS SELECT * FROM orders PARTITION BY g;
-- state
CREATE TABLE totals AS SELECT k, COUNT(*) AS c, SUM(v) AS s, MAX(n) AS n FROM orders GROUP BY k;
CREATE TABLE windows AS SELECT k, COUNT(*) AS c, SUM(v) AS s FROM orders
  WINDOW TUMBLING (SIZE 10 SECONDS, GRACE PERIOD 3 SECONDS) GROUP BY k;
CREATE TABLE finals AS SELECT k, COUNT(*) AS c, SUM(v) AS s FROM orders
  WINDOW TUMBLING (SIZE 10 SECONDS, GRACE PERIOD 3 SECONDS) GROUP BY k EMIT FINAL;
-- state behind an exchange
CREATE TABLE groups AS SELECT g, COUNT(*) AS c, SUM(v) AS s FROM orders GROUP BY g;
-- joins, and what a table is
CREATE STREAM looked AS SELECT o.k AS k, o.p AS p, o.n AS n, o.v AS v, u.n AS un, u.name AS name
  FROM orders o LEFT JOIN users u ON o.k = u.k;
CREATE STREAM pairs AS SELECT o.k AS k, o.p AS p, o.n AS n, c.n AS cn, o.v + c.v AS v
  FROM orders o JOIN clicks c WITHIN 5 SECONDS GRACE PERIOD 10 HOURS ON o.k = c.k;
CREATE TABLE names AS SELECT k, n, name FROM users;
CREATE TABLE by_name AS SELECT name, COUNT(*) AS c FROM users GROUP BY name;
-- queries that read what others write
CREATE STREAM big_even AS SELECT k, p, n, v * 2 AS w FROM big WHERE v % 2 = 0;
CREATE TABLE big_totals AS SELECT k, COUNT(*) AS c, SUM(v) AS s, MAX(n) AS n FROM big GROUP BY k;
CREATE TABLE g_totals AS SELECT g, COUNT(*) AS c, SUM(v) AS s FROM by_g GROUP BY g;
CREATE STREAM totals_log (k STRING KEY, c BIGINT, s BIGINT, n INT)
  WITH (kafka_topic='TOTALS', value_format='JSON');
CREATE STREAM totals_copy AS SELECT k, c, s, n FROM totals_log;
"""

# How to show what the queries wrote, without running them.
READERS = SOURCES + ''.join(
    "CREATE STREAM %s (%s KEY) WITH (kafka_topic='%s', value_format='JSON', partitions=3%s);\n" % (
        'r_' + name, key, name.upper(), more)
    for name, key, more in [(n, 'k STRING', '') for n in (
        'big', 'totals', 'looked', 'pairs', 'names', 'by_name', 'big_even', 'big_totals', 'totals_copy')]
    + [(n, 'g INT', '') for n in ('by_g', 'groups', 'g_totals')]
    + [(n, 'k STRING', ", window_type='TUMBLING', window_size='10 SECONDS'") for n in ('windows', 'finals')])

QUERY_COUNT = QUERIES.count(' AS SELECT ')


def murmur2(data):
    """As Kafka's default partitioner counts it, made positive."""
    m, mask = 0x5bd1e995, 0xffffffff
    h = 0x9747b28c ^ len(data)
    for at in range(0, len(data) // 4 * 4, 4):
        k = int.from_bytes(data[at:at + 4], 'little') * m & mask
        h = h * m & mask ^ ((k ^ k >> 24) * m & mask)
    rest = data[len(data) // 4 * 4:]
    if rest:
        h = (h ^ int.from_bytes(rest, 'little')) * m & mask
    h = (h ^ h >> 13) * m & mask
    return (h ^ h >> 15) & 0x7fffffff


def partition_of(key):
    if key is None:
        return 0
    data = key.to_bytes(4, 'big', signed=True) if isinstance(key, int) else key.encode()
    return murmur2(data) % PARTITIONS


class Record:
    """A record of a source topic."""
    __slots__ = ('topic', 'p', 'n', 'key', 'value', 'ts')

    def __init__(self, topic, p, n, key, value, ts):
        self.topic, self.p, self.n, self.key, self.value, self.ts = topic, p, n, key, value, ts


class Feed:
    """The known input, portion by portion; the same for the same seed. `any_late` false: what a partition
    gets first of a portion is later than all before. Then a merge of topics by time does not depend on
    whether portions are read one by one or together."""

    def __init__(self, seed, keys=12, per_portion=150, pad=0, any_late=False):
        self.rng = random.Random('feed %d' % seed)
        self.keys = ['k%d' % i for i in range(keys)]
        self.partition = {k: partition_of(k) for k in self.keys}
        self.per_portion = per_portion
        self.pad = pad
        self.any_late = any_late
        self.used = set()
        self.portions = 0
        self.records = {topic: [] for topic in RESIDUE}    # in the order of their topic
        self.count = {topic: [0] * PARTITIONS for topic in RESIDUE}

    def portion(self):
        """The next records, {topic: [Record]}."""
        rng, first = self.rng, self.portions * SPAN_MS
        self.portions += 1
        made = {topic: [] for topic in RESIDUE}
        n = rng.randrange(self.per_portion // 4, self.per_portion + 1)
        time, step = first, SPAN_MS * 0.9 / n / 3
        begun = set()
        for _ in range(n):
            time += rng.random() * step * 6
            topic = rng.choices(('orders', 'clicks', 'users'), (6, 3, 2))[0]
            key = rng.choice(self.keys)
            ts = min(int(time), first + SPAN_MS - 3)
            if rng.random() < 0.25 and (self.any_late or (topic, self.partition[key]) in begun):
                ts = max(0, ts - rng.randrange(9000))
            begun.add((topic, self.partition[key]))
            ts = ts // 3 * 3 + RESIDUE[topic]
            while ts in self.used:
                ts += 3
            self.used.add(ts)
            made[topic].append(self.make(topic, key, ts))
        for topic, records in made.items():
            self.records[topic] += records
        return made

    def make(self, topic, key, ts):
        rng, p = self.rng, self.partition[key]
        n = self.count[topic][p]
        self.count[topic][p] += 1
        value = {'src': topic, 'p': p, 'n': n}
        if topic == 'users':
            value['name'] = rng.choice(NAMES)
            value = None if rng.random() < 0.2 else value
        else:
            value['v'] = rng.randrange(-20, 60)
        if topic == 'orders':
            value['g'] = None if rng.random() < 0.03 else rng.randrange(7)
            value['pad'] = ('%d.' % n) * rng.randrange(self.pad + 1)
        return Record(topic, p, n, key, value, ts)

    def total(self):
        return sum(len(r) for r in self.records.values())
