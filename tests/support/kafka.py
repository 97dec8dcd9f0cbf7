"""A real Kafka for tests, and a client of our own to look into it.

    reason = kafka.unavailable()            # a text where no broker can be had: skip, and say so
    with kafka.Broker() as broker:          # or Cluster(): three nodes; prints nothing
        broker.client.create_topic('t', partitions=2)
        broker.client.produce('t', [('key', 'value', 1700000000000, [('name', b'header')])])
        with broker.client.transaction('id') as transaction:    # commits; aborts if there is an error
            transaction.produce('t', [('key', None)])
        broker.kill()                       # SIGKILL
        broker.resume()                     # the same data and port
        for record in broker.client.consume('t', count=2):
            print(record.partition, record.offset, record.timestamp, record.key, record.value)

Standard library only; tools/services/kafka is what starts and stops. Text becomes UTF-8; what comes
back is bytes. A client goes on over restarts and elections for SECONDS, then raises what it met.
"""
import os
import shutil
import subprocess
import tempfile
import time

import kafka_records as records
import kafka_wire as wire
from kafka_records import Record                # noqa: F401
from kafka_wire import KafkaError               # noqa: F401

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../tools/services/kafka')
CANNOT_HAVE = 77
SECONDS = wire.SECONDS
PAUSE = 0.02
BATCH_BYTES = 500_000
FETCH_BYTES = 4 << 20
EARLIEST = -2
LATEST = -1
ISOLATION = {'read_uncommitted': 0, 'read_committed': 1}
RESOURCES = {'topic': 2, 'group': 3, 'cluster': 4, 'transactional_id': 5}
OPERATIONS = {'all': 2, 'read': 3, 'write': 4, 'create': 5, 'delete': 6, 'alter': 7, 'describe': 8,
              'describe_configs': 10, 'alter_configs': 11, 'idempotent_write': 12}


class Unavailable(Exception):
    """Kafka cannot be had on this machine; the text says why."""


def script(*arguments):
    done = subprocess.run([SCRIPT] + [str(a) for a in arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=dict(os.environ, KAFKA_OWNER=str(os.getpid())))
    if done.returncode == CANNOT_HAVE:
        raise Unavailable(done.stderr.strip().split('\n')[-1])
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or 'tools/services/kafka: status %d' % done.returncode)
    return done.stdout


def unavailable():
    """Installs what is missing. Why there can be no broker, or None."""
    try:
        script('install')
        return None
    except Unavailable as e:
        return str(e)


class Broker:
    """folder holds the data, and is made and removed here when not given. settings are the broker's."""
    start_command = 'start'

    def __init__(self, folder=None, port=None, sasl=False, settings=None):
        self.folder = folder or tempfile.mkdtemp(prefix='weir-kafka-')
        self.temporary = folder is None
        self.options = ['--sasl'] if sasl else []
        self.options += ['--port', port] if port else []
        for name, value in (settings or {}).items():
            self.options += ['--set', '%s=%s' % (name, value)]
        self.bootstrap = self.sasl_bootstrap = self._client = None
        self.pids = []

    def start(self):
        self._report(script(self.start_command, self.folder, *self.options))
        return self

    def kill(self, node=None):
        """SIGKILL to all nodes, or to this one."""
        script(*(['cluster-kill', self.folder, node] if node else ['kill', self.folder]))

    def resume(self, node=None):
        self._report(script(*(['cluster-resume', self.folder, node] if node else
                              ['resume', self.folder])))

    def stop(self):
        """In order; start() goes on with the data."""
        script('stop', self.folder)

    def proxied(self, node=1):
        """(where a fault proxy listens, where it passes on to); clients bootstrap at the first."""
        host, port = self.bootstrap.split(',')[node - 1].split(':')
        return '%s:%d' % (host, int(port) + 3), '%s:%d' % (host, int(port) + 2)

    @property
    def client(self):
        if self._client is None:
            self._client = Client(self.bootstrap)
        return self._client

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self._client is not None:
            self._client.close()
        if os.path.exists(os.path.join(self.folder, 'cluster')):
            self.kill()
        if self.temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _report(self, line):
        said = dict(word.split('=', 1) for word in line.split())
        self.bootstrap = said['bootstrap']
        self.sasl_bootstrap = said.get('sasl')
        self.pids = [int(pid) for pid in said['pid'].split(',') if pid != 'none']


class Cluster(Broker):
    """Three nodes, 1 to 3; topics have three replicas of which two must be in sync."""
    start_command = 'cluster-start'


def raw(data):
    return data.encode() if isinstance(data, str) else data


def plain(record):
    """(key, value[, timestamp[, headers]]) in full, as bytes."""
    key, value, timestamp, headers = (tuple(record) + (None, None, None))[:4]
    timestamp = int(time.time() * 1000) if timestamp is None else timestamp
    return raw(key), raw(value), timestamp, [(raw(n), raw(v)) for n, v in headers or []]


class Client:
    def __init__(self, bootstrap, user=None, password=None, seconds=SECONDS):
        self.bootstrap = bootstrap
        self.user = user
        self.password = password
        self.seconds = seconds
        self.connections = {}       # by node, None for any
        self.addresses = {}
        self.writer = None

    def close(self):
        for connection in self.connections.values():
            connection.close()
        self.connections = {}

    # ---- topics

    def create_topic(self, name, partitions=1, config=None, replicas=-1):
        config = [(k, str(v)) for k, v in (config or {}).items()]
        topic = (name, partitions, replicas, [], config)
        self._insist(lambda: self._first('create ' + name, self._ask(
            None, 'CreateTopics', [topic], 30000, False)[1], 1))
        self._insist(lambda: self._partitions(name))

    def delete_topic(self, name):
        self.writer = None
        self._insist(lambda: self._first('delete ' + name, self._ask(
            None, 'DeleteTopics', [name], 30000)[1], 1))

    def add_partitions(self, name, total):
        self._insist(lambda: self._first('add partitions to ' + name, self._ask(
            None, 'CreatePartitions', [(name, total, None)], 30000, False)[1], 1))

        def seen():
            if len(self._partitions(name)) < total:
                raise KafkaError(3, name)
        self._insist(seen)

    def delete_records(self, topic, offsets):
        """offsets: {partition: the first offset that stays}"""
        for partition, offset in offsets.items():
            self._insist(lambda: self._at_leader(
                topic, partition, 'DeleteRecords', [(topic, [(partition, offset)])], 30000,
                answer=lambda a: a[1], code=2))

    def topics(self):
        return sorted(t[1] for t in self._insist(lambda: self._metadata(None)))

    def partitions(self, topic):
        """{partition: (leader, [replicas], [in sync])}"""
        return self._insist(lambda: self._partitions(topic))

    def config(self, topic):
        def attempt():
            results = self._ask(None, 'DescribeConfigs', [(2, topic, None)], False)[1]
            self._first('config of ' + topic, results, 0)
            return {entry[0]: entry[1] for entry in results[0][4]}
        return self._insist(attempt)

    def topic_end_offsets(self, topic, isolation='read_uncommitted'):
        """{partition: offset}; with read_committed the end is where the first open transaction starts."""
        return self._offsets(topic, LATEST, isolation)

    def topic_start_offsets(self, topic):
        return self._offsets(topic, EARLIEST, 'read_uncommitted')

    def committed_offsets(self, group, topic):
        """{partition: offset} of a consumer group; partitions without one are left out."""
        def attempt():
            wanted = [(topic, sorted(self._partitions(topic)))]
            answer = self._ask(self._coordinator(group, 0), 'OffsetFetch', group, wanted)
            self._check('offsets of ' + group, answer[1])
            return {p: offset for p, offset, _, code in answer[0][0][1] if offset >= 0 and not code}
        return self._insist(attempt)

    def allow(self, user, resource, name, operation, prefix=False):
        """An ACL, for brokers with SASL: allow('alice', 'topic', 'orders', 'read')."""
        acl = (RESOURCES[resource], name, 4 if prefix else 3, 'User:' + user, '*',
               OPERATIONS[operation], 3)
        self._insist(lambda: self._first('allow', self._ask(None, 'CreateAcls', [acl])[1], 0))

    # ---- records

    def produce(self, topic, rows, partition=None, codec=None):
        """rows: (key, value[, timestamp in ms[, [(name, value)…]]]). Without a partition keys are spread
        as Java's producer does it, and rows without a key in turn. Nothing is written twice, unless a
        broker that was killed had forgotten a producer of records older than a day."""
        if self.writer is None:
            self.writer = Writer(self)
        self.writer.produce(topic, rows, partition, codec)

    def transaction(self, transactional_id, timeout_ms=60000):
        return Transaction(self, transactional_id, timeout_ms)

    def consume(self, topic, isolation='read_committed', partition=None, start=None, count=0,
                seconds=None):
        """The records up to the present end, by partition and offset. With a count it waits until
        there are so many, or the seconds are over; the caller sees to what is missing."""
        deadline = time.monotonic() + (self.seconds if seconds is None else seconds)
        places = {}
        found = []
        while True:
            ends = self._offsets(topic, LATEST, isolation)
            if partition is not None:
                ends = {partition: ends[partition]}
            for p in ends.keys() - places.keys():
                places[p] = self.topic_start_offsets(topic)[p] if start is None else start
            for p, end in ends.items():
                while places[p] < end:
                    new, places[p] = self._fetch(topic, p, places[p], isolation)
                    found += new
            if len(found) >= count or time.monotonic() > deadline:
                return sorted(found, key=lambda r: (r.partition, r.offset))
            time.sleep(PAUSE)

    def _fetch(self, topic, partition, offset, isolation):
        part = self._insist(lambda: self._at_leader(
            topic, partition, 'Fetch', -1, 100, 1, 2 * FETCH_BYTES, ISOLATION[isolation], 0, -1,
            [(topic, [(partition, -1, offset, -1, FETCH_BYTES)])], [], answer=lambda a: a[3], code=1))
        aborted = sorted(part[5] or [], key=lambda a: a[1])
        dropping = set()
        found = []
        for batch in records.decode(partition, part[6] or b''):
            while aborted and aborted[0][1] < batch.next_offset:
                dropping.add(aborted.pop(0)[0])
            if batch.control == 'abort':
                dropping.discard(batch.producer)
            if not batch.control and not (batch.transactional and batch.producer in dropping):
                found += [r for r in batch.records if r.offset >= offset]
            offset = max(offset, batch.next_offset)
        return found, offset

    # ---- requests

    def _connection(self, node):
        if node not in self.connections:
            addresses = [self.addresses[node]] if node in self.addresses else self.bootstrap.split(',')
            for i, address in enumerate(addresses):
                try:
                    self.connections[node] = wire.Connection(address, self.user, self.password)
                    break
                except OSError:
                    if i + 1 == len(addresses):
                        raise
        return self.connections[node]

    def _ask(self, node, name, *fields):
        try:
            return self._connection(node).call(name, *fields)
        except OSError:
            if node in self.connections:
                self.connections.pop(node).close()
            raise

    def _insist(self, attempt):
        deadline = time.monotonic() + self.seconds
        while True:
            try:
                return attempt()
            except (OSError, KafkaError) as e:
                passes = isinstance(e, OSError) or e.code in wire.RETRIABLE
                if not passes or time.monotonic() > deadline:
                    raise
            time.sleep(PAUSE)

    @staticmethod
    def _check(what, code):
        if code:
            raise KafkaError(code, what)

    def _first(self, what, results, code):
        self._check(what, results[0][code])

    def _metadata(self, topic):
        _, brokers, _, _, topics = self._ask(None, 'Metadata', topic and [topic], False)
        self.addresses = {node: '%s:%d' % (host, port) for node, host, port, _ in brokers}
        return topics

    def _partitions(self, topic):
        (found,) = self._metadata(topic)
        self._check(topic, found[0])
        for part in found[3]:
            self._check(topic, part[0])
        return {part[1]: part[2:] for part in found[3]}

    def _at_leader(self, topic, partition, name, *fields, answer, code):
        """Asks the leader about one partition; its part of the answer."""
        parts = self._partitions(topic)
        if partition not in parts:
            raise KafkaError(37, '%s has no partition %d' % (topic, partition))
        (part,) = answer(self._ask(parts[partition][0], name, *fields))[0][1]
        self._check('%s %s/%d' % (name, topic, partition), part[code])
        return part

    def _offsets(self, topic, which, isolation):
        def attempt(partition):
            return self._at_leader(topic, partition, 'ListOffsets', -1, ISOLATION[isolation],
                                   [(topic, [(partition, which)])], answer=lambda a: a[1], code=1)[3]
        return {p: self._insist(lambda: attempt(p)) for p in sorted(self.partitions(topic))}

    def _coordinator(self, name, kind):
        _, code, _, node, host, port = self._ask(None, 'FindCoordinator', name, kind)
        self._check('coordinator of ' + name, code)
        self.addresses[node] = '%s:%d' % (host, port)
        return node


class Writer:
    """An idempotent producer: what is sent again after a lost connection is written once. Brokers keep
    a producer for producer.id.expiration.ms since the time of its newest record (one with an open
    transaction: for ever), and look at it when they start."""

    def __init__(self, client, transactional_id=None, timeout_ms=60000):
        self.client = client
        self.id = transactional_id
        self.sequences = {}
        self.turn = 0

        def attempt():
            _, code, number, epoch = client._ask(self._home(), 'InitProducerId', self.id, timeout_ms)
            client._check('producer id', code)
            return number, epoch
        self.producer = client._insist(attempt)

    def _home(self):
        return None if self.id is None else self.client._coordinator(self.id, 1)

    def produce(self, topic, rows, partition=None, codec=None):
        count = len(self.client.partitions(topic))
        by_partition = {}
        for row in map(plain, rows):
            p = partition
            if p is None and row[0] is not None:
                p = (records.murmur2(row[0]) & 0x7fffffff) % count
            elif p is None:
                p = self.turn % count
                self.turn += 1
            by_partition.setdefault(p, []).append(row)
        for p, part in by_partition.items():
            self._enlist(topic, p)
            for batch in batches(part):
                self._send(topic, p, batch, codec)

    def _enlist(self, topic, partition):
        pass

    def _send(self, topic, partition, batch, codec):
        sequence = self.sequences.get((topic, partition), 0)
        data = records.encode(batch, codec, self.producer, sequence, self.id is not None)
        self.client._insist(lambda: self.client._at_leader(
            topic, partition, 'Produce', self.id, -1, 30000, [(topic, [(partition, data)])],
            answer=lambda a: a[0], code=1))
        self.sequences[topic, partition] = sequence + len(batch)


def batches(rows):
    start = size = 0
    for i, (key, value, _, headers) in enumerate(rows):
        new = len(key or b'') + len(value or b'') + sum(len(n) + len(v or b'') for n, v in headers)
        if i > start and size + new > BATCH_BYTES:
            yield rows[start:i]
            start, size = i, 0
        size += new
    if start < len(rows):
        yield rows[start:]


class Transaction(Writer):
    """Begins with the first record, and again with the first one after commit() or abort(). Making
    one fences the former owner of the id. Left open it ends when the broker loses patience."""

    def __init__(self, client, transactional_id, timeout_ms):
        super().__init__(client, transactional_id, timeout_ms)
        self.enlisted = set()

    def commit(self):
        self._end(True)

    def abort(self):
        self._end(False)

    def _end(self, committed):
        def attempt():
            _, code = self.client._ask(self._home(), 'EndTxn', self.id, *self.producer, committed)
            self.client._check('end of transaction ' + self.id, code)
        if self.enlisted:
            self.client._insist(attempt)
        self.enlisted = set()

    def _enlist(self, topic, partition):
        if (topic, partition) in self.enlisted:
            return

        def attempt():
            _, results = self.client._ask(self._home(), 'AddPartitionsToTxn', self.id, *self.producer,
                                          [(topic, [partition])])
            self.client._first('transaction ' + self.id, results[0][1], 1)
        self.client._insist(attempt)
        self.enlisted.add((topic, partition))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.commit()
        else:
            self.abort()
