"""The file sink and the file source: whatever dies, every record is in the files, or the topic, exactly once."""
import base64
import collections
import glob
import gzip
import json
import os
import random
import subprocess
import time

from case import equal, must, test, until

SHOP = ("CREATE STREAM orders (id BIGINT KEY, category STRING, amount DOUBLE, note STRING) WITH (connector='datagen', "
        "kafka_topic='ORDERS', value_format='JSON', partitions=2, rows.per.second=%d, max.rows=%d, seed=7, "
        "fields.id.kind='sequence', fields.category.kind='list', fields.category.values='a,b,c/d,..,\u00e9'%s);\n")


def lines_of(path):
    opener = gzip.open if path.endswith('.gz') else open
    if path.endswith('.zst'):
        text = subprocess.run(['zstd', '-dc', path], stdout=subprocess.PIPE, check=True, timeout=60).stdout.decode()
        return text.splitlines()
    with opener(path, 'rt', encoding='utf-8', newline='') as f:
        return f.read().splitlines()


def files_below(folder):
    """Complete ones: what is hidden is not there yet."""
    found = []
    for where, _, names in os.walk(folder):
        found += [os.path.join(where, n) for n in names if not n.startswith('.')]
    return sorted(found)


def ids_in(path):
    paths = files_below(path) if os.path.isdir(path) else [path]
    return [json.loads(line)['ID'] for p in paths for line in lines_of(p)]


def once(ids, n):
    """Each of 0…n-1, once."""
    counts = collections.Counter(ids)
    twice = [i for i in counts if counts[i] > 1]
    missing = [i for i in range(n) if i not in counts]
    must(not twice and not missing and len(counts) == n, '%d records of %d; twice: %s…; missing: %s…' % (
        len(ids), n, twice[:5], missing[:5]))


def partitions_of(case, topic):
    """By id."""
    return {int.from_bytes(base64.b64decode(r['key']), 'big'): r['partition'] for r in case.topic(topic, base64=True)}


def must_be_in_order(ids, places):
    for partition in set(places.values()):
        mine = [i for i in ids if places[i] == partition]
        equal(mine, sorted(mine), 'the order of partition %d' % partition)


def killed(case, sql, wait, *options, times=8):
    """Runs until it is killed, again and again at random moments, then to the end. wait: a call that returns when
    the next process may be killed."""
    dice = random.Random(len(sql))
    for _ in range(times):
        engine = case.start(sql, *options)
        wait(engine)
        time.sleep(dice.random() * 0.25)    # the moment is what varies
        engine.kill()
    return case.run(sql, *options)


@test
def archive_by_column(case):
    """The statement of the manual: a folder for each category, complete files, every record once."""
    case.run(SHOP % (0, 3000, '') + """CREATE SINK CONNECTOR archive WITH ('connector'='file', 'topics'='ORDERS',
        'path'='out/category=${CATEGORY}/orders.jsonl', 'base.dir'='%s', 'format'='jsonl', 'roll.interval'='5m');"""
             % case.path())
    folders = sorted(os.listdir(case.path('out')))
    must(len(folders) == 5 and all(f.startswith('category=') for f in folders), folders)
    once(ids_in(case.path('out')), 3000)
    for folder in folders:
        equal(os.listdir(case.path('out', folder)), ['orders.jsonl'])
    equal(sorted(os.listdir(case.folder))[-1], 'run-0.out')     # nothing beside


@test
def values_cannot_leave(case):
    """Columns with separators, dots and other people's files stay in their part of the path."""
    os.mkdir(case.path('base'))
    case.write('secret', 'mine\n')
    os.symlink(case.folder, case.path('base', 'link'))
    names = ['../secret', '..', '.', '/etc/passwd', 'a/../../secret', '%2e%2e%2fsecret', '\u202e', 'x' * 150, 'link',
             '.hidden', 'a\nb', 'a b', '~']
    records = case.records('in.jsonl', [{'key': str(i), 'value': {'NAME': n, 'N': i}} for i, n in enumerate(names)])
    case.run("""CREATE STREAM s (k STRING KEY, name STRING, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
        CREATE SINK CONNECTOR f WITH ('connector'='file', 'topics'='s', 'path'='${NAME}/x.jsonl', 'base.dir'='%s',
        'errors.deadletterqueue.topic.name'='dead');""" % case.path('base'), '--input', 's=' + records)
    equal(sorted(os.listdir(case.folder)), sorted(set(os.listdir(case.folder)) & {
        'base', 'secret', 'in.jsonl', 'data', '0.sql', 'run-0.err', 'run-0.out'}))
    equal(lines_of(case.path('secret')), ['mine'])
    got = sorted(json.loads(line)['N'] for path in files_below(case.path('base')) for line in lines_of(path)
                 if not path.startswith(case.path('base', 'link')))
    dead = sorted(json.loads(r['value'])['N'] if isinstance(r['value'], str) else r['value']['N']
                  for r in case.topic('dead'))
    equal(sorted(got + dead), list(range(len(names))))
    must(names.index('link') in dead, 'a link is not followed', dead)
    must(not os.path.exists(case.path('x.jsonl')), 'through the link')


@test
def rolled_names_sort(case):
    """Files rolled by records have exactly so many; by name they are in order; CSV has a header in each."""
    case.run(SHOP % (0, 2500, '') + """CREATE SINK CONNECTOR c WITH ('connector'='FileStreamSinkConnector', 'topics'='ORDERS',
        'file'='out/all.csv.gz', 'base.dir'='%s', 'roll.records'='1000');
        CREATE SINK CONNECTOR z WITH ('connector'='file', 'topics'='ORDERS', 'path'='zst/all.jsonl', 'compression'='zstd',
        'base.dir'='%s', 'roll.size'='20kb', 'batch.size'='100');""" % (case.path(), case.path()))
    files = files_below(case.path('out'))
    equal([len(lines_of(f)) for f in files], [1001, 1001, 501])
    equal(lines_of(files[2])[0], 'ID,CATEGORY,AMOUNT,NOTE')
    places = partitions_of(case, 'ORDERS')
    ids = [int(line.split(',')[0]) for path in files for line in lines_of(path)[1:]]
    must_be_in_order(ids, places)
    if subprocess.run(['which', 'zstd'], stdout=subprocess.DEVNULL, check=False).returncode == 0:
        rolled = files_below(case.path('zst'))
        must(len(rolled) > 1, rolled)
        once(ids_in(case.path('zst')), 2500)


@test
def files_survive_kills(case):
    """kill -9 at random moments, again and again: complete files hold each record once, in the order of its key."""
    sql = SHOP % (4000, 12000, '') + """CREATE SINK CONNECTOR f WITH ('connector'='file', 'topics'='ORDERS',
        'path'='out/${CATEGORY}.jsonl', 'base.dir'='%s', 'roll.records'='400', 'batch.size'='150', 'linger.ms'='5');
        CREATE SINK CONNECTOR p WITH ('connector'='file', 'topics'='ORDERS', 'path'='plain/all.jsonl.gz',
        'base.dir'='%s', 'batch.size'='300', 'linger.ms'='5');""" % (case.path(), case.path())
    killed(case, sql, lambda engine: until(lambda: os.path.exists(case.path('out')), what='no file yet'), times=10)
    equal([f for f in glob.glob(case.path('out', '.*'))], [], 'left behind')
    once(ids_in(case.path('out')), 12000)
    once(ids_in(case.path('plain')), 12000)
    places = partitions_of(case, 'ORDERS')
    must_be_in_order([i for f in files_below(case.path('plain')) for i in ids_in(f)], places)
    for category in {os.path.basename(f)[:1] for f in files_below(case.path('out'))}:
        rolled = [f for f in files_below(case.path('out')) if os.path.basename(f)[:1] == category]
        must(len(rolled) > 1, rolled)
        must_be_in_order([i for f in rolled for i in ids_in(f)], places)


@test
def files_survive_fault_points(case):
    """The same, dying right behind each step of a batch and of a commit."""
    sql = SHOP % (0, 4000, '') + """CREATE SINK CONNECTOR f WITH ('connector'='file', 'topics'='ORDERS',
        'path'='out/${CATEGORY}.jsonl', 'base.dir'='%s', 'roll.records'='300', 'batch.size'='100', 'linger.ms'='1',
        'max.open.files'='2');""" % case.path()
    for point in ('files.written:2', 'files.told:2', 'files.written:1', 'files.told:5', 'store.write:2',
                  'store.written:2', 'files.told:9', 'epoch.begin:2', 'files.written:7'):
        case.start(sql, '--until-idle', env={'WEIR_FAULT': point + ':kill'}).process.wait(180)
    case.run(sql)
    once(ids_in(case.path('out')), 4000)
    equal(glob.glob(case.path('out', '.*')), [], 'left behind')


@test
def full_disk_waits(case):
    """A write that fails is tried again, and nothing of it counts twice."""
    sql = SHOP % (0, 2000, '') + """CREATE SINK CONNECTOR f WITH ('connector'='file', 'topics'='ORDERS',
        'path'='out/all.jsonl', 'base.dir'='%s', 'batch.size'='100', 'linger.ms'='1', 'retry.backoff.ms'='5');""" % case.path()
    case.run(sql, env={'WEIR_FAULT': 'files.written:3:error,files.written:4:error'})
    once(ids_in(case.path('out')), 2000)


@test
def dropped_sink_begins_anew(case):
    """DROP and CREATE of the same name: all records again, in other files."""
    one = """CREATE SINK CONNECTOR f WITH ('connector'='file', 'topics'='ORDERS', 'path'='out/all.jsonl',
        'base.dir'='%s', 'roll.interval'='1h');\n""" % case.path()
    case.run(SHOP % (0, 500, '') + one)
    case.run(SHOP % (0, 500, '') + one + 'DROP CONNECTOR f;\n' + one)
    equal(sorted(ids_in(case.path('out'))), sorted(list(range(500)) * 2))


@test
def files_go_by_age(case):
    """roll.interval and idle.timeout complete files while the engine runs; retention removes old complete ones only."""
    engine = case.start(SHOP % (200, 400, '') + """CREATE SINK CONNECTOR f WITH ('connector'='file', 'topics'='ORDERS',
        'path'='out/all.jsonl', 'base.dir'='%s', 'roll.interval'='100ms', 'linger.ms'='5');
        CREATE SINK CONNECTOR r WITH ('connector'='file', 'topics'='ORDERS', 'path'='kept/all.jsonl',
        'base.dir'='%s', 'idle.timeout'='50ms', 'roll.records'='10', 'retention'='300ms', 'linger.ms'='5');"""
                        % (case.path(), case.path()))
    until(lambda: len(ids_in(case.path('out'))) == 400 if os.path.exists(case.path('out')) else None, what='not rolled')
    must(len(files_below(case.path('out'))) > 3, files_below(case.path('out')))
    with open(case.path('kept', 'all_mine.jsonl'), 'w', encoding='ascii') as f:
        f.write('{"ID":-1}\n')
    until(lambda: files_below(case.path('kept')) == [case.path('kept', 'all_mine.jsonl')], what=lambda: os.listdir(
        case.path('kept')))
    engine.stop()
    once(ids_in(case.path('out')), 400)


@test
def file_options_are_checked(case):
    """What cannot be is refused where the statement says it."""
    stream = "CREATE STREAM s (k STRING KEY, a ARRAY<INT>) WITH (kafka_topic='s', value_format='JSON', partitions=1);\n"
    sink = stream + "CREATE SINK CONNECTOR f WITH ('connector'='file', 'topics'='s', %s);"
    case.refused(sink % "'path'='/etc/x.jsonl'", "is not below", 'base.dir')
    case.refused(sink % "'path'='x.csv'", 'CSV cannot hold column A')
    case.refused(sink % "'path'='${NOPE}.jsonl'", 'NOPE')
    case.refused(sink % "'path'='x.jsonl', 'retention'='1d'", 'rolled')
    case.refused(sink % "'path'='x.jsonl', 'base.dir'='%s'" % case.path('nowhere'), 'nowhere')


# ---- the source

ORDERS_IN = ("CREATE STREAM o (id BIGINT KEY, name STRING, price DOUBLE, ok BOOLEAN) WITH (kafka_topic='o', "
             "value_format='JSON', partitions=1);\n")


def source(case, path, *more):
    return ORDERS_IN + "CREATE SOURCE CONNECTOR i WITH ('connector'='file', 'topic'='o', 'base.dir'='%s', 'path'='%s'%s);" % (
        case.path(), path, ''.join(', ' + m for m in more))


def values(case, topic='o'):
    return [r['value'] for r in case.topic(topic)]


@test
def lines_become_records(case):
    """JSON lines, plain and compressed, by a pattern, in the order of the names; the files once, however often it runs."""
    os.mkdir(case.path('in'))
    rows = [{'ID': i, 'NAME': 'n%d' % i, 'PRICE': i / 2, 'OK': True} for i in range(3000)]
    text = [''.join(json.dumps(r) + '\r\n' for r in rows[a:b]) for a, b in ((0, 1000), (1000, 2000), (2000, 3000))]
    case.write('in/a1.jsonl', '\ufeff' + text[0] + '\n\n')
    with gzip.open(case.path('in/a2.jsonl.gz'), 'wt', encoding='utf-8', newline='') as f:
        f.write(text[1])
    case.write('in/a3.jsonl', text[2].rstrip())
    case.write('in/b.jsonl', 'not for us')
    sql = source(case, 'in/a?.jsonl*')
    case.run(sql)
    equal([v['ID'] for v in values(case)], list(range(3000)))
    case.run(sql)
    equal(len(values(case)), 3000, 'a second run')
    with open(case.path('in/a1.jsonl'), 'a', encoding='utf-8') as f:
        f.write(json.dumps(dict(rows[0], ID=-1)) + '\n')
    case.write('in/a4.jsonl', json.dumps(dict(rows[0], ID=-2)) + '\n')
    case.run(sql)
    equal([v['ID'] for v in values(case)][3000:], [-1, -2], 'what came later')


@test
def csv_becomes_records(case):
    """Headers, quotes, delimiters and line ends inside of values, empty values; by the types of the stream."""
    case.write('x.csv', 'id,name,price,ok\r\n1,"a, ""b""\nc",1.50,TRUE\r\n2,,,\r\n3,"",0007,false\r\n4,caf\u00e9,1e3,true')
    case.run(source(case, 'x.csv'))
    equal([(v['name'], v['price'], v['ok']) for v in values(case)], [
        ('a, "b"\nc', 1.5, True), (None, None, None), ('', '0007', False), ('caf\u00e9', 1000.0, True)])
    equal([int.from_bytes(base64.b64decode(r['key']), 'big') for r in case.topic('o', base64=True)], [1, 2, 3, 4])
    case.write('y.csv', '7;x;2;true\n8;y;3;false\n')
    case.run(source(case, 'y.csv', "'header'='false'", "'delimiter'=';'"), data='other')
    equal([v['NAME'] for v in [r['value'] for r in case.topic('o', data='other')]], ['x', 'y'])


@test
def bad_lines_are_dead_letters(case):
    """What is no record goes to the dead letters as it came, or is skipped, or stops the connector; the others come through."""
    long = 'x' * 3000
    case.write('x.jsonl', '{"ID":1}\nnonsense\n{"ID":2}\n{"ID":"three"}\n[]\n' + long + '\n{"ID":4}\n{"ID":5')
    dead = "'errors.deadletterqueue.topic.name'='dead'"
    case.run(source(case, 'x.jsonl', dead, "'max.line.bytes'='2000'"))
    equal([v['ID'] for v in values(case)], [1, 2, 4])
    letters = [base64.b64decode(r['value']).decode() for r in case.topic('dead', base64=True)]
    equal(letters, ['nonsense', '{"ID":"three"}', '[]', long[:1024], '{"ID":5'])
    case.run(source(case, 'x.jsonl'), data='skips')
    equal(len(case.topic('o', data='skips')), 3)
    engine = case.run(source(case, 'x.jsonl', "'errors.tolerance'='none'"), data='stops', status=None)
    must('x.jsonl, up to byte 18' in engine.err(), engine.err())
    case.write('y.csv', 'id,name\n1,a\n2,"open\n3,c\n4,d,e\n5,f\n')
    case.run(source(case, 'y.csv', dead), data='csv')
    equal(len(case.topic('o', data='csv')), 3)
    equal([base64.b64decode(r['value']).decode() for r in case.topic('dead', data='csv', base64=True)], ['2,"open', '4,d,e'])


class Log:
    """A log file that is rotated."""

    def __init__(self, case):
        self.case = case
        self.n = 0
        self.rolled = 0
        os.makedirs(case.path('log'), exist_ok=True)

    def write(self, count):
        with open(self.case.path('log/app.jsonl'), 'a', encoding='ascii') as f:
            for _ in range(count):
                f.write('{"ID":%d,"NAME":"%s"}\n' % (self.n, 'x' * (self.n % 50)))
                self.n += 1

    def rename(self):
        self.rolled += 1
        os.rename(self.case.path('log/app.jsonl'), self.case.path('log/app.jsonl.%d' % self.rolled))


def followed(case, number):
    """Records so far, as the engine itself tells."""
    return os.path.exists(case.path('out/all.jsonl')) and len(lines_of(case.path('out/all.jsonl'))) >= number


TAIL = ("CREATE SINK CONNECTOR f WITH ('connector'='file', 'topics'='o', 'path'='out/all.jsonl', 'base.dir'='%s', "
        "'linger.ms'='1');")


@test
def logs_are_followed(case):
    """follow: lines as they come, half ones when they are whole; through renaming, cutting and new files."""
    log = Log(case)
    log.write(10)
    engine = case.start(source(case, 'log/*.jsonl', "'follow'='true'", "'poll.interval'='5ms'") + TAIL % case.path())
    until(lambda: followed(case, 10), what='the first lines')
    with open(case.path('log/app.jsonl'), 'a', encoding='ascii') as f:
        f.write('{"ID":%d' % log.n)
        f.flush()
        log2 = open(case.path('log/b.jsonl'), 'w', encoding='ascii')
        log2.write('{"ID":1000}\n')
        log2.close()
        until(lambda: followed(case, 11), what='a new file')
        f.write('}\n')
        log.n += 1
    until(lambda: followed(case, 12), what='the rest of a line')
    for i in range(5):
        log.write(20)
        log.rename()
        log.write(5)
        until(lambda: followed(case, 12 + 25 * i + 25), what='a renamed file')
    with open(case.path('log/b.jsonl'), 'w', encoding='ascii') as f:
        f.write('{"ID":1001}\n')
    until(lambda: followed(case, 12 + 126), what='a cut file')
    engine.stop()
    once([i for i in ids_in(case.path('out/all.jsonl')) if i < 1000], log.n)
    equal(sorted(i for i in ids_in(case.path('out/all.jsonl')) if i >= 1000), [1000, 1001])


@test
def a_log_is_cut_while_nobody_looks(case):
    """Cut and written anew between two processes: the new lines once; a file of the same inode is not the old one."""
    log = Log(case)
    log.write(50)
    sql = source(case, 'log/*.jsonl', "'follow'='true'", "'poll.interval'='5ms'") + TAIL % case.path()
    engine = case.start(sql)
    until(lambda: followed(case, 50), what='the first lines')
    engine.stop()
    os.truncate(case.path('log/app.jsonl'), 0)
    log.write(70)
    engine = case.start(sql)
    until(lambda: followed(case, 120), what='the new lines')
    engine.stop()
    os.remove(case.path('log/app.jsonl'))
    log.write(3)
    engine = case.start(sql)
    until(lambda: followed(case, 123), what='lines of another file')
    engine.stop()
    once(ids_in(case.path('out/all.jsonl')), 123)


@test
def logs_are_followed_from_their_end(case):
    """start=end: only what comes after the connector was made, also after a crash right behind that."""
    log = Log(case)
    log.write(10)
    sql = source(case, 'log/*.jsonl', "'follow'='true'", "'poll.interval'='5ms'", "'start'='end'") + TAIL % case.path()
    engine = case.start(sql + 'SHOW CONNECTORS;')
    until(lambda: 'RUNNING' in engine.out(), what='no connector')
    log.write(5)
    until(lambda: followed(case, 5), what='the new lines')
    engine.kill()
    log.write(5)
    engine = case.start(sql)
    until(lambda: followed(case, 10), what='lines of the time between')
    engine.stop()
    equal(ids_in(case.path('out/all.jsonl')), list(range(10, 20)))


@test
def logs_survive_kills(case):
    """kill -9 while a log is written and rotated: each line is in the topic once, in order."""
    log = Log(case)
    sql = source(case, 'log/app.jsonl*', "'follow'='true'", "'poll.interval'='2ms'") + TAIL % case.path()
    dice = random.Random(5)
    for _ in range(12):
        engine = case.start(sql)
        until(lambda: os.path.exists(case.path('out')), what='no record yet') if log.n else None
        for _ in range(dice.randrange(1, 6)):
            log.write(dice.randrange(1, 400))
            time.sleep(dice.random() * 0.1)
            if dice.random() < 0.5:
                log.rename()
        engine.kill()
    log.write(1)
    engine = case.start(sql)
    until(lambda: followed(case, log.n), what=lambda: '%d of %d' % (len(ids_in(case.path('out/all.jsonl'))), log.n))
    engine.stop()
    once([v['ID'] for v in values(case)], log.n)
    once(ids_in(case.path('out/all.jsonl')), log.n)


@test
def files_read_survive_kills(case):
    """kill -9 while files are read: each line is in the topic once, in order, compressed ones, too."""
    n = 60000
    with gzip.open(case.path('a.csv.gz'), 'wt', encoding='ascii', compresslevel=1) as f:
        f.write('id,name\n' + ''.join('%d,"n\n%d"\n' % (i, i) for i in range(n // 2)))
    case.write('b.csv', 'id,name\n' + ''.join('%d,n%d\n' % (i, i) for i in range(n // 2, n)))
    sql = ("CREATE SOURCE CONNECTOR i WITH ('connector'='file', 'topic'='o', 'key'='id', 'base.dir'='%s', 'path'='?.csv*', "
           "'max.buffered.bytes'='64kb');" % case.path())
    killed(case, sql, lambda engine: until(lambda: os.path.exists(case.path('data')), what='no data'), times=8)
    ids = [int(v['id']) for v in values(case)]
    once(ids, n)
    must(ids == sorted(ids), 'not in order')


@test
def off_and_on_again(case):
    """A stream's connector that is replaced by one that is not enabled stands still, unseen; its position stays, so
    the next one goes on: in the same run, or in the next."""
    case.write('x.csv', 'id,name\n1,a\n2,b\n')
    inline = ("CREATE OR REPLACE STREAM s (id BIGINT KEY, name STRING) WITH (connector='file', path='x.csv', base.dir='%s', "
              "kafka_topic='s', value_format='JSON', partitions=1, enabled='%%s');\n" % case.path())
    on, off, show = inline % 'true', inline % 'false', 'SHOW CONNECTORS;\n'
    must('| S ' not in case.run(on + off + show).out() and 'S  ' not in case.engines[-1].out(), case.engines[-1].out())
    case.run(on)
    equal(sorted(v['name'] for v in values(case, 's')), ['a', 'b'], 'off, then on in the next run')
    with open(case.path('x.csv'), 'a', encoding='utf-8') as f:
        f.write('3,c\n')
    said = case.run(on + off + on + show)
    must('FILE' in said.out().upper(), said.out())
    equal(sorted(v['name'] for v in values(case, 's')), ['a', 'b', 'c'], 'off and on')
    case.run(off + 'DROP STREAM s;\n')
    case.run(on)
    equal(len(values(case, 's')), 6, 'dropped while it was off: read again')


@test
def inline_files(case):
    """CREATE STREAM with the connector in it; what is wrong there makes neither."""
    case.write('x.csv', 'id,name\n1,a\n2,b\n')
    inline = ("CREATE STREAM s (id BIGINT KEY, name STRING) WITH (connector='file', path='%s', base.dir='%s', "
              "kafka_topic='s', value_format='JSON', partitions=2);\n")
    case.run(inline % ('x.csv', case.path()) + 'SHOW CONNECTORS;')
    equal(sorted(v['name'] for v in values(case, 's')), ['a', 'b'])
    case.refused(inline % ('nope.csv', case.path()), 'there is no file nope.csv', data='other')
    said = case.run(inline % ('x.csv', case.path()) + 'DROP STREAM s;\nSHOW CONNECTORS;\n' + inline % ('x.csv', case.path()))
    equal(len(values(case, 's')), 4, 'dropped and made again: read again')
    must('ENDED' not in said.out(), said.out())
