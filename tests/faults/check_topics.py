"""Topics that are not what they were, or not what they should be (rows 30, 38)."""
import json
import signal
import time

import kafka
from engine import COPY, COUNT, STOPPED, counted, equal, exact, must, nothing_lost, numbers, rows, test, until

# Two sinks of one source, of which one takes no more.
TWO = COPY + "CREATE STREAM other WITH (KAFKA_TOPIC='@other') AS SELECT k, n, pad FROM src;"
GONE = 'stopped: topic '
SELDOM = {'commit.interval.ms': 2000}     # so that the broker has refused to read before it refuses a commit


def others_go_on(case, engine, count, *said):
    """The query that writes @other has stopped, visibly; the one that writes @copied goes on, exactly
    once, and the next run says the same again."""
    engine.says('going on from the last commit', GONE + case.topic('other') + ':', *said)
    exact(case, count)
    case.produce('src', rows(count, count + 50))
    exact(case, count + 50)
    must('CSAS_COPIED' not in engine.stderr(), engine.stderr())
    engine.stop()


@test
def record_larger_than_the_topic_takes(case):
    """Row 30: a record larger than max.message.bytes of the sink topic: the query that writes there
    stops with the topic's name and the size, others go on, nothing is lost or repeated."""
    case.create('src', 2)
    case.create('other', 2, {'max.message.bytes': 20000})
    case.produce('src', rows(0, 100))
    engine = case.run(TWO)
    exact(case, 100)
    case.records('other', 100)
    case.produce('src', [('big', {'n': 100, 'pad': 'x' * 50000})])
    others_go_on(case, engine, 101, 'a record of 500', 'Message size too large')
    equal(len(case.records('other')), 100)


@test
def records_smaller_than_the_topic_takes(case):
    """Row 30: records that the sink topic takes one by one are written, also where many of them
    together are larger than its max.message.bytes."""
    case.create('src')
    case.create('copied', 1, {'max.message.bytes': 3000})
    case.produce('src', rows(0, 2000))
    engine = case.run(COPY)
    exact(case, 2000)
    engine.stop()


@test
def record_larger_than_any_topic_takes(case):
    """Rows 28, 30: a record of more than 1 MB is read; written on, it stops that query only."""
    case.create('src', 1, {'max.message.bytes': 8 << 20})
    case.create('other')
    case.produce('src', rows(0, 50))
    case.produce('src', [('big', {'n': 50, 'pad': 'x' * ((1 << 20) + 1)})])
    others_go_on(case, case.run(TWO), 51, 'Message size too large')


@test
def sink_topic_deleted(case):
    """Row 30: a deleted sink topic stops the query that writes it, and no other."""
    case.create('src', 2)
    case.create('other', 2)
    case.produce('src', rows(0, 100))
    engine = case.run(TWO)
    case.records('other', 100)
    case.client.delete_topic(case.topic('other'))
    until(lambda: case.topic('other') not in case.client.topics())
    case.produce('src', rows(100, 200))
    others_go_on(case, engine, 200)


@test
def no_right_to_write(case):
    """Row 30: without the right to write a topic, the query that writes it stops; the others go on."""
    for name in ('src', 'copied', 'other'):
        case.create(name, 2)
    case.produce('src', rows(0, 100))
    for operation, names in (('read', ('src',)), ('write', ('copied',)),
                             ('describe', ('src', 'copied', 'other'))):
        for name in names:
            case.broker.client.allow('alice', 'topic', case.topic(name), operation)
    rights_of_weir(case)
    engine = case.run(TWO, *alice(), servers=case.broker.sasl_bootstrap)
    others_go_on(case, engine, 100, 'authorization failed')


@test
def refused_at_least_once(case):
    """Row 30: under at_least_once, too, a record that is too large and a topic that was deleted stop just the
    queries that write there; nothing of the others is lost."""
    case.create('src', 2)
    case.create('other', 2, {'max.message.bytes': 20000})
    case.create('third', 2)
    sql = TWO + "CREATE STREAM third WITH (KAFKA_TOPIC='@third') AS SELECT k, n FROM src;"
    case.produce('src', rows(0, 100))
    engine = case.run(sql, eos=False)
    nothing_lost(case, 100, 'third')
    case.client.delete_topic(case.topic('third'))
    until(lambda: case.topic('third') not in case.client.topics())
    case.produce('src', rows(100, 200))
    engine.says(GONE + case.topic('third') + ':')
    case.produce('src', [('big', {'n': 200, 'pad': 'x' * 50000})])
    engine.says(GONE + case.topic('other') + ':', 'Message size too large')
    case.produce('src', rows(201, 300))
    nothing_lost(case, 300)
    must('CSAS_COPIED' not in engine.stderr(), engine.stderr())
    engine.stop_failed()


def alice(password='alice-secret'):
    settings = {'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'PLAIN',
                'sasl.username': 'alice', 'sasl.password': password}
    return [word for name, value in settings.items() for word in ('--set', '%s=%s' % (name, value))]


def rights_of_weir(case):
    client = kafka.Client(case.broker.bootstrap)
    client.allow('alice', 'group', '_weir', 'read', prefix=True)
    client.allow('alice', 'transactional_id', '_weir', 'write', prefix=True)
    client.allow('alice', 'transactional_id', '_weir', 'describe', prefix=True)
    client.allow('alice', 'cluster', 'kafka-cluster', 'idempotent_write')
    client.close()


@test
def no_right_to_read(case):
    """A source topic that may not be read stops its query, with the reason."""
    case.create('src')
    case.create('copied')
    for name in ('src', 'copied'):
        case.client.allow('alice', 'topic', case.topic(name), 'describe')
    case.client.allow('alice', 'topic', case.topic('copied'), 'write')
    rights_of_weir(case)
    engine = case.run(COPY, *alice(), servers=case.broker.sasl_bootstrap, weir_settings=SELDOM)
    engine.says('stopped: topic ' + case.topic('src'), 'no right to read')
    engine.stop_failed()


@test
def no_right_to_read_one_topic(case):
    """A source topic that may not be read stops its query and no other: what the others read is committed."""
    for name in ('src', 'copied', 'secret', 'others'):
        case.create(name)
        case.client.allow('alice', 'topic', case.topic(name), 'describe')
    for operation, names in (('read', ('src',)), ('write', ('copied', 'others'))):
        for name in names:
            case.client.allow('alice', 'topic', case.topic(name), operation)
    rights_of_weir(case)
    sql = COPY + COPY.replace('src', 'secret').replace('copied', 'others')
    for count in (100, 200):
        case.produce('src', rows(count - 100, count))
        engine = case.run(sql, *alice(), servers=case.broker.sasl_bootstrap, weir_settings=SELDOM)
        engine.says('stopped: topic ' + case.topic('secret'), 'no right to read')
        exact(case, count)
        engine.stop_failed()


@test
def source_topic_deleted(case):
    """Row 38: a deleted source topic stops its query, with the reason."""
    case.create('src', 2)
    case.produce('src', rows(0, 100))
    engine = case.run(COPY)
    exact(case, 100)
    case.client.delete_topic(case.topic('src'))
    engine.says('stopped: topic ' + case.topic('src'), 'does not exist any more')
    engine.stop_failed()


@test
def source_topic_made_again(case):
    """Row 38: a topic that was deleted and made again while the engine was not running is not read on
    from the old place: the query stops with the reason."""
    case.create('src')
    case.produce('src', rows(0, 100))
    engine = case.run(COPY)
    exact(case, 100)
    engine.stop()
    case.client.delete_topic(case.topic('src'))
    case.create('src')
    case.produce('src', rows(0, 50))
    engine = case.run(COPY)
    engine.says('stopped: topic ' + case.topic('src'), 'it was made again')
    equal(len(case.records('copied')), 100)
    engine.stop_failed()


@test
def partitions_added(case):
    """Row 38: partitions added to a source topic while the engine runs: the query stops and says
    that a restart is needed; where the query has no state, the restart reads all of them."""
    case.create('src', 2)
    case.produce('src', rows(0, 100))
    engine = case.run(COPY, weir_settings={'metadata.max.age.ms': 1000})
    exact(case, 100)
    case.client.add_partitions(case.topic('src'), 3)
    case.produce('src', [('k', {'n': n}) for n in range(100, 150)], partition=2)
    engine.says('stopped: topic ' + case.topic('src'), 'has 3 partitions now, and had 2', 'start weir again')
    engine.stop_failed()
    engine = case.run(COPY)
    case.records('copied', 150)
    equal(sorted(n for part in numbers(case.records('copied')).values() for n in part), list(range(150)))
    equal(len(case.records('copied')), 150)
    engine.stop()


@test
def partitions_added_under_state(case):
    """Row 38: partitions added while the engine was not running, to a topic whose query has state: its
    keys lie in other partitions now, so it is refused with the remedy; nothing is counted wrong."""
    case.create('src', 2)
    case.produce('src', rows(0, 100))
    engine = case.run(COUNT)
    exact(case, 100)
    counted(case, 100)
    engine.stop()
    case.client.add_partitions(case.topic('src'), 3)
    case.run(COUNT).ends(1, 'topic %s has 3 partitions now' % case.topic('src'), 'was made with 2',
                         'start with an empty --data-dir and reprocess')


@test
def retention_overtakes_a_stopped_engine(case):
    """Row 38: records that retention removed while the engine was not running: it goes on with the
    first that is left, and tells how many were not read; never silently."""
    case.create('src')
    case.produce('src', rows(0, 100))
    engine = case.run(COPY)
    exact(case, 100)
    engine.stop()
    case.produce('src', rows(100, 200))
    case.client.delete_records(case.topic('src'), {0: 150})
    engine = case.run(COPY, '--processing-log', case.path('log'))
    engine.says('50 records were removed before they were read')
    case.records('copied', 150)
    equal(sorted(n for part in numbers(case.records('copied')).values() for n in part),
          list(range(100)) + list(range(150, 200)))
    engine.stop()
    with open(case.path('log'), encoding='utf-8') as f:
        must('50 records were removed before they were read' in f.read(), 'not in the processing log')


@test
def retention_overtakes_a_running_engine(case):
    """Row 38: the same while it runs, and is too slow: what it has fetched it still reads."""
    case.create('src')
    case.produce('src', rows(0, 20))
    engine = case.run(COPY)
    exact(case, 20)
    engine.send(signal.SIGSTOP)
    time.sleep(2)       # what the broker has been asked for before, it answers: at most 0.1 s later
    case.produce('src', rows(20, 60))
    case.client.delete_records(case.topic('src'), {0: 50})
    engine.send(signal.SIGCONT)
    engine.says('30 records were removed before they were read')
    case.records('copied', 30)
    equal(numbers(case.records('copied'))[0], list(range(20)) + list(range(50, 60)))
    engine.stop()


@test
def topic_with_other_counts(case):
    """CREATE with PARTITIONS or REPLICAS on a topic that has others is refused in ksqlDB's words."""
    case.create('src', 3)
    create = "CREATE STREAM src (k STRING KEY, n INT) WITH (KAFKA_TOPIC='@src', VALUE_FORMAT='JSON', %s);"
    said = ("A Kafka topic with the name '%s' already exists, with different partition/replica configuration "
            "than required. KSQL expects %d partitions (topic has 3), %d replication factor (topic has 1).")
    for text, partitions, replicas in (('PARTITIONS=2', 2, 1), ('PARTITIONS=3, REPLICAS=2', 3, 2)):
        case.run(create % text).ends(1, said % (case.topic('src'), partitions, replicas))
    case.run(create % 'PARTITIONS=3, REPLICAS=1' + 'CREATE STREAM o WITH (KAFKA_TOPIC=\'@o\', PARTITIONS=5) '
             'AS SELECT * FROM src;')
    until(lambda: len(case.client.partitions(case.topic('o'))) == 5 if case.topic('o') in case.client.topics()
          else False)


@test
def missing_topic_without_partitions(case):
    """CREATE on a topic that does not exist, without PARTITIONS, is refused in ksqlDB's words."""
    case.run(COPY).ends(1, "Topic '%s' does not exist. If you want to create a new topic for the stream/table "
                        "please re-run the statement providing the required 'PARTITIONS' configuration in the WITH "
                        "clause (and optionally 'REPLICAS')." % case.topic('src'))
    must(case.topic('src') not in case.client.topics(), 'it was made all the same')


@test
def topics_that_do_not_match_in_a_join(case):
    """Two topics with other partition counts cannot be joined: ksqlDB's named error."""
    case.create('a', 2)
    case.create('b', 3)
    case.run("""
        CREATE STREAM a (k STRING KEY, n INT) WITH (KAFKA_TOPIC='@a', VALUE_FORMAT='JSON');
        CREATE STREAM b (k STRING KEY, n INT) WITH (KAFKA_TOPIC='@b', VALUE_FORMAT='JSON');
        CREATE STREAM j AS SELECT a.k, a.n, b.n AS m FROM a JOIN b WITHIN 1 HOUR ON a.k = b.k;
        """).ends(1, "Can't join `A` with `B` since the number of partitions don't match.", '`A` partitions = 2',
                  '`B` partitions = 3')


@test
def made_topics_are_as_asked(case):
    """PARTITIONS and RETENTION_MS of CREATE, and compaction of a table's topic, reach Kafka."""
    case.create('src', 2)
    engine = case.run("""
        CREATE STREAM src (k STRING KEY, n INT) WITH (KAFKA_TOPIC='@src', VALUE_FORMAT='JSON');
        CREATE STREAM s WITH (KAFKA_TOPIC='@s', PARTITIONS=4, RETENTION_MS=7200000) AS SELECT * FROM src;
        CREATE TABLE t WITH (KAFKA_TOPIC='@t') AS SELECT k, COUNT(*) AS n FROM src GROUP BY k;
        CREATE STREAM made (k STRING KEY) WITH (KAFKA_TOPIC='@made', VALUE_FORMAT='JSON', PARTITIONS=3);
        """)
    until(lambda: case.topic('made') in case.client.topics())
    equal({n: len(case.client.partitions(case.topic(n))) for n in ('s', 't', 'made')}, {'s': 4, 't': 2, 'made': 3})
    equal(case.client.config(case.topic('s'))['retention.ms'], '7200000')
    equal(case.client.config(case.topic('t'))['cleanup.policy'], 'compact')
    equal(case.client.config(case.topic('made'))['cleanup.policy'], 'delete')
    engine.stop()


@test
def aborted_records_are_not_read(case):
    """Records of an aborted transaction are not read, those behind them are; an open transaction
    holds the reader back until it ends."""
    case.create('src')
    case.produce('src', rows(0, 10))
    transaction = case.client.transaction(case.name)
    for commit in (False, True):
        transaction.produce(case.topic('src'), [('k', json.dumps({'n': 10 if commit else -1}))])
        (transaction.commit if commit else transaction.abort)()
    transaction.produce(case.topic('src'), [('k', json.dumps({'n': 11}))])
    case.produce('src', rows(12, 20))
    engine = case.run(COPY)
    exact(case, 11)
    transaction.commit()
    exact(case, 20)
    engine.stop()
    equal(engine.process.returncode, STOPPED)
