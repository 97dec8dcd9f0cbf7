"""The engine on a real Kafka broker. All scenarios share one; each has topics of its own."""
import json
import os
import re
import subprocess
import sys
import threading
import time

from embedded import Broken, OUTPUTS, check_cold, ended, environment, with_memory
from workload import PARTITIONS, QUERIES, QUERY_COUNT, RESIDUE

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
import kafka    # noqa: E402

NUMBER_KEYS = ('BY_G', 'GROUPS', 'G_TOTALS')
WINDOWED = ('WINDOWS', 'FINALS')
QUIET_SECONDS = 60.0      # nothing new for so long: nothing more comes
PAUSE_SECONDS = 0.01     # between records, so that a life has many epochs
LIFE_SECONDS = 1.0       # before it is told to end
COUNT_REPLAYS = ('BIG_TOTALS', 'G_TOTALS')    # at least once they count what comes twice, as they must


def plain(topic, r):
    """A record of the broker as `weir run --output` would show it."""
    key = r.key
    shown = {'value': json.loads(r.value) if r.value is not None else None, 'timestamp': r.timestamp}
    if key is not None and topic in WINDOWED:
        shown['window'] = {'start': int.from_bytes(key[-8:], 'big')}
        key = key[:-8]
    if key is not None:
        key = int.from_bytes(key, 'big', signed=True) if topic in NUMBER_KEYS else key.decode()
    shown['key'] = key
    return shown


class Producing(threading.Thread):
    """Input that comes while the engine lives and dies."""

    def __init__(self, bootstrap, name, made):
        super().__init__()
        self.bootstrap, self.name_of, self.made = bootstrap, name, made
        self.error = None

    def run(self):
        client = kafka.Client(self.bootstrap)
        try:
            rest = {topic: list(records) for topic, records in self.made.items()}
            at_once = max(3, sum(map(len, rest.values())) // 60)
            while any(rest.values()):
                for topic in rest:
                    part, rest[topic] = rest[topic][:at_once], rest[topic][at_once:]
                    if part:
                        client.produce(self.name_of(topic), [(
                            r.key, None if r.value is None else json.dumps(r.value), r.ts) for r in part])
                time.sleep(PAUSE_SECONDS)
        except (OSError, kafka.KafkaError) as e:
            self.error = e
        finally:
            client.close()


class Clustered:
    broker = None        # set by who starts one
    sources, outputs = tuple(RESIDUE), OUTPUTS
    random_seconds = 0.8
    kills_per_scenario = 16
    nth = {'start.state': (1, QUERY_COUNT), 'start.done': (1, 1), 'recover.decided': (1, 1), 'round.done': (1, 6),
           'topic.appended': (1, 60)}
    nth_commit = (2, 6)      # the first one has only plans in it
    reach_seconds = 4.0
    piped = settles = True

    def __init__(self, folder, weir, feed, seed, workers=1, coalesce=True, memory=None, **_):
        self.folder, self.feed, self.memory = folder, feed, memory
        self.prefix = 'c%d-%s-' % (seed, self.guarantee)
        self.client = kafka.Client(self.broker.bootstrap)
        self.lives = 0
        self.process = None
        self.producing = None
        self.known = {topic: [[] for _ in range(PARTITIONS)] for topic in self.sources + self.outputs}
        self.next = {topic: [0] * PARTITIONS for topic in self.sources + self.outputs}
        for topic in self.known:
            self.client.create_topic(self.name_of(topic), partitions=PARTITIONS, config={'retention.ms': '-1'})
        with open(self.path('queries.sql'), 'w', encoding='utf-8') as f:
            f.write(self.on_topics(QUERIES))
        self.command = [weir, 'run', '--bootstrap-servers', self.broker.bootstrap, '--data-dir', self.path('data'),
                        '--workers', str(workers), '--set', 'processing.guarantee=' + self.guarantee,
                        '--set', 'commit.interval.ms=20', '--set', 'auto.offset.reset=earliest']
        if not coalesce:
            self.command += ['--set', 'cache.max.bytes.buffering=0']
        self.command += with_memory(self.path('report'), memory)

    def name_of(self, topic):
        return self.prefix + topic

    def on_topics(self, sql):
        sql = re.sub(r"kafka_topic='", "kafka_topic='" + self.prefix, sql)
        return re.sub(r'(CREATE (?:STREAM|TABLE) (\w+)) AS SELECT', lambda m: "%s WITH (kafka_topic='%s') AS SELECT" % (
            m.group(1), self.name_of(m.group(2).upper())), sql)

    def path(self, name):
        return os.path.join(self.folder, name)

    def close(self):
        self.wait_for_input()
        self.client.close()

    def wait_for_input(self):
        if self.producing:
            self.producing.join()
            if self.producing.error:
                raise Broken('input: %s' % self.producing.error)
            self.producing = None

    def add_input(self, made):
        self.wait_for_input()
        self.producing = Producing(self.broker.bootstrap, self.name_of, made)
        self.producing.start()

    def start(self, faults, with_input=True):
        self.lives += 1
        self.errors = open(self.path('stderr'), 'wb')
        self.process = subprocess.Popen(self.command + [self.path('queries.sql')], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=self.errors, env=environment(faults))
        return self.process

    def end_life(self):
        pass

    def stderr(self):
        self.errors.close()
        with open(self.path('stderr'), encoding='utf-8', errors='replace') as f:
            return f.read()

    def seen(self):
        return {}

    def read_new(self):
        n = 0
        for topic, places in self.next.items():
            for p in range(PARTITIONS):
                new = self.client.consume(self.name_of(topic), partition=p, start=places[p])
                self.known[topic][p] += [plain(topic, r) for r in new]
                n += len(new)
                if new:
                    places[p] = new[-1].offset + 1
        return n

    def snapshot(self):
        """What a reader of committed records has come to see until now."""
        self.read_new()
        return {topic: [list(part) for part in parts] for topic, parts in self.known.items()}

    def again(self):
        """A look from the beginning."""
        return {topic: [[plain(topic, r) for r in self.client.consume(self.name_of(topic), partition=p)]
                        for p in range(PARTITIONS)] for topic in self.known}

    def finish(self, complete):
        self.wait_for_input()
        process = self.start('')
        began = changed = time.monotonic()
        while process.poll() is None and time.monotonic() - changed < QUIET_SECONDS:
            if self.read_new():
                changed = time.monotonic()
            elif time.monotonic() - began > LIFE_SECONDS and complete(self.known):
                break
            time.sleep(0.1)
        process.terminate()
        status = ended(process)
        if status != 0:
            raise Broken('a run that was to end in order: status %d\n%s' % (status, self.stderr()))
        if self.memory:
            check_cold(self.path('report'))
        return self.again()


class ExactlyOnce(Clustered):
    name = 'kafka exactly_once_v2'
    guarantee = 'exactly_once_v2'
    replays = False
    points = ('start.state', 'start.done', 'round.done', 'topic.appended', 'epoch.begin', 'epoch.flushed',
              'segment.written', 'epoch.collected', 'pending.written', 'offsets.sent', 'txn.committed',
              'store.write', 'store.written', 'epoch.done', 'recover.decided')
    recovery = ('start.state', 'start.done', 'recover.decided')
    after = {'recover.decided': 'txn.committed'}    # where it must have died to come there


class AtLeastOnce(Clustered):
    name = 'kafka at_least_once'
    guarantee = 'at_least_once'
    replays = True
    after = {}
    points = ('start.state', 'start.done', 'round.done', 'topic.appended', 'epoch.begin', 'epoch.flushed',
              'segment.written', 'epoch.collected', 'store.write', 'store.written', 'txn.committed', 'epoch.done')
    recovery = ('start.state', 'start.done')
    outputs = tuple(t for t in OUTPUTS if t not in COUNT_REPLAYS)
