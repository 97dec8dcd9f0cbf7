"""The engine with topics of its own in a data directory. Nothing else runs."""
import json
import os
import subprocess
import threading
import time

from workload import PARTITIONS, QUERIES, QUERY_COUNT, READERS, RESIDUE, SOURCES

SECONDS = 120
OUTPUTS = ('BIG', 'BIG_EVEN', 'BY_G', 'TOTALS', 'BIG_TOTALS', 'WINDOWS', 'FINALS', 'GROUPS', 'G_TOTALS',
           'LOOKED', 'PAIRS', 'NAMES', 'BY_NAME', 'TOTALS_COPY')


class Broken(Exception):
    """The program did something else than run, end or die as told."""


END_SECONDS = 60         # of a process that was told to end
COLD = ('TOTALS', 'BIG_TOTALS')
COLD_BYTES = 48          # an entry of theirs; in memory it takes about 100


def ended(process):
    try:
        return process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        raise Broken('it does not end within %d s of SIGTERM' % END_SECONDS) from None


def line(r):
    return json.dumps({'key': r.key, 'value': r.value, 'partition': r.p, 'timestamp': r.ts}) + '\n'


def records_of(path, whole=True):
    """Per partition. A run that was killed may leave half a last line."""
    parts = [[] for _ in range(PARTITIONS)]
    with open(path, encoding='utf-8') as f:
        for text in f:
            if not whole and not text.endswith('\n'):
                break
            r = json.loads(text)
            parts[r.pop('partition', 0)].append(r)
    return parts


def environment(faults=''):
    env = dict(os.environ)
    env.pop('WEIR_FAULT', None)
    if faults:
        env['WEIR_FAULT'] = faults
    return env


def run_once(command):
    """To its end, undisturbed."""
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(),
                          stdin=subprocess.DEVNULL, timeout=SECONDS)
    if done.returncode != 0:
        raise Broken('%s\nexit status %d\n%s' % (' '.join(command), done.returncode,
                                                 done.stderr.decode('utf-8', 'replace')[-3000:]))


def with_memory(path, memory):
    """Options that limit the memory for state, and tell at the end what is in it."""
    return ['--set', 'weir.state.memory.bytes=' + memory, '--report', path] if memory else []


def check_cold(path):
    """Of a run that has ended in order: its state must have been out of memory, or the test is none."""
    with open(path, encoding='utf-8') as f:
        queries = json.load(f)['queries']
    for name in COLD:
        entries, in_memory = queries[name]['state_entries'], queries[name]['state_bytes']
        if in_memory > entries * COLD_BYTES:
            raise Broken('%s has %d entries and %d bytes in memory: they are not cold' % (name, entries, in_memory))


class Pipe:
    """Input that comes while the engine runs, a few records at a time."""

    def __init__(self, path, records, pause):
        self.path, self.records, self.pause = path, records, pause
        os.mkfifo(path)
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.write)
        self.thread.start()

    def write(self):
        data = [line(r).encode() for r in self.records]
        at = 0
        while at < len(data) and not self.stop.is_set():
            part = b''.join(data[at:at + 3])
            at += 3
            while part and not self.stop.is_set():
                try:
                    part = part[os.write(self.fd, part):]
                except BlockingIOError:
                    self.stop.wait(0.001)
            self.stop.wait(self.pause)

    def close(self):
        self.stop.set()
        self.thread.join()
        os.close(self.fd)    # not before: opening a pipe without a writer waits
        os.unlink(self.path)


class Embedded:
    name = 'embedded'
    kills_per_scenario = 24
    points = ('start.state', 'start.done', 'round.done', 'topic.appended', 'epoch.begin', 'segment.written',
              'epoch.collected', 'store.write', 'store.written', 'epoch.done')
    recovery = ('start.state', 'start.done')
    after = {}
    nth = {'start.state': (1, QUERY_COUNT), 'start.done': (1, 1), 'round.done': (1, 2), 'topic.appended': (1, 40)}
    random_seconds = 0.12
    reach_seconds = 2.0      # a fault point is reached in this time, or the life goes by without
    settles = replays = False
    sources, outputs = tuple(RESIDUE), OUTPUTS

    def __init__(self, folder, weir, feed, workers=1, coalesce=True, piped=False, memory=None, **_):
        self.folder, self.weir, self.feed, self.piped, self.memory = folder, weir, feed, piped, memory
        self.given = dict.fromkeys(RESIDUE, 0)      # of the feed's records, how many are in the topic
        self.lives = 0
        self.process = None
        self.pipes = []
        self.nth_commit = (1, 8 if piped else 3)     # what was there at the start is in the first one
        self.data = os.path.join(folder, 'data')
        for name, text in (('sources', SOURCES), ('queries', QUERIES), ('readers', READERS)):
            with open(self.path(name + '.sql'), 'w', encoding='utf-8') as f:
                f.write(text)
        self.live = [weir, 'run', '--data-dir', self.data, '--workers', str(workers),
                     '--set', 'commit.interval.ms=20', '--set', 'auto.offset.reset=earliest']
        if not coalesce:
            self.live += ['--set', 'cache.max.bytes.buffering=0']
        self.live += with_memory(self.path('report'), memory)

    def path(self, name):
        return os.path.join(self.folder, name)

    def close(self):
        self.end_life()

    def add_input(self, made):
        """Records that the feed has just made. From a pipe they come when a life begins."""
        if self.piped:
            return
        command = [self.weir, 'run', '--data-dir', self.data, '--until-idle']
        for topic, records in made.items():
            with open(self.path('in.' + topic), 'w', encoding='utf-8') as f:
                f.writelines(line(r) for r in records)
            command += ['--input', '%s=%s' % (topic, self.path('in.' + topic))]
        run_once(command + [self.path('sources.sql')])
        for topic, records in made.items():
            self.given[topic] += len(records)

    def start(self, faults, with_input=True):
        """A life of the engine; what it shows of its outputs goes to files."""
        self.lives += 1
        command = list(self.live)
        for topic in self.outputs:
            command += ['--output', '%s=%s' % (topic, self.path('seen.' + topic))]
        for topic in RESIDUE if self.piped else ():
            path = self.path('pipe.%d.%s' % (self.lives, topic))
            rest = self.feed.records[topic][self.given[topic]:] if with_input else []
            self.pipes.append(Pipe(path, rest, 0.004))
            command += ['--input', '%s=%s' % (topic, path)]
        self.errors = open(self.path('stderr'), 'wb')
        self.process = subprocess.Popen(command + [self.path('queries.sql')], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=self.errors, env=environment(faults))
        return self.process

    def end_life(self):
        """After the process is gone."""
        for pipe in self.pipes:
            pipe.close()
        self.pipes = []

    def stderr(self):
        self.errors.close()
        with open(self.path('stderr'), encoding='utf-8', errors='replace') as f:
            return f.read()

    def seen(self):
        """What the life that has just ended has shown: committed, it said."""
        paths = {topic: self.path('seen.' + topic) for topic in self.outputs}
        found = {topic: records_of(path, whole=False) for topic, path in paths.items() if os.path.exists(path)}
        for path in paths.values():
            if os.path.exists(path):
                os.unlink(path)
        return found

    def snapshot(self):
        """All that is in the topics now; no query runs."""
        command = [self.weir, 'run', '--data-dir', self.data, '--until-idle']
        names = self.sources + self.outputs
        for topic in names:
            command += ['--output', '%s=%s' % (topic, self.path('out.' + topic))]
        run_once(command + [self.path('readers.sql')])
        topics = {topic: records_of(self.path('out.' + topic)) for topic in names}
        if self.piped:
            self.given = {topic: sum(map(len, topics[topic])) for topic in self.sources}
        return topics

    def finish(self, _):
        """Nothing disturbs it any more: reads to the end, ends in order."""
        deadline = time.monotonic() + SECONDS
        patience = 0.15                  # of a process that is told to end before it listens
        while True:
            process = self.start('')
            while self.piped and any(pipe.thread.is_alive() for pipe in self.pipes) and process.poll() is None:
                time.sleep(0.01)
            time.sleep(patience)
            patience *= 2
            process.terminate()
            status = ended(process)
            self.end_life()
            if status not in (0, -15):
                raise Broken('a run that was to end in order: status %d\n%s' % (status, self.stderr()))
            topics = self.snapshot()
            if status == 0 and all(self.given[t] == len(self.feed.records[t]) for t in self.given):
                if self.memory:
                    check_cold(self.path('report'))
                return topics
            if time.monotonic() > deadline:
                raise Broken('the input is not consumed after %d s: %s' % (SECONDS, self.given))
