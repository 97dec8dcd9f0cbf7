"""Records that are odd, broken, huge or many (rows 23 to 25, 28, 29), and that what is not broken is carried
through."""
import json
import os
import time

from kafka_records import murmur2

from engine import COPY, RELEASE, be64, equal, must, numbers, rows, stat_bytes, test, until

WINDOWS = """
CREATE STREAM src (k STRING KEY, n BIGINT) WITH (KAFKA_TOPIC='@src', VALUE_FORMAT='JSON');
CREATE TABLE counted WITH (KAFKA_TOPIC='@counted') AS
    SELECT k, COUNT(*) AS n FROM src WINDOW TUMBLING (SIZE 1 MINUTE, GRACE PERIOD 1 DAY) GROUP BY k;
"""
T = 1_700_000_000_000 // 60_000 * 60_000
LOG = ('--processing-log',)


def last(records):
    return {(r.key[:-8].decode(), be64(r.key[-8:])): json.loads(r.value)['N'] for r in records}


@test
def event_times_far_away(case):
    """Row 24: a record of the year 292 million closes the windows of its own partition only, as in ksqlDB; one
    of before 1970 is skipped and told; neither ends the query, and other partitions do not see them."""
    case.create('src', 2)
    here, there = (next(k for k in 'abcdefgh' if murmur2(k.encode()) & 1 == p) for p in (0, 1))
    case.produce('src', [(here, {'n': n}, at) for n, at in enumerate(
        [T, -1, -5, 0, T, 2**63 - 1, 253402300800000])] + [(there, {'n': n}, T) for n in range(2)])
    engine = case.run(WINDOWS, *LOG, case.path('log'))
    until(lambda: {(here, T): 2, (there, T): 2}.items() <= last(case.records('counted')).items())
    case.produce('src', [(there, {'n': 1}, T)])
    until(lambda: last(case.records('counted')).get((there, T)) == 3)
    engine.stop()
    with open(case.path('log'), encoding='utf-8') as f:
        equal([json.loads(line)['offset'] for line in f], [1, 2], 'told')


@test
def wall_clock_does_not_matter(case):
    """Row 23: windows go by the times of the records: read years later, or earlier, in any order within the
    grace period, the counts are the same."""
    case.create('src')
    case.create('counted')
    wanted = {}
    records = []
    for n in range(600):
        at = T - 86_400_000 * 900 + (n * 37 % 600) * 1000
        records.append(('k%d' % (n % 3), {'n': n}, at))
        place = ('k%d' % (n % 3), at // 60_000 * 60_000)
        wanted[place] = wanted.get(place, 0) + 1
    case.produce('src', records)
    case.run(WINDOWS)
    until(lambda: last(case.records('counted')) == wanted)


BROKEN = [b'{"n":', b'\xff\xfe{"n":1}', b'{"n":1}\x00', b'\x00', b'', b'{"n":NaN}', b'{"n":1e400}', b'{"n":"x"}', b'[1]',
          b'"text"', b'{"n":99999999999999999999}', b'{"n":1,"n":{}}', b'\xf0\x28\x8c\x28', b'[' * 100000,
          b'{"n":' * 100000, b'{"pad":"' + b'x' * 900000, b'{"n":1}}']


@test
def malformed_values(case):
    """Rows 25, 28: malformed JSON, invalid UTF-8, NUL, NaN, 1e400, deep nesting: told in the processing log
    with their place, never with their data; those behind them are processed, also by the next run."""
    case.create('src')
    case.produce('src', [('k0', {'n': 0})] + [('bad', value) for value in BROKEN] + [('k1', {'n': 1})])
    engine = case.run(COPY, *LOG, case.path('log'))
    until(lambda: 1 in numbers(case.records('copied')).get(0, []))
    engine.stop()
    with open(case.path('log'), encoding='utf-8') as f:
        told = [json.loads(line) for line in f]
    places = {line['offset'] for line in told}
    good = {json.loads(r.value)['N'] for r in case.records('copied') if r.key != b'bad' and r.value}
    equal(good, {0, 1})
    written = len([r for r in case.records('copied') if r.key == b'bad'])
    equal(written + len(places), len(BROKEN), 'records written and told')
    must(len(places) >= 12, sorted(places))
    case.produce('src', rows(2, 3))
    case.run(COPY)
    until(lambda: 2 in numbers([r for r in case.records('copied') if r.value and r.key != b'bad'])[0])
    equal(len(case.records('copied')), 3 + written)


@test
def undecodable_keys(case):
    """A key that is none of its type: the record is skipped and told; the others are processed."""
    case.create('src')
    case.produce('src', [(b'\0\0\0\1', {'n': 1}), (b'abc', {'n': 2}), (b'', {'n': 3}), (b'\0\0\0\4', {'n': 4})])
    engine = case.run(COPY.replace('k STRING', 'k INT'), *LOG, case.path('log'))
    case.records('copied', 2)
    equal([json.loads(r.value)['N'] for r in case.records('copied')], [1, 4])
    engine.stop()
    with open(case.path('log'), encoding='utf-8') as f:
        equal([json.loads(line)['offset'] for line in f], [1, 2])


@test
def huge_records(case):
    """Row 28: a record of several MB is processed within bounded memory."""
    case.create('src', 1, {'max.message.bytes': 40 << 20})
    case.produce('src', [('big', {'n': 0, 'pad': 'x' * (20 << 20)})] + rows(1, 3))
    engine = case.run(COPY, weir=RELEASE)
    case.records('copied', 3)
    peak = stat_bytes(engine.process.pid, 'VmHWM')
    must(peak < 400 << 20, 'took %d MB' % (peak >> 20))
    engine.stop()


@test
def one_key_and_many_keys(case):
    """Row 29: a topic with all records in one partition, and a topic of 200 000 keys: both are processed, the
    others do not wait, memory is bounded."""
    case.create('src', 4)
    case.produce('src', [('hot', {'n': n}) for n in range(50000)])
    case.produce('src', [('k%d' % n, {'n': n}) for n in range(200000)])
    engine = case.run("""
        CREATE STREAM src (k STRING KEY, n BIGINT) WITH (KAFKA_TOPIC='@src', VALUE_FORMAT='JSON');
        CREATE TABLE counted WITH (KAFKA_TOPIC='@counted') AS SELECT k, COUNT(*) AS n FROM src GROUP BY k;
        """, weir=RELEASE)

    def complete():
        ends = case.client.topic_end_offsets(case.topic('counted')) if case.look('counted') else {}
        return sum(ends.values()) >= 200001
    until(complete)
    peak = stat_bytes(engine.process.pid, 'VmHWM')
    must(peak < 300 << 20, 'took %d MB' % (peak >> 20))
    engine.stop()
    seen = {r.key: json.loads(r.value)['N'] for r in case.records('counted')}
    equal((len(seen), seen[b'hot'], seen[b'k7']), (200001, 50000, 1))


@test
def keys_in_the_partitions_of_java(case):
    """A record is written to the partition that Java's DefaultPartitioner picks for its key: murmur2,
    without the sign, modulo the partitions."""
    vectors = {'21': -973932308, 'foobar': -790332482, 'a-little-bit-long-string': -985981536,
               'a-little-bit-longer-string': -1486304829, 'lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8':
               -58897971, 'abc': 479470107}      # of Kafka's own UtilsTest
    case.create('src', 3)
    case.create('copied', 7)
    case.produce('src', [(k, {'n': n}) for n, k in enumerate(vectors)])
    engine = case.run(COPY)
    equal({r.key.decode(): r.partition for r in case.records('copied', len(vectors))},
          {k: (v & 0x7fffffff) % 7 for k, v in vectors.items()})
    engine.stop()


@test
def what_a_record_carries(case):
    """Null keys, empty strings, timestamps and headers are read, and written where a copy of the record
    is written."""
    case.create('src', 2)
    case.produce('src', [(None, {'n': 1}, 5), ('', {'n': 2}, 253402300799999), ('k', {'n': 3}, 7, [('h', b'\0\xff'),
                                                                                                  ('h', None)]),
                         ('k', None, 8)])
    engine = case.run("""
        CREATE STREAM src (k STRING KEY, n BIGINT, hs ARRAY<STRUCT<key STRING, value BYTES>> HEADERS)
            WITH (KAFKA_TOPIC='@src', VALUE_FORMAT='JSON');
        CREATE STREAM copied WITH (KAFKA_TOPIC='@copied') AS SELECT k, n, hs[2]->key AS h FROM src;
        """)
    case.records('copied', 4)
    equal(sorted(((r.key, r.value and json.loads(r.value), r.timestamp) for r in case.records('copied')), key=repr),
          sorted([(None, {'N': 1, 'H': None}, 5), (b'', {'N': 2, 'H': None}, 253402300799999),
                  (b'k', {'N': 3, 'H': 'h'}, 7), (b'k', None, 8)], key=repr))
    engine.stop()


@test
def earliest_and_latest(case):
    """auto.offset.reset: a new query reads from the beginning, or what comes from now on."""
    case.create('src')
    case.produce('src', rows(0, 10))
    engine = case.run(COPY.replace('@copied', '@late'), earliest=False, data='late')
    early = case.run(COPY, data='early')
    case.records('copied', 10)
    until(lambda: os.path.exists(case.path('late', 'LOCK')) and case.topic('late') in case.client.topics())
    last = 10
    while not case.look('late'):        # it has not found the end yet
        must(last < 600, 'nothing is read')
        case.produce('src', rows(last, last + 1))
        last += 1
        time.sleep(0.1)
    case.produce('src', rows(last, last + 10))
    until(lambda: numbers(case.records('late'))[0][-1] == last + 9)
    got = numbers(case.records('late'))[0]
    equal(got, list(range(max(got[0], 10), last + 10)))
    equal(numbers(case.records('copied', last + 10))[0], list(range(last + 10)))
    for e in (engine, early):
        e.stop()
