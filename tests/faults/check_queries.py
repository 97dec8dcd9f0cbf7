"""Queries that begin, meet and come later."""
import json
import time

from engine import COPY, RELEASE, equal, exact, must, numbers, rows, test, until

KEYS = 20000


@test
def stream_waits_for_its_table(case):
    """A stream–table join reads its table to the end it had at the start before the stream passes it: with
    a large table and a small stream each row finds its partner."""
    case.create('names', 2)
    case.create('src', 2)
    case.produce('src', [('k%d' % k, {'n': k}, 1) for k in range(0, KEYS, 100)])
    case.produce('names', [('k%d' % k, {'name': 'name%d' % k, 'pad': 'x' * 200}, 2) for k in range(KEYS)])
    sql = """
        CREATE STREAM src (k STRING KEY, n BIGINT) WITH (KAFKA_TOPIC='@src', VALUE_FORMAT='JSON');
        CREATE TABLE names (k STRING PRIMARY KEY, name STRING, pad STRING) WITH (KAFKA_TOPIC='@names', VALUE_FORMAT='JSON');
        CREATE STREAM joined WITH (KAFKA_TOPIC='@joined') AS
            SELECT src.k, n, name FROM src LEFT JOIN names ON src.k = names.k;
        """
    engine = case.run(sql)
    got = {json.loads(r.value)['N']: json.loads(r.value)['NAME'] for r in case.records('joined', KEYS // 100)}
    equal(got, {k: 'name%d' % k for k in range(0, KEYS, 100)})
    engine.stop()
    case.produce('names', [('k0', {'name': 'new'}, 3)])
    case.produce('src', [('k0', {'n': -1}, 4)])
    engine = case.run(sql)
    equal(json.loads(case.records('joined', KEYS // 100 + 1) and
                     [r for r in case.records('joined') if r.key == b'k0'][-1].value)['NAME'], 'new')
    engine.stop()


@test
def later_query_catches_up(case):
    """A query that is added later reads everything from the beginning on its own and then goes on together
    with the first one, which reads nothing twice and does not wait."""
    case.create('src', 2)
    case.produce('src', rows(0, 5000, pad=200))
    engine = case.run(COPY)
    exact(case, 5000)
    engine.stop()
    case.produce('src', rows(5000, 6000, pad=200))
    both = COPY + "CREATE STREAM again WITH (KAFKA_TOPIC='@again') AS SELECT k, n FROM src;"
    engine = case.run(both)
    exact(case, 6000)
    exact(case, 6000, 'again')
    case.produce('src', rows(6000, 7000))
    exact(case, 7000)
    exact(case, 7000, 'again')
    engine.stop()


@test
def dropped_query_leaves_the_others(case):
    """A query that is not in the statements any more is not run; the others go on where they were."""
    both = COPY + "CREATE STREAM again WITH (KAFKA_TOPIC='@again') AS SELECT k, n FROM src;"
    case.create('src')
    case.produce('src', rows(0, 100))
    engine = case.run(both)
    exact(case, 100)
    exact(case, 100, 'again')
    engine.stop()
    case.produce('src', rows(100, 200))
    engine = case.run(COPY)
    exact(case, 200)
    equal(len(case.records('again')), 100)
    engine.stop()


@test
def chain_of_queries(case):
    """A query that reads the topic of another one sees each committed record once, over a restart by
    kill -9."""
    chain = COPY + """
        CREATE STREAM doubled WITH (KAFKA_TOPIC='@doubled') AS SELECT k, n * 2 AS n FROM copied;
        CREATE TABLE totals WITH (KAFKA_TOPIC='@totals') AS SELECT k, SUM(n) AS n FROM doubled GROUP BY k;
        """
    case.create('src', 2)
    for life in range(3):
        case.produce('src', rows(life * 200, life * 200 + 200))
        engine = case.run(chain)
        case.records('doubled', life * 200 + 100)
        engine.kill()
    engine = case.run(chain)
    equal(sorted(n for part in numbers(case.records('doubled', 600)).values() for n in part),
          list(range(0, 1200, 2)))
    wanted = {'k%d' % k: 2 * sum(range(k, 600, 7)) for k in range(7)}
    until(lambda: {r.key.decode(): json.loads(r.value)['N'] for r in case.records('totals')} == wanted)
    engine.stop()


@test
def restart_with_much_state(case):
    """A restart with 100 000 keys of state goes on where it was; -v shows the seconds to its first new result."""
    case.create('src', 2)
    case.produce('src', [('k%d' % n, {'n': n}) for n in range(100000)])
    sql = """
        CREATE STREAM src (k STRING KEY, n BIGINT) WITH (KAFKA_TOPIC='@src', VALUE_FORMAT='JSON');
        CREATE TABLE counted WITH (KAFKA_TOPIC='@counted') AS SELECT k, COUNT(*) AS n FROM src GROUP BY k;
        """
    engine = case.run(sql, weir=RELEASE)
    until(lambda: case.topic('counted') in case.client.topics())

    def written():
        return sum(case.client.topic_end_offsets(case.topic('counted')).values())
    until(lambda: written() >= 100000)
    engine.stop()
    before = written()
    case.produce('src', [('k5', {'n': 5})])
    engine = case.run(sql, weir=RELEASE)
    until(lambda: written() > before, what='first result')
    case.note('%.2f s', time.monotonic() - engine.started)
    until(lambda: json.loads([r for r in case.records('counted') if r.key == b'k5'][-1].value)['N'] == 2)
    must(engine.process.poll() is None, engine.stderr())
    engine.stop()
