"""The bundles on a real broker and in a data directory: applied, run, stopped, run again with what has come since; what
is in the topics then is what they give in memory."""
import base64
import collections
import json
import os
import re
import struct
import sys
import tempfile

from case import HERE, QUERIES, RELEASE, Skipped, blocks, bundles, expect, page, shell, test, weir

sys.path.insert(0, os.path.join(HERE, '../support'))
import kafka    # noqa: E402

# Sixteen hours and a half, so that hours and a day end.
CLICKS = '--count 4000 --speed 1500'
# A stream meets a table that another query is still making: which row it finds depends on their paces. What comes of it
# has the same keys, and is there when the second half has come.
PACED = {'COVIEWS_OF_PRODUCT', 'COSINES', 'SIMILARITIES', 'SIMILAR_PRODUCTS', 'OPINIONS', 'HYBRID_RANKED',
         'HYBRID_PRODUCTS', 'VIEWED_WITH_SIMILAR', 'USER_RECOMMENDATIONS'}


def manifest(name):
    """What a manifest has, by section; enough YAML for those of queries/."""
    with open(os.path.join(QUERIES, name, 'bundle.yaml'), encoding='utf-8') as f:
        text = f.read()
    found = {key: '' for key in ('depends', 'topics', 'data')}
    found.update(re.findall(r'^(depends|topics|data):.*\n((?: .*\n|\n)*)', text, re.M))
    return (re.findall(r'- name: (\S+)', found['depends']), re.findall(r'^  (\w+):', found['topics'], re.M),
            dict(re.findall(r'^  (\w+): (.*)$', found['data'], re.M)))


def with_depends(name, found=()):
    """The bundle, behind all that it depends on."""
    for other in manifest(name)[0]:
        found = with_depends(other, found)
    return found if name in found else found + (name,)


def sources(names, folder):
    """Topics, and files with their records: the last bundle that has data for a topic says which."""
    topics = []
    files = {}
    for name in names:
        _, declared, data = manifest(name)
        topics += declared
        for topic, where in data.items():
            files[topic] = os.path.join(QUERIES, name, where)
            if where.startswith('{datagen:'):
                files[topic] = os.path.join(folder, topic + '.jsonl')
                options = re.sub(r'--count 20000 (.*)--speed 60', r'\1' + CLICKS, where[len('{datagen:'):-1])
                with open(files[topic], 'w', encoding='utf-8') as f:
                    f.write(weir('datagen', *options.split())[0])
    return topics, files


def halves(path, at):
    """The lines of a file until a time has come, and from then on."""
    with open(path, encoding='utf-8') as f:
        lines = f.read().splitlines(True)
    n = next((i for i, line in enumerate(lines) if json.loads(line)['timestamp'] >= at), len(lines))
    return ''.join(lines[:n]), ''.join(lines[n:])


def declared(names, pattern):
    """Upper-case names in the statements that have the pattern."""
    found = set()
    for name in names:
        for file in os.listdir(os.path.join(QUERIES, name)):
            if file.endswith('.sql'):
                with open(os.path.join(QUERIES, name, file), encoding='utf-8') as f:
                    text = re.sub(r'--.*', '', f.read())
                found |= {m.upper() for m in re.findall(pattern, text)}
    return found


def plain(key):
    """A key as text, whatever format it has."""
    if isinstance(key, bytes):
        if len(key) == 4 and key[:2] == b'\0\0':
            return str(struct.unpack('>i', key)[0])
        key = key.decode()
        return plain(json.loads(key)) if key[:1] in ('{', '"') else key
    return json.dumps(key, sort_keys=True) if isinstance(key, dict) else str(key)


def seen_in_memory(lines, sessions):
    for line in lines:
        r = json.loads(line)
        window = r.get('window')
        start = window and ((window['start'], window['end']) if sessions else window['start'])
        yield plain(r['key']), start, json.dumps(r['value'], sort_keys=True)


def seen_in_topic(records, windowed, sessions):
    """A window stands behind its key: its start, of a session its end before that."""
    for key, value in records:
        start = None
        if sessions:
            key, start = key[:-16], struct.unpack('>qq', key[-16:])[::-1]
        elif windowed:
            key, start = key[:-8], struct.unpack('>q', key[-8:])[0]
        yield plain(key), start, json.dumps(value and json.loads(value), sort_keys=True)


def rows(seen):
    """What is left when later records replace earlier ones, and nulls delete."""
    table = {(key, start): value for key, start, value in seen}
    return {k: v for k, v in table.items() if v != 'null'}


def compare(topic, got, wanted, table):
    if topic in PACED:
        got, wanted = {r[:2] for r in got}, {r[:2] for r in wanted}
        expect(got and got <= wanted, '%s: %d keys, in memory %d' % (topic, len(got), len(wanted)))
        return
    got, wanted = (rows(got), rows(wanted)) if table else (collections.Counter(got), collections.Counter(wanted))
    odd = [k for k in got.keys() | wanted.keys() if got.get(k) != wanted.get(k)]
    expect(not odd, '%s: %d of %d differ, as %s\nexpected %s\nactual   %s' % (
        topic, len(odd), len(wanted), odd[:1], [wanted.get(k) for k in odd[:1]], [got.get(k) for k in odd[:1]]))


class OnKafka:
    """Topics on a broker, read by a client of our own; state in a folder."""

    def __init__(self, broker, folder):
        self.client = broker.client
        self.where = ['--bootstrap-servers', broker.bootstrap]
        self.state = ['--data-dir', os.path.join(folder, 'state')] + self.where

    def topics(self):
        return [t for t in self.client.topics() if not t.startswith('__')]

    def read(self, topic):
        return [(r.key, r.value) for r in self.client.consume(topic)]

    def forget(self):
        for topic in self.topics():
            self.client.delete_topic(topic)


class InDirectory:
    """Topics and state in a folder."""

    def __init__(self, folder):
        self.where = self.state = ['--data-dir', os.path.join(folder, 'state')]

    def topics(self):
        out, _ = weir('topic', 'list', '--format', 'json', *self.where)
        return [json.loads(line)['topic'] for line in out.splitlines()]

    def read(self, topic):
        out, _ = weir('consume', topic, '--base64', *self.where, status=None)
        for line in out.splitlines():
            r = json.loads(line)
            yield tuple(r[name] and base64.b64decode(r[name]) for name in ('key', 'value'))

    def forget(self):
        pass


def same_as_in_memory(home, name, least, folder):
    names = with_depends(name)
    topics, files = sources(names, folder)
    where, state = home.where, home.state
    weir('topic', 'create', *topics, *where)
    for bundle in names:
        weir('apply', *state, 'queries/' + bundle)
    with open(files['clickstream'], encoding='utf-8') as f:
        times = sorted(json.loads(line)['timestamp'] for line in f)
    for half in (0, 1):
        for topic, file in files.items():
            part = os.path.join(folder, 'part')
            with open(part, 'w', encoding='utf-8') as f:
                f.write(halves(file, times[len(times) // 2])[half])
            weir('produce', topic, part, *where)
        weir('run', '--until-idle', *state)
    made = [t for t in home.topics() if t not in topics and not t.endswith('-dlq')]
    outputs = {t: os.path.join(folder, t) for t in made}
    weir('run', '--until-idle', 'queries/' + name, *(o for t, f in files.items() for o in ('--input', t + '=' + f)),
         *(o for t, f in outputs.items() for o in ('--output', t + '=' + f)))
    tables = declared(names, r'CREATE TABLE (\w+)')
    sessions = declared(names, r'CREATE TABLE (\w+)[^;]*WINDOW SESSION')
    some = 0
    for topic in made:
        with open(outputs[topic], encoding='utf-8') as f:
            lines = f.read().splitlines()
        windowed = any('"window":' in line for line in lines)
        wanted = list(seen_in_memory(lines, topic in sessions))
        got = list(seen_in_topic(home.read(topic), windowed, topic in sessions))
        compare(topic, got, wanted, topic in tables)
        some += bool(got)
    expect(some >= least, '%d topics of %s have records' % (some, made))
    home.forget()


def records(client):
    return sum(sum(client.topic_end_offsets(t).values()) for t in client.topics() if not t.startswith('__'))


def broker():
    reason = kafka.unavailable()
    if reason:
        raise Skipped(reason)
    return kafka.Broker()


@test
def bundles_on_kafka():
    """All of them as the platform has them, and those with records of their own."""
    with broker() as b:
        for name, least in (('clickstream-platform', 60), ('revenue', 4), ('experiments', 7)):
            with tempfile.TemporaryDirectory(prefix='weir-queries-') as folder:
                same_as_in_memory(OnKafka(b, folder), name, least, folder)


@test
def bundles_in_a_directory():
    """The same with topics in a data directory, which are full when the bundles begin."""
    for name, least in (('clickstream-platform', 60), ('revenue', 4)):
        with tempfile.TemporaryDirectory(prefix='weir-queries-') as folder:
            same_as_in_memory(InDirectory(folder), name, least, folder)


@test
def pages_on_kafka():
    """What each page tells to do on Kafka: the topics that it names are enough, it runs, and goes on in its state."""
    with broker() as b:
        def do(commands):
            commands = commands.replace('localhost:9092', b.bootstrap).replace('--count 20000', '--count 1000')
            with tempfile.TemporaryDirectory(prefix='weir-queries-') as folder:
                shell(commands, folder, RELEASE)
        for name in sorted(bundles(), key=lambda n: n != 'shop'):
            text = page(name)
            for command in blocks(text):
                if command.startswith('weir topic create'):
                    do(command)
            runs = [c for c in blocks(text) if c.startswith('weir run --bootstrap-servers') and 'redis' not in c]
            for command in re.findall(r'`(weir topic create [^`]*)`', text):
                for topic in set(command.split()[3:]) - set(b.client.topics()):
                    do('weir topic create %s --bootstrap-servers localhost:9092' % topic)
            for command in runs:
                again = command.replace('weir run', 'weir run --until-idle')
                before = records(b.client)
                do(again + again)
                expect(name == 'shop' or records(b.client) > before, '%s: nothing' % name)
