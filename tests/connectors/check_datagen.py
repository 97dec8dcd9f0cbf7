"""The generator as a source: the same records whatever dies, in as many formats as streams have; inline connectors."""
import base64
import json
import random
import time

from case import equal, must, test, until

INLINE = ("CREATE STREAM s (id BIGINT KEY, name STRING, amount DOUBLE) WITH (connector='datagen', rows.per.second=%d, "
          "max.rows=%d, seed=42, fields.id.kind='sequence', kafka_topic='s', value_format='JSON', partitions=1);\n")


def values(case, topic, **more):
    return [r['value'] for r in case.topic(topic, **more)]


def keys(case, topic, **more):
    return [int.from_bytes(base64.b64decode(r['key']), 'big') for r in case.topic(topic, base64=True, **more)]


@test
def generated_inline(case):
    """CREATE STREAM with the generator in it: so many rows, by its columns, the same for the same seed."""
    case.run(INLINE % (0, 500))
    equal(keys(case, 's'), list(range(500)))
    must(all(set(v) == {'NAME', 'AMOUNT'} and isinstance(v['AMOUNT'], float) for v in values(case, 's')), values(case, 's')[:3])
    case.run(INLINE % (0, 500), data='again')
    equal(values(case, 's', data='again'), values(case, 's'))
    case.run((INLINE % (0, 500)).replace('42', '43'), data='other')
    must(values(case, 's', data='other') != values(case, 's'), 'another seed')
    case.run(INLINE % (0, 500))
    equal(len(values(case, 's')), 500, 'a second run')
    case.run(INLINE % (0, 800))
    equal(keys(case, 's'), list(range(800)), 'more of them')


@test
def generated_at_a_pace(case):
    """rows.per.second is kept; a pause is not made up for."""
    began = time.monotonic()
    engine = case.start(INLINE % (200, 100000) + "CREATE SINK CONNECTOR o WITH ('connector'='stdout', 'topics'='s');")
    until(lambda: engine.out().count('\n') >= 200, what='records')
    must(time.monotonic() - began > 0.8, 'too fast')
    engine.stop()


@test
def generated_by_confluents_names(case):
    """The class and the options of Confluent's generator; several tables, a topic each; a stream decides the format."""
    case.run("""CREATE STREAM u (registertime BIGINT, userid STRING, regionid STRING, gender STRING)
          WITH (kafka_topic='users', value_format='DELIMITED', partitions=1);
        CREATE SOURCE CONNECTOR o WITH ('connector.class'='io.confluent.kafka.connect.datagen.DatagenConnector',
          'kafka.topic'='orders', 'quickstart'='orders', 'max.interval'='1', 'iterations'='50', 'random.seed'='7',
          'schema.keyfield'='orderid', 'value.converter'='org.apache.kafka.connect.json.JsonConverter');
        CREATE SOURCE CONNECTOR w WITH ('connector.class'='DatagenSource', 'kafka.topic'='users', 'quickstart'='users',
          'iterations'='20', 'fields.gender.kind'='list', 'fields.gender.values'='X');
        CREATE SOURCE CONNECTOR shop WITH ('connector'='datagen', 'quickstart'='shop', 'max.rows'='400',
          'topic.prefix'='shop-');""")
    equal(len(values(case, 'orders')), 50)
    must(all(r['key'] == str(r['value']['orderid']) for r in case.topic('orders')), case.topic('orders')[:2])
    lines = [base64.b64decode(r['value']).decode() for r in case.topic('users', base64=True)]
    must(len(lines) == 20 and all(line.endswith(',X') and line.count(',') == 3 for line in lines), lines[:3])
    equal(sum(len(values(case, 'shop-' + t)) for t in ('clickstream', 'payments', 'products')), 400)


@test
def generated_faults(case):
    """Tombstones, malformed records and duplicates come through, also where a stream has columns."""
    case.run("""CREATE STREAM s (id BIGINT KEY, name STRING) WITH (connector='datagen', max.rows=2000, tombstones=0.1, malformed=0.1,
        fields.id.kind='sequence', kafka_topic='s', value_format='JSON', partitions=1);""")
    records = case.topic('s', base64=True)
    equal(keys(case, 's'), list(range(2000)))
    tombs = sum(r['value'] is None for r in records)
    must(100 < tombs < 300, tombs)

    def is_json(r):
        try:
            json.loads(base64.b64decode(r['value']))
            return True
        except ValueError:
            return False
    bad = sum(r['value'] is not None and not is_json(r) for r in records)
    must(100 < bad < 300, bad)


@test
def generated_survives_kills(case):
    """kill -9 at random moments: the sequence goes on where the topic ends, of one table and of several."""
    shop = """CREATE SOURCE CONNECTOR shop WITH ('connector'='datagen', 'quickstart'='shop', 'max.rows'='10000',
        'rows.per.second'='4000');"""
    sql = INLINE % (4000, 10000) + shop
    dice = random.Random(1)
    for _ in range(10):
        engine = case.start(sql + "CREATE SINK CONNECTOR o WITH ('connector'='stdout', 'topics'='s');")
        until(lambda: engine.out() or engine.process.poll() is not None, what='records')
        time.sleep(dice.random() * 0.3)     # the moment is what varies
        engine.kill()
    case.run(sql)
    equal(keys(case, 's'), list(range(10000)))
    case.run(shop, data='whole')
    for topic in ('clickstream', 'payments', 'products'):
        must(values(case, topic) == values(case, topic, data='whole'), topic)


@test
def inline_connectors_live_with_their_stream(case):
    """OR REPLACE goes on with another one, DROP STREAM takes it along, a wrong one makes neither and leaves the old one."""
    one = INLINE % (0, 300)
    done = case.run(one + one.replace('CREATE STREAM', 'CREATE OR REPLACE STREAM').replace('300', '700') + 'SHOW CONNECTORS;')
    equal(done.out().count('datagen'), 1)
    equal(keys(case, 's'), list(range(700)), 'it went on')
    done = case.run(one + 'DROP STREAM s;\nSHOW CONNECTORS;\nSHOW STREAMS;', data='b')
    must('datagen' not in done.out(), done.out())
    done = case.run(one + one.replace('CREATE', 'CREATE OR REPLACE').replace("connector='datagen', ", '') .replace(
        'rows.per.second=0, max.rows=300, seed=42, fields.id.kind=\'sequence\', ', '') + 'SHOW CONNECTORS;', data='c')
    must('datagen' not in done.out(), 'replaced by one without', done.out())
    said = case.refused(one.replace('max.rows', 'max.rws'), "no option 'max.rws'", "did you mean 'max.rows'", data='d')
    must('^' in said, said)
    case.refused(one.replace("connector='datagen', ", ''), 'rows.per.second', data='e')
    case.refused("CREATE SOURCE CONNECTOR s WITH ('connector'='datagen', 'topic'='x', 'quickstart'='users', 'max.rows'='1');\n" + one,
                 'already exists', data='f')
    case.refused(one.replace("'sequence'", "'nonsense'"), 'nonsense', data='g')
