"""Events over HTTP that must not be lost: the source `http-server` with clients that post while it is killed, stopped, or
cannot write."""
import http.client
import json
import random
import socket
import threading
import time

import kafka
import ports
from case import Skipped, equal, must, test, until
from ingest import Client, listens, opened, serve, source, values


class Poster(threading.Thread):
    """Sends batches one after the other until it is told to end: those answered 200 are `taken`, those answered otherwise
    `refused`, and of the others nobody knows."""

    def __init__(self, port, number, sizes):
        super().__init__()
        self.port, self.number, self.sizes = port, number, sizes
        self.taken, self.refused, self.unsure, self.over = [], [], [], False
        self.start()

    def run(self):
        client, i = None, 0
        while not self.over:
            names = ['%d-%d-%d' % (self.number, i, k) for k in range(self.sizes[i % len(self.sizes)])]
            i += 1
            try:
                client = client or Client(self.port)
                status = client.post('/many', [{'id': n} for n in names])[0]
                (self.taken if status == 200 else self.refused).append(names)
                if status == 200:
                    continue
            except (OSError, http.client.HTTPException):
                self.unsure.append(names)
            if client:
                client.close()
            client = None
            time.sleep(0.005)
        if client:
            client.close()


class Crowd:
    """Posters, and what became of their batches."""

    def __init__(self, port, n, sizes=(1, 2, 3)):
        self.posters = [Poster(port, i, sizes) for i in range(n)]

    def count(self):
        return sum(len(p.taken) for p in self.posters)

    def more(self, n, engine):
        enough = self.count() + n
        until(lambda: self.count() >= enough, what=lambda: 'no answers\n' + engine.err())

    def end(self):
        for p in self.posters:
            p.over = True
        for p in self.posters:
            p.join()

    def batches(self, what):
        return [b for p in self.posters for b in getattr(p, what)]

    def compare(self, case, got, whole=True):
        """What was taken is there once, what was refused is not, and the rest whole or not at all."""
        there = set(got)
        equal(len(got), len(there), 'twice')
        for batch in self.batches('taken'):
            must(there.issuperset(batch), 'lost', batch)
        for batch in self.batches('refused'):
            must(there.isdisjoint(batch), 'refused, and there', batch)
        for batch in self.batches('unsure'):
            n = len(there.intersection(batch))
            must(not whole or n in (0, len(batch)), 'a part of it is there', n, batch)
        sent = {n for what in ('taken', 'refused', 'unsure') for b in self.batches(what) for n in b}
        must(there <= sent, 'from nowhere', sorted(there - sent)[:5])
        case.note('%d batches answered, %d refused, %d without an answer', self.count(), len(self.batches('refused')),
                  len(self.batches('unsure')))


def killed(case, sql, rounds, *options, sizes=(1, 2, 3)):
    """Kills it again and again while clients post."""
    rng = random.Random(5)
    port = ports.hold()
    sql += source(listen='127.0.0.1:%d' % port, batch_path='/many')
    crowd = None
    for _ in range(rounds):
        engine = case.start(sql, *options)
        until(lambda: listens(port), what='nobody listens')
        crowd = crowd or Crowd(port, 4, sizes)
        crowd.more(rng.randrange(1, 200), engine)
        engine.kill()
    crowd.end()
    return crowd


@test
def killed_while_clients_post(case):
    """kill -9 while clients post: what was answered with success is in the topic once, whatever happens; a batch that was
    not answered is there whole or not at all."""
    sql = "CREATE STREAM s (id STRING KEY) WITH (kafka_topic='events', value_format='JSON', partitions=3);\n"
    crowd = killed(case, sql, 6, sizes=(1, 3, 400))
    crowd.compare(case, [v['id'] for v in values(case)])


@test
def killed_within_a_batch(case):
    """kill -9 while a part of a batch has come: nothing of it is there."""
    engine, client = opened(case, batch_path='/many')
    equal(client.post('/in', {'id': 'first'})[0], 200)
    body = json.dumps([{'id': str(i)} for i in range(2000)]).encode()
    with socket.create_connection(('127.0.0.1', client.port), 60) as s:
        s.sendall(b'POST /many HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n' % len(body) + body[:-1000])
        equal(client.post('/in', {'id': 'second'})[0], 200)
        client.close()
        engine.kill()
    equal([v['id'] for v in values(case)], ['first', 'second'])


@test
def killed_on_kafka(case):
    """The same into Kafka, with both guarantees: what was answered is committed; batches are whole with exactly once."""
    reason = kafka.unavailable()
    if reason:
        raise Skipped(reason)
    for guarantee in ('at_least_once', 'exactly_once_v2'):
        with kafka.Broker() as b:
            b.client.create_topic('events', partitions=2)
            crowd = killed(case, '', 3, '--bootstrap-servers', b.bootstrap, '--set', 'processing.guarantee=' + guarantee)
            got = [json.loads(r.value)['id'] for r in b.client.consume('events', isolation='read_committed')]
            crowd.compare(case, got, whole=guarantee == 'exactly_once_v2')


@test
def stopped_while_clients_post(case):
    """An orderly end answers as it is: what the last commit keeps with success, what it does not keep is refused, and
    nothing is kept whose client has heard nothing."""
    port = ports.hold()
    sql = source(listen='127.0.0.1:%d' % port, batch_path='/many')
    crowd = None
    for _ in range(4):
        engine = case.start(sql)
        until(lambda: listens(port), what='nobody listens')
        crowd = crowd or Crowd(port, 8)
        crowd.more(100, engine)
        engine.stop()
    crowd.end()
    got = [v['id'] for v in values(case)]
    crowd.compare(case, got)
    for batch in crowd.batches('unsure'):
        must(set(batch).isdisjoint(got), 'kept without an answer', batch)


# ---- held back ----

@test
def held_back_by_kafka(case):
    """While Kafka does not answer, requests wait for it as far as there is room, and the others are told 429 with
    Retry-After; when it is back those that waited are answered, and just they are there."""
    reason = kafka.unavailable()
    if reason:
        raise Skipped(reason)
    with kafka.Broker() as b:
        b.client.create_topic('events', partitions=1)
        engine, client = serve(case, source(listen='127.0.0.1:%d', max_buffered_bytes='1'), '--bootstrap-servers', b.bootstrap)
        equal(client.post('/in', {'id': -1})[0], 200)
        client.close()
        b.kill()
        answers = {}

        def post(i):
            one = Client(client.port, 600)
            answers[i] = one.post('/in', {'id': i})
            one.close()
        threads = []

        def refused():
            threads.append(threading.Thread(target=post, args=(len(threads),)))
            threads[-1].start()
            return [a for a in list(answers.values()) if a[0] == 429]
        told = until(refused, what='nobody is refused')
        must(int(told[0][2]['retry-after']) >= 1, told)
        b.resume()
        for t in threads:
            t.join()
        got = [json.loads(r.value)['id'] for r in b.client.consume('events', isolation='read_committed')]
        engine.stop()
        by_status = {}
        for i, answer in answers.items():
            by_status.setdefault(answer[0], set()).add(i)
        must(set(got) >= by_status[200] | {-1}, 'lost', by_status[200] - set(got))
        must(by_status[429].isdisjoint(got), 'refused, and there', by_status[429].intersection(got))
        must(set(by_status) <= {200, 429}, by_status)


@test
def answers_do_not_wait(case):
    """An answer comes with the next commit, which comes because somebody waits: not after commit.interval.ms."""
    engine, client = serve(case, "SET 'commit.interval.ms'='3600000';\n" + source(listen='127.0.0.1:%d'))
    began = time.monotonic()
    for i in range(20):
        equal(client.post('/in', {'i': i})[0], 200)
    case.note('%.1f ms for each answer', (time.monotonic() - began) * 50)
    client.close()
    engine.kill()
    equal(len(values(case)), 20)


@test
def one_key_at_once(case):
    """Many clients that ask the same with one key at the same time: it is written once, and all hear the same."""
    engine, client = opened(case, response_body='{"at":"${timestamp}"}')
    answers = []

    def post():
        one = Client(client.port)
        answers.append(one.post('/in', {'a': 1}, {'Idempotency-Key': 'k'})[:2])
        one.close()
    threads = [threading.Thread(target=post) for _ in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    client.close()
    engine.stop()
    equal(len(values(case)), 1)
    equal(answers, [answers[0]] * 16)
    equal(answers[0][0], 200)


@test
def keys_while_killed(case):
    """kill -9 while a client repeats each event with its key until it is answered: each is there exactly once."""
    port = ports.hold()
    sql = source(listen='127.0.0.1:%d' % port)
    state = {'done': 0, 'again': 0}
    over = threading.Event()

    def post():
        client, status = None, 0
        while not over.is_set() or status != 200:
            try:
                client = client or Client(port)
                status = client.post('/in', {'i': state['done']}, {'Idempotency-Key': 'key %d' % state['done']})[0]
                state['done'] += status == 200
            except (OSError, http.client.HTTPException):
                state['again'] += 1
                status, client = 0, client and client.close()
                time.sleep(0.005)
        client.close()
    thread = threading.Thread(target=post)
    rng = random.Random(7)
    for i in range(6):
        engine = case.start(sql)
        until(lambda: listens(port), what='nobody listens')
        if i == 0:
            thread.start()
        enough = state['done'] + rng.randrange(1, 60)
        until(lambda: state['done'] >= enough, what='no answers')
        if i < 5:
            engine.kill()
    over.set()
    thread.join()
    engine.stop()
    equal([v['i'] for v in values(case)], list(range(state['done'])))
    case.note('%d events, %d repeated', state['done'], state['again'])
