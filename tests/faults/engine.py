"""The real engine on a real broker: one case is a test with topics, files and processes of its own."""
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../support'))
import kafka    # noqa: E402

WEIR = os.path.abspath(os.environ.get('WEIR', os.path.join(HERE, '../../build/dev/weir')))
RELEASE = os.path.abspath(os.environ.get('WEIR_RELEASE', os.path.join(HERE, '../../build/release/weir')))
SECONDS = 60
PAUSE = 0.02
FENCED = 'another process works with a copy of this data directory'


TESTS = []


def test(function):
    """Its name and its docstring say what must hold. Called with a Case."""
    TESTS.append(function)
    return function


class Wrong(Exception):
    """What had to hold does not."""


def must(holds, *what):
    if not holds:
        raise Wrong(' '.join(str(w) for w in what))


def equal(got, wanted, what=''):
    must(got == wanted, '%s: got %r, wanted %r' % (what or 'differs', got, wanted))


def until(call, seconds=SECONDS, what=''):
    """What call returns, when that is something. what may be a call, too."""
    deadline = time.monotonic() + seconds
    while True:
        got = call()
        if got:
            return got
        if time.monotonic() > deadline:
            raise Wrong('not within %s s: %s' % (seconds, what() if callable(what) else what))
        time.sleep(PAUSE)


def stat_bytes(pid, name):
    with open('/proc/%d/status' % pid, encoding='ascii') as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith(name + ':'))


class Engine:
    """A process of weir run."""

    def __init__(self, command, path, env):
        self.path = path
        self.started = time.monotonic()
        with open(path, 'wb') as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                            env=dict(os.environ, **env))

    def stderr(self):
        with open(self.path, encoding='utf-8', errors='replace') as f:
            return f.read()

    def says(self, *texts, seconds=SECONDS):
        """Waits for them."""
        def said():
            found = [text in self.stderr() for text in texts]
            must(all(found) or self.process.poll() is None, 'ended without saying %r:\n%s' % (
                texts, self.stderr()[-3000:]))
            return all(found)
        until(said, seconds, lambda: '%r in\n%s' % (texts, self.stderr()[-3000:]))
        return self.stderr()

    def send(self, signum):
        self.process.send_signal(signum)

    def ends(self, status, *texts, seconds=SECONDS):
        """With this status, having said this, and nothing that no fault may cause."""
        try:
            got = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Wrong('does not end within %s s:\n%s' % (seconds, self.stderr()[-3000:])) from None
        said = self.stderr()
        for sign in ('ERROR: AddressSanitizer', 'WARNING: ThreadSanitizer', 'runtime error:', 'LeakSanitizer', 'panic'):
            must(sign not in said, said[-3000:])
        must(got == status, 'exit status %s, wanted %s:\n%s' % (got, status, said[-3000:]))
        for text in texts:
            must(text in said, '%r is not in\n%s' % (text, said[-3000:]))
        return said

    def stop(self):
        """In order. Not before it can be asked to."""
        until(self.listens, what='no handler of signals')
        self.send(signal.SIGTERM)
        return self.ends(STOPPED)

    def stop_failed(self):
        """In order; some of its queries had stopped before."""
        self.send(signal.SIGTERM)
        self.process.wait(SECONDS)

    def kill(self):
        self.send(signal.SIGKILL)
        self.process.wait()

    def listens(self):
        with open('/proc/%d/status' % self.process.pid, encoding='ascii') as f:
            caught = next(int(line.split()[1], 16) for line in f if line.startswith('SigCgt:'))
        return caught >> (signal.SIGTERM - 1) & 1

    def rss(self):
        return stat_bytes(self.process.pid, 'VmRSS')

    def cpu(self):
        """Seconds, of all threads."""
        with open('/proc/%d/stat' % self.process.pid, encoding='ascii') as f:
            return sum(int(n) for n in f.read().rsplit(')', 1)[1].split()[11:13]) / os.sysconf('SC_CLK_TCK')


STOPPED = 0


class Skipped(Exception):
    """This machine lacks what the test needs."""


class Case:
    """name: of the test, in all topics. @topic in statements is a topic of this test."""

    def __init__(self, broker, name):
        self.broker = broker
        self.name = name
        self.folder = tempfile.mkdtemp(prefix='weir-faults-')
        self.client = kafka.Client(broker.bootstrap)
        self.engines = []
        self.mounted = []
        self.notes = []

    def note(self, text, *what):
        """A figure, shown with -v."""
        self.notes.append(text % what)

    def close(self):
        for engine in self.engines:
            if engine.process.poll() is None:
                engine.send(signal.SIGCONT)
                engine.kill()
        for folder in self.mounted:
            subprocess.run(['umount', folder], check=True)
        self.client.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def topic(self, name):
        return '%s-%s' % (self.name, name)

    def create(self, name, partitions=1, config=None):
        self.client.create_topic(self.topic(name), partitions, dict({'retention.ms': -1}, **config or {}))

    def produce(self, name, rows, partition=None):
        """rows: (key, value[, timestamp[, headers]]); a value that is no text or bytes becomes JSON."""
        self.client.produce(self.topic(name), [
            (r[0], r[1] if r[1] is None or isinstance(r[1], (str, bytes)) else json.dumps(r[1])) + tuple(r[2:])
            for r in rows], partition)

    def feed(self, name, lines):
        """Many records, by `weir produce`: more than our own client can make in the time."""
        with subprocess.Popen([RELEASE, 'produce', self.topic(name), '--bootstrap-servers', self.broker.bootstrap],
                              stdin=subprocess.PIPE) as process:
            for line in lines:
                process.stdin.write(line)
        equal(process.returncode, 0, 'weir produce')

    def records(self, name, count=0, seconds=SECONDS):
        """Committed ones; waits until there are so many."""
        deadline = time.monotonic() + seconds
        engine = self.engines[-1] if self.engines else None
        while True:
            ended = engine and all(e.process.poll() is not None for e in self.engines)
            got = self.look(name)
            if len(got) >= count:
                return got
            must(not ended and time.monotonic() < deadline, '%s has %d records %s, wanted %d\n%s' % (
                name, len(got), 'at the end' if ended else 'within %s s' % seconds, count,
                engine.stderr()[-3000:] if engine else ''))
            time.sleep(PAUSE)

    def look(self, name):
        """What there is now, of a topic that may not be there yet."""
        return self.client.consume(self.topic(name)) if self.topic(name) in self.client.topics() else []

    def values(self, name, count=0, seconds=SECONDS):
        return [None if r.value is None else json.loads(r.value) for r in self.records(name, count, seconds)]

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as f:
            f.write(text)
        return self.path(name)

    def run(self, sql, *options, data='data', weir=WEIR, env=None, wrap=(), eos=True, earliest=True,
            servers=None, weir_settings=None):
        """Starts it. data: name of the data directory, or None."""
        number = len(self.engines)
        settings = {'commit.interval.ms': 50}
        settings.update({'processing.guarantee': 'exactly_once_v2'} if eos else {})
        settings.update({'auto.offset.reset': 'earliest'} if earliest else {})
        settings.update(weir_settings or {})
        command = list(wrap) + [weir, 'run', '--bootstrap-servers', servers or self.broker.bootstrap]
        command += ['--data-dir', self.path(data)] if data else []
        for name, value in settings.items():
            command += ['--set', '%s=%s' % (name, value)]
        file = self.write('%d.sql' % number, sql.replace('@', self.name + '-'))
        env = dict({'WEIR_FAULT': '', 'ASAN_OPTIONS': 'detect_leaks=1'}, **env or {})
        engine = Engine(command + list(options) + [file], self.path('%d.stderr' % number), env)
        self.engines.append(engine)
        return engine


# What most cases run: every record once, in the order of its partition, so that each loss and each
# repetition can be seen, and a count, which shows them, too.
COPY = """
CREATE STREAM src (k STRING KEY, n BIGINT, pad STRING) WITH (KAFKA_TOPIC='@src', VALUE_FORMAT='JSON');
CREATE STREAM copied WITH (KAFKA_TOPIC='@copied') AS SELECT k, n FROM src;
"""
COUNT = COPY + """
CREATE TABLE counted WITH (KAFKA_TOPIC='@counted') AS SELECT k, COUNT(*) AS n FROM src GROUP BY k;
"""


def rows(first, last, keys=7, pad=0, began=1_700_000_000_000):
    return [('k%d' % (n % keys), {'n': n, 'pad': 'x' * pad}, began + n) for n in range(first, last)]


def numbers(records):
    """The n of copied records, per partition in order."""
    found = {}
    for r in records:
        found.setdefault(r.partition, []).append(json.loads(r.value)['N'])
    return found


def exact(case, last, topic='copied', seconds=SECONDS):
    """Copied: 0 to last, each once, in the order of its key."""
    got = numbers(case.records(topic, last, seconds))
    flat = sorted(n for part in got.values() for n in part)
    lost = sorted(set(range(last)) - set(flat))
    must(not lost, 'lost: %d records, %s …' % (len(lost), lost[:5]))
    equal(len(flat), last, 'records (more: duplicates)')
    for part in got.values():
        must(part == sorted(part), 'reordered:', part[:50])


def nothing_lost(case, last, topic='copied'):
    """At least once: all there; what is there twice is a replay, in order."""
    def complete():
        flat = [n for part in numbers(case.records(topic)).values() for n in part]
        return set(flat) >= set(range(last))
    until(complete, SECONDS, 'all of %d records' % last)


def counted(case, last, keys=7, seconds=SECONDS):
    """The last count of each key."""
    wanted = {'k%d' % k: len(range(k, last, keys)) for k in range(min(keys, last))}

    def seen():
        found = {}
        for r in case.records('counted'):
            found[r.key.decode()] = json.loads(r.value)['N']
        return found == wanted or (case.shown.update(found) and False)
    case.shown = {}
    try:
        until(seen, seconds)
    except Wrong:
        raise Wrong('counts: got %r, wanted %r' % (case.shown, wanted)) from None


def asked(name, default):
    """A size that is larger by hand than in a normal run: an environment variable."""
    return int(os.environ.get(name, default))


def be64(data):
    return struct.unpack('>q', data)[0]
