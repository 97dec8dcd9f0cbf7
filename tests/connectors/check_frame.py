"""The frame that all sinks share, seen through the smallest of them: stdout and blackhole."""
import json
import random
import subprocess

import kafka
from case import WEIR, Skipped, equal, must, test, until

STREAM = """CREATE STREAM s (id STRING KEY, n INT) WITH (kafka_topic='S', value_format='JSON', partitions=3);
"""


def sink(name='out', **options):
    given = {'connector': 'stdout', 'topics': 'S'}
    given.update({k.replace('_', '.'): str(v) for k, v in options.items()})
    text = ', '.join("'%s'='%s'" % (k, v.replace("'", "''")) for k, v in given.items())
    return 'CREATE SINK CONNECTOR %s WITH (%s);\n' % (name, text)


def rows(case, n, first=0, wrong=()):
    """A file of records; those of `wrong` are no JSON."""
    made = []
    for i in range(first, first + n):
        r = {'key': 'k%d' % (i % 7), 'value': {'N': i}, 'timestamp': i}
        if i in wrong:
            del r['value']
            r['raw'] = '{wrong %d' % i
        made.append(r)
    return 'S=' + case.records('rows-%d' % first, made)


def numbers(text):
    return [json.loads(line)['N'] for line in text.splitlines() if line.startswith('{"ID"')]


def in_order(text):
    """Records of a key stay in order."""
    last = {}
    for n in numbers(text):
        must(last.get(n % 7, -1) < n, n, 'came after', last.get(n % 7))
        last[n % 7] = n


def weir(*command, status=0):
    done = subprocess.run([WEIR, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    equal(done.returncode, status, done.stderr.decode())
    return done.stdout.decode() + done.stderr.decode()


@test
def what_operators_see(case):
    """SHOW, DESCRIBE, CHECK, PAUSE, RESUME and DROP say what is; IF [NOT] EXISTS is quiet, without it they fail."""
    sql = STREAM + sink(template='${ID}=${N}', errors_tolerance='all')
    sql += "CREATE SINK CONNECTOR IF NOT EXISTS out WITH ('connector'='stdout', 'topics'='S');\n"
    sql += "INSERT INTO s VALUES ('a', 1);\nCHECK CONNECTOR out;\nPAUSE CONNECTOR out;\nSHOW CONNECTORS;\n"
    sql += 'SHOW SINK CONNECTORS; SHOW SOURCE CONNECTORS; SHOW CONNECTOR PLUGINS;\n'
    sql += 'DESCRIBE CONNECTOR out;\nRESUME CONNECTOR out;\n'
    out = case.run(sql).out()
    for text in ('-- topic S, partition', 'PAUSED', 'a=1', 'http-server', 'blackhole',
                 'at least once', 'errors.tolerance', '${ID}=${N}'):
        must(text in out, '%r is not in\n%s' % (text, out))
    out = case.run(sql + 'DROP CONNECTOR out;\nDROP CONNECTOR IF EXISTS out;\nSHOW CONNECTORS;\n', data='drop').out()
    must('OUT' not in out.split('DESCRIBE')[-1].split('errors.tolerance')[-1].split('Connector Name')[-1], out)
    case.refused(STREAM + sink() + sink(), 'OUT already exists', data='twice')
    for statement in ('DROP', 'PAUSE', 'RESUME', 'DESCRIBE', 'CHECK'):
        case.refused(statement + ' CONNECTOR nobody;', 'NOBODY', 'does not exist', data=None)


@test
def statements_that_fail(case):
    """A wrong option or template fails at CREATE, with the nearest name, or a caret below the mistake."""
    for more, texts in (({'tempalte': 'x'}, ("did you mean 'template'?",)),
                        ({'template': 'a ${NN}'}, ('NN is no column of topic S', '^')),
                        ({'template': "it''s ${N:%q}"}, ('neither json, url, raw nor a time', '^')),
                        ({'template': '${ID:%Y}'}, ('this is no time',)), ({'template': '${N'}, ('${ without }',)),
                        ({'batch_size': '0'}, ('batch.size', 'from 1 to')), ({'batch_size': 'x'}, ('a whole number',)),
                        ({'linger_ms': '5x'}, ('a time',)), ({'batch_bytes': 'x'}, ('a size',)),
                        ({'start': 'middle'}, ('earliest|latest',)), ({'topics': 'nothing'}, ('no topic',)),
                        ({'connector': 'stdot'}, ("did you mean 'stdout'?",)),
                        ({'transforms': 'x'}, ('do it in SQL',)), ({'template': '${env:NOT_THERE}'}, ('not set',)),
                        ({'template': '${env:NOT'}, ('without }',)),
                        ({'template': '${file:/not/there}'}, ('/not/there',)), ({'retries': '1', 'max_retries': '1'}, ('twice',))):
        case.refused(STREAM + sink(**more), *texts, data=None)
    case.run(STREAM + sink(consumer_override_auto_offset_reset='latest', value_converter='x'), '--input', rows(case, 3))


@test
def all_of_it_once(case):
    """Everything is delivered, records of a key in order; a second start sends only what is new."""
    sql = STREAM + sink(batch_size=7)
    first = case.run(sql, '--input', rows(case, 5000)).out()
    equal(sorted(numbers(first)), list(range(5000)))
    in_order(first)
    equal(numbers(case.run(sql).out()), [])
    equal(sorted(numbers(case.run(sql, '--input', rows(case, 10, 5000)).out())), list(range(5000, 5010)))
    again = case.run(STREAM + sink() + 'DROP CONNECTOR out;\n' + sink()).out()
    equal(len(numbers(again)), 5010, 'DROP forgets')


@test
def dead_letters(case):
    """What cannot be read goes to the dead letters with its cause; weir dlq counts, shows and sends back."""
    sql = STREAM + sink(errors_deadletterqueue_topic_name='dead')
    out = case.run(sql, '--input', rows(case, 100, wrong=(3, 50, 51))).out()
    equal(sorted(numbers(out)), [i for i in range(100) if i not in (3, 50, 51)])
    home = ('--data-dir', case.path('data'))
    listed = weir('dlq', 'list', *home)
    must('dead' in listed and 'OUT' in listed and '3' in listed, listed)
    shown = weir('dlq', 'show', 'dead', '--count', '2', *home)
    equal(shown.count('(DESERIALIZATION)'), 2, shown)
    must('{wrong 3' in shown, shown)
    must('3 records would be sent back' in weir('dlq', 'replay', 'dead', '--dry-run', *home))
    weir('dlq', 'list', 'dead', '--connector', 'NOBODY', *home, status=3)
    weir('dlq', 'show', 'dead', '--count', 'x', *home, status=2)
    must('3 records sent back' in weir('dlq', 'replay', 'dead', *home))
    case.run(sql)
    must('6 ' in weir('dlq', 'list', 'dead', *home), 'they are wrong again')


@test
def without_dead_letters(case):
    """Without a place for it a wrong record ends the connector, and --until-idle with status 1 and its reason; the
    position stays in front of it. With errors.tolerance=all it is skipped."""
    path = rows(case, 100, wrong=(50,))
    engine = case.run(STREAM + sink(), '--input', path, status=1)
    for text in ('OUT', 'offset', "'errors.tolerance'='all'"):
        must(text in engine.err(), engine.err())
    first = numbers(engine.out())
    out = case.run(STREAM + sink(errors_tolerance='all')).out()
    equal(sorted(set(first + numbers(out))), [i for i in range(100) if i != 50])


@test
def killed_at_any_time(case):
    """kill -9 at any time: no record is missing at the end, those of a key are in order within each run."""
    rng = random.Random(3)
    sql = STREAM + sink(batch_size=11, max_buffered_records=100, rate_limit=3000)
    case.run(STREAM, '--input', rows(case, 4000))
    seen = set()
    for _ in range(5):
        engine = case.start(sql)
        enough = rng.randrange(1, 600)
        until(lambda: engine.out().count('\n') > enough or engine.process.poll() is not None, what='no lines')
        engine.kill()
        text = engine.out()
        in_order(text[:text.rfind('\n') + 1])
        seen |= set(numbers(text[:text.rfind('\n') + 1]))
    last = case.run(sql).out()
    in_order(last)
    seen |= set(numbers(last))
    equal(len(seen), 4000)


@test
def memory_stays_flat(case):
    """A sink that hardly moves holds no more than its buffer, however much waits; one with room for everything is seen
    to hold it."""
    n, pad, mb = 25000, 'x' * 2000, 1 << 20
    case.run(STREAM, '--input', 'S=' + case.records('wide', [{'key': 'k%d' % (i % 7), 'value': {'N': i, 'PAD': pad}, 'timestamp': i}
                                                            for i in range(n)]))
    env = {'ASAN_OPTIONS': 'detect_leaks=1:quarantine_size_mb=1'}

    def start(room):
        return case.start(STREAM + sink(rate_limit=2, batch_size=1, max_buffered_records=room, max_buffered_bytes='1gb'), env=env)

    def delivered(engine):
        return engine.out().count('\n')
    idle = case.start(STREAM + 'SHOW STREAMS;\n', env=env)
    until(lambda: delivered(idle), what='not running')
    base = idle.rss()
    idle.stop()
    wide = start(n)
    until(lambda: wide.rss() - base > n * len(pad) // 2, what=lambda: 'holds only %d MB' % ((wide.rss() - base) // mb))
    enough = delivered(wide) + 4
    wide.kill()
    narrow = start(100)
    until(lambda: delivered(narrow) >= enough, what='delivers nothing')
    held = narrow.rss() - base
    narrow.kill()
    case.note('%d MB wait, %d MB are held', n * len(pad) // mb, held // mb)
    must(held < n * len(pad) // 4, 'holds %d MB' % (held // mb))


@test
def topic_made_again(case):
    """A topic that was deleted and made again below a sink: it says so, and takes all of it as new."""
    case.run(STREAM + sink(), '--input', rows(case, 100))
    engine = case.run(STREAM + 'DROP STREAM s DELETE TOPIC;\n' + STREAM + sink(), '--input', rows(case, 20, 100))
    equal(sorted(numbers(engine.out())), list(range(100, 120)))
    must('connector OUT: topic S was made again' in engine.err(), engine.err())
    again = case.run(STREAM + sink(), '--input', rows(case, 5, 120))
    equal(sorted(numbers(again.out())), list(range(120, 125)))
    must('made again' not in again.err(), again.err())


@test
def topic_in_use(case):
    """A topic that a connector reads, or writes its dead letters to, is not deleted under it."""
    drop = 'DROP STREAM s DELETE TOPIC;\n'
    case.refused(STREAM + sink() + drop, 'connector OUT uses it', 'DROP CONNECTOR OUT first')
    dead = "CREATE STREAM d (k STRING KEY, v STRING) WITH (kafka_topic='dead', value_format='JSON', partitions=1);\n"
    case.refused(STREAM + dead + sink(errors_deadletterqueue_topic_name='dead') + 'DROP STREAM d DELETE TOPIC;\n',
                 'connector OUT uses it', data='dead')
    case.run(STREAM + sink() + 'DROP CONNECTOR out;\n' + drop, data='dropped')
    case.run("CREATE STREAM g (n INT) WITH (connector='datagen', kafka_topic='G', value_format='JSON', partitions=1, "
             "max.rows=3);\nDROP STREAM g DELETE TOPIC;\n", data='its own')


# ---- Kafka ----

def broker():
    reason = kafka.unavailable()
    if reason:
        raise Skipped(reason)
    return kafka.Broker()


@test
def on_kafka_only_what_is_committed(case):
    """A sink over a topic of Kafka sees committed records only, goes on where it was, and its dead letters lie in
    Kafka; both guarantees."""
    with broker() as b:
        for guarantee in ('at_least_once', 'exactly_once_v2'):
            name = guarantee.replace('_', '-')
            at = ('--bootstrap-servers', b.bootstrap, '--set', 'processing.guarantee=' + guarantee)
            stream = STREAM.replace("'S'", "'%s'" % name)
            sql = "SET 'auto.offset.reset'='earliest';\n" + stream
            sql += sink(topics=name, errors_deadletterqueue_topic_name=name + '-dead')
            b.client.create_topic(name, partitions=3)
            b.client.produce(name, [('k%d' % (i % 7), json.dumps({'N': i})) for i in range(200)])
            b.client.produce(name, [('k', '{wrong')])
            try:
                with b.client.transaction(name) as transaction:
                    transaction.produce(name, [('k1', json.dumps({'N': 1000}))])
                    raise InterruptedError
            except InterruptedError:
                pass
            with b.client.transaction(name) as transaction:
                transaction.produce(name, [('k1', json.dumps({'N': 400 + i * 7 + 1})) for i in range(3)])
            engine = case.run(sql, *at, data=name)
            wanted = list(range(200)) + [401, 408, 415]
            equal(sorted(numbers(engine.out())), wanted, guarantee)
            in_order(engine.out())
            equal(numbers(case.run(sql, *at, data=name).out()), [], 'again')
            must('OUT' in weir('dlq', 'list', name + '-dead', *at), 'no dead letter')
            must('1 record sent back' in weir('dlq', 'replay', name + '-dead', *at))
