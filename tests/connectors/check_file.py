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
        case.start(sql, '--until-idle', env={'WEIR_FAULT': point + ':kill'}).process.wait(60)
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
