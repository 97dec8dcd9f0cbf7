"""Sinks over topics of Kafka: killed at any time; topics that are deleted, made again, cut and enlarged under
them; brokers that go away. One broker serves all tests of this file."""
import atexit
import collections
import contextlib
import json
import os
import random
import threading

import http_peer
import kafka
import redis_server
from case import Skipped, equal, must, test, until
from check_elastic_faults import Cluster

KEYS = 11
SLOW = {'rate.limit': '800', 'max.buffered.records': '600', 'batch.size': '40'} # so that it can be killed at work
QUICK = {'retry.backoff.ms': '10', 'retry.backoff.max.ms': '100', 'linger.ms': '1'}
LOCAL = {'http.allow.addresses': '127.0.0.1/32', 'http.allow.insecure': 'true'}
_shared = {}
_lock = threading.Lock()


def broker():
    with _lock:
        if 'broker' not in _shared:
            _shared['reason'] = kafka.unavailable()
            if not _shared['reason']:
                _shared['broker'] = kafka.Broker()
                atexit.register(_shared['broker'].__exit__)
                _shared['broker'].start()
    if _shared['reason']:
        raise Skipped(_shared['reason'])
    return _shared['broker']


@contextlib.contextmanager
def redis():
    reason = redis_server.unavailable()
    if reason:
        raise Skipped(reason)
    with redis_server.Server() as r:
        yield r


class World:
    """A topic, named as the test, and the statements over it."""

    def __init__(self, case, partitions=2):
        self.case, self.topic = case, case.name.replace('_', '-')
        self.broker = broker()
        self.client = kafka.Client(self.broker.bootstrap) # tests run at once
        self.partitions, self.guarantee = partitions, 'exactly_once_v2'
        self.stream = "CREATE STREAM s (id BIGINT KEY, k STRING, n BIGINT) WITH (kafka_topic='%s', value_format='JSON');\n" % self.topic
        self.begin = "SET 'auto.offset.reset'='earliest';\n"

    def __enter__(self):
        os.mkdir(self.case.path('files'))
        self.client.create_topic(self.topic, self.partitions)
        return self

    def __exit__(self, *_):
        self.client.close()

    def sink(self, kind, name, options, topic=None):
        given = {'connector': kind, 'topics': topic or self.topic, **QUICK, **options}
        text = ', '.join("'%s'='%s'" % (k, str(v).replace("'", "''")) for k, v in given.items())
        return 'CREATE SINK CONNECTOR %s WITH (%s);\n' % (name, text)

    def counts(self, r, **more):
        """Two sinks of Redis: what adds up, and what is in order."""
        return (self.sink('redis', 'c', {'redis.uri': r.uri, 'redis.key': 'c:${K}', 'incr.fields': 'N', 'hash.fields': 'N', **more}) +
                self.sink('redis', 'l', {'redis.uri': r.uri, 'redis.key': 'l:${K}', 'redis.type': 'list', 'redis.value': '${N}', **more}))

    def at(self):
        return ('--bootstrap-servers', self.broker.bootstrap, '--set', 'processing.guarantee=' + self.guarantee)

    def produce(self, first, end, partition=None, topic=None):
        self.client.produce(topic or self.topic, [row(n) for n in range(first, end)], partition)

    def start(self, sql, *options):
        return self.case.start(self.begin + self.stream + sql, *self.at(), *options)

    def run(self, sql, *options):
        return self.case.run(self.begin + self.stream + sql, *self.at(), *options)

    def made_again(self, partitions=None):
        self.client.delete_topic(self.topic)
        until(lambda: self.topic not in self.client.topics(), what='the topic is still there')
        self.client.create_topic(self.topic, partitions or self.partitions)


def row(n):
    """Equal keys K are in one partition."""
    return ('%08d' % (n % KEYS)).encode(), json.dumps({'K': 'k%d' % (n % KEYS), 'N': n})


def lists(r):
    return {k: [int(n) for n in r.client('LRANGE', 'l:k%d' % k, 0, -1)] for k in range(KEYS)}


def in_redis(r):
    """How many numbers are in the lists."""
    return sum(r.client.all([('LLEN', 'l:k%d' % k) for k in range(KEYS)]))


def check_redis(r, numbers):
    """The counters and lists are those of these numbers, in this order."""
    wanted = collections.defaultdict(list)
    for n in numbers:
        wanted[n % KEYS].append(n)
    for k in range(KEYS):
        equal(lists(r)[k], wanted[k], 'list of k%d' % k)
        equal(int(r.client('HGET', 'c:k%d' % k, 'N') or 0), sum(wanted[k]), 'counter of k%d' % k)


class Hook:
    """A receiver of webhooks: numbers by id."""

    def __init__(self):
        self.lock = threading.Lock()
        self.by_id = {}
        self.wrong = []

    def __call__(self, request):
        with self.lock:
            n = request.json['N']
            if self.by_id.setdefault(request.headers['webhook-id'], n) != n:
                self.wrong.append(n)
        return {}

    def check(self, numbers):
        must(not self.wrong, 'one id for several records:', self.wrong[:5])
        equal(sorted(self.by_id.values()), sorted(numbers), 'webhooks')


# ---- killed ----

@test
def kafka_sinks_killed(case):
    """A query writes a topic exactly once, four sinks read it; kill -9 again and again: Redis, files and documents
    are what the model says, every webhook's id has arrived; nothing of an aborted transaction is seen."""
    rng = random.Random(5)
    total = 6000
    out = [n for n in range(total) if n % 10 != 9]
    with World(case) as w, redis() as r, http_peer.Peer() as peer:
        hook, es = Hook(), Cluster()
        made = w.topic + '-out'
        peer.on('/hook', hook)
        peer.on('/_bulk', es.answer)
        copy = ("CREATE STREAM o WITH (kafka_topic='%s', partitions=3) AS SELECT id, k, n FROM s WHERE n %% 10 <> 9;\n" % made)

        def sinks(slow):
            return (copy + w.counts(r, topics=made, **slow) +
                    w.sink('http', 'hooks', {'http.url': peer.url('/hook'), 'signing.secret': 'x' * 32, **LOCAL, **slow, 'batch.size': 1}, made) +
                    w.sink('elasticsearch', 'es', {'connection.url': peer.url(), 'index': 'i', 'write.method': 'insert',
                                                   'key.ignore': 'false', **slow}, made) +
                    w.sink('file', 'f', {'path': 'all.jsonl', 'base.dir': case.path('files'), **slow}, made))
        w.produce(0, total)
        w.client.produce(w.topic, [(b'00000001', '{wrong')])
        kills = 0
        while kills < 10 and in_redis(r) < len(out):
            wanted = min(in_redis(r) + rng.randrange(1, total // 8), len(out))
            engine = w.start(sinks(SLOW), '--set', 'commit.interval.ms=50')
            until(lambda n=wanted: in_redis(r) >= n, what=engine.err)
            engine.kill()
            kills += 1
        w.run(sinks({}))
        must(kills > 2, kills, 'kills')
        case.note('%d kills, %d webhooks', kills, len(peer.asked('/hook')))
        check_redis(r, out)
        hook.check(out)
        equal(sorted(document['N'] for document in es.live().values()), sorted({n % KEYS: n for n in out}.values()), 'documents')
        lines = [json.loads(line)['N'] for line in open(case.path('files', 'all.jsonl'), encoding='utf-8')]
        equal(sorted(lines), out, 'lines')
        before = len(peer.asked('/hook'))
        w.run(sinks({}))
        equal(len(peer.asked('/hook')), before, 'positions are restored: nothing is sent again')


# ---- topics change ----

def all_kinds(w, r, peer, case):
    return (w.counts(r) + w.sink('http', 'hooks', {'http.url': peer.url('/hook'), 'signing.secret': 'x' * 32, **LOCAL}) +
            w.sink('elasticsearch', 'es', {'connection.url': peer.url(), 'index': 'i', 'write.method': 'insert',
                                           'key.ignore': 'true'}) +
            w.sink('file', 'f', {'path': 'all.jsonl', 'base.dir': case.path('files')}))


@test
def sink_topic_made_again_while_stopped(case):
    """A topic that was deleted and made again while weir did not run: each sink says so and reads it from the
    beginning; counters, ids, documents and files take its records as new ones, also after another restart."""
    with World(case) as w, redis() as r, http_peer.Peer() as peer:
        hook, es = Hook(), Cluster()
        peer.on('/hook', hook)
        peer.on('/_bulk', es.answer)
        sql = all_kinds(w, r, peer, case)
        w.produce(0, 300)
        w.run(sql)
        check_redis(r, range(300))
        w.made_again()
        w.produce(300, 360)
        engine = w.run(sql)
        for name in ('C', 'L', 'HOOKS', 'ES', 'F'):
            must('connector %s: topic %s was made again' % (name, w.topic) in engine.err(), name, engine.err())
        w.produce(360, 400)
        again = w.run(sql)
        must('made again' not in again.err(), again.err())
        check_redis(r, range(400))
        hook.check(range(400))
        equal(sorted(d['N'] for d in es.live().values()), list(range(400)), 'documents')
        lines = [json.loads(line)['N'] for line in open(case.path('files', 'all.jsonl'), encoding='utf-8')]
        equal(sorted(lines), list(range(400)), 'lines')


@test
def sink_topic_made_again_with_fewer_partitions(case):
    """The same with other counts of partitions, and killed before anything of it was delivered."""
    with World(case, 3) as w, redis() as r:
        w.guarantee = 'at_least_once'    # a topic that goes takes the positions of an open epoch with it
        w.produce(0, 300)
        w.run(w.counts(r))
        w.made_again(1)
        w.produce(300, 330)
        for _ in range(2):
            engine = w.start(w.counts(r, **{'rate.limit': '1', 'batch.size': '1'}), '--set', 'commit.interval.ms=20')
            engine.says('was made again') if _ == 0 else until(lambda: in_redis(r) > 300, what=engine.err)
            engine.kill()
        w.run(w.counts(r))
        check_redis(r, range(330))
        w.made_again(4)
        w.produce(330, 400)
        w.run(w.counts(r))
        check_redis(r, range(400))


@test
def sink_topic_made_again_while_running(case):
    """The same while weir runs: the sink says that the topic is gone, waits, and reads the new one; other sinks
    are not held up."""
    with World(case) as w, redis() as r:
        other = w.topic + '-other'
        w.client.create_topic(other)
        w.client.produce(other, [row(n) for n in range(10)])
        w.produce(0, 300)
        sql = w.counts(r) + w.sink('redis', 'o', {'redis.uri': r.uri, 'redis.key': 'o', 'redis.type': 'list',
                                                  'redis.value': '${value}'}, other)
        engine = w.start(sql)
        until(lambda: in_redis(r) == 300 and r.client('LLEN', 'o') == 10, what=engine.err)
        w.client.delete_topic(w.topic)
        engine.says('topic %s does not exist any more' % w.topic)
        w.client.produce(other, [row(n) for n in range(10)])
        until(lambda: r.client('LLEN', 'o') == 20, what=engine.err)
        w.client.create_topic(w.topic, 2)
        w.client.produce(w.topic, [row(n) for n in range(300, 350)])
        until(lambda: in_redis(r) == 350, what=engine.err)
        must('was made again' in engine.err(), engine.err())
        engine.stop(None)
        check_redis(r, range(350))


@test
def sink_topic_grows(case):
    """Partitions that are added while weir runs, and while it does not, are read, too."""
    with World(case, 1) as w, redis() as r:
        w.produce(0, 100)
        engine = w.start(w.counts(r))
        until(lambda: in_redis(r) == 100, what=engine.err)
        w.client.add_partitions(w.topic, 3)
        w.produce(100, 200, partition=2)
        until(lambda: in_redis(r) == 200, what=engine.err)
        w.produce(200, 210, partition=0)
        until(lambda: in_redis(r) == 210, what=engine.err)
        engine.stop(None)
        check_redis(r, range(210))
        w.client.add_partitions(w.topic, 4)
        w.produce(210, 260, partition=3)
        w.run(w.counts(r))
        check_redis(r, range(260))


@test
def sink_overtaken_by_retention(case):
    """Records that were removed before a sink has read them: it tells how many, and goes on behind them; while
    weir runs, and while it does not."""
    with World(case, 1) as w, redis() as r:
        w.produce(0, 100)
        w.run(w.counts(r))
        w.produce(100, 200)
        w.client.delete_records(w.topic, {0: 150})
        engine = w.run(w.counts(r))
        must('50 records of %s were gone (retention)' % w.topic in engine.err(), engine.err())
        check_redis(r, list(range(100)) + list(range(150, 200)))
        slow = {'rate.limit': '1', 'batch.size': '1', 'max.buffered.records': '1'}
        w.produce(200, 70000)       # more than is fetched ahead
        engine = w.start(w.counts(r, **slow))
        until(lambda: in_redis(r) > 150, what=engine.err)
        w.client.delete_records(w.topic, {0: 70000})
        engine.kill()
        w.produce(70000, 70010)
        engine = w.run(w.counts(r))
        must('records of %s were gone (retention)' % w.topic in engine.err(), engine.err())
        equal({n for k in lists(r).values() for n in k} & set(range(70000, 70010)), set(range(70000, 70010)))


# ---- the broker ----

@test
def sink_waits_for_its_broker(case):
    """A broker that goes away: the sinks say that they wait, and go on with what comes when it is back, once."""
    broker()    # skips where there is none
    with kafka.Broker() as own, redis() as r:
        w = World(case)
        w.broker, w.client = own, own.client
        w.guarantee = 'at_least_once'    # else it waits in a commit
        with w:
            w.produce(0, 100)
            engine = w.start(w.counts(r))
            until(lambda: in_redis(r) == 100, what=engine.err)
            own.kill()
            engine.says('does not answer')
            own.resume()
            w.produce(100, 200)
            until(lambda: in_redis(r) == 200, what=engine.err)
            engine.stop(None)
            check_redis(r, range(200))
